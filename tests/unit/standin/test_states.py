"""The state of a connection, row by row: what each state takes, what anything else gets, what a leaver leaves.

Rows of send-receive and conversations; RESUME TPIPE and callouts have theirs beside their other tests.
"""

import pytest

from gateway.standin import RunningStandin
from tests.unit.standin.by_hand import (
    CM0,
    CM1,
    CONFIRM,
    FOREVER,
    NO_WAIT,
    TEN_MS,
    Client,
    ebcdic,
    message,
    refusal,
    reply,
    text,
    until,
)

ADD = "IVTNO     ADD     SMITH     JOHN      8-111-9999D09/R09"
CONFIRMED = {"f2": CM0, "f3": CONFIRM}


def idle(client: Client) -> None:
    client.ask(text("ECHO 1"))


def owes_ack_cm1(client: Client) -> None:
    client.ask(text(ADD, f3=CONFIRM))


def owes_ack_cm0(client: Client) -> None:
    client.ask(text("ECHO 1", **CONFIRMED))


def conversation(client: Client) -> None:
    client.ask(text("CONVERSE ONE"))


def owes_ack_conversation(client: Client) -> None:
    client.ask(text("CONVERSE ONE", f3=CONFIRM))


def of(verb: str, f2: int = CM0) -> bytes:
    """Return a well-formed input of a kind."""
    data = (ebcdic("ECHO 1"),) if verb in " SKJ" else ()
    return message(*data, verb=verb, f2=CM1 if verb == " " else f2, f3=CONFIRM, f5=0x01 if verb == "R" else 0)


SILENT = "S"
"""Kinds of input that are never answered, so a refusal is a bare disconnect."""
REFUSED = [
    *((idle, verb, 16) for verb in "AN"),
    (idle, "D", 36),
    *((owes_ack_cm1, verb, 36) for verb in " SKJRC"),
    *((owes_ack_cm0, verb, 36) for verb in " SKJRCD"),
    *((conversation, verb, 36) for verb in "SKJRCAN"),
    *((owes_ack_conversation, verb, 36) for verb in " SKJRC"),
]


@pytest.mark.parametrize(
    ("state", "verb", "reason"), REFUSED, ids=lambda value: getattr(value, "__name__", str(value))
)
def test_what_a_state_does_not_take_is_refused_and_ends_the_connection(client, standin, state, verb, reason):
    state(client)
    client.send(of(verb))
    assert client.rest() == (b"" if verb in SILENT else refusal(8, reason))
    client.close()
    until(lambda: standin.connections == 0)
    assert "SMITH" not in standin.book.entries
    assert standin.datastore("IMS1").ims.inputs == ()
    assert standin.datastore("IMS1").ims.conversations.all == ()


@pytest.mark.parametrize("answer", ["A", "N", "D"])
def test_an_ack_is_good_once(client, answer):
    owes_ack_cm1(client)
    client.ask(of(answer, CM1))
    assert client.ask(of(answer, CM1)) == refusal(8, 36 if answer == "D" else 16)


class TestBytesAheadOfTime:
    def test_the_next_request_is_read_after_the_reply(self, client, standin):
        client.send(text("SLEEP 30 FIRST") + text("ECHO SECOND"))
        until(lambda: standin.seen)
        assert len(standin.seen) == 1
        assert client.output() == reply("30 FIRST")
        assert client.output() == reply("SECOND")

    def test_an_ack_may_be_there_before_its_output(self, client, standin):
        client.send(text(ADD, f3=CONFIRM) + message(verb="A", f3=CONFIRM))
        assert client.output()[-10] == 0x30
        assert client.output() == refusal(4, 97)
        assert "SMITH" in standin.book.entries

    def test_whatever_else_is_there_before_the_output_is_no_ack(self, client, standin):
        client.send(text(ADD, f3=CONFIRM) + text("ECHO 1"))
        assert client.output()[-10] == 0x30
        assert client.output() == refusal(8, 36)
        client.assert_closed()
        assert "SMITH" not in standin.book.entries

    def test_a_whole_conversation_at_once(self, client):
        ack = message(verb="A", f3=CONFIRM)
        client.send(
            b"".join((text("CONVERSE ONE", f3=CONFIRM), ack, text("TWO", f3=CONFIRM), ack, text("END")))
        )
        assert client.output() == reply("SAID 1", "ONE", flags=0x70)
        assert client.output() == reply("SAID 2", "ONE", "TWO", flags=0x70)
        assert client.output() == reply("SAID 2 IN ALL", "ONE", "TWO")
        client.assert_open()

    def test_what_follows_the_last_message_of_a_transaction_socket_is_not_read(self, client, standin):
        client.send(text("ECHO 1", socket_type=0x00) + text("ECHO 2"))
        assert client.output() == reply("1")
        client.assert_closed()
        assert len(standin.seen) == 1

    def test_more_than_a_message_ahead_is_a_protocol_error(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"max_message_bytes": 1024}))
        client.send(text("SLEEP 20") + text("ECHO 1") * 12)
        assert client.output() == reply("20")
        assert client.rest().endswith(refusal(8, 36))


