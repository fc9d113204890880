"""Commit mode 1: NONE and CONFIRM, timers, the client that leaves, messages of IMS."""

import pytest

from gateway.standin import RunningStandin
from tests.unit.standin.by_hand import (
    CONFIRM,
    FOREVER,
    NO_WAIT,
    PERSISTENT,
    SYNCPT,
    TEN_MS,
    TRANSACTION,
    message,
    refusal,
    reply,
    text,
    until,
)

ADD = "IVTNO     ADD     SMITH     JOHN      8-111-9999D09/R09"
SHOW = "IVTNO     DISPLAY SMITH"
NOT_FOUND = reply(f"{'SPECIFIED PERSON WAS NOT FOUND':<40}DISPLAY SMITH{' ' * 32}0001")


def known(standin: RunningStandin) -> bool:
    return "SMITH" in standin.book.entries


class TestConfirm:
    def test_ack_commits(self, client, standin):
        client.ask(text(ADD, f3=CONFIRM))
        assert client.ask(message(verb="A", f3=CONFIRM)) == refusal(4, 97)
        assert known(standin)
        assert [seen.outcome for seen in standin.seen] == ["committed", "taken"]

    def test_nak_backs_out(self, client, standin):
        client.ask(text(ADD, f3=CONFIRM))
        assert client.ask(message(verb="N", f3=CONFIRM)) == refusal(4, 98)
        assert not known(standin)
        assert standin.seen[0].outcome == "backed out"
        assert client.ask(text(SHOW)) == NOT_FOUND

    @pytest.mark.parametrize("leave", ["close", "reset"])
    def test_a_client_that_leaves_without_ack_has_said_no(self, connect, standin, leave):
        client = connect(standin)
        client.ask(text(ADD, f3=CONFIRM))
        getattr(client, leave)()
        until(lambda: standin.seen[0].outcome == "not delivered, backed out")
        assert not known(standin)

    def test_nobody_sees_a_change_before_its_commit(self, connect, standin):
        writer, reader = connect(standin), connect(standin)
        writer.ask(text(ADD, f3=CONFIRM))
        reader.send(text(SHOW, client="READER"))
        until(lambda: len(standin.seen) == 2)
        assert standin.seen[1].outcome == "in work"
        writer.ask(message(verb="N", f3=CONFIRM))
        assert reader.output() == NOT_FOUND

    def test_otma_gives_up_waiting_for_the_ack(self, standin_factory, connect):
        standin = standin_factory(ims_connect={"ackto_seconds": 0.05})
        client = connect(standin)
        client.ask(text(ADD, f3=CONFIRM))
        until(lambda: standin.seen[0].outcome == "no ACK in time, backed out")
        assert not known(standin)
        assert client.ask(message(verb="A", f3=CONFIRM)) == refusal(16, 0x2B)
        client.assert_closed()

    def test_the_return_code_beside_97_is_configurable(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"deallocate_return_code": 12}))
        client.ask(text("ECHO 1", f3=CONFIRM))
        assert client.ask(message(verb="A", f3=CONFIRM)) == refusal(12, 97)

    def test_stopping_ims_connect_backs_out_what_was_not_acknowledged(self, connect, standin):
        client = connect(standin)
        client.ask(text(ADD, f3=CONFIRM))
        standin.restart()
        assert not known(standin)
        assert connect(standin).ask(text(SHOW)) == NOT_FOUND

    def test_syncpt_is_refused(self, client):
        assert client.ask(text("ECHO 1", f3=SYNCPT)) == refusal(16, 0x17)
        client.assert_closed()


class TestNone:
    def test_the_change_stays_when_the_reply_is_lost(self, standin_factory, connect):
        standin = standin_factory(faults=[{"kind": "drop", "on": "reply"}])
        with pytest.raises(ConnectionResetError):
            connect(standin).ask(text(ADD))
        assert known(standin)
        until(lambda: standin.seen[0].outcome == "not delivered, lost")

    def test_the_output_of_a_client_that_left_is_lost(self, connect, standin):
        client = connect(standin)
        client.send(text("SLEEP 50"))
        until(lambda: standin.seen)
        client.close()
        until(lambda: standin.seen[0].outcome == "client gone, lost")
        assert standin.tpipes.depths == {}


