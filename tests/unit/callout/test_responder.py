"""Answers to IMS, heard by the stand-in: responses by their tokens, inputs of transactions."""

from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from gateway.callout import responder as responding
from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.responder import LateError, Responder, Response
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect import Client, Connection, ConnectionSettings, Credentials, Interaction, InteractionVerb
from gateway.imsconnect.values import CalloutRequests
from gateway.outcome import CodeMeaning, Fault, Retry
from tests.fixtures.clock import SetClock

TABLES = {"descriptors": {"OUT": {"tpipe": "HWS2SOAP"}}}


@pytest.fixture
def standin(standin_factory):
    return standin_factory(**TABLES)


@contextmanager
def responder(port, **settings):
    made = ConnectionSettings.to("127.0.0.1", port, "IMS1", **settings)
    with Client(made) as client:
        yield Responder(client, Credentials())


def handed_over(standin):
    """Have a request handed over and acknowledged; returns the ICAL's future and the token."""
    future = standin.ical("OUT", b"request")
    asked = Interaction(
        verb=InteractionVerb.RECEIVE_WAIT,
        alternate_client_id="HWS2SOAP",
        callout_requests=CalloutRequests.SYNCHRONOUS,
    )
    with Connection(ConnectionSettings.to("127.0.0.1", standin.port, "IMS1")) as connection:
        delivery = connection.receive(asked)
        connection.acknowledge()
    return future, delivery.correlation_token


@pytest.mark.parametrize("acknowledge", [False, True])
def test_a_response_finds_its_ical_by_the_token(standin, acknowledge):
    future, token = handed_over(standin)
    with responder(standin.port) as sent:
        sent.respond(Response(token, b"<score/>", acknowledge=acknowledge))
        answer = future.result(30)
    assert (answer.return_code, answer.reason_code, answer.data) == (0, 0, b"<score/>")


def test_two_responses_in_reverse_order_find_the_right_icals(standin):
    (first, one), (second, two) = handed_over(standin), handed_over(standin)
    with responder(standin.port) as sent:
        sent.respond(Response(two, b"to the second"))
        sent.respond(Response(one, b"to the first"))
        assert first.result(30).data == b"to the first"
        assert second.result(30).data == b"to the second"


def test_an_error_response_has_its_number_in_aiberrxt(standin):
    future, token = handed_over(standin)
    with responder(standin.port) as sent:
        sent.respond(Response(token, b"SOAP Gateway Error: 1001: late", reason=1001))
        answer = future.result(30)
    assert (answer.return_code, answer.reason_code, answer.extended_reason) == (0x100, 0x10C, 1001)


def test_a_response_that_nobody_waits_for_is_late_where_ims_is_asked(standin):
    future, token = handed_over(standin)
    with responder(standin.port) as sent:
        sent.respond(Response(token, b"first"))
        future.result(30)
        with pytest.raises(LateError):
            sent.respond(Response(token, b"second", acknowledge=True))
        sent.respond(Response(token, b"third"))


def test_ims_connect_that_is_away_is_1003(standin):
    _, token = handed_over(standin)
    port = standin.port
    standin.stop()
    with responder(port) as sent, pytest.raises(CalloutError) as failed:
        sent.respond(Response(token, b"answer"))
    assert failed.value.status is Status.SENDING


def test_a_response_beyond_the_longest_message_is_told_by_its_size(standin):
    _, token = handed_over(standin)
    with responder(standin.port) as sent, pytest.raises(CalloutError) as failed:
        sent.respond(Response(token, bytes(11_000_000)))
    assert failed.value.status is Status.RESPONSE_SIZE


def test_a_refused_sign_on_is_no_late_answer(standin_factory):
    standin = standin_factory(ims_connect={"racf": True}, users={"GWUSER": {"password": "GWPASS1"}}, **TABLES)
    token = bytes([0, 40]) + bytes(38)
    settings = ConnectionSettings.to("127.0.0.1", standin.port, "IMS1")
    with Client(settings) as client, pytest.raises(CalloutError) as failed:
        Responder(client, Credentials.of("GWUSER", "WRONG1")).respond(Response(token, b"", acknowledge=True))
    assert failed.value.status is Status.SENDING


def test_an_answer_becomes_input_of_its_transaction(standin_factory):
    standin = standin_factory(transactions={"SCORED": {"program": "gateway.standin.builtin:NoReply"}})
    with responder(standin.port) as sent:
        sent.submit("SCORED", b"<score/>", 1208, "")
    (seen,) = [one for one in standin.seen if one.transaction == "SCORED"]
    assert b"".join(seen.segments) == "SCORED  ".encode("cp037") + b"<score/>"


