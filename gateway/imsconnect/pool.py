"""Sessions of one endpoint: persistent, reused last in first out, bounded, waited for first come first served.

Everything is decided under one lock and nothing is done there: `places` gives sessions to threads, allows a
thread to connect, and names sessions to close; threads connect and close after they have let go of the lock.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic

from gateway.clock import Clock
from gateway.errors import GatewayError
from gateway.imsconnect.housekeeper import Housekeeper
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits, Place, S, Waiter, real_jitter
from gateway.imsconnect.places import Places
from gateway.imsconnect.stats import COUNTED, CountName, PoolStats
from gateway.imsconnect.transport import ConnectFailed
from gateway.imsconnect.unserved import closed_at_once, no_socket, unreachable
from gateway.observe.events import PathEvent, PathSink

_ABORT_SECONDS: Final = 1.0
"""How long a close waits for threads whose conversation it has aborted."""


class Loan(Generic[S]):
    """A session that was borrowed; `end` it once, or it is lost to the pool."""

    def __init__(self, session: S, give_back: Callable[[CountName | None], None]) -> None:
        self.session = session
        self._give_back: Callable[[CountName | None], None] | None = give_back

    def end(self, counted: CountName | None = None) -> None:
        """Give the session back, which the pool keeps if it is `reusable`; raise a counter. Once is enough."""
        give_back, self._give_back = self._give_back, None
        if give_back is not None:
            give_back(counted)


class Pool(Generic[S]):
    """At most `limits.size` sessions, made by `connect`, which raises ConnectFailed. Thread-safe.

    `connect` gets the lane that the session is for. `ping` tells whether IMS Connect answers on a session; it
    bounds its own time, raises nothing, and is not asked of lanes where nothing is read. `sink` hears of the
    endpoint going and coming.
    """

    def __init__(  # noqa: PLR0913  what differs between pools and their tests
        self,
        bundle: str,
        limits: Limits,
        connect: Callable[[Lane], S],
        clock: Clock,
        jitter: Callable[[], float] = real_jitter,
        *,
        endpoint: str = "",
        ping: Callable[[S], bool] | None = None,
        sink: PathSink | None = None,
    ) -> None:
        self._places: Places[S] = Places(bundle, limits, clock, jitter, endpoint)
        self._connect = connect
        self._ping = ping
        self._sink = sink
        self._lock = threading.Lock()
        self._drained = threading.Condition(self._lock)
        self._housekeeper = Housekeeper(
            f"idle sockets of {bundle}", self._lock, self._places.next_due, self._places.now, self._do_chore
        )

    def borrow(
        self, lane: Lane = Lane.REPLIES, deadline: float | None = None, *, eager: bool = False
    ) -> Loan[S]:
        """Lend a session for as long as the borrower likes, over several calls.

        `deadline` bounds the wait for a place (by default `limits.wait` from now); connecting comes on top.
        `eager`: the borrower has no other path, see `Breaker.admit`. Raises TransportError NO_SOCKET,
        UNREACHABLE, STOPPING, all with `maybe_sent` False.
        """
        if deadline is None:
            deadline = self._places.now() + self._places.limits.wait
        place, session = self._obtain(lane, deadline, eager=eager)

        def give_back(counted: CountName | None) -> None:
            with self._deciding() as places:
                places.give_back(place, counted)

        return Loan(session, give_back)

    @contextmanager
    def lease(
        self, lane: Lane = Lane.REPLIES, deadline: float | None = None, *, eager: bool = False
    ) -> Iterator[S]:
        """Lend a session for one conversation; it comes back only if that left it `reusable`. See `borrow`."""
        loan = self.borrow(lane, deadline, eager=eager)
        counted: CountName | None = None
        try:
            yield loan.session
        except GatewayError as error:
            counted = COUNTED.get(error.message)
            raise
        finally:
            loan.end(counted)

    def stats(self) -> PoolStats:
        """Return the picture of this moment."""
        with self._lock:
            return self._places.stats()

    @property
    def load(self) -> int:
        """Requests that have a session or wait for one, read without the lock: for `Paths.candidates`."""
        return self._places.load

    def expire(self) -> None:
        """Close sessions that have been idle for too long. A thread of the pool does so in time."""
        with self._deciding() as places:
            places.expire()

    def warm(self) -> None:
        """Have `limits.min_open` sessions opened and kept open, in the background; failures cost nobody."""
        with self._deciding() as places:
            places.keep_open = True

    def drain(self) -> None:
        """Lend no more: those who wait are refused, idle sessions closed, those in use finish."""
        with self._deciding() as places:
            places.draining = True

    def resume(self) -> None:
        """Lend again after `drain`."""
        with self._deciding() as places:
            places.draining = False

    def close(self, drain_seconds: float) -> None:
        """Take no more requests, let those in the house finish for `drain_seconds`, then abort what is left."""
        with self._deciding() as places:
            places.closed = True
            housekeeper = self._housekeeper.thread
            self._housekeeper.call()
        with self._lock:
            self._drained.wait_for(lambda: self._places.drained, drain_seconds)
        with self._deciding() as places:
            # under the lock, so that nobody closes a socket, and frees its number, in the meantime
            places.abort()
        with self._lock:
            self._drained.wait_for(lambda: self._places.drained, _ABORT_SECONDS)
        if housekeeper is not None:
            housekeeper.join(_ABORT_SECONDS)

    @contextmanager
    def _deciding(self) -> Iterator[Places[S]]:
        """Change something under the lock, settle what follows from it, then do what is to be done."""
        doomed: list[S] = []
        events: list[PathEvent] = []
        try:
            with self._lock:
                try:
                    yield self._places
                finally:
                    self._places.settle()
                    doomed, events = self._places.take_doomed(), self._places.take_events()
                    self._housekeeper.see_to()
                    if self._places.closed:
                        self._drained.notify_all()
        finally:
            for session in doomed:
                session.close()
            if self._sink is not None:
                for event in events:
                    self._sink.path_changed(event)

    # -- getting a session ----------------------------------------------------------------------------------

    def _obtain(self, lane: Lane, deadline: float, *, eager: bool) -> tuple[Place[S], S]:
        """Return a good session. Whoever was given a bad one is first in the queue again."""
        again = False
        while True:
            place = self._await_place(lane, deadline, again=again, eager=eager)
            session = place.session
            if session is None:
                session = self._fill(place, deadline)
            elif not self._is_good(place, session):
                session = None
            if session is not None:
                return place, session
            again = True

    def _await_place(self, lane: Lane, deadline: float, *, again: bool, eager: bool) -> Place[S]:
        ready = threading.Event()
        waiter = Waiter[S](lane, ready.set, eager)
        with self._deciding() as places:
            places.enter(waiter, again=again)
        try:
            if waiter.open:
                ready.wait(max(deadline - self._places.now(), 0.0))
        except BaseException:
            with self._deciding() as places:
                places.leave(waiter)
            raise
        if waiter.open:
            self._give_up_waiting(waiter)
        if waiter.refusal is not None:
            raise waiter.refusal
        assert waiter.place is not None, "without a refusal there is a place"
        return waiter.place

    def _give_up_waiting(self, waiter: Waiter[S]) -> None:
        with self._deciding() as places:
            if waiter.open:
                places.leave(waiter)
                places.counts["wait_timeouts"] += 1
                waiter.refusal = no_socket(places.limits.wait, places.stats())

    def _is_good(self, place: Place[S], session: S) -> bool:
        """Look at an idle session before its next conversation: one that is stale is replaced silently."""
        good = False
        try:
            good = self._works(session, ping=self._places.limits.ping_on_borrow)
        finally:
            with self._deciding() as places:
                if good:
                    places.counts["reuses"] += 1
                else:
                    places.stale(place)
        return good

    def _works(self, session: S, *, ping: bool) -> bool:
        if not session.is_quiet():
            return False
        return self._ping is None or not ping or session.lane == Lane.ONE_WAY or self._ping(session)

    def _fill(self, place: Place[S], deadline: float) -> S | None:
        """Connect. Return None when that failed but a session in use may still become free in time."""
        try:
            session = self._open(place)
        except ConnectFailed as error:
            with self._deciding() as places:
                hope = places.not_connected(place, str(error))
            if hope and self._places.now() < deadline:
                return None
            raise unreachable(self._places.bundle, str(error)) from error
        except BaseException:
            with self._deciding() as places:
                places.not_connected(place, None)
            raise
        with self._deciding() as places:
            places.connected(place, session)
        return session

    def _open(self, place: Place[S]) -> S:
        """Connect, and look: at its MAXSOC, IMS Connect may accept a socket and close it at once."""
        session = self._connect(place.lane)
        good = False
        try:
            good = self._works(session, ping=self._places.limits.ping_on_borrow)
        finally:
            if not good:
                session.close()
        if not good:
            raise ConnectFailed(closed_at_once(self._places.endpoint))
        return session

    # -- chores: the housekeeper's thread -------------------------------------------------------------------

    def _do_chore(self) -> None:
        with self._deciding() as places:
            place = places.chore()
        if place is None:
            return
        if place.session is None:
            self._open_for_later(place)
        else:
            self._check(place, place.session)

    def _open_for_later(self, place: Place[S]) -> None:
        session, failure = None, None
        try:
            session = self._open(place)
        except ConnectFailed as error:
            failure = str(error)
        finally:
            with self._deciding() as places:
                if session is None:
                    places.not_connected(place, failure)
                else:
                    places.connected(place, session)
                    places.checked(place)

    def _check(self, place: Place[S], session: S) -> None:
        good = False
        try:
            good = self._works(session, ping=True)
        finally:
            with self._deciding() as places:
                if good:
                    places.checked(place)
                else:
                    places.stale(place)
