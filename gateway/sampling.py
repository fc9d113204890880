"""Pictures of pools of sockets and of the process, taken now and then for the metrics: no request pays."""

import logging
import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Final, Protocol

from gateway.clock import Clock
from gateway.config.model import Home
from gateway.imsconnect.stats import PoolStats
from gateway.observe.common_metrics import CommonMetrics
from gateway.observe.path_metrics import PathMetrics
from gateway.tls.ends import Ends

log = logging.getLogger("gateway.observe")

SECONDS: Final = 5.0
"""Between pictures: how old, at most, what the metrics show of a pool."""


PULSE_SECONDS: Final = 1.0
"""Between looks at how busy the process is."""
PROCESS_SECONDS: Final = 5.0
"""Between looks at what it takes of the machine."""
STORES_SECONDS: Final = 60.0
"""Between looks at the files of stores; those of another home are looked at at once."""


Where = tuple[str, str]
"""Bundle and endpoint."""


class Pooling(Protocol):
    """What has pools."""

    def stats(self) -> tuple[PoolStats, ...]:
        """Return the picture of each pool at this moment."""
        ...


class Sampler:
    """A thread that takes pictures until it is closed. Thread-safe."""

    def __init__(
        self, sources: Callable[[], Iterable[Pooling]], metrics: PathMetrics, seconds: float = SECONDS
    ) -> None:
        """Take the first picture, and begin. `sources` gives what there is at the moment."""
        self._sources = sources
        self._metrics = metrics
        self._seconds = seconds
        self._end = threading.Event()
        self._lock = threading.Lock()
        self._told: dict[tuple[Pooling, Where], PoolStats] = {}
        """The last picture of each pool; of a bundle that was changed there are two, for a while."""
        self.look()
        self._thread = threading.Thread(target=self._run, name="pictures of pools", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the last picture, and end."""
        self._end.set()
        self._thread.join()
        self.look()

    def _run(self) -> None:
        while not self._end.wait(self._seconds):
            try:
                self.look()
            except Exception:
                log.exception("the pools of sockets could not be looked at")

    def look(self) -> None:
        """Take a picture now: before pools go, so that nothing goes uncounted."""
        with self._lock:
            self._look()

    def _look(self) -> None:
        """Note all pools: those that took the place of others too, and those that went, as a home changes."""
        before = {where for _, where in self._told}
        told: dict[tuple[Pooling, Where], PoolStats] = {}
        together: dict[Where, list[PoolStats]] = {}
        for source in self._sources():
            for stats in source.stats():
                where = stats.bundle, stats.endpoint
                earlier = self._told.get((source, where))
                if earlier is None:
                    self._metrics.known(*where, up=not stats.backing_off)
                self._metrics.counted(asdict(stats), asdict(earlier) if earlier else {})
                told[source, where] = stats
                together.setdefault(where, []).append(stats)
        for where, pools in together.items():
            self._metrics.sockets(*where, [asdict(stats) for stats in pools])
        for where in before - together.keys():
            self._metrics.gone(*where)
        self._told = told


class Pulse:
    """A thread that has looks taken until it is closed."""

    def __init__(self, look: Callable[[], None], seconds: float = PULSE_SECONDS) -> None:
        """Begin, with the first look; one that fails is told by the log, and the next comes all the same."""
        self._look = look
        self._seconds = seconds
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, name="pulse", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """End."""
        self._end.set()
        self._thread.join()

    def _run(self) -> None:
        while True:
            try:
                self._look()
            except Exception:
                log.exception("the state of the process could not be looked at")
            if self._end.wait(self._seconds):
                return


class Vitals:
    """What a process notes of itself: what it takes of the machine, which certificates end. For one thread."""

    def __init__(self, metrics: CommonMetrics, home: Callable[[], Home], clock: Clock) -> None:
        """`home` gives what is in force."""
        self._metrics = metrics
        self._home = home
        self._clock = clock
        self._ends = Ends()
        self._seen: Home | None = None
        self._process_due = self._stores_due = clock.monotonic()

    def look(self) -> None:
        """Take the looks that are due."""
        now = self._clock.monotonic()
        if now >= self._process_due:
            self._process_due = now + PROCESS_SECONDS
            self._metrics.room.made()  # ahead of values that come with new labels
            self._metrics.process.look()
        home = self._home()
        if home is not self._seen or now >= self._stores_due:
            self._seen, self._stores_due = home, now + STORES_SECONDS
            self._metrics.certificates.stores(self._ends.look(home, self._clock.now()))
