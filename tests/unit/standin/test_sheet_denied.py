"""Who may not: what OTMA's refusals look like to each kind of message.

Source: IMS Connect recorder trace for TM error scenarios (DFS1292E as data); Send-only protocol; Send-only with
error protocol (errors of IMS are told to neither); ICO0002E (reasons beside sense code X'33').
"""

import pytest

from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    SYNCPT,
    csm,
    ebcdic,
    llll,
    message,
    named,
    refusal,
    reply,
    segment,
    text,
    until,
)
from tests.unit.standin.output_by_hand import ONE, resume

VIOLATION = "DFS1292E SECURITY VIOLATION"
USERS: dict[str, dict[str, str]] = {"ALICE": {}, "BOB": {}}


@pytest.fixture
def guarded(standin_factory):
    """ECHO and CONVERSE are for ALICE alone."""
    only = {"permit": ["ALICE"]}
    return standin_factory(
        ims_connect={"otma_security": "check"}, users=USERS, transactions={"ECHO": only, "CONVERSE": only}
    )


@pytest.fixture
def bob(guarded, connect):
    return connect(guarded)


class TestSendReceive:
    def test_commit_mode_1_reads_it_as_data_and_keeps_the_socket(self, bob):
        assert bob.ask(text("ECHO 1", user="BOB")) == reply(VIOLATION)
        bob.assert_open()

    def test_with_confirm_there_is_nothing_to_acknowledge(self, bob):
        assert bob.ask(text("ECHO 1", user="BOB", f3=CONFIRM)) == reply(VIOLATION)
        assert bob.ask(text("ECHO 1", user="ALICE")) == reply("1")

    def test_commit_mode_0_acknowledges_it(self, bob, guarded):
        assert bob.ask(text("ECHO 1", user="BOB", f2=CM0, f3=CONFIRM)) == reply(VIOLATION, flags=0x30)
        ack = message(verb="A", f2=CM0, f3=CONFIRM, timer=0x01)
        assert bob.ask(ack) == refusal(40, 1)
        assert guarded.tpipes.depths == {}

    def test_with_mod_name_and_client_id(self, bob):
        named_ = named("*REQMOD*", "DFSMO1"), named("*GENCID*", "CLIENT01")
        expected = llll(*named_, segment(ebcdic(VIOLATION)), csm())
        assert bob.ask(text("ECHO 1", user="BOB", f1=0xC0)) == expected

    def test_in_ascii_without_llll(self, bob):
        data = message(b"ECHO 1", code="ascii", exit_id="*SAMPLE*", user="BOB")
        expected = segment(VIOLATION.encode()) + csm(code="ascii")
        bob.send(data)
        assert bob.read(len(expected)) == expected

    def test_a_conversation_does_not_begin(self, bob, guarded):
        assert bob.ask(text("CONVERSE ONE", user="BOB")) == reply(VIOLATION)
        assert guarded.datastore("IMS1").ims.conversations.all == ()
        assert bob.ask(text("CONVERSE ONE", user="ALICE")) == reply("SAID 1", "ONE", flags=0x50)

    def test_a_right_that_is_lost_meanwhile_ends_the_conversation(self, bob, guarded):
        bob.ask(text("CONVERSE ONE", user="ALICE"))
        guarded.racf.forbid("TIMS", "CONVERSE", "ALICE")
        assert bob.ask(text("TWO", user="ALICE")) == reply(VIOLATION)
        assert guarded.datastore("IMS1").ims.conversations.all == ()

    def test_it_may_be_the_nak_instead(self, standin_factory, connect):
        standin = standin_factory(
            ims_connect={"otma_security": "check"},
            otma={"denied": "nak"},
            users=USERS,
            transactions={"ECHO": {"permit": ["ALICE"]}},
        )
        client = connect(standin)
        assert client.ask(text("ECHO 1", user="BOB")) == refusal(16, 0x1A)
        client.assert_closed()
        assert standin.seen[0].outcome == "refused 16/26"


class TestSendOnly:
    @pytest.mark.parametrize("verb", ["S", "J"])
    def test_the_message_of_ims_waits_on_the_hold_queue(self, bob, guarded, verb):
        bob.send(text("ECHO 1", verb=verb, f2=CM0, user="BOB"))
        until(lambda: guarded.tpipes.depths == {"CLIENT01": 1})
        assert guarded.tpipes.held("CLIENT01")[0].segments == (ebcdic(VIOLATION),)
        assert bob.ask(text("ECHO 2", user="ALICE")) == reply("2", flags=0x90)

    def test_who_wants_a_receipt_gets_the_nak(self, bob, guarded):
        assert bob.ask(text("ECHO 1", verb="K", f2=CM0, user="BOB")) == refusal(16, 0x1A)
        bob.assert_closed()
        assert guarded.tpipes.depths == {}

    @pytest.mark.parametrize("verb", ["S", "J"])
    @pytest.mark.parametrize("fields", [{"f3": SYNCPT}, {"line": "CONVERSE ONE"}])
    def test_what_otma_refuses_is_not_told_and_the_next_may_follow(self, client, standin, verb, fields):
        fields = {"line": "NOREPLY", **fields}
        client.send(text(fields.pop("line"), verb=verb, f2=CM0, **fields))
        assert client.ask(text("ECHO 1")) == reply("1")
        assert standin.seen[0].outcome.startswith("refused 16/")
        assert standin.tpipes.depths == {}


class TestResumeTpipe:
    @pytest.mark.parametrize(
        ("user", "tpipe", "reason"),
        [("BOB", "OUT1", 8), ("NOBODY", "OUT1", 7), ("", "OUT1", 2), ("ALICE", "GHOST", 9)],
        ids=["not-authorized", "not-defined", "no-user", "no-such-tpipe"],
    )
    def test_the_reason_tells_what_was_wrong(self, standin_factory, connect, user, tpipe, reason):
        only = {"permit": ["ALICE"]}
        standin = standin_factory(
            ims_connect={"otma_security": "check"},
            users=USERS,
            tpipes={"OUT1": only, "GHOST": {**only, "exists": False}},
        )
        client = connect(standin)
        assert client.ask(resume(ONE, arch=1, reroute=tpipe, user=user)) == refusal(16, 0x33, reason)
        client.assert_closed()
