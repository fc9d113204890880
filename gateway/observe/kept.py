"""What is counted with, kept by its labels: to find it again in the library would cost more than to count."""

from collections.abc import Callable, Hashable
from typing import Generic, Protocol, TypeVar

from gateway.observe.metric_files import Room


class Counting(Protocol):
    """A counter with its labels."""

    def inc(self, amount: float = 1) -> None:
        """Count so many more."""
        ...


class Measuring(Protocol):
    """A histogram with its labels."""

    def observe(self, amount: float) -> None:
        """Count one of so much."""
        ...


class Nowhere:
    """Counts nothing: where the disk has no room for more."""

    def inc(self, amount: float = 1) -> None:
        """Do nothing."""

    def observe(self, amount: float) -> None:
        """Do nothing."""


NOWHERE = Nowhere()

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Counters, or histograms, each made when it is first needed. Thread-safe; there are as many as labels."""

    def __init__(self, room: Room, make: Callable[[K], V], nowhere: V) -> None:
        """`make` asks the library, which gives the same for the same labels; `nowhere` is used without room."""
        self._room = room
        self._make = make
        self._nowhere = nowhere
        self._made: dict[K, V] = {}

    def of(self, labels: K) -> V:
        """Return the one with these labels."""
        found = self._made.get(labels)
        if found is None:
            if not self._room.made():
                return self._nowhere
            found = self._made[labels] = self._make(labels)
        return found
