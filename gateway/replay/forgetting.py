"""Until when entries may be forgotten: a time of day that a clock set ahead does not carry along.

A message that was accepted is refused until it is too old. If the machine's clock is set ahead for a few
minutes, by mistake, and back, it is not too old any more: whoever recorded it could send it once more, had its
entry been removed as expired meanwhile. So what is ahead of the time that has really passed is believed only
after a while.
"""

import threading
from datetime import datetime, timedelta
from typing import Final

from gateway.clock import Clock

HOLD: Final = timedelta(hours=1)
"""How long a clock must have been ahead until it is believed. Longer than what must come only once is fresh."""
TOLERANCE: Final = timedelta(seconds=30)
"""Differences that are no step: a clock that is drawn to the right time, a machine that pauses."""


class Forgetting:
    """The time by which expired entries are removed. Thread-safe; nothing is remembered beyond the process."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._believe(clock.now(), clock.monotonic())

    def until(self, now: datetime) -> datetime:
        """Return `now`, or what it would be if the clock had not been set ahead lately."""
        with self._lock:
            passed = self._clock.monotonic()
            expected = self._now + timedelta(seconds=passed - self._passed)
            if now <= expected + TOLERANCE:
                self._believe(now, passed)
                return min(now, expected)
            if timedelta(seconds=passed - self._right) >= HOLD:
                self._believe(now, passed)
                return now
            return expected

    def _believe(self, now: datetime, passed: float) -> None:
        """Count from this moment: wall clock and monotonic seconds agree here."""
        self._now, self._passed = now, passed
        self._right = passed
