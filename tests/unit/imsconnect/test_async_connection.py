"""The connection for asyncio where it differs from that for threads: loops, cancellation, two tasks."""

import asyncio
import threading
from contextlib import aclosing, suppress
from dataclasses import replace

import pytest

from gateway.errors import GatewayError, M, TransportError
from gateway.imsconnect import AsyncConnection, Credentials, Interaction, InteractionVerb
from tests.fixtures.faces import cancelled_at, in_a_loop
from tests.fixtures.scripted_server import (
    Expect,
    ExpectNothing,
    Forever,
    ScriptedServer,
    Send,
    Signal,
    Stall,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.connections import (
    CONFIRM,
    TIMER_OVER,
    asked,
    fails,
    request,
    settings_for,
    told,
)
from tests.unit.imsconnect.pooling import PATIENCE
from tests.unit.imsconnect.worked_examples import F4, TIMER
from tests.unit.standin.by_hand import ebcdic

IVTNO = replace(CONFIRM, sync_level=None, execution_timeout_ms=30_000)
QUEUED = Interaction(verb=InteractionVerb.RECEIVE_QUEUED, execution_timeout_ms=1000, socket_timeout_ms=20_000)
F0, F5 = 0x07, 0x14
MESSAGE = told("23-async-output")
RESUME = asked("16-resume-tpipe-single", {F5: "04"})
ACK = asked("16-resume-tpipe-single", {F5: "04", F4: "C1"})
HANDED_BACK = asked("16-resume-tpipe-single", {F0: "20", F5: "04", F4: "D5"})
LEFT = [RESUME, MESSAGE, HANDED_BACK, TIMER_OVER, Expect(wire.IVTNO), Send(wire.OUTPUT), ExpectNothing()]
"""A loop is left at its first message; then a transaction is run."""


async def open_to(server: ScriptedServer) -> AsyncConnection:
    return await AsyncConnection.open(settings_for(server), "CLIENT01")


async def heard(event: threading.Event) -> None:
    assert await asyncio.to_thread(event.wait, PATIENCE)


class TestLoops:
    def test_all_come_and_the_loop_ends(self, scripted_server):
        server = scripted_server([RESUME, MESSAGE, ACK, MESSAGE, ACK, TIMER_OVER, ExpectNothing()])

        async def test() -> None:
            async with await open_to(server) as connection:
                count = 0
                async for _ in connection.messages(QUEUED):
                    await connection.acknowledge()
                    count += 1
                assert count == 2
                assert connection.usable

        in_a_loop(test())

    def test_the_next_thing_said_waits_until_a_left_message_is_handed_back(self, scripted_server):
        server = scripted_server(LEFT)

        async def test() -> None:
            async with await open_to(server) as connection:
                async for _ in connection.messages(QUEUED):
                    break
                assert (await connection.run(IVTNO)).segments == wire.OUTPUT_SEGMENTS

        in_a_loop(test())

    def test_an_error_in_the_loop_hands_it_back(self, scripted_server):
        server = scripted_server(LEFT)

        async def fail(connection: AsyncConnection) -> None:
            async for _ in connection.messages(QUEUED):
                raise ZeroDivisionError

        async def test() -> None:
            async with await open_to(server) as connection:
                with suppress(ZeroDivisionError):
                    await fail(connection)
                await connection.run(IVTNO)

        in_a_loop(test())

    def test_aclose_hands_it_back(self, scripted_server):
        server = scripted_server(LEFT)

        async def test() -> None:
            async with await open_to(server) as connection:
                async with aclosing(connection.messages(QUEUED)) as messages:
                    async for _ in messages:
                        break
                assert connection.usable
                with pytest.raises(StopAsyncIteration):
                    await anext(messages)
                await connection.run(IVTNO)

        in_a_loop(test())

    def test_a_task_cancelled_in_the_loop_hands_it_back_where_the_connection_lives_on(self, scripted_server):
        server = scripted_server(LEFT)

        async def test() -> None:
            async with await open_to(server) as connection:
                at_work = asyncio.Event()

                async def work() -> None:
                    async for _ in connection.messages(QUEUED):
                        at_work.set()
                        await asyncio.Event().wait()

                task = asyncio.create_task(work())
                await at_work.wait()
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task
                del task
                await connection.run(IVTNO)

        in_a_loop(test())

    def test_a_connection_closed_right_behind_the_loop_hands_it_back_first(self, scripted_server):
        server = scripted_server([RESUME, MESSAGE, HANDED_BACK, TIMER_OVER, ExpectNothing()])

        async def test() -> None:
            async with await open_to(server) as connection:
                async for _ in connection.messages(QUEUED):
                    break

        in_a_loop(test())

    def test_a_loop_left_when_its_asyncio_loop_is_gone_does_no_harm(self, scripted_server):
        server = scripted_server([RESUME, MESSAGE, ExpectNothing()])

        async def test() -> tuple[object, AsyncConnection]:
            connection = await open_to(server)
            messages = connection.messages(QUEUED)
            await anext(messages)
            return messages, connection

        messages, connection = in_a_loop(test())
        del messages
        connection._session.close()


class TestCancellation:
    @pytest.mark.parametrize("interaction", [IVTNO, CONFIRM])
    def test_in_the_middle_of_an_interaction_it_ends_the_connection(self, scripted_server, interaction):
        seen = threading.Event()
        server = scripted_server([Expect(lambda _: True), Signal(seen), ExpectNothing()])

        async def test() -> None:
            async with await open_to(server) as connection:
                task = asyncio.create_task(connection.run(interaction))
                await heard(seen)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await task
                assert not connection.usable
                with pytest.raises(GatewayError) as caught:
                    await connection.run(interaction)
                assert fails(caught.value, "connection")

        in_a_loop(test())

    def test_anywhere_the_connection_is_usable_only_where_nothing_is_in_doubt(self, scripted_server):
        anything = Expect(lambda _: True)
        script = [Forever((anything, Send(wire.OUTPUT_ACK, 10), anything, Send(wire.COMMITTED, 10)))]
        server = scripted_server(*[script] * 12)

        async def test() -> None:
            for step in range(12):
                async with await open_to(server) as connection:
                    cancelled = False
                    try:
                        await cancelled_at(step, connection.run(CONFIRM))
                    except asyncio.CancelledError:
                        cancelled = True
                    assert connection.usable is not cancelled

        in_a_loop(test())

    def test_while_waiting_for_messages_it_ends_the_loop_and_the_connection(self, scripted_server):
        seen = threading.Event()
        server = scripted_server([RESUME, Signal(seen), ExpectNothing()])

        async def test() -> None:
            async with await open_to(server) as connection:
                messages = connection.messages(QUEUED)
                waiting = asyncio.ensure_future(anext(messages))
                await heard(seen)
                waiting.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await waiting
                with pytest.raises(StopAsyncIteration):
                    await anext(messages)
                assert not connection.usable

        in_a_loop(test())

    def test_before_a_byte_is_sent_it_costs_nothing(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Send(wire.OUTPUT), ExpectNothing()])

        async def slow() -> Credentials:
            await asyncio.Event().wait()
            raise AssertionError

        async def test() -> None:
            async with await open_to(server) as connection:
                with pytest.raises(asyncio.CancelledError):
                    await cancelled_at(0, connection.run(IVTNO, slow))
                assert connection.usable
                await connection.run(IVTNO)

        in_a_loop(test())


