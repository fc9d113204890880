"""Pictures of the pools of sockets, taken now and then for the metrics: a request costs nothing that way."""

import threading
from collections.abc import Callable, Iterable
from dataclasses import asdict
from typing import Final, Protocol

from gateway.imsconnect.stats import PoolStats
from gateway.observe.path_metrics import PathMetrics

SECONDS: Final = 5.0
"""Between pictures: how old, at most, what the metrics show of a pool."""


class Pooling(Protocol):
    """What has pools."""

    def stats(self) -> tuple[PoolStats, ...]:
        """Return the picture of each pool at this moment."""
        ...


class Sampler:
    """A thread that takes pictures until it is closed."""

    def __init__(
        self, sources: Callable[[], Iterable[Pooling]], metrics: PathMetrics, seconds: float = SECONDS
    ) -> None:
        """Take the first picture, and begin. `sources` gives what there is at the moment."""
        self._sources = sources
        self._metrics = metrics
        self._seconds = seconds
        self._end = threading.Event()
        self._known: dict[tuple[str, str], Pooling] = {}
        self._look()
        self._thread = threading.Thread(target=self._run, name="pictures of pools", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Take the last picture, and end."""
        self._end.set()
        self._thread.join()
        self._look()

    def _run(self) -> None:
        while not self._end.wait(self._seconds):
            self._look()

    def _look(self) -> None:
        """Note all pools: those that took the place of others too, and those that went, as a home changes."""
        seen: dict[tuple[str, str], Pooling] = {}
        for source in self._sources():
            for stats in source.stats():
                where = stats.bundle, stats.endpoint
                seen[where] = source
                if self._known.get(where) is not source:
                    self._metrics.known(*where, up=not stats.backing_off)
                self._metrics.pool(asdict(stats))
        for where in self._known.keys() - seen.keys():
            self._metrics.gone(*where)
        self._known = seen
