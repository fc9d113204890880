"""A one-way message with a receipt (SENDONLYA), byte by byte, and an IMS Connect that lies about it."""

from dataclasses import replace

import pytest

from gateway.errors import ImsError, M, TransportError
from tests.fixtures.scripted_server import Expect, ExpectNothing, Send
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.calling import ANSWERED, CALL, SEND_ONLY, client_of, stats_of

WITH_RECEIPT = replace(SEND_ONLY, receipt=True, execution_timeout_ms=30_000)
IRM_TIMER, IRM_F1, IRM_F4 = 21, 32, 35
_CHANGED = bytearray(wire.SEND_ONLY)
_CHANGED[IRM_TIMER] = 0x45  # 30 s
_CHANGED[IRM_F1] = 0x04  # no text in the receipt
_CHANGED[IRM_F4] = 0xD2  # K in EBCDIC
ASKED = bytes(_CHANGED)
RECEIPT = bytes.fromhex("00000010 000C1000 5CC3E2D4D6D2E85C")
"""*CSMOKY* alone, behind LLLL."""
RECEIPT_THAT_WANTS_AN_ACK = bytes.fromhex("00000010 000C2000 5CC3E2D4D6D2E85C")


def test_it_differs_from_send_only_in_type_timer_and_the_wish_for_no_text(scripted_server):
    with client_of(scripted_server([Expect(ASKED), Send(RECEIPT), ExpectNothing()])) as client:
        assert client.call(WITH_RECEIPT).segments == ()


def test_its_socket_carries_only_send_only_messages_afterwards(scripted_server):
    server = scripted_server(
        [Expect(ASKED), Send(RECEIPT), Expect(wire.SEND_ONLY), ExpectNothing()], [*ANSWERED, ExpectNothing()]
    )
    with client_of(server) as client:
        client.call(WITH_RECEIPT)
        client.call(SEND_ONLY)
        client.call(CALL)
        assert stats_of(client).connects == 2


def test_it_is_not_sent_on_a_socket_where_an_answer_to_a_send_only_message_may_be_on_its_way(scripted_server):
    server = scripted_server(
        [Expect(wire.SEND_ONLY), ExpectNothing()], [Expect(ASKED), Send(RECEIPT), ExpectNothing()]
    )
    with client_of(server) as client:
        client.call(SEND_ONLY)
        client.call(WITH_RECEIPT)
        assert stats_of(client).connects == 2


def test_a_refused_sign_on_shows(scripted_server):
    server = scripted_server([Expect(ASKED), Send(wire.WRONG_PASSWORD)])
    with client_of(server) as client, pytest.raises(ImsError) as caught:
        client.call(WITH_RECEIPT)
    assert caught.value.sign_on_failed


@pytest.mark.parametrize("answer", [RECEIPT + b"\x00", RECEIPT_THAT_WANTS_AN_ACK, b"\x00\x00\x00\x05x"])
def test_a_receipt_that_is_none_breaks_the_protocol(scripted_server, answer):
    with client_of(scripted_server([Expect(ASKED), Send(answer)])) as client:
        with pytest.raises(TransportError) as caught:
            client.call(WITH_RECEIPT)
        assert caught.value.message is M.BAD_REPLY
        assert caught.value.maybe_sent
        assert stats_of(client).open == 0
