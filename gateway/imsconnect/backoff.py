"""When to try again after IMS Connect could not be reached: exponential with jitter, one try at a time."""

from collections.abc import Callable
from typing import Final

FIRST_DELAY_SECONDS: Final = 0.1
LONGEST_DELAY_SECONDS: Final = 3.0
"""How late the gateway may notice, at worst, that IMS Connect is back."""


class BackOff:
    """Decides whether a connection may be tried. Holds no lock: the pool calls it under its own.

    While nothing failed, any number of tries may run at once. After a failure none runs before the delay is
    over, and then one. A success ends all that, so recovery never needs a restart.
    """

    def __init__(self, jitter: Callable[[], float]) -> None:
        self._jitter = jitter
        self._failures = 0
        self._not_before = 0.0
        self._probing = False
        self._era = 0

    @property
    def active(self) -> bool:
        """Tell whether the latest try failed."""
        return self._failures > 0

    @property
    def probing(self) -> bool:
        """Tell whether the one try is running that is allowed after a failure."""
        return self._probing

    def seconds_left(self, now: float) -> float:
        """Return the seconds until the next try may start, 0 when it may at once."""
        return max(self._not_before - now, 0.0) if self.active else 0.0

    def admit(self, now: float) -> int | None:
        """Start a try and return its ticket for `succeeded` or `failed`; None when none may start now."""
        if self.active:
            if self._probing or now < self._not_before:
                return None
            self._probing = True
        return self._era

    def succeeded(self) -> None:
        """Note that a try brought a connection."""
        self._era += 1
        self._failures = 0
        self._probing = False

    def failed(self, ticket: int, now: float) -> None:
        """Note that a try failed. Tries that ran side by side count as one failure."""
        if ticket != self._era:
            return
        self._era += 1
        delay = min(FIRST_DELAY_SECONDS * 2.0**self._failures, LONGEST_DELAY_SECONDS)
        self._failures = min(self._failures + 1, 16)
        self._not_before = now + delay * (0.5 + 0.5 * self._jitter())
        self._probing = False

    def abandoned(self, ticket: int) -> None:
        """Note that a try was given up without a result."""
        if ticket == self._era:
            self._probing = False
