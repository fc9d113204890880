"""The pool's decisions: who gets which session, who may connect, who waits, what is to be closed.

No lock, no thread, no I/O: `pool` calls everything here under its one lock, and then does what was decided.
"""

import random
import threading
from collections import OrderedDict, defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final, Generic, Protocol, TypeVar

from gateway.clock import Clock
from gateway.errors import M, TransportError
from gateway.imsconnect.backoff import BackOff
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.stats import CountName, PoolStats, new_counts

MAX_AGE_SECONDS: Final = 3600.0
"""A socket is not reused beyond this age, so that load spreads again over a sysplex that has grown."""

MAX_AGE_JITTER: Final = 0.2
"""Up to this share of the age is taken off, so that sockets opened together do not end together."""


class Pooled(Protocol):
    """What the pool needs to know of a session."""

    lane: Lane

    @property
    def reusable(self) -> bool:
        """Whether another conversation may start."""
        ...

    def is_quiet(self) -> bool:
        """Whether nothing happened while it was idle."""
        ...

    def close(self) -> None:
        """Close it."""
        ...

    def abort(self) -> None:
        """Make the thread that uses it fail at once; must not wait."""
        ...


S = TypeVar("S", bound=Pooled)


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of a pool; times in seconds."""

    size: int
    wait: float
    idle: float
    max_age: float = MAX_AGE_SECONDS


@dataclass(eq=False, slots=True)
class Place(Generic[S]):
    """One of the pool's `size` places: a session, or the right to connect one."""

    session: S | None = None
    ticket: int = 0
    """Of the back-off, while there is no session."""
    retire_at: float = 0.0
    idle_since: float = 0.0


@dataclass(eq=False, slots=True)
class Waiter(Generic[S]):
    """A request in the queue; `ready` is set when `place` or `refusal` is."""

    lane: Lane
    ready: threading.Event = field(default_factory=threading.Event)
    place: Place[S] | None = None
    refusal: TransportError | None = None

    @property
    def open(self) -> bool:
        """Whether nothing was decided yet."""
        return self.place is None and self.refusal is None