class TestTwoTasks:
    def test_the_second_is_refused_and_the_first_gets_its_answer(self, scripted_server):
        seen, go_on = threading.Event(), threading.Event()
        server = scripted_server(
            [Expect(wire.IVTNO), Signal(seen), Stall(go_on), Send(wire.OUTPUT), ExpectNothing()]
        )

        async def test() -> None:
            async with await open_to(server) as connection:
                first = asyncio.create_task(connection.run(IVTNO))
                await heard(seen)
                for second in (connection.run(IVTNO), connection.ping(), connection.acknowledge()):
                    with pytest.raises(GatewayError) as caught:
                        await second
                    assert fails(caught.value, "connection")
                assert not connection.usable
                go_on.set()
                assert (await first).segments == wire.OUTPUT_SEGMENTS
                assert connection.usable

        in_a_loop(test())

    @pytest.mark.parametrize("how", ["abort", "close"])
    def test_another_one_may_end_the_wait(self, scripted_server, how):
        seen = threading.Event()
        server = scripted_server([Expect(wire.IVTNO), Signal(seen), ExpectNothing()])

        async def test() -> None:
            async with await open_to(server) as connection:
                first = asyncio.create_task(connection.run(replace(IVTNO, socket_timeout_ms=0)))
                await heard(seen)
                if how == "abort":
                    connection.abort()
                else:
                    await connection.close()
                with pytest.raises(TransportError) as caught:
                    await first
                assert caught.value.message is M.CONNECTION_LOST
                assert not connection.usable

        in_a_loop(test())


def test_credentials_may_be_made_by_a_coroutine(scripted_server):
    server = scripted_server(
        [request({76: ebcdic("TICKET01").hex(), TIMER: "45"}), Send(wire.OUTPUT), ExpectNothing()]
    )

    async def ticket() -> Credentials:
        await asyncio.sleep(0)
        return Credentials.of("USER1", "TICKET01")

    async def test() -> None:
        opened = await AsyncConnection.open(settings_for(server), "CLIENT01", credentials=ticket)
        async with opened as connection:
            assert (await connection.run(IVTNO)).segments == wire.OUTPUT_SEGMENTS

    in_a_loop(test())
