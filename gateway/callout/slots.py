"""How many callouts of a tpipe are in work: not more than the bundle allows, but for one that was on its way.

A listener asks for a message only when there is a place for it, and may then wait for long. Meanwhile the place
is free for what is due in the journal: with `concurrency = 1` that would wait for ever otherwise.
"""

from threading import Condition, Event

from gateway.clock import Clock

_LOOK_SECONDS = 0.25
"""How often a wait looks whether it was stopped."""


class Slots:
    """The places of one tpipe. Thread-safe."""

    def __init__(self, limit: int) -> None:
        """`limit`: how many may be taken at once."""
        self._limit = limit
        self._taken = 0
        self._reserved = 0
        self._changed = Condition()

    @property
    def taken(self) -> int:
        """How many are taken."""
        with self._changed:
            return self._taken

    def take(self, stop: Event) -> bool:
        """Wait for a place and take it; False: stopped before there was one."""
        with self._changed:
            free = self._wait_free(stop)
            self._taken += free
            return free

    def reserve(self, stop: Event) -> bool:
        """Wait for a place and reserve it for a message that is asked for; False: stopped before."""
        with self._changed:
            free = self._wait_free(stop)
            self._reserved += free
            return free

    def claim(self) -> None:
        """Take the place that was reserved, whoever else has come meanwhile: the message is there."""
        with self._changed:
            self._reserved -= 1
            self._taken += 1

    def release(self) -> None:
        """Give back a place that was reserved: no message came."""
        with self._changed:
            self._reserved -= 1
            self._changed.notify_all()

    def _wait_free(self, stop: Event) -> bool:
        while not stop.is_set():
            if self._taken < self._limit:
                return True
            self._changed.wait(_LOOK_SECONDS)
        return False

    def take_more(self, count: int) -> int:
        """Take up to `count` places that are free now; return how many those were."""
        with self._changed:
            got = max(min(count, self._limit - self._taken), 0)
            self._taken += got
            return got

    def give_back(self, count: int = 1) -> None:
        """Give places back."""
        with self._changed:
            self._taken -= count
            self._changed.notify_all()

    def wait_idle(self, clock: Clock, deadline: float) -> bool:
        """Wait until none is taken; False: some were at `deadline` (monotonic seconds)."""
        with self._changed:
            while self._taken or self._reserved:
                left = deadline - clock.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, _LOOK_SECONDS))
        return True
