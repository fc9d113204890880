"""Sessions of one bundle: persistent, reused last in first out, bounded, waited for first come first served.

Everything is decided under one lock and nothing is done there: `places` gives sessions to threads, allows a
thread to connect, and names sessions to close; threads connect and close after they have let go of the lock.
"""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import Final, Generic

from gateway.clock import Clock
from gateway.errors import GatewayError, M, Message
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.places import Limits, Place, Places, S, Waiter, real_jitter
from gateway.imsconnect.stats import CountName, PoolStats
from gateway.imsconnect.transport import ConnectFailed

_ABORT_SECONDS: Final = 1.0
"""How long a close waits for threads whose conversation it has aborted."""


class Pool(Generic[S]):
    """At most `limits.size` sessions, made by `connect`, which raises ConnectFailed. Thread-safe."""

    def __init__(
        self,
        bundle: str,
        limits: Limits,
        connect: Callable[[], S],
        clock: Clock,
        jitter: Callable[[], float] = real_jitter,
    ) -> None:
        self._places: Places[S] = Places(bundle, limits, clock, jitter)
        self._connect = connect
        self._lock = threading.Lock()
        self._drained = threading.Condition(self._lock)
        self._house = threading.Condition(self._lock)
        self._housekeeper: threading.Thread | None = None

    @contextmanager
    def lease(self, lane: Lane = Lane.REPLIES, deadline: float | None = None) -> Iterator[S]:
        """Lend a session for one conversation; it comes back only if that left it `reusable`.

        `deadline` bounds the wait for a place (by default `limits.wait` from now); connecting comes on top.
        Raises TransportError NO_SOCKET, UNREACHABLE, STOPPING, all with `maybe_sent` False.
        """
        if deadline is None:
            deadline = self._places.now() + self._places.limits.wait
        place, session = self._obtain(lane, deadline)
        counted: CountName | None = None
        try:
            yield session
        except GatewayError as error:
            counted = _COUNTED.get(error.message)
            raise
        finally:
            with self._deciding() as places:
                places.give_back(place, counted)
                self._see_to_housekeeper(places)

    def stats(self) -> PoolStats:
        """Return the picture of this moment."""
        with self._lock:
            return self._places.stats()

    def expire(self) -> None:
        """Close sessions that have been idle for too long. A thread of the pool does so in time."""
        with self._deciding() as places:
            places.expire()

    def close(self, drain_seconds: float) -> None:
        """Take no more requests, let those in the house finish for `drain_seconds`, then abort what is left."""
        with self._deciding() as places:
            places.closed = True
            housekeeper = self._housekeeper
            self._house.notify_all()
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
        """Change something under the lock, settle what follows from it, then close what is to be closed."""
        doomed: list[S] = []
        try:
            with self._lock:
                try:
                    yield self._places
                finally:
                    self._places.settle()
                    doomed = self._places.take_doomed()
                    if self._places.closed:
                        self._drained.notify_all()
        finally:
            for session in doomed:
                session.close()

    # -- getting a session ----------------------------------------------------------------------------------

    def _obtain(self, lane: Lane, deadline: float) -> tuple[Place[S], S]:
        """Return a good session. Whoever was given a bad one is first in the queue again."""
        again = False
        while True:
            place = self._await_place(lane, deadline, again=again)
            session = place.session
            if session is None:
                session = self._fill(place, deadline)
            elif not self._is_good(place, session):
                session = None
            if session is not None:
                return place, session
            again = True

    def _await_place(self, lane: Lane, deadline: float, *, again: bool) -> Place[S]:
        waiter = Waiter[S](lane)
        with self._deciding() as places:
            places.enter(waiter, again=again)
        try:
            if waiter.open:
                waiter.ready.wait(max(deadline - self._places.now(), 0.0))
        except BaseException:
            with self._deciding() as places:
                places.leave(waiter)
            raise
        with self._deciding() as places:
            if waiter.open:
                places.leave(waiter)
                places.counts["wait_timeouts"] += 1
                waiter.refusal = places.no_socket()
        if waiter.refusal is not None:
            raise waiter.refusal
        assert waiter.place is not None, "without a refusal there is a place"
        return waiter.place

    def _is_good(self, place: Place[S], session: S) -> bool:
        """Look at an idle session before its next conversation: one that is stale is replaced silently."""
        quiet = False
        try:
            quiet = session.is_quiet()
        finally:
            with self._deciding() as places:
                if quiet:
                    places.counts["reuses"] += 1
                else:
                    places.stale(place)
        return quiet

    def _fill(self, place: Place[S], deadline: float) -> S | None:
        """Connect. Return None when that failed but a session in use may still become free in time."""
        try:
            session = self._connect()
        except ConnectFailed as error:
            with self._deciding() as places:
                hope = places.not_connected(place, str(error))
            if hope and self._places.now() < deadline:
                return None
            raise self._places.unreachable(str(error)) from error
        except BaseException:
            with self._deciding() as places:
                places.not_connected(place, None)
            raise
        with self._deciding() as places:
            places.connected(place, session)
        return session

    # -- the housekeeper: one thread, there only while sessions are idle -------------------------------------

    def _see_to_housekeeper(self, places: Places[S]) -> None:
        if self._housekeeper is not None or places.closed or not places.idle:
            return
        keeper = threading.Thread(target=self._keep_house, name=f"idle sockets of {places.bundle}", daemon=True)
        # where no thread can be had, idle sockets stay until the next conversation finds one
        with suppress(RuntimeError):
            keeper.start()
            self._housekeeper = keeper

    def _keep_house(self) -> None:
        while True:
            with self._lock:
                expiry = self._places.next_expiry()
                if self._places.closed or expiry is None:
                    self._housekeeper = None
                    return
                self._house.wait(max(expiry - self._places.now(), 0.0))
            self.expire()


_COUNTED: Final[Mapping[Message, CountName]] = {
    M.SOCKET_TIMEOUT: "socket_timeouts",
    M.EXECUTION_TIMEOUT: "execution_timeouts",
    M.BAD_REPLY: "protocol_errors",
    M.CONNECTION_LOST: "connections_lost",
}
"""Errors that end a conversation, by the counter they raise."""
