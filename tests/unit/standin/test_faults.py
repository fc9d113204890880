"""Misbehaviour on command, as the client meets it."""

import time

import pytest
from pydantic import ValidationError

from gateway.standin import Fault
from gateway.standin.faults import Faults
from tests.unit.standin.by_hand import CONFIRM, llll, message, refusal, reply, rsm, text, until


class TestKinds:
    def test_delay_holds_the_reply_back_and_ims_has_done_its_work(self, client, standin):
        standin.faults.add(kind="delay", seconds=0.2)
        before = time.monotonic()
        assert client.ask(text("ECHO 1")) == reply("1")
        assert time.monotonic() - before >= 0.2
        assert standin.seen[0].outcome == "answered"

    def test_delay_outlasts_the_timer(self, client, standin):
        standin.faults.add(kind="delay", seconds=0.1)
        assert client.ask(text("ECHO 1", timer=0x01)) == reply("1")

    def test_delay_ends_when_the_client_leaves(self, connect, standin):
        standin.faults.add(kind="delay", seconds=3600)
        client = connect(standin)
        client.send(text("ECHO 1"))
        until(lambda: standin.seen)
        client.close()
        until(lambda: standin.connections == 0)

    def test_drop_before_ims_sees_the_input(self, client, standin):
        standin.faults.add(kind="drop")
        client.send(text("IVTNO     DELETE  LAST1"))
        with pytest.raises(ConnectionResetError):
            client.rest()
        assert "LAST1" in standin.book.entries
        until(lambda: standin.seen[0].outcome == "lost: fault")

    def test_drop_instead_of_the_reply(self, client, standin):
        standin.faults.add(kind="drop", on="reply")
        client.send(text("IVTNO     DELETE  LAST1"))
        with pytest.raises(ConnectionResetError):
            client.rest()
        assert "LAST1" not in standin.book.entries

    def test_drop_within_the_reply(self, client, standin):
        standin.faults.add(kind="drop", on="reply", after_bytes=10)
        client.send(text("ECHO HELLO"))
        assert client.rest() == reply("HELLO")[:10]

    def test_drop_on_connect(self, connect, standin):
        standin.faults.add(kind="drop", on="connect")
        with pytest.raises(ConnectionResetError):
            connect(standin).rest()
        connect(standin).assert_open()
        assert [seen.outcome for seen in standin.seen] == ["ping"]

    def test_garble_puts_bytes_over_the_reply(self, client, standin):
        standin.faults.add(kind="garble")
        client.send(text("ECHO HELLO"))
        whole = reply("HELLO")
        assert client.read(len(whole)) == b"\x7f\xff\xff\xff" + whole[4:]

    def test_garble_can_make_the_reply_longer(self, client, standin):
        whole = reply("HELLO")
        standin.faults.add(kind="garble", offset=len(whole), data=whole)
        assert client.ask(text("ECHO HELLO")) == whole
        assert client.output() == whole

    def test_refuse_answers_with_any_rsm(self, client, standin):
        standin.faults.add(kind="refuse")
        assert client.ask(text("ECHO 1")) == refusal(8, 74)
        client.assert_closed()
        assert standin.seen[0].outcome == "refused 8/74"

    def test_refuse_keeps_the_socket_where_the_return_code_does(self, client, standin):
        standin.faults.add(kind="refuse", return_code=40, reason_code=69)
        assert client.ask(text("ECHO 1")) == refusal(40, 69)
        client.assert_open()

    def test_refuse_with_a_racf_code(self, client, standin):
        standin.faults.add(kind="refuse", reason_code=78, racf_code=0x0C)
        assert client.ask(text("ECHO 1")) == llll(rsm(8, 78, 0x0C))

    def test_half_close_ends_one_direction_only(self, client, standin):
        standin.faults.add(kind="half_close")
        client.send(text("ECHO 1"))
        assert client.rest() == b""
        client.send(text("ECHO 2"))
        assert standin.connections == 1
        client.close()
        until(lambda: standin.connections == 0)
        assert len(standin.seen) == 1

    def test_half_close_before_ims_sees_the_input(self, client, standin):
        standin.faults.add(kind="half_close", on="request")
        client.send(text("IVTNO     DELETE  LAST1"))
        assert client.rest() == b""
        assert "LAST1" in standin.book.entries

    def test_an_ack_can_get_lost(self, client, standin):
        standin.faults.add(kind="drop", verb="A")
        client.ask(text("IVTNO     DELETE  LAST1", f3=CONFIRM))
        client.send(message(verb="A", f3=CONFIRM))
        with pytest.raises(ConnectionResetError):
            client.rest()
        until(lambda: standin.seen[0].outcome == "not delivered, backed out")
        assert "LAST1" in standin.book.entries

    def test_an_ack_can_be_refused(self, client, standin):
        standin.faults.add(kind="refuse", verb="A", return_code=12, reason_code=98)
        client.ask(text("ECHO 1", f3=CONFIRM))
        assert client.ask(message(verb="A", f3=CONFIRM)) == refusal(12, 98)
        assert standin.seen[1].outcome == "refused 12/98"


class TestMatching:
    def pick(self, faults: Faults, *inputs: tuple[int, str]) -> list[bool]:
        return [faults.pick("request", number, name, " ") is not None for number, name in inputs]

    def test_by_transaction(self):
        faults = Faults()
        fault = faults.add(kind="drop", transaction="echo", count=0)
        assert self.pick(faults, (1, "ECHO"), (1, "IVTNO"), (2, "ECHO")) == [True, False, True]
        assert faults.struck(fault) == 2

    def test_by_connection(self):
        faults = Faults()
        faults.add(kind="drop", connection=2)
        assert self.pick(faults, (1, "ECHO"), (2, "ECHO"), (2, "ECHO")) == [False, True, False]

    def test_the_nth_and_so_many_from_there(self):
        faults = Faults()
        faults.add(kind="drop", nth=2, count=2)
        assert self.pick(faults, *[(1, "ECHO")] * 5) == [False, True, True, False, False]

    def test_the_first_that_fits_is_taken_and_others_count_on(self):
        faults = Faults()
        first, second = faults.add(kind="drop"), faults.add(kind="refuse", nth=2)
        assert faults.pick("request", 1, "ECHO", " ") is first
        assert faults.pick("request", 1, "ECHO", " ") is second

    @pytest.mark.parametrize(("verb", "expected"), [("blank", True), ("A", False), ("any", True)])
    def test_by_verb(self, verb, expected):
        faults = Faults()
        faults.add(kind="drop", verb=verb)
        assert self.pick(faults, (1, "ECHO")) == [expected]

    def test_clear_ends_all(self):
        faults = Faults()
        faults.add(kind="drop")
        faults.clear()
        assert self.pick(faults, (1, "ECHO")) == [False]


@pytest.mark.parametrize(
    "settings",
    [
        {"kind": "garble", "on": "request"},
        {"kind": "refuse", "on": "reply"},
        {"kind": "half_close", "on": "connect"},
        {"kind": "drop", "on": "connect", "transaction": "ECHO"},
        {"kind": "drop", "on": "connect", "verb": "A"},
        {"kind": "delay", "after_bytes": 3},
        {"kind": "explode"},
        {"kind": "drop", "nth": 0},
    ],
)
def test_a_fault_that_cannot_be_is_refused(settings):
    with pytest.raises(ValidationError):
        Fault(**settings)
