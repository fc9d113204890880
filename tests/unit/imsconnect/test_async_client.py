"""The client for asyncio where it differs from that for threads: cancellation, many tasks, coroutines."""

import asyncio
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from typing import Any

import pytest

from gateway.errors import GatewayError, M, TransportError
from gateway.imsconnect import AsyncClient, Credentials
from gateway.imsconnect.client_ids import new_client_id
from tests.fixtures.faces import cancelled_at, in_a_loop
from tests.fixtures.scripted_server import Expect, ExpectNothing, Forever, ScriptedServer, Send, Signal, Stall
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.calling import ECHOES
from tests.unit.imsconnect.connections import CONFIRM, request, settings_for
from tests.unit.imsconnect.pooling import PATIENCE
from tests.unit.standin.by_hand import ebcdic

IVTNO = replace(CONFIRM, sync_level=None, execution_timeout_ms=30_000)
ANYTHING = Expect(lambda _: True)
CONFIRMS = [Forever((ANYTHING, Send(wire.OUTPUT_ACK, piece=10), ANYTHING, Send(wire.COMMITTED, piece=10)))]
"""Slow enough for a call to wait several times."""


@asynccontextmanager
async def client_to(
    server: ScriptedServer, size: int = 4, wait_seconds: float = 20.0, **pool: Any
) -> AsyncIterator[AsyncClient]:
    settings = settings_for(server)
    pool = {"size": size, "wait_seconds": wait_seconds, **pool}
    client = AsyncClient(replace(settings, pool=replace(settings.pool, **pool)), client_ids=new_client_id)
    async with client:
        yield client


async def heard(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, PATIENCE)


def said(number: int):
    return replace(IVTNO, segments=(ebcdic(f"ECHO {number} ") * (1 + number % 50),))


class TestCancellation:
    @pytest.mark.parametrize("warm", [True, False])
    def test_anywhere_in_a_call_costs_its_socket_and_nothing_else(self, scripted_server, warm):
        server = scripted_server(*[ECHOES] * 40)

        async def call_after(number: int, client: AsyncClient) -> None:
            mine = said(1000 + number)
            assert (await client.run(mine)).segments == mine.segments

        async def test() -> None:
            for step in range(4):
                async with client_to(server, size=1) as client:
                    if warm:
                        await call_after(step, client)
                    # how often a call waits depends on the network: one that is not cancelled is answered
                    with suppress(asyncio.CancelledError):
                        await cancelled_at(step, client.run(said(step)))
                    (stats,) = client.stats()
                    assert (stats.in_use, stats.connecting, stats.waiting) == (0, 0, 0)
                    await call_after(step, client)

        in_a_loop(test())

    def test_anywhere_in_a_conversation_with_ack_too(self, scripted_server):
        server = scripted_server(*[CONFIRMS] * 20)

        async def test() -> None:
            async with client_to(server, size=1) as client:
                for step in range(12):
                    with suppress(asyncio.CancelledError):
                        await cancelled_at(step, client.run(CONFIRM))
                    assert client.stats()[0].in_use == 0
                    assert (await client.run(CONFIRM)).segments == (wire.OUTPUT_ACK_SEGMENT,)

        in_a_loop(test())

    def test_behind_a_sent_request_the_late_reply_finds_nobody(self, scripted_server):
        seen, late = threading.Event(), threading.Event()
        server = scripted_server(
            [Expect(wire.IVTNO), Signal(seen), Stall(late), Send(wire.OUTPUT), ExpectNothing()], ECHOES
        )

        async def test() -> None:
            settings = settings_for(server)
            async with AsyncClient(settings, client_ids=lambda _prefix: "CLIENT01") as client:
                call = asyncio.create_task(client.run(IVTNO))
                await heard(seen)
                call.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await call
                late.set()
                mine = said(7)
                assert (await client.run(mine)).segments == mine.segments
                assert client.stats()[0].dropped == 1

        in_a_loop(test())

    def test_a_timeout_of_the_callers_own_is_one(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Stall()], ECHOES)

        async def test() -> None:
            settings = settings_for(server)
            async with AsyncClient(settings, client_ids=lambda _prefix: "CLIENT01") as client:
                with pytest.raises(TimeoutError):
                    async with asyncio.timeout(0.2):
                        await client.run(IVTNO)
                mine = said(8)
                assert (await client.run(mine)).segments == mine.segments

        in_a_loop(test())

    def test_one_that_waits_for_a_socket_leaves_the_queue(self, scripted_server):
        seen, go_on = threading.Event(), threading.Event()
        server = scripted_server([ANYTHING, Signal(seen), Stall(go_on), Send(wire.OUTPUT), *ECHOES])

        async def test() -> None:
            async with client_to(server, size=1) as client:
                first = asyncio.create_task(client.run(IVTNO))
                await heard(seen)
                waiting = [asyncio.create_task(client.run(said(number))) for number in range(3)]
                await asyncio.sleep(0)
                waiting[0].cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting[0]
                go_on.set()
                assert (await first).segments == wire.OUTPUT_SEGMENTS
                for number in (1, 2):
                    assert (await waiting[number]).segments == said(number).segments
                assert client.stats()[0].connects == 1

        in_a_loop(test())

    def test_a_conversation_that_is_cancelled_is_over(self, scripted_server):
        opened = Send(wire.OUTPUT_ACK[:29] + b"\x50" + wire.OUTPUT_ACK[30:])
        seen = threading.Event()
        server = scripted_server([ANYTHING, opened, ANYTHING, Signal(seen), ExpectNothing()])

        async def test() -> None:
            async with client_to(server) as client:
                name = (await client.run(replace(IVTNO, conversational=True))).conversation_id
                step = replace(IVTNO, transaction="", conversation_id=name)
                task = asyncio.create_task(client.run(step))
                await heard(seen)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                with pytest.raises(GatewayError) as caught:
                    await client.run(step)
                assert caught.value.message is M.NO_CONVERSATION
                assert client.stats()[0].in_use == 0

        in_a_loop(test())


