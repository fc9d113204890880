"""The threads in which requests are worked on: as plain as can be, since every request goes through here twice.

The executor of the standard library would do; its futures for threads, each with a lock and a condition of its
own, cost a tenth of what a short request does.
"""

import asyncio
from collections.abc import Callable
from contextlib import suppress
from queue import SimpleQueue
from threading import Thread
from typing import Final, TypeVar

T = TypeVar("T")
Job = Callable[[], object]

_NAME: Final = "request"


class Threads:
    """As many threads as there was ever work at a time: how much that may be is the caller's to say.

    They are daemons: one that hangs does not keep the process from ending. Methods belong to the loop's thread.
    """

    def __init__(self, begin: Callable[[], object]) -> None:
        """`begin` is called in each thread before its first work."""
        self._begin = begin
        self._loop = asyncio.get_running_loop()
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._started = 0
        self._busy = 0

    def run(self, work: Callable[[], T], over: Callable[[], object]) -> asyncio.Future[T]:
        """Have work done by an idle thread, or by a new one. Raises RuntimeError when none can be started.

        When the work is really done, whoever has given up waiting for it, `over` is called on the loop.
        """
        if self._busy >= self._started:
            Thread(target=self._live, name=f"{_NAME}_{self._started}", daemon=True).start()
            self._started += 1
        future: asyncio.Future[T] = self._loop.create_future()
        self._busy += 1
        self._jobs.put(lambda: self._do(work, future, over))
        return future

    def end(self) -> None:
        """Have the threads end, each when its work is done."""
        for _ in range(self._started):
            self._jobs.put(None)

    def _live(self) -> None:
        self._begin()
        while (job := self._jobs.get()) is not None:
            job()
            del job  # what it holds is not kept until the next one comes

    def _do(self, work: Callable[[], T], future: asyncio.Future[T], over: Callable[[], object]) -> None:
        try:
            result = work()
        except BaseException as error:  # noqa: BLE001  raised again where somebody waits
            self._tell(self._failed, future, error, over)
        else:
            self._tell(self._worked, future, result, over)

    def _tell(self, how: Callable[..., object], *what: object) -> None:
        with suppress(RuntimeError):  # the loop has ended, and nobody waits any more
            self._loop.call_soon_threadsafe(how, *what)

    def _worked(self, future: asyncio.Future[T], result: T, over: Callable[[], object]) -> None:
        self._busy -= 1
        over()
        if not future.done():
            future.set_result(result)

    def _failed(self, future: asyncio.Future[T], error: BaseException, over: Callable[[], object]) -> None:
        self._busy -= 1
        over()
        if not future.done():
            future.set_exception(error)
