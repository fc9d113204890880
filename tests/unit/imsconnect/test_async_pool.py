"""The pool for asyncio: what differs from threads, and that the rest is the same."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

import pytest

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.errors import ImsError, M, TransportError
from gateway.imsconnect.async_pool import AsyncPool
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits
from gateway.imsconnect.transport import ConnectFailed
from tests.unit.imsconnect.pooling import PATIENCE, FakeSession


@dataclass
class FakeIms:
    """Makes sessions, or fails to, without threads."""

    up: bool = True
    sessions: list[FakeSession] = field(default_factory=list)
    gate: asyncio.Event | None = None
    """Connections wait for it."""
    answers: bool = True
    """What a ping finds."""
    pinged: list[FakeSession] = field(default_factory=list)

    async def connect(self, lane: Lane) -> FakeSession:
        if self.gate is not None:
            await self.gate.wait()
        if not self.up:
            raise ConnectFailed("ims.example:9999: connect: Connection refused")
        self.sessions.append(FakeSession(len(self.sessions), Lane.REPLIES if lane.shared else lane))
        return self.sessions[-1]

    async def ping(self, session: FakeSession) -> bool:
        self.pinged.append(session)
        return self.answers


@asynccontextmanager
async def pool_of(ims: FakeIms, clock: Clock, **limits: float) -> AsyncIterator[AsyncPool[FakeSession]]:
    size = int(limits.pop("size", 2))
    bounds = Limits(size, **{"wait": 0.0, "idle": 240.0, **limits})  # type: ignore[arg-type]
    pool = AsyncPool("ims1", bounds, ims.connect, clock, lambda: 0.5, ping=ims.ping)
    try:
        yield pool
    finally:
        await pool.close(0)


async def until(condition: Callable[[], bool]) -> None:
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  conditions of pools have no events
            await asyncio.sleep(0.0005)


def in_a_loop(test: Awaitable[None]) -> None:
    async def run() -> None:
        await test

    asyncio.run(run())


def picture(pool: AsyncPool[FakeSession]) -> str:
    return repr(pool.stats()).removeprefix("<pool ims1 ").split(";")[0]


def test_the_picture_tells_each_step(clock):
    async def test() -> None:
        ims = FakeIms()
        async with pool_of(ims, clock) as pool:
            async with pool.lease():
                assert picture(pool) == "up: 1 of 2 open, 1 in use, 0 idle, 0 connecting, 0 waiting"
            assert picture(pool) == "up: 1 of 2 open, 0 in use, 1 idle, 0 connecting, 0 waiting"
            async with pool.lease() as session:
                assert session is ims.sessions[0]
        assert picture(pool) == "closed: 0 of 2 open, 0 in use, 0 idle, 0 connecting, 0 waiting"
        assert ims.sessions[0].closed

    in_a_loop(test())


def test_who_comes_first_is_served_first():
    async def test() -> None:
        served: list[int] = []

        async def queue(number: int) -> None:
            async with pool.lease():
                served.append(number)

        async with pool_of(FakeIms(), SYSTEM_CLOCK, size=1, wait=PATIENCE) as pool:
            async with pool.lease():
                tasks = []
                for number in range(8):
                    tasks.append(asyncio.create_task(queue(number)))
                    await until(lambda: pool.stats().waiting == len(tasks))
            await asyncio.gather(*tasks)
        assert served == list(range(8))

    in_a_loop(test())


def test_a_full_pool_refuses_after_the_wait(clock):
    async def test() -> None:
        async with pool_of(FakeIms(), clock, size=1) as pool, pool.lease():
            with pytest.raises(TransportError) as caught:
                await pool.borrow()
            assert caught.value.message is M.NO_SOCKET
            assert (pool.stats().wait_timeouts, pool.stats().waiting) == (1, 0)

    in_a_loop(test())


def test_a_cancelled_waiter_leaves_the_queue(clock):
    async def test() -> None:
        async with pool_of(FakeIms(), clock, size=1, wait=PATIENCE) as pool, pool.lease():
            task = asyncio.create_task(pool.borrow())
            await until(lambda: pool.stats().waiting == 1)
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
            assert pool.stats().waiting == 0

    in_a_loop(test())


def test_what_was_granted_to_a_waiter_in_the_moment_of_its_cancellation_goes_back(clock):
    async def test() -> None:
        async with pool_of(FakeIms(), clock, size=1, wait=PATIENCE) as pool:
            async with pool.lease():
                task = asyncio.create_task(pool.borrow())
                await until(lambda: pool.stats().waiting == 1)
            assert pool.stats().in_use == 1, "granted"
            task.cancel()
            await asyncio.wait({task})
            assert task.cancelled()
            assert picture(pool) == "up: 1 of 1 open, 0 in use, 1 idle, 0 connecting, 0 waiting"

    in_a_loop(test())


def test_a_task_that_is_cancelled_while_it_connects_leaves_the_place_to_others(clock):
    async def test() -> None:
        ims = FakeIms(gate=asyncio.Event())
        async with pool_of(ims, clock, size=1, wait=PATIENCE) as pool:
            first = asyncio.create_task(pool.borrow())
            await until(lambda: pool.stats().connecting == 1)
            second = asyncio.create_task(pool.borrow())
            await until(lambda: pool.stats().waiting == 1)
            first.cancel()
            await until(lambda: pool.stats().waiting == 0)
            assert ims.gate is not None
            ims.gate.set()
            loan = await second
            assert first.cancelled()
            loan.end()
            assert pool.stats().idle == 1

    in_a_loop(test())


def test_after_a_failed_connect_requests_fail_at_once_until_one_probe_may_go(clock):
    async def test() -> None:
        ims = FakeIms(up=False)
        async with pool_of(ims, clock) as pool:
            for private in ("ims.example:9999: connect: Connection refused", "in back-off, 0.1 s left, after:"):
                with pytest.raises(TransportError) as caught:
                    await pool.borrow()
                assert caught.value.message is M.UNREACHABLE
                assert caught.value.private.startswith(private)
            clock.move(0.1)
            ims.up = True
            (await pool.borrow()).end()

    in_a_loop(test())


def test_a_stale_session_is_replaced_silently(clock):
    async def test() -> None:
        ims = FakeIms()
        async with pool_of(ims, clock) as pool:
            async with pool.lease():
                pass
            ims.sessions[0].quiet = False
            async with pool.lease() as session:
                assert session is ims.sessions[1]
            assert pool.stats().stale == 1

    in_a_loop(test())


async def _fail(pool: AsyncPool[FakeSession]) -> None:
    async with pool.lease() as session:
        session.reusable = False
        raise ImsError(M.EXECUTION_TIMEOUT, {"milliseconds": "1"})


def test_errors_are_counted_and_what_was_left_in_doubt_is_closed(clock):
    async def test() -> None:
        async with pool_of(FakeIms(), clock) as pool:
            with pytest.raises(ImsError):
                await _fail(pool)
            assert (pool.stats().execution_timeouts, pool.stats().dropped) == (1, 1)

    in_a_loop(test())


def test_a_client_id_has_one_session_at_a_time(clock):
    async def test() -> None:
        ims = FakeIms()
        async with pool_of(ims, clock, size=4, wait=PATIENCE) as pool:
            first = await pool.borrow(Lane.dedicated("CLIENT01"))
            second = asyncio.create_task(pool.borrow(Lane.dedicated("CLIENT01")))
            await until(lambda: pool.stats().waiting == 1)
            async with pool.lease():
                pass
            first.end()
            loan = await second
            assert loan.session is first.session
            loan.end()

    in_a_loop(test())


def test_idle_sessions_are_closed_without_any_traffic():
    async def test() -> None:
        async with pool_of(FakeIms(), SYSTEM_CLOCK, idle=0.02) as pool:
            async with pool.lease() as session:
                pass
            await until(lambda: session.closed)
            assert pool.stats().expired == 1

    in_a_loop(test())


def test_it_warms_up_in_the_background(clock):
    async def test() -> None:
        ims = FakeIms()
        async with pool_of(ims, clock, size=4, min_open=3) as pool:
            pool.warm()
            await until(lambda: pool.stats().idle == 3)
            assert pool.stats().checks == 3

    in_a_loop(test())


def test_idle_sessions_are_pinged_and_those_that_do_not_answer_are_closed(clock):
    async def test() -> None:
        ims = FakeIms()
        async with pool_of(ims, clock, ping=60.0) as pool:
            async with pool.lease() as session:
                pass
            clock.move(60)
            async with pool.lease(Lane.dedicated("CLIENT01")):
                pass
            await until(lambda: ims.pinged == [session] and pool.stats().idle == 2)
            clock.move(60)
            ims.answers = False
            pool.expire()
            pool._call.set()
            await until(lambda: pool.stats().stale == 2)
            assert session.closed

    in_a_loop(test())


def test_a_drained_pool_lends_nothing_until_it_is_resumed(clock):
    async def test() -> None:
        ims = FakeIms()
        async with pool_of(ims, clock, size=1, wait=PATIENCE) as pool:
            loan = await pool.borrow()
            waiting = asyncio.create_task(pool.borrow())
            await until(lambda: pool.stats().waiting == 1)
            pool.drain()
            with pytest.raises(TransportError, match="cannot be reached"):
                await waiting
            with pytest.raises(TransportError):
                await pool.borrow()
            assert not loan.session.aborted.is_set()
            loan.end()
            assert ims.sessions[0].closed
            pool.resume()
            (await pool.borrow()).end()

    in_a_loop(test())


def test_what_has_not_finished_when_it_closes_is_aborted(clock):
    async def test() -> None:
        ims = FakeIms()
        async with pool_of(ims, clock, size=1, wait=PATIENCE) as pool:
            loan = await pool.borrow()
            waiting = asyncio.create_task(pool.borrow())
            await until(lambda: pool.stats().waiting == 1)
            closing = asyncio.create_task(pool.close(0.01))
            with pytest.raises(TransportError) as caught:
                await waiting
            assert caught.value.message is M.STOPPING
            assert loan.session.aborted.is_set()
            loan.end()
            await closing
            assert ims.sessions[0].closed

    in_a_loop(test())
