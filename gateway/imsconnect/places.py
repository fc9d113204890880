"""The pool's decisions: who gets which session, who may connect, who waits, what is to be closed.

No lock, no thread, no I/O: `pool` calls everything here under its one lock, `async_pool` from its one loop, and
then they do what was decided.
"""

from collections import OrderedDict
from collections.abc import Callable
from typing import Generic

from gateway.clock import Clock
from gateway.errors import TransportError
from gateway.imsconnect.admission import Admission
from gateway.imsconnect.holdings import Holdings
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits, Place, S, Waiter
from gateway.imsconnect.stats import CountName, PoolStats, new_counts
from gateway.imsconnect.unserved import drained, no_socket, stopping, unreachable
from gateway.observe.events import PathEvent


class Places(Generic[S]):
    """The places of one pool, and the queue for them. `settle` after every change."""

    def __init__(
        self, bundle: str, limits: Limits, clock: Clock, jitter: Callable[[], float], endpoint: str = ""
    ) -> None:
        self.bundle = bundle
        self.endpoint = endpoint
        self.limits = limits
        self.counts = new_counts()
        self.closed = False
        """No new requests; those in the house are served."""
        self.aborted = False
        """Nobody is served any more."""
        self.draining = False
        """As `closed`, but it can end, and those who wait are sent away."""
        self.keep_open = False
        """Whether `limits.min_open` counts: `warm` was called."""
        self._longest_rest = limits.idle if limits.ping is None else min(limits.idle, limits.ping)
        """How long a session may be idle before there is something to do about it."""
        self.now = clock.monotonic
        self._admission = Admission(bundle, endpoint, limits, jitter)
        self._held: Holdings[S] = Holdings(limits, self.counts, jitter)
        # an ordered dictionary, as leaving the middle of the queue costs nothing there
        self._waiters: OrderedDict[Waiter[S], None] = OrderedDict()

    # -- what threads report --------------------------------------------------------------------------------

    def enter(self, waiter: Waiter[S], *, again: bool) -> None:
        """Take a request into the queue: at its end, or `again` at its head."""
        self.counts["requests"] += not again
        if self.closed and not again:
            waiter.refusal = stopping(self.bundle)
            return
        self._waiters[waiter] = None
        self._waiters.move_to_end(waiter, last=not again)
        self.settle()
        self.counts["queued"] += waiter.open

    def at_once(self, lane: Lane) -> Place[S] | None:
        """Return the session, leased, that a request would get that enters an empty queue; None: let it enter.

        Nothing follows from it that would have to be settled: nobody waits, and nothing is to be closed.
        """
        if self._waiters or self.closed or self.aborted or self.draining or lane in self._held.engaged:
            return None
        place = self._held.fresh(lane, self.now())
        if place is not None:
            self.counts["requests"] += 1
        return place

    def give_up(self, waiter: Waiter[S]) -> None:
        """Take a request out of the queue that has waited for as long as it may, unless it was served since."""
        if waiter.open:
            self.leave(waiter)
            self.counts["wait_timeouts"] += 1
            waiter.refusal = no_socket(self.limits.wait, self.stats())

    def leave(self, waiter: Waiter[S]) -> None:
        """Take a request out of the queue, and back what was granted to it a moment before."""
        self._waiters.pop(waiter, None)
        place, waiter.place = waiter.place, None
        if place is None:
            return
        if place.session is None:
            self.not_connected(place, None)
        else:
            self._held.unused(place)

    def connected(self, place: Place[S], session: S) -> None:
        """Note that the place's connection came to be; its session is leased."""
        now = self.now()
        self.counts["connects"] += 1
        self._held.connected(place, session, now)
        self._admission.connected(self._held.open, now)
        if self.aborted:
            session.abort()

    def not_connected(self, place: Place[S], failure: str | None) -> bool:
        """Note that it failed, or was given up (None). Return whether a session in use may become free."""
        held = self._held
        held.not_connected(place)
        in_use = len(held.leased)
        if failure is None:
            self._admission.breaker.abandoned(place.ticket)
        else:
            self.counts["connect_failures"] += 1
            self._admission.failed(place.ticket, failure, self.now(), in_use=in_use, open_sockets=held.open)
        return in_use > 0

    def stale(self, place: Place[S]) -> None:
        """Note that a leased session is not good any more."""
        self._held.lost(place)

    def give_back(self, place: Place[S], counted: CountName | None) -> None:
        """Take a leased session back, if its conversation left it reusable and it is not too old."""
        if counted is not None:
            self.counts[counted] += 1
        now = place.used_at = self.now()
        unheard = counted == "connections_lost" and not place.proven
        place.proven = place.proven or (place.session is not None and place.session.reusable)
        self._held.take_back(place, now)
        if unheard:
            self._admission.lost_at_once(now, proven=self._held.proven)

    @property
    def wary(self) -> bool:
        """Whether a session that has just been connected is to be pinged before anything is sent on it."""
        return self.limits.ping_on_borrow or self._admission.at_ceiling

    def checked(self, place: Place[S], *, good: bool = True) -> None:
        """Take back a session that the housekeeper opened, or looked at: that is no use of it."""
        if good:
            self.counts["checks"] += 1
            self._held.take_back(place, self.now())
        else:
            self._held.lost(place)

    def opened_for_later(self, place: Place[S], session: S | None, failure: str | None) -> None:
        """Note how the housekeeper's connection went."""
        if session is None:
            self.not_connected(place, failure)
        else:
            self.connected(place, session)
            self.checked(place)

    def expire(self) -> None:
        """Give up sessions that have been idle for too long."""
        self._held.expire(self.now())

    def warm(self) -> None:
        """Have `limits.min_open` count."""
        self.keep_open = True

    def drain(self) -> None:
        """Serve nobody until `resume`."""
        self.draining = True

    def resume(self) -> None:
        """Serve again after `drain`."""
        self.draining = False

    def abort(self) -> None:
        """Serve nobody any more and make conversations under way fail."""
        self.aborted = True
        for session in self._held.leased.values():
            session.abort()

    # -- what follows ---------------------------------------------------------------------------------------

    def settle(self) -> None:
        """Serve the queue from its head as far as that goes.

        Nobody is passed, but by those who take nothing from him: one who waits for his own client id lets the
        others go, and so does one who waits to connect while sessions of other lanes are idle.
        """
        if self._waiters:
            self._serve()
        if self.closed or self.draining:
            self._held.give_up_idle()

    def _serve(self) -> None:
        served: list[Waiter[S]] = []
        stuck = False
        for waiter in self._waiters:
            if stuck and not self._held.idle:
                break
            self._decide(waiter, stuck=stuck)
            if not waiter.open:
                served.append(waiter)
            elif waiter.lane not in self._held.engaged:
                stuck = True
        for waiter in served:
            del self._waiters[waiter]
            waiter.wake()

    def _decide(self, waiter: Waiter[S], *, stuck: bool) -> None:
        if self.aborted:
            waiter.refusal = stopping(self.bundle)
        elif self.draining:
            waiter.refusal = drained(self.bundle)
        elif waiter.lane not in self._held.engaged:
            waiter.place = self._held.reuse(waiter.lane, self.now())
            if waiter.place is None and not stuck:
                waiter.place = self._may_connect(waiter.lane, eager=waiter.eager)
                waiter.refusal = None if waiter.place is not None else self._hopeless()

    def _may_connect(self, lane: Lane, *, eager: bool) -> Place[S] | None:
        """Return a place to connect, for which a session of another lane may have to go; None: not now."""
        now, held = self.now(), self._held
        full = held.there >= self._admission.limit(now)
        victim = held.idle.oldest() if full else None
        if full and victim is None:
            return None
        ticket = self._admission.ticket(now, eager=eager)
        if ticket is None:
            return None
        if victim is not None:
            held.give_up(held.idle.take(victim), "evicted")
        return held.begin(lane, ticket)

    def _hopeless(self) -> TransportError | None:
        """Return why waiting is no use: nothing is in use that could become free, and nobody may connect.

        While some sockets work, requests wait for those: perhaps IMS Connect is at its MAXSOC.
        """
        breaker = self._admission.breaker
        may_still_connect = self._held.connecting > breaker.probing
        if not breaker.active or self._held.leased or may_still_connect:
            return None
        self.counts["backoff_refusals"] += 1
        text = f"in back-off, {breaker.seconds_left(self.now()):.1f} s left"
        return unreachable(self.bundle, f"{text}, after: {self._admission.last_failure}")

    def settled(self) -> tuple[list[S], list[PathEvent]]:
        """Settle; return what is to be closed and told of, once the lock is let go."""
        self.settle()
        return self.take_doomed(), self.take_events()

    def take_doomed(self) -> list[S]:
        """Return the sessions to close, once the lock is let go."""
        return self._held.take_doomed()

    def take_events(self) -> list[PathEvent]:
        """Return what is to be told, once the lock is let go."""
        return self._admission.take_events()

    # -- the housekeeper's chores ---------------------------------------------------------------------------

    def chore(self) -> Place[S] | None:
        """Return a place to see to now: one with a session, leased, to ping; one without, to connect.

        What has been idle for too long is given up on the way.
        """
        if self.closed or self.draining:
            return None
        self.expire()
        now, place = self.now(), self._held.idle.oldest()
        if place is not None and self._ping_at(place) <= now:
            return self._held.lease(self._held.idle.take(place))
        due = self._connect_at(now)
        ticket = None if due is None or due > now else self._admission.breaker.admit(now)
        return None if ticket is None else self._held.begin(Lane.REPLIES, ticket)

    def next_due(self) -> float | None:
        """Return when there will be a chore, or a session to expire; None: not before something changes."""
        if self.closed or self.draining:
            return None
        oldest, due = self._held.idle.oldest(), self._connect_at(self.now())
        if oldest is None:
            return due
        rest_ends = oldest.idle_since + self._longest_rest
        return rest_ends if due is None or rest_ends < due else due

    def _ping_at(self, place: Place[S]) -> float:
        return place.idle_since + (self.limits.idle if self.limits.ping is None else self.limits.ping)

    def _connect_at(self, now: float) -> float | None:
        """Return when the housekeeper may open a session: to look whether the path is back, or to keep warm."""
        wanted = self.limits.min_open if self.keep_open else 0
        if not wanted and not self._admission.breaker.active:
            return None
        return self._admission.housekeeper_at(self._held.there, wanted, now)

    # -- what can be seen -----------------------------------------------------------------------------------

    @property
    def load(self) -> int:
        """Requests that have a session, get one or wait for one."""
        return len(self._held.leased) + self._held.connecting + len(self._waiters)

    @property
    def drained(self) -> bool:
        """Whether nothing is under way."""
        return not (self._held.leased or self._held.connecting or self._waiters)

    def stats(self) -> PoolStats:
        """Return the picture of this moment."""
        now = self.now()
        return PoolStats(
            bundle=self.bundle,
            endpoint=self.endpoint,
            size=self.limits.size,
            limit=self._admission.limit(now),
            idle=len(self._held.idle),
            in_use=len(self._held.leased),
            connecting=self._held.connecting,
            waiting=len(self._waiters),
            backing_off=self._admission.breaker.seconds_left(now),
            draining=self.draining,
            closed=self.closed,
            **self.counts,
        )
