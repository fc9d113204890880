"""The pool of `pool` for one asyncio loop: the same decisions, futures in place of events, no lock.

Between two awaits nothing else runs, so what `places` decides needs no guard. Made and used in one loop only.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from typing import Final, Generic, ParamSpec, TypeVar

from gateway.clock import Clock
from gateway.errors import GatewayError
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits, Place, S, Waiter, real_jitter
from gateway.imsconnect.places import Places
from gateway.imsconnect.pool import Loan
from gateway.imsconnect.stats import COUNTED, CountName, PoolStats
from gateway.imsconnect.transport import ConnectFailed
from gateway.imsconnect.unserved import closed_at_once, unreachable
from gateway.observe.events import PathSink

_ABORT_SECONDS: Final = 1.0
"""How long a close waits for conversations that it has aborted."""

P = ParamSpec("P")
T = TypeVar("T")


class AsyncPool(Generic[S]):
    """At most `limits.size` sessions, made by `connect`, which raises ConnectFailed. For tasks of one loop.

    What the parameters are, and what is raised, is as with `Pool`; `connect` and `ping` are coroutines.
    A task that is cancelled while it waits or connects leaves nothing behind.
    """

    def __init__(  # noqa: PLR0913  as `Pool`
        self,
        bundle: str,
        limits: Limits,
        connect: Callable[[Lane], Awaitable[S]],
        clock: Clock,
        jitter: Callable[[], float] = real_jitter,
        *,
        endpoint: str = "",
        ping: Callable[[S], Awaitable[bool]] | None = None,
        sink: PathSink | None = None,
    ) -> None:
        self._places: Places[S] = Places(bundle, limits, clock, jitter, endpoint)
        self._connect = connect
        self._ping = ping
        self._sink = sink
        self._idle_house = asyncio.Event()
        """Set while nothing is under way; `close` waits for it."""
        self._call = asyncio.Event()
        """Wakes the housekeeper early."""
        self._housekeeper: asyncio.Task[None] | None = None
        self._looks_at = 0.0

    async def borrow(
        self, lane: Lane = Lane.REPLIES, deadline: float | None = None, *, eager: bool = False
    ) -> Loan[S]:
        """Lend a session for as long as the borrower likes; see `Pool.borrow`. `Loan.end` does not wait."""
        if deadline is None:
            deadline = self._places.now() + self._places.limits.wait
        place, session = await self._obtain(lane, deadline, eager=eager)
        return Loan(session, lambda counted: self._decide(self._places.give_back, place, counted))

    @asynccontextmanager
    async def lease(
        self, lane: Lane = Lane.REPLIES, deadline: float | None = None, *, eager: bool = False
    ) -> AsyncIterator[S]:
        """Lend a session for one conversation; it comes back only if that left it `reusable`."""
        loan = await self.borrow(lane, deadline, eager=eager)
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
        return self._places.stats()

    @property
    def load(self) -> int:
        """Requests that have a session or wait for one: for `Paths.candidates`."""
        return self._places.load

    def expire(self) -> None:
        """Close sessions that have been idle for too long. A task of the pool does so in time."""
        self._decide(self._places.expire)

    def warm(self) -> None:
        """Have `limits.min_open` sessions opened and kept open, by a task; failures cost nobody."""
        self._decide(self._places.warm)

    def drain(self) -> None:
        """Lend no more: those who wait are refused, idle sessions closed, those in use finish."""
        self._decide(self._places.drain)

    def resume(self) -> None:
        """Lend again after `drain`."""
        self._decide(self._places.resume)

    async def close(self, drain_seconds: float) -> None:
        """Take no more requests, let those in the house finish for `drain_seconds`, then abort what is left."""
        self._decide(self._stop)
        await self._wait_drained(drain_seconds)
        self._decide(self._places.abort)
        await self._wait_drained(_ABORT_SECONDS)
        if self._housekeeper is not None:
            self._housekeeper.cancel()
            await asyncio.wait({self._housekeeper})

    async def _wait_drained(self, seconds: float) -> None:
        if not self._places.drained:
            await _wait(self._idle_house, seconds)

    def _stop(self) -> None:
        """Take no more requests."""
        self._places.closed = True
        self._call.set()

    def _decide(self, change: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """Change something, settle what follows from it, then do what is to be done."""
        try:
            return change(*args, **kwargs)
        finally:
            doomed, events = self._places.settled()
            self._see_to_housekeeper()
            if self._places.drained:
                self._idle_house.set()
            else:
                self._idle_house.clear()
            for session in doomed:
                session.close()
            if self._sink is not None:
                for event in events:
                    self._sink.path_changed(event)

    # -- getting a session ----------------------------------------------------------------------------------

    async def _obtain(self, lane: Lane, deadline: float, *, eager: bool) -> tuple[Place[S], S]:
        """Return a good session. Whoever was given a bad one is first in the queue again."""
        again = False
        while True:
            place = None if again else self._at_once(lane)
            if place is None:
                place = await self._await_place(lane, deadline, again=again, eager=eager)
            session = place.session
            if session is None:
                session = await self._fill(place, deadline)
            elif not await self._is_good(place, session):
                session = None
            if session is not None:
                return place, session
            again = True

    def _at_once(self, lane: Lane) -> Place[S] | None:
        # nothing follows from it but that chores are due later, so nothing is settled
        place = self._places.at_once(lane)
        if place is not None:
            self._idle_house.clear()
        return place

    async def _await_place(self, lane: Lane, deadline: float, *, again: bool, eager: bool) -> Place[S]:
        ready = asyncio.Event()
        waiter: Waiter[S] = Waiter(lane, ready.set, eager)
        self._decide(self._places.enter, waiter, again=again)
        try:
            if waiter.open:
                await _wait(ready, max(deadline - self._places.now(), 0.0))
        except BaseException:
            self._decide(self._places.leave, waiter)
            raise
        if waiter.open:
            self._decide(self._places.give_up, waiter)
        if waiter.refusal is not None:
            raise waiter.refusal
        assert waiter.place is not None, "without a refusal there is a place"
        return waiter.place

    async def _is_good(self, place: Place[S], session: S) -> bool:
        """Look at an idle session before its next conversation: one that is stale is replaced silently."""
        good = False
        try:
            good = await self._works(session, ping=self._places.limits.ping_on_borrow)
        finally:
            if not good:
                self._decide(self._places.stale, place)
        if good:
            self._places.counts["reuses"] += 1
        return good

    async def _works(self, session: S, *, ping: bool) -> bool:
        if not session.is_quiet():
            return False
        return self._ping is None or not ping or session.lane == Lane.ONE_WAY or await self._ping(session)

    async def _fill(self, place: Place[S], deadline: float) -> S | None:
        """Connect. Return None when that failed but a session in use may still become free in time."""
        try:
            session = await self._open(place)
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

    async def _open(self, place: Place[S]) -> S:
        """Connect, and look: at its MAXSOC, IMS Connect may accept a socket and close it at once."""
        session = await self._connect(place.lane)
        good = False
        try:
            good = await self._works(session, ping=self._places.wary)
        finally:
            if not good:
                session.close()
        if not good:
            raise ConnectFailed(closed_at_once(self._places.endpoint))
        return session

    # -- the housekeeper: one task, there only while there is something to see to ----------------------------

    def _see_to_housekeeper(self) -> None:
        """Have a task that wakes when the next chore is due."""
        due = self._places.next_due()
        if due is None:
            return
        if self._housekeeper is None:
            self._housekeeper = asyncio.get_running_loop().create_task(self._keep_house())
        elif due < self._looks_at:
            self._call.set()

    async def _keep_house(self) -> None:
        try:
            while (due := self._places.next_due()) is not None:
                await self._sleep_until(due)
                await self._do_chore()
        finally:
            self._housekeeper = None

    async def _sleep_until(self, due: float) -> None:
        left = due - self._places.now()
        if left > 0:
            self._call.clear()
            self._looks_at = due
            await _wait(self._call, left)
            self._looks_at = 0.0

    async def _do_chore(self) -> None:
        place = self._decide(self._places.chore)
        if place is None:
            return
        if place.session is None:
            await self._open_for_later(place)
        else:
            await self._check(place, place.session)

    async def _open_for_later(self, place: Place[S]) -> None:
        session, failure = None, None
        try:
            session = await self._open(place)
        except ConnectFailed as error:
            failure = str(error)
        finally:
            self._decide(self._places.opened_for_later, place, session, failure)

    async def _check(self, place: Place[S], session: S) -> None:
        good = False
        try:
            good = await self._works(session, ping=True)
        finally:
            self._decide(self._places.checked, place, good=good)


async def _wait(event: asyncio.Event, seconds: float) -> None:
    """Wait for an event, at most so long. Unlike `wait_for` of 3.11, it never swallows a cancellation."""
    with suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
