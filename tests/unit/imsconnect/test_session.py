"""One conversation on one stream, against scripts written byte for byte."""

from dataclasses import replace

import pytest

from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.exchange import Undeliverable
from gateway.imsconnect import send_receive
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.transport import StreamLost
from tests.fixtures.scripted_server import (
    Close,
    Expect,
    ExpectNothing,
    Reset,
    Send,
    Stall,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.conversing import (
    CALL,
    CM0,
    CM0_ACK,
    CM0_ACK_NOWAIT,
    CM0_REQUEST,
    CONFIRM,
    CONFIRM_REQUEST,
    OUTPUT_ACK_LEVEL_1,
    CannedStream,
    destination,
    session_on,
    session_with,
)
from tests.unit.imsconnect.worked_examples import F3, patched, rsm

pytestmark = pytest.mark.usefixtures("face")


class TestSendThenCommit:
    def test_a_request_and_its_output_are_the_worked_example(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Send(wire.OUTPUT), ExpectNothing()])
        with session_with(server) as session:
            answer = session.perform(CALL)
            assert (answer.segments, answer.client_id) == (wire.OUTPUT_SEGMENTS, "CLIENT01")
            assert session.reusable
            assert session.lane is Lane.REPLIES

    def test_one_session_holds_one_conversation_after_the_other(self, scripted_server):
        once = (Expect(wire.IVTNO), Send(wire.OUTPUT))
        with session_with(scripted_server([*once, *once, *once, ExpectNothing()])) as session:
            for _ in range(3):
                assert session.perform(CALL).segments == wire.OUTPUT_SEGMENTS

    def test_output_may_come_byte_by_byte(self, scripted_server):
        with session_with(scripted_server([Expect(wire.IVTNO), Send(wire.OUTPUT, piece=1)])) as session:
            assert session.perform(CALL).segments == wire.OUTPUT_SEGMENTS

    def test_the_output_of_hwssmpl0_has_no_length(self, scripted_server):
        request = patched(wire.IVTNO, {8: "5CE2C1D4D7D3C55C"})
        server = scripted_server([Expect(request), Send(wire.OUTPUT_MPL0), ExpectNothing()])
        with session_with(server, destination("HWSSMPL0")) as session:
            assert session.perform(CALL).segments == wire.OUTPUT_SEGMENTS
            assert session.reusable

    def test_an_ack_that_sync_level_none_does_not_know_breaks_the_protocol(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Send(wire.OUTPUT_ACK), ExpectNothing()])
        with session_with(server) as session:
            with pytest.raises(TransportError) as caught:
                session.perform(CALL)
            assert caught.value.message is M.BAD_REPLY
            assert not session.reusable
            session.close()

    def test_a_conversational_transaction_is_refused_and_its_session_given_up(self, scripted_server):
        output = patched(wire.OUTPUT_ACK, {wire.OUTPUT_ACK_CSM_FLAGS: "50"})
        with session_with(scripted_server([Expect(wire.IVTNO), Send(output)])) as session:
            with pytest.raises(GatewayError) as caught:
                session.perform(CALL)
            assert caught.value.message is M.CONVERSATIONAL
            assert caught.value.text == "Transaction IVTNO is conversational, which is not supported"
            assert not session.reusable


