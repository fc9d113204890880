"""Both faces of the client against the running stand-in."""

import asyncio
import threading
from dataclasses import dataclass, replace

import pytest

from gateway.errors import GatewayError, ImsError, M
from gateway.exchange import CommitMode, Secret, SyncLevel
from gateway.imsconnect import (
    Acknowledgment,
    AsyncClient,
    AsyncConnection,
    CalloutRequests,
    Credentials,
    DfsMessageError,
    Interaction,
    InteractionVerb,
    RequestType,
    transaction_input,
)
from gateway.standin import RunningStandin
from tests.fixtures.faces import in_a_loop
from tests.fixtures.standin import USERS
from tests.unit.imsconnect.connections import client_to, connection_to, settings_for

pytestmark = pytest.mark.usefixtures("face")

ALICE = Credentials.of("ALICE", "WONDER1")
V = InteractionVerb


@dataclass
class At:
    """Where a stand-in listens."""

    port: int
    host: str = "127.0.0.1"


@pytest.fixture
def there(standin_factory) -> At:
    running: RunningStandin = standin_factory(
        users=USERS,
        ims_connect={"racf": True},
        descriptors={"CALLOUTS": {"tpipe": "CALLPIPE"}},
    )
    return At(running.port)


def ask(transaction: str, text: str, *, width: int = 8, **fields) -> Interaction:
    return Interaction(
        transaction=transaction,
        segments=transaction_input(transaction, text, width=width),
        execution_timeout_ms=10_000,
        socket_timeout_ms=20_000,
        **fields,
    )


PHONE = ask("IVTNO", "DISPLAY LAST1", width=10)


class TestTransactions:
    @pytest.mark.parametrize(
        "fields",
        [
            {},
            {"sync_level": SyncLevel.CONFIRM},
            {"commit_mode": CommitMode.COMMIT_THEN_SEND},
        ],
    )
    def test_each_way_brings_the_answer_over_one_socket(self, there, fields):
        with client_to(there, credentials=ALICE) as client:
            for _ in range(3):
                assert "8-111-1111" in client.run(replace(PHONE, **fields)).text()
            assert client.stats()[0].connects == 1

    def test_a_wrong_password_is_a_failed_sign_on(self, there):
        with client_to(there) as client:
            with pytest.raises(ImsError) as caught:
                client.run(PHONE, Credentials.of("ALICE", "WRONG"))
            assert caught.value.sign_on_failed

    def test_a_message_of_ims_is_an_error(self, there):
        with client_to(there, credentials=ALICE) as client:
            with pytest.raises(DfsMessageError) as caught:
                client.run(ask("NOSUCH", "X"))
            assert caught.value.reply.dfs is not None
            assert caught.value.reply.dfs.number == "DFS064"

    def test_a_command_is_answered(self, there):
        command = Interaction(
            request_type=RequestType.COMMAND, segments=("/DISPLAY TRAN IVTNO".encode("cp037"),)
        )
        with client_to(there, credentials=ALICE) as client:
            assert "IVTNO" in client.run(command).text()

    def test_a_ping_and_a_new_password(self, there):
        with client_to(there, credentials=ALICE) as client:
            assert client.ping(5_000).startswith("HWSC0030I")
            client.change_password(Secret("WONDER2"), ALICE, 5_000)
            client.run(PHONE, Credentials.of("ALICE", "WONDER2"))
            with pytest.raises(ImsError):
                client.run(PHONE, ALICE)


class TestConversation:
    @pytest.mark.parametrize("sync_level", [None, SyncLevel.CONFIRM])
    def test_over_the_sockets_of_a_client(self, there, sync_level):
        with client_to(there, credentials=ALICE) as client:
            first = client.run(ask("CONVERSE", "ONE", conversational=True, sync_level=sync_level))
            assert first.conversation_open
            step = Interaction(
                segments=("TWO".encode("cp037"),),
                conversation_id=first.conversation_id,
                sync_level=sync_level,
            )
            assert client.run(step).text().split() == ["SAID", "2", "ONE", "TWO"]
            last = client.run(replace(step, segments=("END".encode("cp037"),)))
            assert not last.conversation_open
            with pytest.raises(GatewayError) as caught:
                client.run(step)
            assert caught.value.message is M.NO_CONVERSATION

    def test_by_hand_with_ack_and_nak(self, there):
        with connection_to(there, credentials=ALICE, client_id="MINE") as connection:
            first = ask(
                "CONVERSE",
                "ONE",
                conversational=True,
                sync_level=SyncLevel.CONFIRM,
                acknowledgment=Acknowledgment.CALLER,
            )
            assert connection.run(first).acknowledgment_due
            connection.acknowledge()
            step = replace(first, transaction="", segments=("TWO".encode("cp037"),), conversation_id="MINE")
            connection.run(step)
            connection.reject()
            assert connection.usable

    def test_ended_from_here(self, there):
        with client_to(there, credentials=ALICE) as client:
            name = client.run(ask("CONVERSE", "ONE", conversational=True)).conversation_id
            client.run(Interaction(verb=V.END_CONVERSATION, conversation_id=name))
            assert client.stats()[0].idle == 1


