"""One conversation on one stream, against scripts written byte for byte."""

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.exchange import Caller, CommitMode, ImsCall, Secret, SyncLevel, Undeliverable
from gateway.imsconnect import session as session_module
from gateway.imsconnect.request import Destination
from gateway.imsconnect.session import Lane, NothingSentError, Session
from gateway.imsconnect.transport import DeadlinePassed, Endpoint, Stream, StreamLost, connect
from gateway.imsconnect.wire import Exit
from tests.fixtures.scripted_server import (
    Close,
    Endless,
    Expect,
    ExpectNothing,
    HalfClose,
    Link,
    Reset,
    ScriptedServer,
    Send,
    Stall,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.worked_examples import F1, F2, F3, TIMER, patched, rsm

PASSWORD = "PASSW0RD"

CALL = ImsCall(
    "IVTNO",
    (wire.IVTNO_DATA,),
    Caller("USER1", Secret(PASSWORD), "", "bundle"),
    execution_timeout_ms=30_000,
    socket_timeout_ms=20_000,
)
CONFIRM = replace(CALL, sync_level=SyncLevel.CONFIRM, execution_timeout_ms=1000)
CONFIRM_REQUEST = patched(wire.IVTNO, {TIMER: "28", F3: "01"})
CM0 = replace(CALL, commit_mode=CommitMode.COMMIT_THEN_SEND)
CM0_REQUEST = patched(wire.IVTNO, {F2: "40", F3: "05"})
CM0_ACK = patched(wire.ACK, {TIMER: "01", F2: "40", F3: "05"})
CM0_ACK_NOWAIT = patched(wire.ACK, {TIMER: "E9", F1: "02", F2: "40", F3: "05"})
OUTPUT_ACK_LEVEL_1 = patched(wire.OUTPUT_ACK, {wire.OUTPUT_ACK_CSM_LEVEL: "01"})
HURRIED = replace(CALL, socket_timeout_ms=150)


def destination(exit_name: str = "HWSSMPL1", max_message: int = 10_000_000) -> Destination:
    return Destination("ims1", Exit[exit_name], "IMS1", max_message)


def session_on(stream: Stream, there: Destination | None = None) -> Session:
    return Session(stream, "CLIENT01", there or destination(), "ims.example:9999", SYSTEM_CLOCK)


@contextmanager
def session_with(server: ScriptedServer, there: Destination | None = None) -> Iterator[Session]:
    endpoint = Endpoint(server.host, server.port)
    session = session_on(connect(endpoint, SYSTEM_CLOCK.monotonic() + 20, SYSTEM_CLOCK), there)
    try:
        yield session
    finally:
        session.close()


@dataclass
class CannedStream:
    """Gives the replies in turn; an exception among them is raised, as it is for the n-th `sends`."""

    replies: list[bytes | BaseException]
    sends: dict[int, BaseException] = field(default_factory=dict)
    sent: list[bytes] = field(default_factory=list)
    deadlines: list[float] = field(default_factory=list)

    def send_all(self, data: bytes, deadline: float) -> None:
        self.deadlines.append(deadline)
        self.sent.append(data)
        if len(self.sent) in self.sends:
            raise self.sends[len(self.sent)]

    def receive(self, deadline: float) -> bytes:
        self.deadlines.append(deadline)
        reply = self.replies.pop(0)
        if isinstance(reply, BaseException):
            raise reply
        return reply

    def is_quiet(self) -> bool:
        return True

    def close(self) -> None:
        pass

    def abort(self) -> None:
        pass


def said(error: GatewayError) -> str:
    """Everything an error says anywhere, causes included."""
    parts = []
    at: BaseException | None = error
    while at is not None:
        parts.append(f"{at} {at!r}")
        at = at.__cause__
    return " ".join(parts)


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
        monkeypatch.setattr(session_module, "ACK_ANSWER_SECONDS", 0.3)
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


class TestStatusMessages:
    @pytest.mark.parametrize(
        ("message", "entry", "says"),
        [
            (wire.NO_DATASTORE, M.IMS_CONNECT, "datastore not found"),
            (rsm(8, 56), M.IMS_CONNECT, "duplicate client id"),
            (rsm(4, 6), M.IMS_CONNECT, "IRM_LEN is not valid"),
            (rsm(16, 0x1A, racf=7), M.OTMA, "X'001A'"),
            (rsm(8, 8, identifier=wire.XML_ADAPTER_STATUS), M.XML_ADAPTER, "function code"),
            (rsm(40, 0x45, identifier=wire.XML_ADAPTER_STATUS), M.XML_ADAPTER, "unknown status"),
            (rsm(12, 4711), M.IMS_CONNECT, "unknown reason code 4711"),
        ],
    )
    def test_a_refusal_is_told_in_words_and_ends_the_session(self, scripted_server, message, entry, says):
        with session_with(scripted_server([Expect(wire.IVTNO), Send(message)])) as session:
            with pytest.raises(ImsError) as caught:
                session.perform(CALL)
            assert caught.value.message is entry
            assert says in caught.value.text
            assert not caught.value.sign_on_failed
            assert not session.reusable

    def test_a_sign_on_that_racf_refuses_is_marked_and_says_no_more(self, scripted_server):
        with session_with(scripted_server([Expect(wire.IVTNO), Send(wire.WRONG_PASSWORD)])) as session:
            with pytest.raises(ImsError) as caught:
                session.perform(CALL)
            error = caught.value
            assert error.sign_on_failed
            assert (error.return_code, error.reason_code, error.racf_code) == (8, 78, 8)
            assert error.text == "IMS Connect refused the request: the sign-on was not accepted"
            assert "SECFAIL" in error.private
            assert not session.reusable

    @pytest.mark.parametrize(
        ("message", "call", "kept"),
        [
            pytest.param(wire.TIMER_EXPIRED, CALL, True, id="commit mode 1, 40, our timer"),
            pytest.param(rsm(40, 0x44), CALL, False, id="commit mode 1, 40, a timer not ours"),
            pytest.param(rsm(32, 0x45), CALL, False, id="commit mode 1, 32"),
            pytest.param(rsm(36, 0x45), CALL, False, id="commit mode 1, 36"),
            pytest.param(wire.TIMER_EXPIRED, CM0, False, id="commit mode 0, 40"),
        ],
    )
    def test_an_execution_timeout_keeps_the_session_only_where_nothing_late_can_come(
        self, scripted_server, message, call, kept
    ):
        server = scripted_server([Expect(lambda got: got[TIMER] == 0x45), Send(message), ExpectNothing()])
        with session_with(server) as session:
            with pytest.raises(ImsError) as caught:
                session.perform(call)
            assert caught.value.message is M.EXECUTION_TIMEOUT
            assert session.reusable is kept


class TestFailuresOfTheNetwork:
    @pytest.mark.parametrize(
        ("steps", "entry"),
        [
            pytest.param([Stall()], M.SOCKET_TIMEOUT, id="silence"),
            pytest.param([Send(wire.OUTPUT[:40]), Stall()], M.SOCKET_TIMEOUT, id="silence in the middle"),
            pytest.param([Close()], M.CONNECTION_LOST, id="close"),
            pytest.param([HalfClose(), Stall()], M.CONNECTION_LOST, id="half-close"),
            pytest.param([Send(wire.OUTPUT[:40]), Close()], M.CONNECTION_LOST, id="close in the middle"),
            pytest.param([Reset()], M.CONNECTION_LOST, id="reset"),
            pytest.param([Send(b"HTTP/1.1 400 Bad Request\r\n\r\n"), Stall()], M.BAD_REPLY, id="not IMS"),
            pytest.param([Send(b"\x00\x00\x00\x03"), Stall()], M.BAD_REPLY, id="LLLL too short"),
            pytest.param([Send(b"\x7f\xff\xff\xff"), Stall()], M.BAD_REPLY, id="LLLL beyond the limit"),
            pytest.param([Endless(b"\x00\x00\x00\x00")], M.BAD_REPLY, id="endless zeros"),
            pytest.param(
                [Send(patched(wire.OUTPUT, {4: "0000"})), Stall()], M.BAD_REPLY, id="a segment without length"
            ),
            pytest.param(
                [Send(patched(wire.OUTPUT, {4: "7FFF"})), Stall()], M.BAD_REPLY, id="a segment too long"
            ),
            pytest.param(
                [Send(patched(wire.OUTPUT, {65: "C1C1C1C1"})), Stall()], M.BAD_REPLY, id="no status message"
            ),
            pytest.param([Send(wire.OUTPUT + wire.OUTPUT), Stall()], M.BAD_REPLY, id="two replies"),
            pytest.param([Send(wire.OUTPUT + b"\x00"), Stall()], M.BAD_REPLY, id="a byte too many"),
        ],
    )
    def test_each_is_its_own_error_with_the_outcome_unknown_and_ends_the_session(
        self, scripted_server, steps, entry
    ):
        there = destination(max_message=4096)
        call = HURRIED if entry is M.SOCKET_TIMEOUT else CALL
        with session_with(scripted_server([Expect(wire.IVTNO), *steps]), there) as session:
            with pytest.raises(TransportError) as caught:
                session.perform(call)
            assert caught.value.message is entry
            assert caught.value.maybe_sent
            assert not session.reusable
        assert "ims.example:9999 client id CLIENT01: " in caught.value.private

    def test_hwssmpl0_output_without_end_is_bounded(self, scripted_server):
        request = patched(wire.IVTNO, {8: "5CE2C1D4D7D3C55C"})
        server = scripted_server([Expect(request), Endless(bytes.fromhex("00080000C1C1C1C1"))])
        with session_with(server, destination("HWSSMPL0", 4096)) as session:
            with pytest.raises(TransportError) as caught:
                session.perform(CALL)
            assert caught.value.message is M.BAD_REPLY

    def test_no_error_tells_payload_or_credentials(self, scripted_server):
        output = patched(wire.OUTPUT, {65: "C1C1C1C1"})
        server = scripted_server([Expect(wire.IVTNO), Send(output)])
        with session_with(server) as session, pytest.raises(TransportError) as caught:
            session.perform(CALL)
        words = said(caught.value)
        for secret in (PASSWORD, "USER1", "LAST1", "DISPLAY", "ENTRY", "D3C1E2E3F1", "\\xd3\\xc1"):
            assert secret not in words

    def test_a_request_of_which_nothing_left_may_be_made_again_elsewhere(self):
        session = session_on(CannedStream([], sends={1: StreamLost("reset", nothing_sent=True)}))
        with pytest.raises(NothingSentError):
            session.perform(CALL)
        assert not session.reusable

    def test_a_request_that_left_in_part_is_lost(self):
        session = session_on(
            CannedStream([StreamLost("reset")], sends={1: StreamLost("reset", nothing_sent=False)})
        )
        with pytest.raises(TransportError) as caught:
            session.perform(CALL)
        assert caught.value.message is M.CONNECTION_LOST
        assert caught.value.maybe_sent

    def test_a_request_that_cannot_be_sent_in_time_is_a_timeout(self):
        session = session_on(CannedStream([], sends={1: DeadlinePassed("not sent in time")}))
        with pytest.raises(TransportError) as caught:
            session.perform(CALL)
        assert caught.value.message is M.SOCKET_TIMEOUT

    def test_what_imsconnect_says_before_it_closes_on_a_long_message_is_heard(self, scripted_server):
        @dataclass(frozen=True)
        class ReadALittle:
            def play(self, link: Link) -> None:
                link.sock.recv(4, socket.MSG_WAITALL)

        long = replace(CALL, segments=(bytes(32_000),) * 300)
        with session_with(scripted_server([ReadALittle(), Send(rsm(4, 7)), Close()])) as session:
            with pytest.raises(ImsError) as caught:
                session.perform(long)
            assert (caught.value.return_code, caught.value.reason_code) == (4, 7)
            assert not session.reusable

    def test_the_whole_conversation_has_one_deadline(self):
        stream = CannedStream([wire.OUTPUT_ACK[:20], wire.OUTPUT_ACK[20:], wire.COMMITTED])
        session_on(stream).perform(CONFIRM)
        assert len(stream.deadlines) == 5
        assert len(set(stream.deadlines)) == 1

    @pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, MemoryError])
    def test_whatever_interrupts_a_conversation_ends_the_session(self, interrupt):
        session = session_on(CannedStream([interrupt()]))
        with pytest.raises(interrupt):
            session.perform(CALL)
        assert not session.reusable

    def test_a_message_that_cannot_be_written_is_our_own_error_and_costs_nothing(self):
        stream = CannedStream([])
        session = session_on(stream)
        with pytest.raises(GatewayError) as caught:
            session.perform(replace(CALL, segments=(bytes(40_000),)))
        assert caught.value.message is M.INTERNAL
        assert stream.sent == []
        assert session.reusable

    def test_a_closed_session_is_not_reusable(self):
        session = session_on(CannedStream([]))
        assert session.reusable
        session.close()
        assert not session.reusable


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