class Places(Generic[S]):
    """The places of one pool, and the queue for them. `settle` after every change."""

    def __init__(self, bundle: str, limits: Limits, clock: Clock, jitter: Callable[[], float]) -> None:
        self.bundle = bundle
        self.limits = limits
        self.counts = new_counts()
        self.closed = False
        """No new requests; those in the house are served."""
        self.aborted = False
        """Nobody is served any more."""
        self._clock = clock
        self._jitter = jitter
        self._backoff = BackOff(jitter)
        # an ordered dictionary, as leaving the middle of the queue costs nothing there
        self._waiters: OrderedDict[Waiter[S], None] = OrderedDict()
        self._idle: defaultdict[Lane, deque[Place[S]]] = defaultdict(deque)
        self._leased: dict[Place[S], S] = {}
        self._connecting = 0
        self._doomed: list[S] = []
        self._last_failure = ""

    # -- what threads report --------------------------------------------------------------------------------

    def enter(self, waiter: Waiter[S], *, again: bool) -> None:
        """Take a request into the queue: at its end, or `again` at its head."""
        self.counts["requests"] += not again
        if self.closed and not again:
            waiter.refusal = self.stopping()
            return
        self._waiters[waiter] = None
        self._waiters.move_to_end(waiter, last=not again)
        self.settle()
        self.counts["queued"] += waiter.open

    def leave(self, waiter: Waiter[S]) -> None:
        """Take a request out of the queue, and back what was granted to it a moment before."""
        self._waiters.pop(waiter, None)
        place, waiter.place = waiter.place, None
        if place is None:
            return
        if place.session is None:
            self.not_connected(place, None)
        else:
            del self._leased[place]
            self._idle[place.session.lane].append(place)

    def connected(self, place: Place[S], session: S) -> None:
        """Note that the place's connection came to be; its session is leased."""
        self._connecting -= 1
        self.counts["connects"] += 1
        self._backoff.succeeded()
        place.session = self._leased[place] = session
        place.retire_at = self.now() + self.limits.max_age * (1 - MAX_AGE_JITTER * self._jitter())
        if self.aborted:
            session.abort()

    def not_connected(self, place: Place[S], failure: str | None) -> bool:
        """Note that it failed, or was given up (None). Return whether a session in use may become free."""
        self._connecting -= 1
        if failure is None:
            self._backoff.abandoned(place.ticket)
        else:
            self.counts["connect_failures"] += 1
            self._last_failure = failure
            self._backoff.failed(place.ticket, self.now())
        return bool(self._leased)

    def stale(self, place: Place[S]) -> None:
        """Note that a leased session is not good any more."""
        self._doom(self._leased.pop(place), "stale")

    def give_back(self, place: Place[S], counted: CountName | None) -> None:
        """Take a leased session back, if its conversation left it reusable and it is not too old."""
        session = self._leased.pop(place)
        if counted is not None:
            self.counts[counted] += 1
        now = self.now()
        if not session.reusable:
            self._doom(session, "dropped")
        elif place.retire_at <= now:
            self._doom(session, "aged")
        else:
            place.idle_since = now
            self._idle[session.lane].append(place)

    def expire(self) -> None:
        """Give up sessions that have been idle for too long."""
        horizon = self.now() - self.limits.idle
        for idle in self._idle.values():
            while idle and idle[0].idle_since <= horizon:
                self._give_up(idle.popleft(), "expired")

    def abort(self) -> None:
        """Serve nobody any more and make conversations under way fail."""
        self.aborted = True
        for session in self._leased.values():
            session.abort()

    # -- what follows ---------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Serve the queue from its head as far as that goes."""
        while self._waiters:
            waiter = next(iter(self._waiters))
            waiter.place = None if self.aborted else self._pick(waiter.lane)
            if waiter.place is None:
                waiter.refusal = self._hopeless()
                if waiter.refusal is None:
                    return
            del self._waiters[waiter]
            waiter.ready.set()
        if self.closed:
            for idle in self._idle.values():
                while idle:
                    self._give_up(idle.pop(), None)

    def _pick(self, lane: Lane) -> Place[S] | None:
        """Reuse, or connect, or evict and connect; None when a request has to wait."""
        idle = self._idle[lane]
        while idle:
            place = idle.pop()
            if place.session is not None and self.now() < place.retire_at:
                self._leased[place] = place.session
                return place
            self._give_up(place, "aged")
        full = self.idle + len(self._leased) + self._connecting >= self.limits.size
        others = next((other for other in self._idle.values() if other), None)
        if full and not others:
            return None
        ticket = self._backoff.admit(self.now())
        if ticket is None:
            return None
        if full and others:
            self._give_up(others.popleft(), "evicted")
        self._connecting += 1
        return Place(ticket=ticket)

    def _hopeless(self) -> TransportError | None:
        """Return why waiting is no use: nothing is in use that could become free, and nobody may connect.

        While some sockets work, requests wait for those: perhaps IMS Connect is at its MAXSOC.
        """
        if self.aborted:
            return self.stopping()
        may_still_connect = self._connecting > self._backoff.probing
        if not self._backoff.active or self._leased or may_still_connect:
            return None
        self.counts["backoff_refusals"] += 1
        left = self._backoff.seconds_left(self.now())
        return self.unreachable(f"in back-off, {left:.1f} s left, after: {self._last_failure}")

    def _give_up(self, place: Place[S], counted: CountName | None) -> None:
        if place.session is not None:
            self._doom(place.session, counted)

    def _doom(self, session: S, counted: CountName | None) -> None:
        self._doomed.append(session)
        if counted is not None:
            self.counts[counted] += 1

    def take_doomed(self) -> list[S]:
        """Return the sessions to close, once the lock is let go."""
        doomed, self._doomed = self._doomed, []
        return doomed

    # -- what can be seen -----------------------------------------------------------------------------------

    def now(self) -> float:
        """Return the clock's monotonic seconds."""
        return self._clock.monotonic()

    @property
    def idle(self) -> int:
        """Sessions that nobody uses."""
        return sum(len(idle) for idle in self._idle.values())

    @property
    def drained(self) -> bool:
        """Whether nothing is under way."""
        return not (self._leased or self._connecting or self._waiters)

    def next_expiry(self) -> float | None:
        """Return when the session that is idle longest will have been so for too long."""
        oldest = min((idle[0].idle_since for idle in self._idle.values() if idle), default=None)
        return None if oldest is None else oldest + self.limits.idle

    def stats(self) -> PoolStats:
        """Return the picture of this moment."""
        return PoolStats(
            bundle=self.bundle,
            size=self.limits.size,
            idle=self.idle,
            in_use=len(self._leased),
            connecting=self._connecting,
            waiting=len(self._waiters),
            backing_off=self._backoff.seconds_left(self.now()),
            closed=self.closed,
            **self.counts,
        )

    # -- refusals -------------------------------------------------------------------------------------------

    def unreachable(self, private: str) -> TransportError:
        """Return the refusal for an IMS Connect that cannot be reached."""
        return TransportError(M.UNREACHABLE, {"bundle": self.bundle}, private, maybe_sent=False)

    def no_socket(self) -> TransportError:
        """Return the refusal for a wait in vain, with the picture of the pool as the private reason."""
        fields = {"seconds": f"{self.limits.wait:g}"}
        return TransportError(M.NO_SOCKET, fields, repr(self.stats()), maybe_sent=False)

    def stopping(self) -> TransportError:
        """Return the refusal of a pool that is closed."""
        return TransportError(M.STOPPING, private=f"pool {self.bundle} is closed", maybe_sent=False)


def real_jitter() -> float:
    """Return a number from 0 up to 1."""
    return random.random()  # noqa: S311  spreads load, guards nothing