class TestHoldQueues:
    def test_what_send_only_leaves_behind_is_drained(self, there):
        with connection_to(there, credentials=ALICE, client_id="ORDERS") as connection:
            for number in range(3):
                connection.run(ask("ECHO", f"ORDER {number}", verb=V.SEND_ACKNOWLEDGED))
            everything = Interaction(verb=V.RECEIVE_QUEUED, execution_timeout_ms=500, socket_timeout_ms=20_000)
            got = []
            for delivery in connection.messages(everything):
                got.append(delivery.segments[0].decode("cp037"))
                connection.acknowledge()
                if len(got) == 3:
                    break
            assert got == ["ORDER 0", "ORDER 1", "ORDER 2"]

    def test_a_message_that_was_left_comes_again(self, there):
        with connection_to(there, credentials=ALICE, client_id="ORDERS") as connection:
            connection.run(ask("ECHO", "ORDER", verb=V.SEND_ACKNOWLEDGED))
            one = Interaction(verb=V.RECEIVE_WAIT, execution_timeout_ms=10_000, socket_timeout_ms=20_000)
            for _ in connection.messages(one):
                break
            again = connection.receive(one)
            assert again is not None
            assert again.segments[0].decode("cp037") == "ORDER"
            connection.acknowledge()
            assert connection.usable
            nothing = replace(one, verb=V.RECEIVE, execution_timeout_ms=10)
            assert connection.receive(nothing) is None


class TestCallouts:
    def test_one_is_received_acknowledged_and_answered(self, there):
        listen = Interaction(
            verb=V.RECEIVE_WAIT,
            callout_requests=CalloutRequests.SYNCHRONOUS,
            alternate_client_id="CALLPIPE",
            execution_timeout_ms=10_000,
            socket_timeout_ms=20_000,
        )
        answers: list[str] = []
        with (
            client_to(there, credentials=ALICE) as client,
            connection_to(there, credentials=ALICE, client_id="LISTENER") as connection,
        ):
            caller = threading.Thread(
                target=lambda: answers.append(client.run(ask("CALLOUT", "CALLOUTS HELLO")).text())
            )
            caller.start()
            delivery = connection.receive(listen)
            assert delivery is not None
            assert delivery.synchronous
            connection.acknowledge()
            connection.run(
                Interaction(
                    verb=V.RESPOND_ACKNOWLEDGED,
                    correlation_token=delivery.correlation_token,
                    segments=("WORLD".encode("cp037"),),
                )
            )
            caller.join(20)
        assert len(answers) == 1
        assert "WORLD" in answers[0]


class TestAsyncio:
    def test_a_hundred_tasks_over_eight_sockets(self, there):
        async def test() -> None:
            settings = settings_for(there, credentials=ALICE)
            pool = replace(settings.pool, wait_seconds=30.0)
            async with AsyncClient(replace(settings, pool=pool)) as client:
                calls = [ask("ECHO", f"CALLER {number}") for number in range(100)]
                replies = await asyncio.gather(*map(client.run, calls))
                assert [reply.text() for reply in replies] == [f"CALLER {number}" for number in range(100)]
                assert client.stats()[0].connects <= 8

        in_a_loop(test())

    def test_a_task_that_is_cancelled_leaves_the_others_theirs(self, there):
        async def test() -> None:
            async with AsyncClient(settings_for(there, credentials=ALICE)) as client:
                slow = asyncio.create_task(client.run(ask("SLEEP", "5000")))
                others = [asyncio.create_task(client.run(ask("ECHO", f"C{number}"))) for number in range(20)]
                replies = await asyncio.gather(*others)
                slow.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await slow
                assert [reply.text() for reply in replies] == [f"C{number}" for number in range(20)]
                assert client.stats()[0].in_use == 0

        in_a_loop(test())

    def test_an_async_loop_drains_a_queue(self, there):
        async def test() -> None:
            opened = await AsyncConnection.open(settings_for(there, credentials=ALICE), "ORDERS")
            async with opened as connection:
                for number in range(2):
                    await connection.run(ask("ECHO", f"ORDER {number}", verb=V.SEND_ACKNOWLEDGED))
                got = []
                queued = Interaction(verb=V.RECEIVE_QUEUED, execution_timeout_ms=500, socket_timeout_ms=20_000)
                async for delivery in connection.messages(queued):
                    got.append(delivery.segments[0].decode("cp037"))
                    await connection.acknowledge()
                    if len(got) == 2:
                        break
                assert got == ["ORDER 0", "ORDER 1"]

        in_a_loop(test())
