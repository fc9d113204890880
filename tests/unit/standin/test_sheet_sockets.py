"""IRM_SOCT in every flow: what ends a connection and what leaves it open, refusal by refusal.

Source: Socket processing for transactions; Persistent sockets; Return and reason codes for IMS Connect exits;
Send-only protocol; Ping support for IMS Connect.
"""

import pytest

from tests.unit.standin.by_hand import (
    CM0,
    CM1,
    CONFIRM,
    NO_WAIT,
    NON_PERSISTENT,
    PERSISTENT,
    TEN_MS,
    TRANSACTION,
    Client,
    csm,
    llll,
    message,
    refusal,
    reply,
    text,
    until,
)
from tests.unit.standin.output_by_hand import AUTO, NOAUTO, ONE, answer, queue, resume

SOCKETS = [
    pytest.param(PERSISTENT, True, id="persistent"),
    pytest.param(TRANSACTION, False, id="transaction"),
    pytest.param(NON_PERSISTENT, False, id="non-persistent"),
]
each_socket = pytest.mark.parametrize(("socket_type", "kept"), SOCKETS)
PONG = reply("HWSC0030I *PING RESPONSE*")
TALK = {"f2": CM1, "f3": CONFIRM}
TIMED = {PERSISTENT: refusal(40, 1), TRANSACTION: refusal(32, 1), NON_PERSISTENT: refusal(32, 1)}


def ends(client: Client, *, kept: bool) -> None:
    if kept:
        client.assert_open()
    else:
        client.assert_closed()


@each_socket
class TestGoodEnds:
    def test_commit_mode_1(self, client, socket_type, kept):
        assert client.ask(text("ECHO 1", socket_type=socket_type)) == reply("1")
        ends(client, kept=kept)

    @pytest.mark.parametrize(("verb", "reason"), [("A", 97), ("N", 98), ("D", 98)])
    def test_commit_mode_1_with_confirm(self, client, socket_type, kept, verb, reason):
        fields = {**TALK, "socket_type": socket_type}
        assert client.ask(text("ECHO 1", **fields)) == reply("1", flags=0x30)
        assert client.ask(message(verb=verb, **fields)) == refusal(4, reason)
        ends(client, kept=kept)

    @pytest.mark.parametrize("verb", ["A", "N"])
    def test_commit_mode_0(self, client, socket_type, kept, verb):
        fields = {"f2": CM0, "f3": CONFIRM, "socket_type": socket_type}
        assert client.ask(text("ECHO 1", **fields)) == reply("1", flags=0x30)
        assert client.ask(message(verb=verb, timer=TEN_MS, **fields)) == TIMED[socket_type]
        ends(client, kept=kept)

    def test_commit_mode_0_without_waiting(self, client, socket_type, kept):
        fields = {"f2": CM0, "f3": CONFIRM, "socket_type": socket_type}
        assert client.ask(text("ECHO 1", **fields)) == reply("1", flags=0x30)
        client.send(message(verb="A", timer=NO_WAIT, f1=0x02, **fields))
        ends(client, kept=kept)

    def test_a_conversation_keeps_any_socket_until_its_end(self, client, socket_type, kept):
        fields = {**TALK, "socket_type": socket_type}
        assert client.ask(text("CONVERSE ONE", **fields)) == reply("SAID 1", "ONE", flags=0x70)
        client.send(message(verb="A", **fields))
        assert client.ask(message(verb="D", **fields)) == refusal(4, 97)
        ends(client, kept=kept)

    def test_a_message_of_ims(self, client, socket_type, kept):
        assert client.ask(text("ABEND", socket_type=socket_type))[-12:] == csm()
        ends(client, kept=kept)

    def test_send_only(self, client, standin, socket_type, kept):
        client.send(text("NOREPLY", verb="S", f2=CM0, socket_type=socket_type))
        until(lambda: standin.seen)
        ends(client, kept=kept)

    def test_send_only_with_acknowledgment(self, client, socket_type, kept):
        assert client.ask(text("NOREPLY", verb="K", f2=CM0, socket_type=socket_type)) == llll(csm())
        ends(client, kept=kept)

    def test_ping(self, client, socket_type, kept):
        assert client.ask(text("PING IMS_CONNECT", socket_type=socket_type)) == PONG
        ends(client, kept=kept)

    @pytest.mark.parametrize("verb", ["A", "N", "D"])
    @pytest.mark.parametrize("option", [ONE, NOAUTO, AUTO])
    def test_resume_tpipe(self, client, standin, socket_type, kept, verb, option):
        queue(standin, "1")
        assert client.ask(resume(option, socket_type=socket_type)) == reply("1", flags=0x30)
        assert client.ask(answer(verb, socket_type=socket_type)) == TIMED[socket_type]
        assert standin.tpipes.depths == ({} if verb == "A" else {"CLIENT01": 1})
        ends(client, kept=kept)

    @pytest.mark.parametrize("verb", ["A", "N"])
    def test_resume_tpipe_without_waiting(self, client, standin, socket_type, kept, verb):
        queue(standin, "1")
        assert client.ask(resume(ONE, socket_type=socket_type)) == reply("1", flags=0x30)
        client.send(answer(verb, timer=NO_WAIT, socket_type=socket_type))
        ends(client, kept=kept)