class TestManyTasks:
    def test_five_hundred_over_eight_sockets_get_each_their_own_answer(self, scripted_server):
        server = scripted_server(*[ECHOES] * 8)

        async def test() -> None:
            async with client_to(server, size=8) as client:
                calls = [said(number) for number in range(500)]
                replies = await asyncio.gather(*map(client.run, calls))
                assert [one.segments for one in replies] == [one.segments for one in calls]
                (stats,) = client.stats()
                assert stats.connects <= 8
                assert stats.connects + stats.reuses == 500

        in_a_loop(test())

    def test_half_of_them_cancelled_the_others_get_theirs(self, scripted_server):
        server = scripted_server(*[ECHOES] * 300)

        async def test() -> None:
            async with client_to(server, size=8) as client:
                calls = [said(number) for number in range(200)]
                tasks = [asyncio.create_task(client.run(one)) for one in calls]
                for turn, task in enumerate(tasks[::2]):
                    if turn % 5 == 0:
                        await asyncio.sleep(0)
                    task.cancel()
                results = await asyncio.gather(*tasks, return_exceptions=True)
                for call, result in zip(calls, results, strict=True):
                    if not isinstance(result, asyncio.CancelledError):
                        assert not isinstance(result, BaseException)
                        assert result.segments == call.segments
                assert all(not isinstance(one, BaseException) for one in results[1::2])
                (stats,) = client.stats()
                assert (stats.in_use, stats.waiting, stats.connecting) == (0, 0, 0)

        in_a_loop(test())


class TestClosing:
    def test_leaving_the_block_fails_what_is_under_way(self, scripted_server):
        seen = threading.Event()
        server = scripted_server([Expect(wire.IVTNO), Signal(seen), ExpectNothing()])

        async def test() -> None:
            async with AsyncClient(settings_for(server), client_ids=lambda _prefix: "CLIENT01") as client:
                call = asyncio.create_task(client.run(IVTNO))
                await heard(seen)
            with pytest.raises(TransportError) as caught:
                await call
            assert caught.value.message is M.CONNECTION_LOST
            with pytest.raises(TransportError) as caught:
                await client.run(IVTNO)
            assert caught.value.message is M.STOPPING

        in_a_loop(test())

    def test_a_close_that_drains_lets_it_finish(self, scripted_server):
        seen, go_on = threading.Event(), threading.Event()
        server = scripted_server(
            [Expect(wire.IVTNO), Signal(seen), Stall(go_on), Send(wire.OUTPUT), ExpectNothing()]
        )

        async def test() -> None:
            client = AsyncClient(settings_for(server), client_ids=lambda _prefix: "CLIENT01")
            call = asyncio.create_task(client.run(IVTNO))
            await heard(seen)
            closing = asyncio.create_task(client.close(PATIENCE))
            await asyncio.sleep(0)
            go_on.set()
            assert (await call).segments == wire.OUTPUT_SEGMENTS
            await closing

        in_a_loop(test())

    def test_closing_what_was_never_used_is_nothing(self, scripted_server):
        async def test() -> None:
            async with AsyncClient(settings_for(scripted_server())):
                pass

        in_a_loop(test())


class TestCredentials:
    def test_a_coroutine_may_make_them(self, scripted_server):
        server = scripted_server([request({76: ebcdic("TICKET01").hex()}), Send(wire.OUTPUT)])

        async def ticket() -> Credentials:
            await asyncio.sleep(0)
            return Credentials.of("USER1", "TICKET01")

        async def test() -> None:
            async with AsyncClient(settings_for(server), client_ids=lambda _prefix: "CLIENT01") as client:
                assert (await client.run(IVTNO, ticket)).segments == wire.OUTPUT_SEGMENTS

        in_a_loop(test())

    def test_where_none_can_be_made_nothing_is_sent(self, scripted_server):
        async def nobody() -> Credentials:
            raise LookupError

        async def test() -> None:
            async with AsyncClient(settings_for(scripted_server())) as client:
                with pytest.raises(LookupError):
                    await client.run(IVTNO, nobody)
                assert client.stats()[0].requests == 0

        in_a_loop(test())
