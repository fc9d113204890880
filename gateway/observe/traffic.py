"""What a worker remembers of its latest requests, for people at the console: counts by time, the last ones.

In memory only, bounded, and gone with the worker; what is counted for good are the metrics.
"""

from array import array
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final, TypeAlias

from gateway.clock import Clock
from gateway.observe.events import RequestEnded, TurnedAway

BUCKET_SECONDS: Final = 10
"""Length of a bucket; buckets begin at multiples of it since the epoch, so that those of all workers match."""
BUCKETS: Final = 360
"""Buckets that are kept: one hour."""
RECENT: Final = 200
"""Latest requests that are kept."""
MOST_TOLD: Final = 125_000
"""Buckets that are told at once: more would be more than a line has room for (`gateway.control.words`).
Of very many busy services the counts are therefore told by longer stretches."""
_STRETCHES: Final = (BUCKET_SECONDS, 60, 300, 900, 3600)
"""Their lengths in seconds."""
_WIDTH: Final = 5
"""Numbers of a bucket, in the order of the members of `Bucket`."""

Numbers: TypeAlias = "array[int]"
"""The buckets of one service, oldest first: as objects they would take four times the memory."""


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
    request_id: str = ""
    """Made by the gateway; see `gateway.observe.events.RequestEnded`."""


class TrafficBoard:
    """Remembers event records. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = Lock()
        self._recent: deque[Ended] = deque(maxlen=RECENT)
        self._services: dict[str, Numbers] = {}

    def emit(self, event: RequestEnded) -> None:
        """Remember one record."""
        now = self._clock.now()
        start = int(now.timestamp()) // BUCKET_SECONDS * BUCKET_SECONDS
        with self._lock:
            self._recent.append(Ended(now, event))
            numbers = self._numbers(event.service, start)
            numbers[-_WIDTH + (2 if event.outcome == "refused" else 1)] += 1
            numbers[-_WIDTH + 3] += event.milliseconds
            numbers[-_WIDTH + 4] = max(numbers[-_WIDTH + 4], event.milliseconds)

    def turned_away(self, event: TurnedAway) -> None:
        """Remember nothing of what was no request of a service."""

    def _numbers(self, service: str, start: int) -> Numbers:
        """Return the numbers of a service; the last bucket in them is the one to count in."""
        numbers = self._services.get(service)
        if numbers is None:
            # services come and go as the home changes: those without a request in the last hour are forgotten
            oldest = start - BUCKETS * BUCKET_SECONDS
            self._services = {name: one for name, one in self._services.items() if one[-_WIDTH] > oldest}
            numbers = self._services[service] = array("q")
        if not numbers or numbers[-_WIDTH] < start:
            del numbers[: -(BUCKETS - 1) * _WIDTH]
            numbers.extend((start, 0, 0, 0, 0))
        return numbers  # a clock that was set back counts on in the latest

    def recent(self, most: int = RECENT) -> tuple[Ended, ...]:
        """Return the latest requests, newest first."""
        with self._lock:
            latest = list(self._recent)[-most:] if most > 0 else []
        return tuple(reversed(latest))

    def traffic(self) -> Mapping[str, tuple[Bucket, ...]]:
        """Return the counts of the last hour by service, oldest first.

        Of very many busy services by longer stretches than BUCKET_SECONDS: so that there are MOST_TOLD at most.
        """
        oldest = int(self._clock.now().timestamp()) - BUCKETS * BUCKET_SECONDS
        with self._lock:
            # what takes long is done to a copy: whoever ends a request waits for the lock
            copies = {service: numbers[:] for service, numbers in self._services.items()}
        seconds = _stretch(copies.values())
        found = {service: tuple(_buckets(numbers, oldest, seconds)) for service, numbers in copies.items()}
        return {service: buckets for service, buckets in found.items() if buckets}


def _stretch(services: Iterable[Numbers]) -> int:
    """Return the shortest stretch of which there are not too many."""
    lengths = [len(numbers) // _WIDTH for numbers in services]
    for seconds in _STRETCHES[:-1]:
        # at most one more than fit into the hour, as it begins within one
        most = BUCKETS * BUCKET_SECONDS // seconds + 1
        if sum(min(length, most) for length in lengths) <= MOST_TOLD:
            return seconds
    return _STRETCHES[-1]


def _buckets(numbers: Numbers, oldest: int, seconds: int) -> Iterator[Bucket]:
    """Yield what is younger than `oldest`, summed by stretches. A plain loop: there may be a million."""
    stretch = answered = refused = milliseconds = longest = 0
    columns = (numbers[at::_WIDTH] for at in range(_WIDTH))
    for start, good, bad, total, most in zip(*columns, strict=True):
        if start <= oldest:
            continue
        if start // seconds == stretch:
            answered += good
            refused += bad
            milliseconds += total
            if most > longest:  # noqa: PLR1730  a call for each would take as long as all else
                longest = most
            continue
        if stretch:
            yield Bucket(stretch * seconds, answered, refused, milliseconds, longest)
        stretch = start // seconds
        answered, refused, milliseconds, longest = good, bad, total, most
    if stretch:
        yield Bucket(stretch * seconds, answered, refused, milliseconds, longest)
