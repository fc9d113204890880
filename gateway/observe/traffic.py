"""What a worker remembers of its latest requests, for people at the console: counts by time, the last ones.

In memory only, bounded, and gone with the worker; what is counted for good are the metrics.
"""

from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from gateway.clock import Clock
from gateway.observe.events import RequestEnded, Sink

BUCKET_SECONDS: Final = 10
"""Length of a bucket; buckets begin at multiples of it since the epoch, so that those of all workers match."""
BUCKETS: Final = 360
"""Buckets that are kept: one hour."""
RECENT: Final = 200
"""Latest requests that are kept."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The requests of one service that ended within one stretch of time."""

    start: int
    """Seconds since the epoch, a multiple of BUCKET_SECONDS."""
    answered: int
    refused: int
    """Those that got a fault."""
    milliseconds: int
    """Sum over all of them."""
    longest: int
    """The longest, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that has ended, and when."""

    at: datetime
    event: RequestEnded


@dataclass(frozen=True, slots=True)
class Captured:
    """Request and answer of one call, redacted: no security header, the named elements masked."""

    at: datetime
    tracking_id: str
    service: str
    status: int
    """HTTP status of the answer."""
    request: str
    """XML, cut where it is too long."""
    answer: str
    left_out: int = 0
    """So many older ones of the same worker were more than its answer has room for; the oldest told says so."""


@dataclass(slots=True)
class _Counting:
    start: int
    answered: int = 0
    refused: int = 0
    milliseconds: int = 0
    longest: int = 0


class TrafficBoard:
    """Remembers event records on their way to another sink. Thread-safe."""

    def __init__(self, sink: Sink, clock: Clock) -> None:
        self._sink = sink
        self._clock = clock
        self._lock = Lock()
        self._recent: deque[Ended] = deque(maxlen=RECENT)
        self._services: dict[str, deque[_Counting]] = {}

    def emit(self, event: RequestEnded) -> None:
        """Remember one record and pass it on."""
        now = self._clock.now()
        start = int(now.timestamp()) // BUCKET_SECONDS * BUCKET_SECONDS
        with self._lock:
            self._recent.append(Ended(now, event))
            counting = self._counting(event.service, start)
            if event.outcome == "refused":
                counting.refused += 1
            else:
                counting.answered += 1
            counting.milliseconds += event.milliseconds
            counting.longest = max(counting.longest, event.milliseconds)
        self._sink.emit(event)

    def _counting(self, service: str, start: int) -> _Counting:
        buckets = self._services.get(service)
        if buckets is None:
            # services come and go as the home changes: those without a request in the last hour are forgotten
            oldest = start - BUCKETS * BUCKET_SECONDS
            self._services = {name: one for name, one in self._services.items() if one[-1].start > oldest}
            buckets = self._services[service] = deque(maxlen=BUCKETS)
        if not buckets or buckets[-1].start < start:
            buckets.append(_Counting(start))
        return buckets[-1]  # a clock that was set back counts on in the latest

    def recent(self, most: int = RECENT) -> tuple[Ended, ...]:
        """Return the latest requests, newest first."""
        with self._lock:
            latest = list(self._recent)[-most:] if most > 0 else []
        return tuple(reversed(latest))

    def traffic(self) -> Mapping[str, tuple[Bucket, ...]]:
        """Return the counts of the last hour by service, oldest first."""
        oldest = int(self._clock.now().timestamp()) - BUCKETS * BUCKET_SECONDS
        with self._lock:
            return {
                service: kept
                for service, buckets in self._services.items()
                if (kept := tuple(_bucket(one) for one in buckets if one.start > oldest))
            }


def _bucket(one: _Counting) -> Bucket:
    return Bucket(one.start, one.answered, one.refused, one.milliseconds, one.longest)
