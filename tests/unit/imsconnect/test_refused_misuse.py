"""What the random sequences of tests/model found in the client, each in short."""

import pytest

from gateway.errors import GatewayError, M
from gateway.imsconnect import (
    CommitMode,
    Connection,
    ConnectionSettings,
    Interaction,
    InteractionVerb,
    transaction_input,
)


@pytest.fixture
def settings(standin):
    return ConnectionSettings.to("127.0.0.1", standin.port, "IMS1")


def test_a_nak_for_nothing_leaves_the_conversation_open(settings):
    with Connection(settings, "CLIENT01") as connection:
        first = Interaction(
            transaction="CONVERSE", segments=transaction_input("CONVERSE", " ONE"), conversational=True
        )
        assert connection.run(first).conversation_open
        with pytest.raises(GatewayError) as raised:
            connection.reject()
        assert raised.value.message is M.INTERACTION
        step = Interaction(segments=("TWO".encode("cp037"),), conversation_id="CLIENT01")
        assert connection.run(step).text() == "SAID 2\nONE\nTWO"


def test_the_receipt_of_a_send_only_tells_that_output_waits(settings, standin):
    standin.queue_output("CLIENT01", b"\xd6\xd5\xc5")
    send = Interaction(
        verb=InteractionVerb.SEND_ACKNOWLEDGED,
        transaction="NOREPLY",
        segments=transaction_input("NOREPLY", ""),
        commit_mode=CommitMode.COMMIT_THEN_SEND,
    )
    with Connection(settings, "CLIENT01") as connection:
        assert connection.run(send).output_queued
    with Connection(settings, "CLIENT02") as connection:
        assert not connection.run(send).output_queued
