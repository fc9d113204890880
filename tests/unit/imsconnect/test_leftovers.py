"""What comes while nobody listens: it answers nothing that is asked afterwards, and no ACK is said over it."""

import threading
from dataclasses import replace

import pytest

from gateway.errors import M, TransportError
from gateway.exchange import CommitMode
from gateway.imsconnect import Acknowledgment, AsyncConnection, Connection, Interaction, InteractionVerb
from gateway.outcome import Outcome
from tests.fixtures.faces import in_a_loop
from tests.fixtures.scripted_server import Close, Expect, ExpectNothing, Send, Signal, Stall
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.connections import (
    CONFIRM,
    CONVERSATION_ACK,
    CONVERSATION_OPEN,
    asked,
    client_to,
    connection_to,
    request,
    settings_for,
    told,
)
from tests.unit.imsconnect.worked_examples import F2, F3, F4, TIMER, patched, rsm

IVTNO = replace(CONFIRM, sync_level=None, execution_timeout_ms=30_000)
ANSWERED = (Expect(wire.IVTNO), Send(wire.OUTPUT))
ONE = Interaction(verb=InteractionVerb.RECEIVE, execution_timeout_ms=1000, socket_timeout_ms=20_000)
CM0_BY_CALLER = replace(IVTNO, commit_mode=CommitMode.COMMIT_THEN_SEND, acknowledgment=Acknowledgment.CALLER)
CM0_HELD = {F2: "40", F3: "01"}
CANCELLED = rsm(12, 81)
"""IMS has taken the message back (ACKTO)."""
ABORTED = rsm(4, 98)
LATE = rsm(40, 0x45)


@pytest.mark.usefixtures("face")
class TestLeftovers:
    @pytest.mark.parametrize("late", [Send(CANCELLED), Send(LATE), Send(wire.OUTPUT), Close()])
    def test_a_connection_that_is_not_silent_is_not_asked_again(self, scripted_server, late):
        go_on, said = threading.Event(), threading.Event()
        server = scripted_server([*ANSWERED, Stall(go_on), late, Signal(said)])
        with connection_to(server) as connection:
            connection.run(IVTNO)
            go_on.set()
            assert said.wait(20)
            with pytest.raises(TransportError) as caught:
                connection.run(IVTNO)
            assert caught.value.message is M.NOTHING_SENT
            assert not caught.value.maybe_sent
            assert not connection.usable
            server.wait_played(1)

    def test_the_one_message_that_ims_has_taken_back_cannot_be_acknowledged(self, scripted_server):
        go_on, said = threading.Event(), threading.Event()
        server = scripted_server(
            [
                asked("16-resume-tpipe-single"),
                told("23-async-output"),
                Stall(go_on),
                Send(CANCELLED),
                Signal(said),
                ExpectNothing(),
            ]
        )
        with connection_to(server) as connection:
            assert connection.receive(ONE) is not None
            go_on.set()
            assert said.wait(20)
            with pytest.raises(TransportError) as caught:
                connection.acknowledge()
            assert not caught.value.maybe_sent
            assert not connection.usable

    def test_output_that_ims_has_taken_back_cannot_be_acknowledged(self, scripted_server):
        go_on, said = threading.Event(), threading.Event()
        server = scripted_server(
            [
                request(CM0_HELD),
                Send(wire.OUTPUT_ACK),
                Stall(go_on),
                Send(CANCELLED),
                Signal(said),
                ExpectNothing(),
            ]
        )
        with connection_to(server) as connection:
            assert connection.run(CM0_BY_CALLER).acknowledgment_due
            go_on.set()
            assert said.wait(20)
            with pytest.raises(TransportError):
                connection.acknowledge()


@pytest.mark.usefixtures("face")
class TestConversationsThatImsHasEnded:
    """What ends one while it is the caller's turn: nothing more of it is sent, no step, and no ACK."""

    OPENED = (Expect(wire.IVTNO), Send(patched(wire.OUTPUT_ACK, CONVERSATION_OPEN)))

    @pytest.mark.parametrize("end", [Send(ABORTED), Close()])
    @pytest.mark.parametrize("to", [connection_to, client_to])
    def test_the_next_step_is_not_sent(self, scripted_server, to, end):
        go_on, said = threading.Event(), threading.Event()
        server = scripted_server([*self.OPENED, Stall(go_on), end, Signal(said)])
        with to(server) as asker:
            name = asker.run(replace(IVTNO, conversational=True)).conversation_id
            go_on.set()
            assert said.wait(20)
            with pytest.raises(TransportError) as caught:
                asker.run(replace(IVTNO, transaction="", conversation_id=name))
            assert caught.value.message is M.NOTHING_SENT
            assert caught.value.outcome is Outcome.NOT_SENT

    def test_output_that_ims_has_backed_out_cannot_be_acknowledged(self, scripted_server):
        go_on, said = threading.Event(), threading.Event()
        script = [
            request({TIMER: "28", F3: "01"}),
            Send(patched(wire.OUTPUT_ACK, CONVERSATION_ACK)),
            Stall(go_on),
            Send(ABORTED),
            Signal(said),
            ExpectNothing(),
        ]
        with connection_to(scripted_server(script)) as connection:
            by_caller = replace(CONFIRM, conversational=True, acknowledgment=Acknowledgment.CALLER)
            assert connection.run(by_caller).acknowledgment_due
            go_on.set()
            assert said.wait(20)
            with pytest.raises(TransportError) as caught:
                connection.acknowledge()
            assert caught.value.outcome is Outcome.NOT_SENT
            assert not connection.usable


SINGLE = (asked("16-resume-tpipe-single"), told("23-async-output"))
ACKNOWLEDGED = asked("16-resume-tpipe-single", {F4: "C1", TIMER: "E9"})


class TestLoopsThatWereLeft:
    """One that was left after its message was acknowledged says nothing to the messages of the next."""

    SCRIPT = (*SINGLE, ACKNOWLEDGED, *SINGLE, ACKNOWLEDGED, ExpectNothing())

    def test_for_threads(self, scripted_server):
        with Connection(settings_for(scripted_server(self.SCRIPT)), "CLIENT01") as connection:
            first = connection.messages(ONE)
            next(first)
            connection.acknowledge()
            second = connection.messages(ONE)
            next(second)
            first.close()
            connection.acknowledge()
            assert connection.usable

    def test_for_asyncio(self, scripted_server):
        async def script(server):
            async with await AsyncConnection.open(settings_for(server), "CLIENT01") as connection:
                first = connection.messages(ONE)
                await anext(first)
                await connection.acknowledge()
                second = connection.messages(ONE)
                await anext(second)
                await first.aclose()
                await connection.acknowledge()
                assert connection.usable

        in_a_loop(script(scripted_server(self.SCRIPT)))
