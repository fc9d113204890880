"""How many connections each worker holds, where all of them see it, so that none carries what others could.

The kernel gives a new connection to whichever worker is awake first. Of eight that are kept, seven may go to
one of two workers, which then does nearly all the work while the other looks on.
"""

import mmap
from typing import Final

_ABSENT: Final = -1
_WIDTH: Final = 4
"""Bytes of a number: aligned, so that it is written and read as one."""
_LEEWAY: Final = 8
"""A worker may hold more than the one with the fewest by an eighth of that, before it leaves any to others."""


class Tallies:
    """A number for each worker in shared memory. Made in the master before the workers are forked."""

    def __init__(self, workers: int) -> None:
        self._numbers = memoryview(mmap.mmap(-1, workers * _WIDTH)).cast("i")
        self._places: dict[int, int] = {}
        for place in range(workers):
            self._numbers[place] = _ABSENT

    def of(self, age: int) -> "Tally":
        """Return the tally of a worker that is about to be forked, known to the master by its age."""
        free = set(range(len(self._numbers))) - set(self._places.values())
        if not free:  # more than the master means to have: it counts for itself, and leaves nothing to others
            return Tallies(1).of(age)
        self._places[age] = min(free)
        return Tally(self._numbers, self._places[age])

    def ended(self, age: int) -> None:
        """Take note that a worker is no more; nothing is left to it from now on."""
        if (place := self._places.pop(age, None)) is not None:
            self._numbers[place] = _ABSENT


class Tally:
    """One worker's number, and a look at those of the others."""

    def __init__(self, numbers: "memoryview[int]", place: int) -> None:
        self._numbers = numbers
        self._place = place
        self._closed = False

    def hold(self, connections: int) -> None:
        """Tell the others how many connections this worker holds, while it takes more."""
        if not self._closed:
            self._numbers[self._place] = connections

    def close(self) -> None:
        """Tell the others that this worker takes no more, however many it holds."""
        self._closed = True
        self._numbers[self._place] = _ABSENT

    @property
    def heavier(self) -> bool:
        """Tell whether another worker that takes connections holds so many fewer that a new one is for it."""
        fewest = min((one for one in self._numbers if one != _ABSENT), default=0)
        return self._numbers[self._place] > fewest + fewest // _LEEWAY
