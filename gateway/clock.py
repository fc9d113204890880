"""The one reader of the time, so that a test can put its own in place."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What the product needs to know of the time."""

    def now(self) -> datetime:
        """Return the wall clock, aware, in UTC: for what people and messages see."""
        ...

    def monotonic(self) -> float:
        """Return seconds from a fixed unknown point: for deadlines."""
        ...


@dataclass(frozen=True, slots=True)
class SystemClock:
    """The machine's own clocks."""

    def now(self) -> datetime:
        """Return the wall clock in UTC."""
        return datetime.now(UTC)  # noqa: TID251  this is that one reader

    def monotonic(self) -> float:
        """Return the monotonic clock in seconds."""
        return time.monotonic()


SYSTEM_CLOCK = SystemClock()
