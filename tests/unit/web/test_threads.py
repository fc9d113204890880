"""The threads behind the turns: started when needed, told of once, never kept by what they did."""

import asyncio
import gc
import threading
import weakref

import pytest

from gateway.web.threads import Threads
from tests.fixtures.web import PATIENCE


def run(test):
    async def bounded():
        async with asyncio.timeout(PATIENCE):
            await test()

    asyncio.run(bounded())


def test_a_thread_is_started_only_when_none_is_idle():
    async def test():
        begun = []
        threads = Threads(lambda: begun.append(threading.get_ident()))
        first = await threads.run(threading.get_ident, lambda: None)
        assert await threads.run(threading.get_ident, lambda: None) == first
        together = threading.Barrier(2, timeout=PATIENCE)
        both = [
            threads.run(lambda: together.wait() >= 0 and threading.get_ident(), lambda: None) for _ in range(2)
        ]
        assert len({*await asyncio.gather(*both), first}) == 2
        assert len(begun) == 2
        threads.end()

    run(test)


def test_what_was_given_up_is_still_told_when_it_is_really_done():
    async def test():
        gate, over = threading.Event(), asyncio.Event()
        threads = Threads(lambda: None)
        future = threads.run(lambda: gate.wait(PATIENCE), over.set)
        future.cancel()
        await asyncio.sleep(0)
        assert not over.is_set()
        gate.set()
        await over.wait()
        threads.end()

    run(test)


def test_an_error_is_raised_where_somebody_waits():
    async def test():
        threads, over = Threads(lambda: None), []
        with pytest.raises(ZeroDivisionError):
            await threads.run(lambda: 1 // 0, lambda: over.append(1))
        assert over == [1]
        assert await threads.run(lambda: 7, lambda: over.append(2)) == 7
        threads.end()

    run(test)


def test_threads_end_when_their_work_is_done():
    async def test():
        threads, gate = Threads(lambda: None), threading.Event()
        alive = await threads.run(threading.current_thread, lambda: None)
        last = threads.run(lambda: gate.wait(PATIENCE), lambda: None)
        threads.end()
        assert alive.is_alive()
        gate.set()
        assert await last
        await asyncio.to_thread(alive.join, PATIENCE)
        assert not alive.is_alive()

    run(test)


def test_nothing_of_a_request_is_kept_by_a_thread_that_waits_for_the_next():
    class Message:
        pass

    async def test():
        threads, idle = Threads(lambda: None), threading.Event()
        message = Message()
        known = weakref.ref(message)
        await threads.run(lambda message=message: id(message), idle.set)
        del message
        while known() is not None:
            gc.collect()
            await asyncio.sleep(0.001)
        threads.end()

    run(test)


def test_work_that_ends_after_its_loop_tells_nobody():
    gate, ended = threading.Event(), threading.Event()

    async def leave():
        threads = Threads(lambda: None)
        threads.run(lambda: gate.wait(PATIENCE) and ended.set(), lambda: None)
        threads.end()
        return next(thread for thread in threading.enumerate() if thread.name.startswith("request_"))

    thread = asyncio.run(leave())
    gate.set()
    thread.join(PATIENCE)
    assert ended.is_set()
    assert not thread.is_alive()
