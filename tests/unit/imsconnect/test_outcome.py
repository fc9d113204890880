"""What every error says of the request that it ended."""

import pytest

from gateway.dfs import DfsMessage
from gateway.errors import MESSAGES, GatewayError, ImsError, M, TransportError
from gateway.exchange import Secret
from gateway.imsconnect import Credentials, DfsMessageError, Interaction
from gateway.imsconnect.outcome import checked, told_by_dfs
from gateway.imsconnect.refusal import refusal
from gateway.imsconnect.values import Reply
from gateway.imsconnect.wire import Rsm, describe
from gateway.outcome import Outcome
from tests.fixtures.scripted_server import Expect, ExpectNothing, Send
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.connections import CONFIRM, connection_to, request
from tests.unit.imsconnect.worked_examples import F3, TIMER, rsm

WHERE = "ims.example:9999 client id AB3DEFGH"


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Rsm(8, 72), Outcome.NOT_DONE),
        (Rsm(8, 56), Outcome.NOT_DONE),
        (Rsm(8, 78, 8), Outcome.NOT_DONE),
        (Rsm(8, 77), Outcome.UNKNOWN),
        (Rsm(40, 0x45), Outcome.UNKNOWN),
        (Rsm(36, 0), Outcome.UNKNOWN),
        (Rsm(4, 94), Outcome.UNKNOWN),
        (Rsm(4, 95), Outcome.UNKNOWN),
        (Rsm(12, 96), Outcome.UNKNOWN),
        (Rsm(4, 98), Outcome.BACKED_OUT),
        (Rsm(12, 98), Outcome.BACKED_OUT),
        (Rsm(108, 0, xml_adapter=True), Outcome.NOT_DONE),
        (Rsm(208, 0, xml_adapter=True), Outcome.UNKNOWN),
        (Rsm(0xFFFFFFFF, 0xFFFFFFFF), Outcome.UNKNOWN),
    ],
)
def test_a_refusal_of_the_request_says_what_its_codes_say(answer, outcome):
    error = refusal(answer, WHERE, 5000)
    assert error.outcome is outcome
    assert error.meaning == describe(answer)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Rsm(8, 36), Outcome.UNKNOWN),
        (Rsm(8, 72), Outcome.UNKNOWN),
        (Rsm(40, 0x45), Outcome.UNKNOWN),
        (Rsm(4, 97), Outcome.DONE),
        (Rsm(4, 98), Outcome.BACKED_OUT),
    ],
)
def test_a_refusal_of_what_followed_the_request_tells_nothing_but_the_end(answer, outcome):
    assert refusal(answer, WHERE, 5000, of_request=False).outcome is outcome


def test_the_way_there_knows_nothing_once_a_byte_may_have_left():
    assert TransportError(M.CONNECTION_LOST, maybe_sent=False).outcome is Outcome.NOT_SENT
    assert TransportError(M.CONNECTION_LOST).outcome is Outcome.UNKNOWN
    assert TransportError(M.BAD_REPLY).outcome is Outcome.UNKNOWN


def test_an_answer_without_codes_is_unknown_unless_somebody_knows_better():
    assert ImsError(M.IMS_CONNECT, {"meaning": "x"}).outcome is Outcome.UNKNOWN


@pytest.mark.parametrize(
    "entry", [M.INTERACTION, M.REQUEST_SIZE, M.NETWORK_IDENTITY, M.NO_CONVERSATION, M.BUSY, M.UNMAPPABLE]
)
def test_what_was_refused_here_was_not_sent(entry):
    assert GatewayError(entry).outcome is Outcome.NOT_SENT


@pytest.mark.parametrize("entry", [M.CONVERSATIONAL, M.INTERNAL, M.REPLY_NOT_XML, M.NOT_TEXT, M.REPLY_ELEMENT])
def test_what_was_found_behind_the_answer_is_unknown(entry):
    assert GatewayError(entry).outcome is Outcome.UNKNOWN


def test_every_entry_of_the_catalogue_has_one():
    assert {type(entry.outcome) for entry in MESSAGES.values()} == {Outcome}


@pytest.mark.parametrize(
    ("number", "outcome"),
    [
        ("DFS064", Outcome.NOT_DONE),
        ("DFS065", Outcome.NOT_DONE),
        ("DFS1292", Outcome.NOT_DONE),
        ("DFS2469", Outcome.NOT_DONE),
        ("DFS555", Outcome.BACKED_OUT),
        ("DFS2082", Outcome.UNKNOWN),
        ("DFS9999", Outcome.UNKNOWN),
    ],
)
def test_a_message_of_ims_says_it_by_its_number(number, outcome):
    assert told_by_dfs(DfsMessage(number, "", number)) is outcome


def test_an_error_with_a_message_of_ims_knows_what_the_message_says():
    reply = Reply(("DFS555I TRAN IVTNO ABEND S000,U0101".encode("cp037"),))
    with pytest.raises(DfsMessageError) as caught:
        checked(Interaction(), reply)
    assert caught.value.outcome is Outcome.BACKED_OUT


class TestOnAConnection:
    def test_an_ack_that_is_answered_with_a_refusal_leaves_the_outcome_open(self, scripted_server):
        script = [request({TIMER: "28", F3: "01"}), Send(wire.OUTPUT_ACK), Expect(wire.ACK), Send(rsm(8, 72))]
        with connection_to(scripted_server(script)) as connection:
            with pytest.raises(ImsError) as caught:
                connection.run(CONFIRM)
            assert caught.value.outcome is Outcome.UNKNOWN
            assert caught.value.meaning.name == "NFNDDST"

    def test_a_password_that_cannot_be_one_is_not_sent(self, scripted_server):
        with connection_to(scripted_server([ExpectNothing()])) as connection:
            with pytest.raises(ImsError) as caught:
                connection.run(CONFIRM, Credentials("USER1", Secret("MUCHTOOLONG")))
            assert caught.value.outcome is Outcome.NOT_SENT
            assert caught.value.meaning is None
