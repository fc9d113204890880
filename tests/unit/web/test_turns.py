"""Threads in turn: first come first served, nothing lost when someone gives up."""

import asyncio
import threading
from collections.abc import Coroutine
from functools import partial
from typing import Any

import pytest

from gateway.errors import GatewayError, M
from gateway.parsing import ROOM
from gateway.safexml import Bounds, parse
from gateway.web import turns as turns_module
from gateway.web.lanes import OTHERS
from gateway.web.threads import Threads
from gateway.web.turns import Turns
from tests.fixtures.web import PATIENCE


class Gate:
    """Work that stays in its thread until it is let go."""

    def __init__(self) -> None:
        self.go = threading.Event()
        self.entered = threading.Semaphore(0)

    def work(self) -> str:
        self.entered.release()
        assert self.go.wait(PATIENCE)
        return "done"


def run(test: Coroutine[Any, Any, None]) -> None:
    async def bounded() -> None:
        async with asyncio.timeout(PATIENCE):
            await test

    asyncio.run(bounded())


async def settled(turns: Turns, text: str) -> None:
    while repr(turns) != text:  # noqa: ASYNC110  threads change it, no event tells
        await asyncio.sleep(0.001)


def test_work_is_done_in_a_thread() -> None:
    async def test() -> None:
        turns = Turns(1, 0, 1.0)
        assert await turns.run(threading.get_ident) != threading.get_ident()
        await settled(turns, "<Turns 0/1 at work, 0/0 waiting>")
        turns.close()

    run(test())


def test_a_thread_that_has_parsed_what_it_may_ends_and_another_takes_over() -> None:
    def wear() -> threading.Thread:
        parse(b"<a>" + b"x" * ROOM + b"</a>", Bounds())
        return threading.current_thread()

    async def test() -> None:
        turns = Turns(1, 0, PATIENCE)
        worn = await turns.run(wear)
        await settled(turns, "<Turns 0/1 at work, 0/0 waiting>")
        await asyncio.to_thread(worn.join, PATIENCE)
        assert not worn.is_alive()
        fresh = await turns.run(threading.current_thread)
        await settled(turns, "<Turns 0/1 at work, 0/0 waiting>")
        assert await turns.run(threading.current_thread) is fresh
        turns.close()

    run(test())


def test_a_thread_that_is_done_before_anybody_looks_ends_all_the_same(monkeypatch) -> None:
    def wear() -> threading.Thread:
        parse(b"<a>" + b"x" * ROOM + b"</a>", Bounds())
        return threading.current_thread()

    class Quick(Threads):
        def run(self, work, over):
            done = threading.Event()
            future = super().run(lambda: (work(), done.set())[0], over)
            assert done.wait(PATIENCE)
            return future

    async def test() -> None:
        monkeypatch.setattr(turns_module, "Threads", Quick)
        turns = Turns(1, 0, PATIENCE)
        worn = await turns.run(wear)
        await asyncio.to_thread(worn.join, PATIENCE)
        assert not worn.is_alive()
        turns.close()

    run(test())


def test_an_error_in_the_work_comes_through_and_frees_the_thread() -> None:
    async def test() -> None:
        turns = Turns(1, 0, 1.0)
        with pytest.raises(ZeroDivisionError):
            await turns.run(lambda: 1 // 0)
        await settled(turns, "<Turns 0/1 at work, 0/0 waiting>")
        assert await turns.run(lambda: 1) == 1
        turns.close()

    run(test())


def test_the_surplus_waits_in_order_and_the_rest_is_refused_at_once() -> None:
    async def test() -> None:
        gate, turns, order = Gate(), Turns(1, 2, PATIENCE), list[int]()
        first = asyncio.create_task(turns.run(gate.work))
        await settled(turns, "<Turns 1/1 at work, 0/2 waiting>")
        others = [asyncio.create_task(turns.run(partial(order.append, n))) for n in (1, 2)]
        await settled(turns, "<Turns 1/1 at work, 2/2 waiting>")
        with pytest.raises(GatewayError) as refused:
            await turns.run(lambda: order.append(3))
        assert refused.value.message is M.BUSY
        gate.go.set()
        assert await first == "done"
        await asyncio.gather(*others)
        assert order == [1, 2]
        await settled(turns, "<Turns 0/1 at work, 0/2 waiting>")
        turns.close()

    run(test())


def test_who_waits_too_long_is_refused_and_does_not_take_the_thread() -> None:
    async def test() -> None:
        gate, turns = Gate(), Turns(1, 1, 0.01)
        first = asyncio.create_task(turns.run(gate.work))
        await settled(turns, "<Turns 1/1 at work, 0/1 waiting>")
        with pytest.raises(GatewayError) as refused:
            await turns.run(lambda: None)
        assert refused.value.message is M.BUSY
        await settled(turns, "<Turns 1/1 at work, 0/1 waiting>")
        gate.go.set()
        await first
        await settled(turns, "<Turns 0/1 at work, 0/1 waiting>")
        turns.close()

    run(test())


def test_who_gives_up_while_waiting_leaves_the_place_to_the_next() -> None:
    async def test() -> None:
        gate, turns = Gate(), Turns(1, 2, PATIENCE)
        first = asyncio.create_task(turns.run(gate.work))
        await settled(turns, "<Turns 1/1 at work, 0/2 waiting>")
        gone, stays = (asyncio.create_task(turns.run(partial(int, n))) for n in (1, 2))
        await settled(turns, "<Turns 1/1 at work, 2/2 waiting>")
        gone.cancel()
        await settled(turns, "<Turns 1/1 at work, 1/2 waiting>")
        gate.go.set()
        assert (await first, await stays) == ("done", 2)
        await settled(turns, "<Turns 0/1 at work, 0/2 waiting>")
        turns.close()

    run(test())


def test_a_turn_that_comes_in_the_moment_of_giving_up_is_passed_on() -> None:
    async def test() -> None:
        gate, turns = Gate(), Turns(1, 2, PATIENCE)
        first = asyncio.create_task(turns.run(gate.work))
        await settled(turns, "<Turns 1/1 at work, 0/2 waiting>")
        gone, stays = (asyncio.create_task(turns.run(partial(int, n))) for n in (1, 2))
        await settled(turns, "<Turns 1/1 at work, 2/2 waiting>")
        turns._done(turns._lines.of(OTHERS).tallies)  # hands the thread to the first that waits ...
        gone.cancel()  # ... who is told to go before it learns of it
        gate.go.set()
        assert await stays == 2
        await first
        turns.close()

    run(test())


def test_a_thread_stays_counted_when_nobody_waits_for_its_result_any_more() -> None:
    async def test() -> None:
        gate, turns = Gate(), Turns(1, 0, PATIENCE)
        task = asyncio.create_task(turns.run(gate.work))
        while not gate.entered.acquire(blocking=False):  # noqa: ASYNC110  a thread releases it
            await asyncio.sleep(0.001)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert repr(turns) == "<Turns 1/1 at work, 0/0 waiting>"
        gate.go.set()
        await settled(turns, "<Turns 0/1 at work, 0/0 waiting>")
        turns.close()

    run(test())