class TestConfirm:
    @pytest.mark.parametrize("return_code", [4, 8, 12])
    def test_the_deallocate_notice_means_committed_whatever_its_return_code(self, scripted_server, return_code):
        server = scripted_server(
            [
                Expect(CONFIRM_REQUEST),
                Send(wire.OUTPUT_ACK),
                Expect(wire.ACK),
                Send(rsm(return_code, 97)),
                ExpectNothing(),
            ]
        )
        with session_with(server) as session:
            assert session.perform(CONFIRM).segments == (wire.OUTPUT_ACK_SEGMENT,)
            assert session.reusable

    def test_reason_98_after_the_ack_means_backed_out(self, scripted_server):
        server = scripted_server(
            [Expect(CONFIRM_REQUEST), Send(wire.OUTPUT_ACK), Expect(wire.ACK), Send(rsm(4, 98))]
        )
        with session_with(server) as session:
            with pytest.raises(ImsError) as caught:
                session.perform(CONFIRM)
            assert caught.value.message is M.ROLLED_BACK
            assert (caught.value.return_code, caught.value.reason_code) == (4, 98)
            assert session.reusable

    def test_reason_98_in_place_of_output_means_backed_out(self, scripted_server):
        with session_with(scripted_server([Expect(CONFIRM_REQUEST), Send(rsm(4, 98))])) as session:
            with pytest.raises(ImsError) as caught:
                session.perform(CONFIRM)
            assert caught.value.message is M.ROLLED_BACK
            assert session.reusable

    def test_a_timer_value_of_97_is_not_taken_for_the_notice(self, scripted_server):
        server = scripted_server(
            [Expect(CONFIRM_REQUEST), Send(wire.OUTPUT_ACK), Expect(wire.ACK), Send(rsm(40, 97))]
        )
        with session_with(server) as session:
            with pytest.raises(ImsError) as caught:
                session.perform(CONFIRM)
            assert caught.value.message is M.EXECUTION_TIMEOUT
            assert not session.reusable, "the notice may still come"

    def test_output_in_place_of_the_notice_breaks_the_protocol(self, scripted_server):
        server = scripted_server(
            [Expect(CONFIRM_REQUEST), Send(wire.OUTPUT_ACK), Expect(wire.ACK), Send(wire.OUTPUT)]
        )
        with session_with(server) as session:
            with pytest.raises(TransportError) as caught:
                session.perform(CONFIRM)
            assert caught.value.message is M.BAD_REPLY
            assert not session.reusable

    def test_output_that_wants_no_ack_is_given_out_but_ends_the_session(self, scripted_server):
        server = scripted_server([Expect(CONFIRM_REQUEST), Send(wire.OUTPUT), ExpectNothing()])
        with session_with(server) as session:
            assert session.perform(CONFIRM).segments == wire.OUTPUT_SEGMENTS
            assert not session.reusable

    def test_a_notice_in_place_of_output_breaks_the_protocol(self, scripted_server):
        with session_with(scripted_server([Expect(CONFIRM_REQUEST), Send(wire.COMMITTED)])) as session:
            with pytest.raises(TransportError) as caught:
                session.perform(CONFIRM)
            assert caught.value.message is M.BAD_REPLY
            assert not session.reusable

    def test_a_socket_lost_before_the_notice_leaves_the_outcome_unknown(self, scripted_server):
        server = scripted_server([Expect(CONFIRM_REQUEST), Send(wire.OUTPUT_ACK), Expect(wire.ACK), Close()])
        with session_with(server) as session, pytest.raises(TransportError) as caught:
            session.perform(CONFIRM)
        assert caught.value.message is M.CONNECTION_LOST
        assert caught.value.maybe_sent

    def test_an_ack_of_which_nothing_left_does_not_make_the_request_unsent(self):
        stream = CannedStream([wire.OUTPUT_ACK], sends={2: StreamLost("broken pipe", nothing_sent=True)})
        with pytest.raises(TransportError) as caught:
            session_on(stream).perform(CONFIRM)
        assert caught.value.message is M.CONNECTION_LOST
        assert caught.value.maybe_sent


