"""One thread that does something at a time: the deadlines of all callouts of a process."""

import heapq
import logging
from collections.abc import Callable
from itertools import count
from threading import Condition, Thread
from typing import Final

from gateway.clock import Clock

_LOG: Final = logging.getLogger(__name__)
_KEPT: Final = 1000
"""So many that are cancelled are no matter."""


class Appointment:
    """Something that will be done at a time, unless it is cancelled before."""

    def __init__(self, act: Callable[[], None], cancelled: Callable[[], None]) -> None:
        self._act: Callable[[], None] | None = act
        self._cancelled = cancelled

    def cancel(self) -> None:
        """Let it not be done; nothing happens when it is done already."""
        self._act = None
        self._cancelled()

    @property
    def act(self) -> Callable[[], None] | None:
        """What is to be done; None: cancelled."""
        return self._act


class Alarm:
    """Does things at their times, in a thread of its own. What is done must be quick."""

    def __init__(self, clock: Clock) -> None:
        """Begin with nothing to do."""
        self._clock = clock
        self._numbers = count()
        self._due: list[tuple[float, int, Appointment]] = []
        self._cancelled = 0
        """About how many of them are cancelled; those that were done before count too."""
        self._changed = Condition()
        self._closed = False
        self._thread = Thread(target=self._run, name="callout-alarm", daemon=True)
        self._thread.start()

    def at(self, when: float, act: Callable[[], None]) -> Appointment:
        """Have something done at `when` (monotonic seconds), at once if that is over."""
        appointment = Appointment(act, self._count_cancelled)
        with self._changed:
            heapq.heappush(self._due, (when, next(self._numbers), appointment))
            if self._due[0][2] is appointment:
                self._changed.notify()
        return appointment

    def _count_cancelled(self) -> None:
        """Forget those that are cancelled once they are many: their times may be an hour off."""
        with self._changed:
            self._cancelled += 1
            if self._cancelled > max(_KEPT, len(self._due) // 2):
                self._due = [one for one in self._due if one[2].act is not None]
                heapq.heapify(self._due)
                self._cancelled = 0

    def __len__(self) -> int:
        """Return how many appointments are kept."""
        with self._changed:
            return len(self._due)

    def close(self) -> None:
        """Do nothing any more."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        self._thread.join()

    def _run(self) -> None:
        while (appointment := self._next()) is not None:
            act = appointment.act
            if act is None:
                continue
            try:
                act()
            except Exception:  # noqa: BLE001  the deadlines of all other callouts must be kept
                _LOG.exception("a deadline could not be seen to")

    def _next(self) -> Appointment | None:
        with self._changed:
            while not self._closed:
                if not self._due:
                    self._changed.wait()
                    continue
                left = self._due[0][0] - self._clock.monotonic()
                if left <= 0:
                    return heapq.heappop(self._due)[2]
                self._changed.wait(left)
        return None
