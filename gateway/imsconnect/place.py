"""What a pool's decisions are about: sessions, places for them, requests that wait, bounds."""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from gateway.errors import TransportError
from gateway.imsconnect.breaker import RetryTimes
from gateway.imsconnect.lane import Lane

MAX_AGE_SECONDS: Final = 3600.0
"""A socket is not reused beyond this age, so that load spreads again over a sysplex that has grown."""

MAX_AGE_JITTER: Final = 0.2
"""Up to this share of the age is taken off, so that sockets opened together do not end together."""


class Pooled(Protocol):
    """What the pool needs to know of a session, whether threads or a loop drive it."""

    @property
    def lane(self) -> Lane:
        """What it may be used for next; a dedicated one never changes."""
        ...

    @property
    def reusable(self) -> bool:
        """Whether another conversation may start."""
        ...

    def is_quiet(self) -> bool:
        """Whether nothing happened while it was idle. Must not wait."""
        ...

    def close(self) -> None:
        """Close it. Must not wait for the peer."""
        ...

    def abort(self) -> None:
        """Make whoever uses it fail at once; must not wait."""
        ...


S = TypeVar("S", bound=Pooled)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a pool; times in seconds."""

    size: int
    wait: float
    idle: float
    max_age: float = MAX_AGE_SECONDS
    max_age_jitter: float = MAX_AGE_JITTER
    """Up to this share of the age is taken off, so that sessions opened together do not end together."""
    min_open: int = 0
    """Sessions that are kept open once `warm` was called."""
    ping: float | None = None
    """An idle session is pinged when nothing happened on it for so long; None: never."""
    ping_on_borrow: bool = False
    """Ping before each conversation: costs a round trip, finds what is_quiet cannot see."""
    retry: RetryTimes = field(default=RetryTimes())
    probe_in_background: bool = False
    """While the breaker is open the housekeeper tries, not callers; for bundles of several endpoints."""


@dataclass(eq=False, slots=True)
class Place(Generic[S]):
    """One of the pool's `size` places: a session, or the right to connect one."""

    lane: Lane = Lane.REPLIES
    session: S | None = None
    ticket: int = 0
    """Of the breaker, while there is no session."""
    retire_at: float = 0.0
    used_at: float = 0.0
    """When its last conversation ended."""
    proven: bool = False
    """A conversation has come to its end on its session, so IMS Connect has really taken it."""
    idle_since: float = 0.0
    """The same, or when a ping was answered since."""


@dataclass(eq=False, slots=True)
class Waiter(Generic[S]):
    """A request in the queue; `wake` is called, once, when `place` or `refusal` is set."""

    lane: Lane
    wake: Callable[[], None]
    """Called under the pool's lock: must not wait, must not call the pool."""
    eager: bool = False
    """Whether it has no other path, see `Breaker.admit`."""
    place: Place[S] | None = None
    refusal: TransportError | None = None

    @property
    def open(self) -> bool:
        """Whether nothing was decided yet."""
        return self.place is None and self.refusal is None


def real_jitter() -> float:
    """Return a number from 0 up to 1."""
    return random.random()  # noqa: S311  spreads load, guards nothing
