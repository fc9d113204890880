"""Answers to IMS, heard by the stand-in: responses by their tokens, inputs of transactions."""

from contextlib import contextmanager

import pytest

from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.responder import LateError, Responder, Response
from gateway.imsconnect import Client, Connection, ConnectionSettings, Credentials, Interaction, InteractionVerb
from gateway.imsconnect.values import CalloutRequests

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
