"""The values of the client: what the short ways to make them make."""

import ssl
from dataclasses import replace

import pytest

from gateway.exchange import CommitMode, Secret
from gateway.imsconnect import (
    CalloutRequests,
    ConnectionSettings,
    Delivery,
    Endpoint,
    HeaderCode,
    Interaction,
    InteractionVerb,
    Reply,
    RequestType,
)
from gateway.imsconnect.interaction_rules import check
from tests.unit.imsconnect.connections import TOKEN

OPEN = Reply(conversation_open=True, conversation_id="CONV0001")
CALLOUT = Delivery(request=b"\xc1\xc2", correlation_token=TOKEN)


class TestInteractions:
    def test_a_command(self):
        made = Interaction.command("/DIS A")
        assert made.segments == (bytes.fromhex("61C4C9E240C1"),)
        assert (made.request_type, made.verb) == (RequestType.COMMAND, InteractionVerb.SEND_RECEIVE)
        assert Interaction.command("/DIS A", code=HeaderCode.ASCII).segments == (b"/DIS A",)
        check(made)

    def test_a_step_goes_on_where_the_reply_left_off(self):
        made = Interaction.step(OPEN, (b"\xc1", b"\xc2"))
        assert (made.conversation_id, made.segments) == ("CONV0001", (b"\xc1", b"\xc2"))
        check(made)

    def test_the_text_of_a_step_is_in_the_code_of_the_reply(self):
        assert Interaction.step(OPEN, "AB").segments == (b"\xc1\xc2",)
        assert Interaction.step(replace(OPEN, code=HeaderCode.ASCII), "AB").segments == (b"AB",)

    def test_an_end_names_the_conversation(self):
        made = Interaction.end(OPEN)
        assert (made.verb, made.conversation_id) == (InteractionVerb.END_CONVERSATION, "CONV0001")
        assert made.mode is CommitMode.SEND_THEN_COMMIT
        check(made)

    @pytest.mark.parametrize("make", [Interaction.end, lambda reply: Interaction.step(reply, "X")])
    def test_a_reply_that_left_no_conversation_open_has_no_next_step(self, make):
        with pytest.raises(ValueError, match="no conversation open"):
            make(Reply())

    def test_a_drain_takes_what_is_queued_and_waits_a_second(self):
        made = Interaction.drain("ORDERS01")
        assert (made.verb, made.alternate_client_id) == (InteractionVerb.RECEIVE_QUEUED, "ORDERS01")
        assert made.execution_timeout_ms == 1000
        assert made.socket_timeout_ms > made.execution_timeout_ms
        check(made)

    def test_a_drain_may_wait_longer_and_take_callouts(self):
        made = Interaction.drain("CALLPIPE", 60, CalloutRequests.BOTH)
        assert (made.execution_timeout_ms, made.callout_requests) == (60_000, CalloutRequests.BOTH)
        assert made.socket_timeout_ms > 60_000
        check(made)

    def test_a_drain_never_waits_for_the_default_of_ims_connect(self):
        assert Interaction.drain("ORDERS01", 0).execution_timeout_ms == 1

    def test_a_response_carries_the_token_of_its_request(self):
        made = Interaction.response(CALLOUT, "AB")
        assert (made.verb, made.correlation_token) == (InteractionVerb.RESPOND_ACKNOWLEDGED, TOKEN)
        assert made.segments == (b"\xc1\xc2",)
        assert Interaction.response(CALLOUT, b"\x01").segments == (b"\x01",)
        assert Interaction.response(replace(CALLOUT, code=HeaderCode.ASCII), "AB").segments == (b"AB",)
        check(made)

    def test_a_response_may_be_an_error(self):
        made = Interaction.response(CALLOUT, reason=77)
        assert (made.segments, made.nak_reason) == ((), 77)
        check(made)

    def test_nobody_answers_asynchronous_output(self):
        with pytest.raises(ValueError, match="nobody waits"):
            Interaction.response(Delivery(segments=(b"\xc1",)), "X")


class TestSettings:
    def test_one_endpoint_and_others_share_what_is_said_of_them(self):
        context = ssl.create_default_context()
        made = ConnectionSettings.to(
            "a", 1, "IMS1", "alice", "secret", group="dev", tls=context, also=[("b", 2), ("c", 3)]
        )
        assert made.endpoints == (
            Endpoint("a", 1, context),
            Endpoint("b", 2, context),
            Endpoint("c", 3, context),
        )
        who = made.credentials
        assert (who.user, who.password, who.group) == ("ALICE", Secret("secret"), "DEV")


class TestTexts:
    def test_a_reply_is_read_in_the_code_it_came_in(self):
        assert Reply((b"\xc1", b"\xc2")).text() == "A\nB"
        assert Reply((b"A", b"B"), code=HeaderCode.ASCII).text(separator="") == "AB"
        assert Reply(("é".encode(),), code=HeaderCode.ASCII).text(1208) == "é"
        with pytest.raises(UnicodeDecodeError):
            Reply(("é".encode(),), code=HeaderCode.ASCII).text()

    def test_a_message_is_its_segments_or_the_data_of_the_ical(self):
        assert Delivery(segments=(b"\xc1", b"\xc2")).text() == "A\nB"
        assert CALLOUT.text() == "AB"
        assert Delivery(segments=(b"A",), code=HeaderCode.ASCII).text() == "A"
