"""The worker's threads, handed out in turn: so many at work, so many waiting, the rest is told to come back."""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import TypeVar

from gateway.errors import GatewayError, M
from gateway.parsing import is_worn, lend_thread

T = TypeVar("T")


class Turns:
    """A bounded pool of threads with a bounded queue in front. All methods belong to the loop's thread."""

    def __init__(self, threads: int, waiting: int, waiting_seconds: float) -> None:
        self._threads = threads
        self._most_waiting = waiting
        self._seconds = waiting_seconds
        self._executor = self._fresh()
        self._waiting: deque[asyncio.Future[None]] = deque()
        self._loop = asyncio.get_running_loop()
        self.working = 0
        """Threads at work. One stays counted until it is really done, whoever gave up waiting for it."""

    def __repr__(self) -> str:
        return f"<Turns {self.working}/{self._threads} at work, {self.waiting}/{self._most_waiting} waiting>"

    @property
    def waiting(self) -> int:
        """Requests that wait for a thread."""
        return len(self._waiting)

    async def run(self, work: Callable[[], T]) -> T:
        """Run `work` in a thread when its turn comes. Raises GatewayError(M.BUSY) when that takes too long."""
        if self.working >= self._threads:
            await self._turn()
        else:
            self.working += 1
        try:
            future = self._executor.submit(self._in_thread, self._executor, work)
        except BaseException:
            self._done()
            raise
        future.add_done_callback(self._done_anywhere)
        return await asyncio.wrap_future(future)

    async def _turn(self) -> None:
        """Wait until a thread is handed over; `working` then counts it already."""
        if self.waiting >= self._most_waiting:
            raise GatewayError(M.BUSY, private=f"{self!r}: queue full")
        turn: asyncio.Future[None] = self._loop.create_future()
        timer = self._loop.call_later(self._seconds, self._too_late, turn)
        self._waiting.append(turn)
        try:
            await turn
        except asyncio.CancelledError:
            with suppress(ValueError):
                self._waiting.remove(turn)
            if not turn.cancelled() and turn.exception() is None:
                self._done()  # the turn came in the same moment: pass it on
            raise
        finally:
            timer.cancel()

    def _too_late(self, turn: asyncio.Future[None]) -> None:
        if not turn.done():
            self._waiting.remove(turn)
            turn.set_exception(GatewayError(M.BUSY, private=f"{self!r}: waited {self._seconds:g} s"))

    def _in_thread(self, executor: ThreadPoolExecutor, work: Callable[[], T]) -> T:
        """Do the work, and tell the loop if the thread has then parsed what it may."""
        try:
            return work()
        finally:
            if is_worn():
                with suppress(RuntimeError):  # the loop has ended
                    self._loop.call_soon_threadsafe(self._renew, executor)

    def _done_anywhere(self, _future: Future[T]) -> None:
        """Tell the loop that the work is done: in its thread, or in the loop's, where it was done at once."""
        with suppress(RuntimeError):  # the loop has ended, and with it the counting
            self._loop.call_soon_threadsafe(self._done)

    def _fresh(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="request", initializer=lend_thread)

    def _renew(self, worn: ThreadPoolExecutor) -> None:
        """Let the threads end, one of which has parsed what a thread may, and take new ones.

        Those at work finish it; how many are at work is counted here, so there are never more.
        """
        if worn is self._executor:
            self._executor = self._fresh()
            worn.shutdown(wait=False)

    def _done(self) -> None:
        """Hand the thread to the first who waits, or count it free."""
        while self._waiting:
            turn = self._waiting.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self.working -= 1

    def close(self) -> None:
        """Take no more work; threads at work are not waited for."""
        self._executor.shutdown(wait=False, cancel_futures=True)