def test_a_long_answer_is_cut_into_segments_between_characters(standin_factory):
    standin = standin_factory(transactions={"SCORED": {"program": "gateway.standin.builtin:NoReply"}})
    data = "ü".encode() * 40_000
    with responder(standin.port) as sent:
        sent.submit("SCORED", data, 1208, "")
    (seen,) = [one for one in standin.seen if one.transaction == "SCORED"]
    assert len(seen.segments) == 3
    assert b"".join(seen.segments)[8:] == data
    assert all(segment[8 * (n == 0) :].decode() for n, segment in enumerate(seen.segments))


def test_an_answer_that_ims_connect_cannot_be_given_may_be_sent_later(standin):
    port = standin.port
    standin.stop()
    with responder(port) as sent, pytest.raises(CalloutError) as failed:
        sent.submit("SCORED", b"<score/>", 1208, "")
    assert (failed.value.hope, failed.value.maybe_done) == (Hope.LATER, False)


def test_an_unknown_transaction_is_final(standin):
    with responder(standin.port) as sent, pytest.raises(CalloutError) as failed:
        sent.submit("NOSUCH", b"<score/>", 1208, "")
    assert failed.value.status is Status.SENDING
    assert not failed.value.maybe_done


# -- tries -----------------------------------------------------------------------------------------------------

TOKEN = bytes([0, 40]) + bytes(38)


@dataclass
class Ways:
    """Fails as often as there are errors; time passes with each try."""

    errors: list[Exception]
    clock: SetClock = field(default_factory=SetClock)
    sent: int = 0

    def run(self, _interaction, _credentials):
        self.sent += 1
        self.clock.move(1)
        if self.errors:
            raise self.errors.pop(0)

    def respond(self, seconds):
        sent = Responder(self, Credentials(), self.clock)
        sent.respond(Response(TOKEN, b"answer", until=self.clock.monotonic() + seconds))


def unreachable():
    return TransportError(M.UNREACHABLE, {"bundle": "ims1"}, maybe_sent=False)


def lost():
    return TransportError(M.CONNECTION_LOST, maybe_sent=True)


def refused(message=M.OTMA, retry=Retry.NO):
    meaning = CodeMeaning("8/40", "not now", "wait", Fault.IMS, retry)
    return ImsError(message, {"meaning": "not now"}, meaning=meaning)


@pytest.fixture
def no_pauses(monkeypatch):
    monkeypatch.setattr(responding, "_PAUSE_SECONDS", 0.0)


@pytest.mark.usefixtures("no_pauses")
class TestTries:
    def test_while_its_program_waits_a_response_is_sent_until_ims_connect_is_back(self):
        ways = Ways([unreachable() for _ in range(5)])
        ways.respond(30)
        assert ways.sent == 6

    def test_behind_its_time_it_is_tried_twice(self):
        ways = Ways([unreachable() for _ in range(5)])
        with pytest.raises(CalloutError) as failed:
            ways.respond(-1)
        assert (failed.value.status, ways.sent) == (Status.SENDING, 2)

    def test_not_longer_than_its_program_waits(self):
        ways = Ways([unreachable() for _ in range(100)])
        with pytest.raises(CalloutError):
            ways.respond(10)
        assert ways.sent == 10

    @pytest.mark.parametrize("retry", [Retry.AGAIN, Retry.ELSEWHERE])
    def test_an_ims_that_is_away_may_come_back(self, retry):
        ways = Ways([refused(M.IMS_CONNECT, retry)])
        ways.respond(30)
        assert ways.sent == 2

    def test_no_passticket_just_now_is_a_reason_to_wait(self):
        ways = Ways([GatewayError(M.BUSY)])
        ways.respond(30)
        assert ways.sent == 2

    @pytest.mark.parametrize(
        "error",
        [
            refused(M.IMS_CONNECT),
            refused(M.IMS_CONNECT, Retry.UNKNOWN),
            TransportError(M.STOPPING, maybe_sent=False),
            GatewayError(M.INTERNAL),
        ],
    )
    def test_what_does_not_pass_is_not_tried_again(self, error):
        ways = Ways([error])
        with pytest.raises(CalloutError):
            ways.respond(30)
        assert ways.sent == 1

    def test_a_refusal_by_otma_is_late(self):
        ways = Ways([refused()])
        with pytest.raises(LateError):
            ways.respond(30)
        assert ways.sent == 1

    def test_behind_one_that_may_have_arrived_a_refusal_by_otma_says_that_it_has(self):
        ways = Ways([lost(), refused()])
        ways.respond(30)
        assert ways.sent == 2

    def test_behind_one_that_may_have_arrived_another_refusal_says_nothing(self):
        ways = Ways([lost(), refused(M.IMS_CONNECT)])
        with pytest.raises(CalloutError) as failed:
            ways.respond(30)
        assert failed.value.status is Status.SENDING