@pytest.mark.parametrize(
    ("data", "answer_"),
    [
        pytest.param(text("ECHO 1", datastore="NONE"), refusal(8, 72), id="8"),
        pytest.param(text("ECHO 1", client="HWS1"), refusal(4, 9), id="4-client-id"),
        pytest.param(text("ECHO 1", f5=0x80), refusal(4, 9), id="4-otma-headers"),
        pytest.param(message(), refusal(4, 12), id="4-no-data"),
        pytest.param(text("ECHO 1", f3=0x02), refusal(16, 0x17), id="16-syncpt"),
        pytest.param(text("NOSUCH", verb="K", f2=CM0), refusal(16, 0x1A), id="16-rejected"),
        pytest.param(resume(ONE, datastore="NONE"), refusal(4, 72), id="4-resume-tpipe"),
        pytest.param(resume(ONE, f2=CM1), refusal(4, 93), id="4-commit-mode"),
        pytest.param(message(verb="A"), refusal(8, 16), id="8-ack-of-nothing"),
        pytest.param(message(verb="D"), refusal(8, 36), id="8-deallocate-nothing"),
        pytest.param(message(verb="C"), refusal(8, 16), id="8-cancel-nothing"),
    ],
)
def test_a_refusal_ends_even_a_persistent_socket_and_frees_its_client_id(connect, standin, data, answer_):
    client = connect(standin)
    assert client.ask(data) == answer_
    client.assert_closed()
    connect(standin).assert_open()


class TestSeveralOnOneSocket:
    def test_transactions_before_resume_tpipe_but_not_during(self, client, standin):
        queue(standin, "1")
        assert client.ask(text("ECHO 1")) == reply("1", flags=0x90)
        assert client.ask(resume(AUTO)) == reply("1", flags=0x30)
        assert client.ask(text("ECHO 2")) == refusal(8, 36)
        client.assert_closed()
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})

    def test_the_socket_type_of_the_last_message_counts(self, client):
        assert client.ask(text("ECHO 1", **TALK)) == reply("1", flags=0x30)
        assert client.ask(message(verb="A", socket_type=TRANSACTION, **TALK)) == refusal(4, 97)
        client.assert_closed()

    def test_each_message_may_speak_for_another_exit_and_in_another_code(self, client):
        assert client.ask(text("ECHO 1")) == reply("1")
        client.send(message(b"ECHO 2", code="ascii", exit_id="*SAMPLE*"))
        expected = b"\x00\x05\x00\x002" + csm(code="ascii")
        assert client.read(len(expected)) == expected
        client.assert_open()


class TestTakeOver:
    def test_while_output_waits_for_its_ack_it_goes_to_the_new_connection(self, connect, standin):
        old, new = connect(standin), connect(standin)
        queue(standin, "1")
        assert old.ask(resume(AUTO)) == reply("1", flags=0x30)
        assert new.ask(resume(ONE, f3=CONFIRM | 0x80)) == reply("1", flags=0x30)
        assert new.ask(answer()) == refusal(40, 1)
        assert standin.tpipes.depths == {}

    def test_case_counts_in_a_client_id(self, client):
        assert client.ask(text("ECHO 1", client="client01")) == refusal(4, 9)
        client.assert_closed()
