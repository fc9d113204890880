"""The circuit breaker of one endpoint: when to try again after IMS Connect could not be reached.

Two stages, as for queue managers in DataPower: first a number of fast tries, each waiting twice as long as the
one before, then one try an interval, for as long as it takes. What is told of it has an interval of its own, so
a host that is away for a weekend fills no log.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.observe.events import PathEvent, PathOpened, PathRestored, StillDown

FIRST_DELAY_SECONDS: Final = 0.1
LONGEST_DELAY_SECONDS: Final = 3.0
"""How late it is noticed, at worst, that IMS Connect is back, while tries are fast or a caller is eager."""


@dataclass(frozen=True, slots=True)
class RetryTimes:
    """How often to try; times in seconds."""

    fast_tries: int = 10
    """Failures before the long interval."""
    long_interval: float = 15.0
    reporting_interval: float = 60.0
    """`StillDown` is told at most that often."""


class Breaker:
    """Decides whether a connection may be tried. Holds no lock: the pool calls it under its own.

    Closed, any number of tries may run at once. After a failure it is open: none runs before the delay is over,
    and then one. A success closes it, so recovery never needs a restart.
    """

    def __init__(self, bundle: str, endpoint: str, retry: RetryTimes, jitter: Callable[[], float]) -> None:
        self._bundle = bundle
        self._endpoint = endpoint
        self._retry = retry
        self._jitter = jitter
        self._failures = 0
        self._down_since = 0.0
        self._told = 0.0
        self._not_before = 0.0
        self._eager_not_before = 0.0
        self._probing = False
        self._era = 0
        self._events: list[PathEvent] = []

    @property
    def active(self) -> bool:
        """Tell whether the latest try failed: the breaker is open."""
        return self._failures > 0

    @property
    def probing(self) -> bool:
        """Tell whether the one try is running that is allowed after a failure."""
        return self._probing

    @property
    def retry_at(self) -> float | None:
        """Return when the next try may start; None while nothing is wrong, or one is running."""
        return self._not_before if self.active and not self._probing else None

    def seconds_left(self, now: float) -> float:
        """Return the seconds until the next try may start, 0 when it may at once."""
        return max(self._not_before - now, 0.0) if self.active else 0.0

    def admit(self, now: float, *, eager: bool = False) -> int | None:
        """Start a try and return its ticket for `failed` or `abandoned`; None when none may start now.

        `eager`, for a caller who has no other path, cuts the long interval down to the longest fast delay.
        """
        if self.active:
            if self._probing or now < (self._eager_not_before if eager else self._not_before):
                return None
            self._probing = True
        return self._era

    def succeeded(self, now: float) -> None:
        """Note that a try brought a connection."""
        if self.active:
            after = now - self._down_since
            self._events.append(PathRestored(self._bundle, self._endpoint, after, self._failures))
        self._era += 1
        self._failures = 0
        self._probing = False

    def failed(self, ticket: int, now: float, reason: str) -> None:
        """Note that a try failed. Tries that ran side by side count as one failure."""
        if ticket != self._era:
            return
        self._era += 1
        self._failures += 1
        self._probing = False
        delay = min(FIRST_DELAY_SECONDS * 2.0 ** min(self._failures - 1, 16), LONGEST_DELAY_SECONDS)
        self._eager_not_before = now + self._jittered(delay)
        slow = self._failures > self._retry.fast_tries
        self._not_before = now + self._jittered(self._retry.long_interval) if slow else self._eager_not_before
        self._eager_not_before = min(self._eager_not_before, self._not_before)
        self._report(now, reason)

    def abandoned(self, ticket: int) -> None:
        """Note that a try was given up without a result."""
        if ticket == self._era:
            self._probing = False

    def take_events(self) -> list[PathEvent]:
        """Return what is to be told, once the lock is let go."""
        events, self._events = self._events, []
        return events

    def _jittered(self, delay: float) -> float:
        return delay * (0.5 + 0.5 * self._jitter())

    def _report(self, now: float, reason: str) -> None:
        if self._failures == 1:
            self._down_since = self._told = now
            self._events.append(PathOpened(self._bundle, self._endpoint, reason))
        elif now - self._told >= self._retry.reporting_interval:
            self._told = now
            since = now - self._down_since
            self._events.append(StillDown(self._bundle, self._endpoint, since, self._failures, reason))