class TestTimers:
    @pytest.mark.parametrize(
        ("socket_type", "code"), [(PERSISTENT, 40), (TRANSACTION, 32)], ids=["persistent", "transaction"]
    )
    def test_the_timer_ends_the_wait_and_names_its_value(self, connect, standin, socket_type, code):
        client = connect(standin)
        assert client.ask(text("SLEEP 60000", timer=TEN_MS, socket_type=socket_type)) == refusal(code, TEN_MS)
        if code == 40:
            client.assert_open()
        else:
            client.assert_closed()

    @pytest.mark.parametrize("timer", [0x00, 0x9F, 0xFE], ids=["default", "undefined", "undefined-high"])
    def test_the_default_timer_closes_every_kind_of_socket(self, standin_factory, connect, timer):
        client = connect(standin_factory(ims_connect={"timeout_seconds": 0.05}))
        assert client.ask(text("SLEEP 60000", timer=timer)) == refusal(36, 5)
        client.assert_closed()

    def test_without_a_default_timer_ims_may_take_its_time(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"timeout_seconds": 0}))
        assert client.ask(text("SLEEP 20", timer=0)) == reply("20")

    def test_no_wait_waits_all_the_same(self, client):
        assert client.ask(text("SLEEP 20", timer=NO_WAIT)) == reply("20")

    def test_for_ever_waits(self, client):
        assert client.ask(text("SLEEP 20", timer=FOREVER)) == reply("20")

    def test_confirm_is_backed_out_after_the_timer(self, connect, standin):
        writer, other = connect(standin), connect(standin)
        writer.ask(text(ADD, f3=CONFIRM))
        late = text("IVTNO     DELETE  SMITH", f3=CONFIRM, timer=TEN_MS, client="LATE")
        assert other.ask(late) == refusal(40, TEN_MS)
        writer.ask(message(verb="A", f3=CONFIRM))
        until(lambda: standin.seen[1].outcome == "timed out, backed out")
        assert known(standin)

    def test_the_late_output_goes_to_nobody(self, client, standin):
        assert client.ask(text("SLEEP 30 FIRST", timer=TEN_MS)) == refusal(40, TEN_MS)
        assert client.ask(text("SLEEP 60 SECOND")) == reply("60 SECOND")
        assert [seen.outcome for seen in standin.seen] == ["timed out, lost", "answered"]
        assert standin.tpipes.depths == {}


class TestMessagesOfIms:
    def test_an_unknown_transaction_gets_dfs064(self, client, standin):
        expected = "DFS064 DESTINATION CAN NOT BE FOUND OR CREATED, DEST=NOSUCH"
        assert client.ask(text("NOSUCH HELLO")) == reply(expected)
        client.assert_open()
        assert standin.seen[0].outcome == "DFS064"

    def test_a_stopped_transaction_gets_dfs065(self, standin_factory, connect):
        client = connect(standin_factory(transactions={"ECHO": {"stopped": True}}))
        assert client.ask(text("ECHO 1")) == reply("DFS065 TRAN/LTERM STOPPED")

    @pytest.mark.parametrize("f3", [0, CONFIRM], ids=["none", "confirm"])
    def test_an_abend_gets_dfs555i_and_wants_no_ack(self, client, f3):
        expected = "DFS555I TRAN ABEND    ABEND S000,U0101 ; MSG IN PROCESS: ABEND"
        assert client.ask(text("ABEND", f3=f3)) == reply(expected)
        client.assert_open()

    def test_a_program_without_reply_gets_dfs2082_sent(self, client):
        expected = reply("DFS2082 RESPONSE MODE TRANSACTION TERMINATED WITHOUT REPLY")
        assert client.ask(text("NOREPLY")) == expected

    def test_mod_name_of_a_message_of_ims(self, client):
        answer = client.ask(text("NOSUCH", f1=0x80))
        assert "DFSMO1".encode("cp037") in answer
