"""Whether another connection to IMS Connect may be tried: circuit breaker and learned limit together.

A connection that fails while none is open says that IMS Connect cannot be reached: the breaker opens. One that
fails while others work says that no more can be had just now: the ceiling comes down, and those that are there
serve everybody.
"""

from collections.abc import Callable
from typing import Final

from gateway.imsconnect.breaker import Breaker
from gateway.imsconnect.ceiling import Ceiling
from gateway.imsconnect.place import Limits
from gateway.observe.events import PathEvent, SocketsRefused

LOST_AT_ONCE: Final = "a socket was lost in its first conversation: IMS Connect may be at its MAXSOC"


class Admission:
    """Of one pool. `there` is always the number of sessions, those being connected included. Holds no lock."""

    def __init__(self, bundle: str, endpoint: str, limits: Limits, jitter: Callable[[], float]) -> None:
        self.breaker = Breaker(bundle, endpoint, limits.retry, jitter)
        self.last_failure = ""
        self._bundle = bundle
        self._endpoint = endpoint
        self._limits = limits
        self._ceiling = Ceiling(limits.size)
        self._events: list[PathEvent] = []
        self._told: float | None = None

    def limit(self, now: float) -> int:
        """Return how many sessions there may be now."""
        return self._ceiling.at(now)

    def ticket(self, now: float, *, eager: bool) -> int | None:
        """Start a caller's try; None: none may start now."""
        if self._limits.probe_in_background and self.breaker.active and not eager:
            return None
        return self.breaker.admit(now, eager=eager)

    def connected(self, open_sockets: int, now: float) -> None:
        """Note that a try brought a session, so many with it."""
        self.breaker.succeeded(now)
        self._ceiling.grew(open_sockets)

    def failed(self, ticket: int, reason: str, now: float, *, in_use: int, open_sockets: int) -> None:
        """Note that a try failed."""
        self.last_failure = reason
        if not in_use:
            self._ceiling.forget()
            self.breaker.failed(ticket, now, reason)
            return
        self.breaker.abandoned(ticket)
        self._refused(open_sockets, reason, now)

    def lost_at_once(self, now: float, *, proven: int) -> None:
        """Note that a session was lost in its first conversation, while so many that had one before go on.

        At its MAXSOC, IMS Connect may take a socket and close it a moment later, when the request has left.
        """
        if proven:
            self._refused(proven, LOST_AT_ONCE, now)

    @property
    def at_ceiling(self) -> bool:
        """Whether IMS Connect lets us have fewer sockets than wanted, as far as is known."""
        return self._ceiling.learned

    def _refused(self, open_sockets: int, reason: str, now: float) -> None:
        self._ceiling.refused(open_sockets, now)
        if self._told is None or now - self._told >= self._limits.retry.reporting_interval:
            self._told = now
            self._events.append(SocketsRefused(self._bundle, self._endpoint, open_sockets, reason))

    def housekeeper_at(self, there: int, wanted: int, now: float) -> float | None:
        """Return when the housekeeper may try: to look whether the path is back, or to have `wanted` sessions.

        None: not before something changes.
        """
        if self.breaker.active:
            return self.breaker.retry_at if self._limits.probe_in_background else None
        if there >= min(wanted, self._limits.size):
            return None
        if there < self._ceiling.at(now):
            return now
        return self._ceiling.retry_at if self._ceiling.retry_at > now else None

    def take_events(self) -> list[PathEvent]:
        """Return what is to be told, once the lock is let go."""
        told = self.breaker.take_events()
        if not self._events:
            return told
        events, self._events = [*self._events, *told], []
        return events
