"""Pictures of the pools of sockets, taken now and then for the metrics: a request costs nothing that way."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Final, Protocol

from gateway.imsconnect.stats import PoolStats
from gateway.observe.path_metrics import PathMetrics

SECONDS: Final = 5.0
"""Between pictures: how old, at most, what the metrics show of a pool."""


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
            self.look()

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
