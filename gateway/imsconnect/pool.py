"""Sessions of one endpoint: persistent, reused last in first out, bounded, waited for first come first served.

Everything is decided under one lock and nothing is done there: `places` gives sessions to threads, allows a
thread to connect, and names sessions to close; threads connect and close after they have let go of the lock.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final, Generic, ParamSpec, TypeVar

from gateway.clock import Clock
from gateway.errors import GatewayError
from gateway.imsconnect.housekeeper import Housekeeper
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits, Place, S, Waiter, real_jitter
from gateway.imsconnect.places import Places
from gateway.imsconnect.stats import COUNTED, CountName, PoolStats
from gateway.imsconnect.transport import ConnectFailed
from gateway.imsconnect.unserved import closed_at_once, unreachable
from gateway.observe.events import PathEvent, PathSink

_ABORT_SECONDS: Final = 1.0
"""How long a close waits for threads whose conversation it has aborted."""

P = ParamSpec("P")
T = TypeVar("T")


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
        return Loan(session, lambda counted: self._decide(self._places.give_back, place, counted))

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
        self._decide(self._places.expire)

    def warm(self) -> None:
        """Have `limits.min_open` sessions opened and kept open, in the background; failures cost nobody."""
        self._decide(self._places.warm)

    def drain(self) -> None:
        """Lend no more: those who wait are refused, idle sessions closed, those in use finish."""
        self._decide(self._places.drain)

    def resume(self) -> None:
        """Lend again after `drain`."""
        self._decide(self._places.resume)

    def refuse(self) -> threading.Thread | None:
        """Take no more requests from now on; `close` does the rest. Return the thread that ends thereby."""
        return self._decide(self._stop)

    def close(self, drain_seconds: float) -> None:
        """Take no more requests, let those in the house finish for `drain_seconds`, then abort what is left."""
        housekeeper = self.refuse()
        with self._lock:
            self._drained.wait_for(lambda: self._places.drained, min(drain_seconds, threading.TIMEOUT_MAX))
        # under the lock, so that nobody closes a socket, and frees its number, in the meantime
        self._decide(self._places.abort)
        with self._lock:
            self._drained.wait_for(lambda: self._places.drained, _ABORT_SECONDS)
        if housekeeper is not None:
            housekeeper.join(_ABORT_SECONDS)

    def _stop(self) -> threading.Thread | None:
        """Take no more requests; return the thread that does chores, if there is one. Called under the lock."""
        self._places.closed = True
        self._housekeeper.call()
        return self._housekeeper.thread

    def _decide(self, change: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Change something under the lock, settle what follows from it, then do what is to be done."""
        doomed: list[S] = []
        events: list[PathEvent] = []
        try:
            with self._lock:
                try:
                    return change(*args, **kwargs)
                finally:
                    doomed, events = self._places.settled()
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
            place = None if again else self._at_once(lane)
            if place is None:
                place = self._await_place(lane, deadline, again=again, eager=eager)
            session = place.session
            if session is None:
                session = self._fill(place, deadline)
            elif not self._is_good(place, session):
                session = None
            if session is not None:
                return place, session
            again = True

    def _at_once(self, lane: Lane) -> Place[S] | None:
        # nothing follows from it but that chores are due later, so nothing is settled
        with self._lock:
            return self._places.at_once(lane)

    def _await_place(self, lane: Lane, deadline: float, *, again: bool, eager: bool) -> Place[S]:
        # a lock as the simplest thing to wait for: an Event would make three objects for each request
        ready = threading.Lock()
        ready.acquire()
        waiter: Waiter[S] = Waiter(lane, ready.release, eager)
        self._decide(self._places.enter, waiter, again=again)
        try:
            if waiter.open:
                self._wait(ready, deadline)
        except BaseException:
            self._decide(self._places.leave, waiter)
            raise
        if waiter.open:
            self._decide(self._places.give_up, waiter)
        if waiter.refusal is not None:
            raise waiter.refusal
        assert waiter.place is not None, "without a refusal there is a place"
        return waiter.place

    def _wait(self, ready: threading.Lock, deadline: float) -> None:
        ready.acquire(timeout=min(max(deadline - self._places.now(), 0.0), threading.TIMEOUT_MAX))

    def _is_good(self, place: Place[S], session: S) -> bool:
        """Look at an idle session before its next conversation: one that is stale is replaced silently."""
        good = False
        try:
            good = self._works(session, ping=self._places.limits.ping_on_borrow)
        finally:
            if not good:
                self._decide(self._places.stale, place)
        if good:
            with self._lock:  # nothing follows from it, so nothing is settled
                self._places.counts["reuses"] += 1
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
            hope = self._decide(self._places.not_connected, place, str(error))
            if hope and self._places.now() < deadline:
                return None
            raise unreachable(self._places.bundle, str(error)) from error
        except BaseException:
            self._decide(self._places.not_connected, place, None)
            raise
        self._decide(self._places.connected, place, session)
        return session

    def _open(self, place: Place[S]) -> S:
        """Connect, and look: at its MAXSOC, IMS Connect may accept a socket and close it at once."""
        session = self._connect(place.lane)
        good = False
        try:
            good = self._works(session, ping=self._places.wary)
        finally:
            if not good:
                session.close()
        if not good:
            raise ConnectFailed(closed_at_once(self._places.endpoint))
        return session

    # -- chores: the housekeeper's thread -------------------------------------------------------------------

    def _do_chore(self) -> None:
        place = self._decide(self._places.chore)
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
            self._decide(self._places.opened_for_later, place, session, failure)

    def _check(self, place: Place[S], session: S) -> None:
        good = False
        try:
            good = self._works(session, ping=True)
        finally:
            self._decide(self._places.checked, place, good=good)
