"""The worker's threads, handed out in turn: so many at work, so many waiting, the rest is told to come back.

Who waits stands in a lane (`gateway.web.lanes`), first come first served; a thread that becomes free goes to
the lanes one after the other. A lane that may not have one more thread is passed over.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from typing import Literal, TypeVar

from gateway.errors import GatewayError, M
from gateway.parsing import is_worn, lend_thread
from gateway.web.lanes import OTHERS, Lane, Line, Lines, Tally
from gateway.web.threads import Threads

T = TypeVar("T")
Held = tuple[Tally, ...]
"""Where a thread is counted while it is held."""
Refused = Callable[[Literal["queue", "waited"], Lane], object]
"""Is told of who is sent away: whether at once or after a wait, and from which lane."""


class Turns:
    """A bounded pool of threads with bounded queues in front. All methods belong to the loop's thread."""

    def __init__(
        self,
        threads: int,
        waiting: int,
        waiting_seconds: float,
        refused: Refused = lambda _kind, _lane: None,
    ) -> None:
        self._threads = threads
        self._most_waiting = waiting
        self._seconds = waiting_seconds
        self._refused = refused
        self._crew = Threads(lend_thread)
        self._lines: Lines[asyncio.Future[Held]] = Lines()
        self._loop = asyncio.get_running_loop()
        self.working = 0
        """Threads at work. One stays counted until it is really done, whoever gave up waiting for it."""
        self.waiting = 0
        """Requests that wait for a thread."""

    def __repr__(self) -> str:
        return f"<Turns {self.working}/{self._threads} at work, {self.waiting}/{self._most_waiting} waiting>"

    async def run(self, work: Callable[[], T], lane: Lane = OTHERS) -> T:
        """Run `work` in a thread when its turn comes. Raises GatewayError(M.BUSY) when that takes too long."""
        line = self._lines.of(lane)
        if not line.queue and self.working < self._threads and line.room(self._threads - self.working):
            held = self._take(line)
        else:
            held = await self._turn(line)
        try:
            future = self._crew.run(partial(self._in_thread, self._crew, work), partial(self._done, held))
        except BaseException:
            self._done(held)
            raise
        return await future

    def _take(self, line: Line[asyncio.Future[Held]]) -> Held:
        """Count a thread that is handed over."""
        self.working += 1
        held = line.tallies
        for tally in held:
            tally.at_work += 1
        return held

    async def _turn(self, line: Line[asyncio.Future[Held]]) -> Held:
        """Wait until a thread is handed over, which is counted by then; returns where."""
        if not line.room_to_wait(self._most_waiting - self.waiting):
            self._refused("queue", line.lane)
            raise GatewayError(M.BUSY, private=f"{self!r}, {len(line.queue)} in its lane: no room to wait")
        turn: asyncio.Future[Held] = self._loop.create_future()
        timer = self._loop.call_later(self._seconds, self._too_late, line, turn)
        self._lines.append(line, turn)
        self.waiting += 1
        self._hand_out()  # another configuration may have given the lane more
        try:
            return await turn
        except asyncio.CancelledError:
            self._leave(line, turn)
            if not turn.cancelled() and turn.exception() is None:
                self._done(turn.result())  # the turn came in the same moment: pass it on
            raise
        finally:
            timer.cancel()

    def _leave(self, line: Line[asyncio.Future[Held]], turn: asyncio.Future[Held]) -> None:
        """Take somebody out of the queue, if he is still in it; who came behind him may be next."""
        with suppress(ValueError):
            line.queue.remove(turn)
            self.waiting -= 1
            self._hand_out()

    def _too_late(self, line: Line[asyncio.Future[Held]], turn: asyncio.Future[Held]) -> None:
        if not turn.done():
            self._leave(line, turn)
            self._refused("waited", line.lane)
            turn.set_exception(GatewayError(M.BUSY, private=f"{self!r}: waited {self._seconds:g} s"))

    def _in_thread(self, crew: Threads, work: Callable[[], T]) -> T:
        """Do the work, and tell the loop if the thread has then parsed what it may."""
        try:
            return work()
        finally:
            if is_worn():
                with suppress(RuntimeError):  # the loop has ended
                    self._loop.call_soon_threadsafe(self._renew, crew)

    def _renew(self, worn: Threads) -> None:
        """Let the threads end, one of which has parsed what a thread may, and take new ones.

        Those at work finish it; how many are at work is counted here, so there are never more.
        """
        if worn is self._crew:
            self._crew = Threads(lend_thread)
            worn.end()

    def _done(self, held: Held) -> None:
        """Count a thread free again, and hand out what may be had now."""
        self.working -= 1
        for tally in held:
            tally.at_work -= 1
        if self.waiting:
            self._hand_out()

    def _hand_out(self) -> None:
        """Hand threads to those who wait, lane by lane, as long as one of them may have one."""
        while (free := self._threads - self.working) and (line := self._lines.next_with_room(free)):
            turn = line.queue.popleft()
            self.waiting -= 1
            if not turn.done():
                turn.set_result(self._take(line))

    def close(self) -> None:
        """Take no more work; threads at work are not waited for."""
        self._crew.end()