class TestCommitThenSend:
    def test_undeliverable_output_is_purged_and_the_ack_is_not_waited_for(self, scripted_server):
        server = scripted_server(
            [
                Expect(CM0_REQUEST),
                Send(wire.OUTPUT_ACK),
                Expect(CM0_ACK_NOWAIT),
                Expect(CM0_REQUEST),
                Send(wire.OUTPUT_ACK),
                Expect(CM0_ACK_NOWAIT),
                ExpectNothing(),
            ]
        )
        with session_with(server) as session:
            for _ in range(2):
                assert session.perform(CM0).segments == (wire.OUTPUT_ACK_SEGMENT,)
                assert session.reusable

    def test_output_that_is_held_is_the_worked_example_with_two_segments(self, scripted_server):
        call = replace(
            CM0,
            transaction="ORDERTRN",
            segments=wire.TWO_SEGMENTS_DATA,
            undeliverable=Undeliverable.HOLD,
        )
        ack = patched(CM0_ACK_NOWAIT, {F3: "01"})
        server = scripted_server([Expect(wire.TWO_SEGMENTS), Send(wire.OUTPUT_ACK), Expect(ack)])
        with session_with(server) as session:
            assert session.perform(call).segments == (wire.OUTPUT_ACK_SEGMENT,)
            server.wait_played(1)

    def test_rerouted_output_names_its_tpipe_at_level_1(self, scripted_server):
        call = replace(CM0, undeliverable=Undeliverable.REROUTE, reroute_name="LATEOUT")
        with session_with(scripted_server([Expect(wire.WITH_REROUTE_NAME), Send(wire.OUTPUT)])) as session:
            assert session.perform(call).segments == wire.OUTPUT_SEGMENTS

    @pytest.mark.parametrize(
        "csm",
        [
            pytest.param({wire.OUTPUT_ACK_CSM_LEVEL: "01"}, id="level 1"),
            pytest.param({wire.OUTPUT_ACK_CSM_FLAGS: "20"}, id="level not valid"),
        ],
    )
    def test_an_older_imsconnect_answers_the_ack_with_its_timer(self, scripted_server, csm):
        server = scripted_server(
            [
                Expect(CM0_REQUEST),
                Send(patched(wire.OUTPUT_ACK, csm)),
                Expect(CM0_ACK),
                Send(rsm(40, 1)),
                ExpectNothing(),
            ]
        )
        with session_with(server) as session:
            assert session.perform(CM0).segments == (wire.OUTPUT_ACK_SEGMENT,)
            assert session.reusable

    @pytest.mark.parametrize(
        "after_ack",
        [
            pytest.param([Send(wire.OUTPUT_ACK), ExpectNothing()], id="another queued message"),
            pytest.param([Send(rsm(32, 1)), Close()], id="timer that closes"),
            pytest.param([Send(rsm(8, 16)), Close()], id="client not known"),
            pytest.param([Send(rsm(20, 0)), ExpectNothing()], id="a status that is no timer"),
            pytest.param([Send(b"\x00\x00\x00\x01"), ExpectNothing()], id="garbage"),
            pytest.param([Close()], id="close"),
            pytest.param([Reset()], id="reset"),
            pytest.param([ExpectNothing()], id="silence"),
        ],
    )
    def test_the_answer_stands_whatever_becomes_of_the_ack_but_the_session_ends(
        self, scripted_server, monkeypatch, after_ack
    ):
        monkeypatch.setattr(send_receive, "ACK_ANSWER_SECONDS", 0.3)
        server = scripted_server([Expect(CM0_REQUEST), Send(OUTPUT_ACK_LEVEL_1), Expect(CM0_ACK), *after_ack])
        with session_with(server) as session:
            assert session.perform(CM0).segments == (wire.OUTPUT_ACK_SEGMENT,)
            assert not session.reusable

    def test_an_ack_that_cannot_be_sent_ends_the_session_only(self):
        stream = CannedStream([wire.OUTPUT_ACK], sends={2: StreamLost("broken pipe", nothing_sent=True)})
        session = session_on(stream)
        assert session.perform(CM0).segments == (wire.OUTPUT_ACK_SEGMENT,)
        assert not session.reusable

    def test_more_output_that_waits_for_this_client_id_ends_the_session(self, scripted_server):
        output = patched(wire.OUTPUT_ACK, {wire.OUTPUT_ACK_CSM_FLAGS: "B0"})
        server = scripted_server([Expect(CM0_REQUEST), Send(output), Expect(CM0_ACK_NOWAIT)])
        with session_with(server) as session:
            assert session.perform(CM0).segments == (wire.OUTPUT_ACK_SEGMENT,)
            assert not session.reusable

    def test_output_without_the_wish_for_an_ack_gets_none(self, scripted_server):
        server = scripted_server([Expect(CM0_REQUEST), Send(wire.OUTPUT), ExpectNothing()])
        with session_with(server) as session:
            assert session.perform(CM0).segments == wire.OUTPUT_SEGMENTS
            assert session.reusable


class TestSendOnly:
    CALL = replace(CALL, transaction="ORDERTRN", segments=(wire.SEND_ONLY_DATA,), send_only=True)

    def test_nothing_is_read_and_the_next_may_follow_at_once(self, scripted_server):
        server = scripted_server([Expect(wire.SEND_ONLY), Expect(wire.SEND_ONLY), ExpectNothing()])
        with session_with(server) as session:
            for _ in range(2):
                answer = session.perform(self.CALL)
                assert (answer.segments, session.reusable, session.lane) == ((), True, Lane.ONE_WAY)


class TestPing:
    def test_a_ping_signs_nobody_on_and_returns_the_words(self, scripted_server):
        server = scripted_server([Expect(wire.PING), Send(wire.PING_REPLY), ExpectNothing()])
        with session_with(server) as session:
            assert session.ping(30_000) == "HWSC0030I *PING RESPONSE*"
            assert session.reusable

    @pytest.mark.parametrize(
        ("steps", "entry"),
        [
            ([Send(wire.OUTPUT), Stall()], M.BAD_REPLY),
            ([Send(patched(wire.PING_REPLY, {35: "30"})), Stall()], M.BAD_REPLY),
            ([Close()], M.CONNECTION_LOST),
            ([Send(rsm(8, 73)), Close()], M.IMS_CONNECT),
        ],
    )
    def test_any_other_answer_is_none(self, scripted_server, steps, entry):
        with session_with(scripted_server([Expect(wire.PING), *steps])) as session:
            with pytest.raises(GatewayError) as caught:
                session.ping(30_000)
            assert caught.value.message is entry
            assert not session.reusable

    def test_silence_is_a_timeout(self, scripted_server):
        with session_with(scripted_server([Stall()])) as session, pytest.raises(TransportError) as caught:
            session.ping(100)
        assert caught.value.message is M.SOCKET_TIMEOUT
