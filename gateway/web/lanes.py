"""Who stands in which lane for the worker's threads, and how many of them one lane may take.

A service has a lane of its own, operators have one, all else shares one. A lane takes threads as it needs them,
but never the last ones: it may hold at most `SHARE` times as many as are free. So one busy lane comes to seven
eighths of the threads, two come to less than half of them each, and there is always something left for whoever
comes next (the dynamic thresholds of Choudhury and Hahne, IEEE/ACM Transactions on Networking 6/2, 1998). With
fewer than `SHARE` + 1 threads there is nothing to keep, and turns alone are fair.
"""

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")

SHARE: Final = 7
"""Threads that a lane may hold for each one that is free; of places to wait likewise."""


@dataclass(frozen=True, slots=True)
class Lane:
    """What is known of a lane before a request takes a thread. Made once a snapshot, not for each request."""

    service: str
    """Name of the service; of other lanes a name that no folder can have."""
    most: int = 0
    """Threads that its requests may hold at once; 0: all but what it leaves to others."""
    shares: bool = True
    """Whether there are others to leave something to."""
    bundle: str = ""
    """Whose requests count together; empty: nobody's."""
    bundle_most: int = 0
    bundle_shares: bool = False

    @property
    def of_service(self) -> str:
        """Name of the service; empty for lanes of none."""
        return "" if self.service.startswith("/") else self.service


OTHERS: Final = Lane("/")
"""Contracts, the list of services, addresses that there are not."""
OPERATORS: Final = Lane("//")
"""The admin listener."""


class Tally:
    """How many threads a lane or a bundle holds."""

    __slots__ = ("at_work", "most", "shares")

    def __init__(self) -> None:
        self.at_work = 0
        self.most = 0
        self.shares = False

    def room(self, free: int) -> bool:
        """Tell whether it may take one more of the threads, of which so many are free."""
        if self.most and self.at_work >= self.most:
            return False
        return not self.shares or self.at_work < SHARE * free


class Line(Generic[T]):
    """A lane at work: its tallies, and who waits in it."""

    __slots__ = ("lane", "queue", "ringed", "tallies")

    def __init__(self, lane: Lane) -> None:
        self.lane = lane
        self.tallies: tuple[Tally, ...] = ()
        self.queue: deque[T] = deque()
        """Those who wait, in the order in which they came."""
        self.ringed = False
        """Whether it is among the lines that are asked in turn."""

    def room(self, free: int) -> bool:
        """Tell whether it may take one more of the threads, of which so many are free."""
        for tally in self.tallies:  # noqa: SIM110  a loop costs less: this is asked for every request
            if not tally.room(free):
                return False
        return True

    def room_to_wait(self, free: int) -> bool:
        """Tell whether one more may wait in it, of places to wait so many being free."""
        return len(self.queue) < SHARE * free if self.lane.shares else free > 0


class Lines(Generic[T]):
    """All lanes of a worker, asked in turn for whoever is next."""

    def __init__(self) -> None:
        self._lines: dict[str, Line[T]] = {}
        self._bundles: dict[str, Tally] = {}
        self._ring: deque[Line[T]] = deque()

    def of(self, lane: Lane) -> Line[T]:
        """Return the line of a lane; what another configuration says of it counts from then on."""
        line = self._lines.get(lane.service)
        if line is None or line.lane is not lane:
            line = self._adopted(lane)
        return line

    def append(self, line: Line[T], waiter: T) -> None:
        """Have somebody wait, behind those in the line."""
        line.queue.append(waiter)
        if not line.ringed:
            line.ringed = True
            self._ring.append(line)

    def next_with_room(self, free: int) -> Line[T] | None:
        """Return the line whose turn it is, of those in which somebody waits that may have a thread.

        It goes to the end of the ring with that. None: nobody may.
        """
        for _ in range(len(self._ring)):
            line = self._ring.popleft()
            if not line.queue:
                line.ringed = False
                continue
            self._ring.append(line)
            if line.room(free):
                return line
        return None

    def _adopted(self, lane: Lane) -> Line[T]:
        line = self._lines.get(lane.service)
        if line is None:
            self._forget_idle()
            line = self._lines[lane.service] = Line(lane)
            line.tallies = (Tally(),)
        line.lane = lane
        line.tallies = (line.tallies[0], *self._bundle_of(lane))
        line.tallies[0].most, line.tallies[0].shares = lane.most, lane.shares and not lane.most
        return line

    def _bundle_of(self, lane: Lane) -> Iterator[Tally]:
        """Yield the tally that a bundle's lanes share, where it bounds anything."""
        if not (lane.bundle_most or lane.bundle_shares):
            return
        tally = self._bundles.setdefault(lane.bundle, Tally())
        tally.most, tally.shares = lane.bundle_most, lane.bundle_shares and not lane.bundle_most
        yield tally

    def _forget_idle(self) -> None:
        """Let go of lanes that a reload has left behind, should many have come and gone."""
        if len(self._lines) % _SWEEP:
            return
        idle = [name for name, line in self._lines.items() if _idle(line)]
        for name in idle:
            del self._lines[name]


_SWEEP: Final = 4096
"""Lanes between two looks for those that nobody needs any more."""


def _idle(line: Line[T]) -> bool:
    return not line.ringed and not line.queue and not line.tallies[0].at_work
