"""Status messages and failures of the network in the middle of a conversation."""

import socket
from dataclasses import dataclass, replace

import pytest

from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.session import NothingSentError
from gateway.imsconnect.transport import DeadlinePassed, StreamLost
from tests.fixtures.scripted_server import (
    Close,
    Endless,
    Expect,
    ExpectNothing,
    HalfClose,
    Link,
    Reset,
    Send,
    Stall,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.conversing import (
    CALL,
    CM0,
    CONFIRM,
    HURRIED,
    PASSWORD,
    CannedStream,
    destination,
    session_on,
    session_with,
)
from tests.unit.imsconnect.worked_examples import TIMER, patched, rsm

pytestmark = pytest.mark.usefixtures("face")


def said(error: GatewayError) -> str:
    """Everything an error says anywhere, causes included."""
    parts = []
    at: BaseException | None = error
    while at is not None:
        parts.append(f"{at} {at!r}")
        at = at.__cause__
    return " ".join(parts)


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
        session = session_on(stream, Destination("NINECHARS"))
        with pytest.raises(GatewayError) as caught:
            session.perform(CALL)
        assert caught.value.message is M.INTERNAL
        assert stream.sent == []
        assert session.reusable

    def test_a_closed_session_is_not_reusable(self):
        session = session_on(CannedStream([]))
        assert session.reusable
        session.close()
        assert not session.reusable