class TestWhoLeaves:
    """A disconnect in each state."""

    @pytest.fixture(params=["close", "reset"])
    def leave(self, request):
        return lambda client: getattr(client, request.param)()

    def at_work(self, standin: RunningStandin, client: Client, data: bytes) -> None:
        client.send(data)
        until(lambda: standin.datastore("IMS1").ims.inputs)

    def test_while_ims_works_on_commit_mode_0(self, client, standin, leave):
        self.at_work(standin, client, text("SLEEP 30", timer=FOREVER, **CONFIRMED))
        leave(client)
        until(lambda: standin.seen[0].outcome == "client gone, held")
        assert standin.tpipes.depths == {"CLIENT01": 1}

    def test_while_ims_works_on_commit_mode_1(self, client, standin, leave):
        self.at_work(standin, client, text("SLEEP 30", timer=FOREVER))
        leave(client)
        until(lambda: standin.seen[0].outcome == "client gone, lost")

    def test_while_ims_works_on_commit_mode_1_with_confirm(self, client, standin, leave):
        self.at_work(standin, client, text("SLEEP 30", timer=FOREVER, f3=CONFIRM))
        leave(client)
        until(lambda: standin.seen[0].outcome == "client gone, backed out")

    def test_owing_the_ack_of_commit_mode_1(self, client, standin, leave):
        owes_ack_cm1(client)
        leave(client)
        until(lambda: standin.seen[0].outcome == "not delivered, backed out")
        assert "SMITH" not in standin.book.entries

    def test_owing_the_ack_of_commit_mode_0(self, client, standin, leave):
        owes_ack_cm0(client)
        leave(client)
        until(lambda: standin.tpipes.depths == {"CLIENT01": 1})
        assert standin.seen[0].outcome == "not delivered, held"

    def test_having_acknowledged(self, client, standin, leave):
        owes_ack_cm0(client)
        client.send(message(verb="A", timer=FOREVER, **CONFIRMED))
        until(lambda: standin.seen[0].outcome == "acknowledged")
        leave(client)
        until(lambda: standin.connections == 0)
        assert standin.tpipes.depths == {}

    def test_in_a_conversation(self, client, standin, leave):
        conversation(client)
        until(lambda: standin.datastore("IMS1").ims.conversations.all)
        leave(client)
        until(lambda: not standin.datastore("IMS1").ims.conversations.all)

    def test_owing_an_ack_in_a_conversation(self, client, standin, leave):
        owes_ack_conversation(client)
        leave(client)
        until(lambda: standin.seen[0].outcome == "not delivered, backed out")
        assert standin.datastore("IMS1").ims.conversations.all == ()

    def test_while_ims_works_on_a_step(self, standin_factory, connect, leave):
        standin = standin_factory(transactions={"SLEEP": {"conversational": True}})
        client = connect(standin)
        self.at_work(standin, client, text("SLEEP 30", timer=FOREVER, f3=CONFIRM))
        leave(client)
        until(lambda: standin.seen[0].outcome == "client gone, backed out")

    def test_with_half_a_message(self, client, standin, leave):
        client.send(text("ECHO 1")[:50])
        leave(client)
        until(lambda: standin.connections == 0)
        assert standin.seen == ()


def test_after_no_wait_the_next_request_follows_at_once(client):
    owes_ack_cm0(client)
    client.send(message(verb="A", f1=0x02, timer=NO_WAIT, **CONFIRMED) + text("ECHO 2"))
    assert client.output() == reply("2")


def test_an_ack_with_a_timer_is_answered_by_it(client):
    owes_ack_cm0(client)
    assert client.ask(message(verb="A", timer=TEN_MS, **CONFIRMED)) == refusal(40, TEN_MS)
    client.assert_open()
