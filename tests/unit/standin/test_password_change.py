"""HWSPWCH: changing RACF passwords by using client messages."""

from itertools import pairwise
from typing import Final

import pytest

from tests.unit.standin.by_hand import CM0, dumped, ebcdic, message, refusal, reply, segment, text

CHANGED = reply("HWSC0031I PASSWORD CHANGE SUCCESSFUL")
USERS = {
    "ALICE": {"password": "WONDER1", "groups": ["SALES"]},
    "OLD": {"password": "OLD1", "expired": True},
    "GONE": {"password": "GONE1", "revoked": True},
    "TASK": {},
}
INVALID, WRONG = refusal(8, 78, 0x10), refusal(8, 78, 0x08)


@pytest.fixture
def start(standin_factory, connect):
    """Start a stand-in with RACF=Y; what it returns sends a text as a user on a connection of its own."""

    def begin(*, trace=0, write=None, racf=None, **ims_connect):
        port = {"racf": True, **ims_connect}
        standin = standin_factory(ims_connect=port, users=USERS, racf=racf or {}, trace=trace, write=write)

        def say(line, user="ALICE", password="WONDER1", **fields):
            with connect(standin) as client:
                return client.ask(text(line, user=user, password=password, **fields))

        say.standin = standin
        return say

    return begin


def echo(say, user, password):
    return say("ECHO 1", user=user, password=password)


class TestChange:
    def test_the_new_password_works_from_then_on_and_the_old_one_does_not(self, start):
        say = start()
        assert say("HWSPWCH WONDER1/LAND2/LAND2") == CHANGED
        assert echo(say, "ALICE", "LAND2") == reply("1")
        assert echo(say, "ALICE", "WONDER1") == WRONG
        assert say.standin.seen[0].outcome == "password changed"

    def test_it_outlasts_a_restart_of_ims_connect(self, start):
        say = start()
        assert say("HWSPWCH WONDER1/LAND2/LAND2") == CHANGED
        say.standin.restart()
        assert echo(say, "ALICE", "LAND2") == reply("1")

    def test_an_expired_password_can_be_changed(self, start):
        say = start()
        assert echo(say, "OLD", "OLD1") == refusal(8, 78, 0x0C)
        assert say("HWSPWCH OLD1/NEW2/NEW2", user="OLD", password="OLD1") == CHANGED
        assert echo(say, "OLD", "NEW2") == reply("1")

    def test_more_blanks_and_blanks_behind_do_not_matter(self, start):
        assert start()("HWSPWCH    WONDER1/LAND2/LAND2   ") == CHANGED

    def test_the_socket_is_kept(self, start, connect):
        client = connect(start().standin)
        who = {"user": "ALICE", "password": "WONDER1"}
        assert client.ask(text("HWSPWCH WONDER1/LAND2/LAND2", **who)) == CHANGED
        assert client.ask(text("ECHO 1", user="ALICE", password="LAND2")) == reply("1")

    def test_it_may_come_with_commit_mode_0(self, start, connect):
        client = connect(start().standin)
        fields = {"f2": CM0, "f3": 1, "user": "ALICE", "password": "WONDER1"}
        assert client.ask(text("HWSPWCH WONDER1/LAND2/LAND2", **fields)) == CHANGED
        client.assert_open()

    def test_ascii_and_hwssmpl0(self, start, connect):
        client = connect(start().standin)
        fields = {"exit_id": "*SAMPLE*", "code": "ascii", "user": "ALICE", "password": "WONDER1"}
        client.send(message(b"HWSPWCH WONDER1/LAND2/LAND2", socket_type=0, **fields))
        told = segment(b"HWSC0031I PASSWORD CHANGE SUCCESSFUL")
        assert client.rest() == told + b"\x00\x0c\x10\x02*CSMOKY*"

    def test_racfid_may_change_its_own(self, start):
        say = start(racfid="ALICE")
        assert say("HWSPWCH WONDER1/LAND2/LAND2", user="") == CHANGED
        assert echo(say, "ALICE", "LAND2") == reply("1")

    def test_passwords_are_folded_like_others(self, start):
        say = start()
        assert say("HWSPWCH wonder1/land2/LAND2", password="Wonder1") == CHANGED
        assert echo(say, "ALICE", "land2") == reply("1")

    def test_with_mixed_case_they_keep_it(self, start):
        say = start(mixed_case=True)
        assert say("HWSPWCH WONDER1/Land2/land2") == INVALID
        assert say("HWSPWCH WONDER1/Land2/Land2") == CHANGED
        assert echo(say, "ALICE", "LAND2") == WRONG
        assert echo(say, "ALICE", "Land2") == reply("1")


class TestRefusals:
    @pytest.mark.parametrize(
        ("line", "answer"),
        [
            pytest.param("HWSPWCH WONDER1/LAND2/LAND3", INVALID, id="new-passwords-differ"),
            pytest.param("HWSPWCH WONDER1/WONDER1/WONDER1", INVALID, id="same-as-before"),
            pytest.param("HWSPWCH WONDER1/LAND23456/LAND23456", INVALID, id="nine-characters"),
            pytest.param("HWSPWCH WONDER1/LA~D/LA~D", INVALID, id="character-that-racf-has-not"),
            pytest.param("HWSPWCH OTHER1/LAND2/LAND2", WRONG, id="old-is-not-that-of-the-irm"),
            pytest.param("HWSPWCH WONDER1/LAND2", refusal(4, 9), id="two-passwords"),
            pytest.param("HWSPWCH WONDER1/LAND2/LAND2/LAND2", refusal(4, 9), id="four-passwords"),
            pytest.param("HWSPWCH WONDER1//", refusal(4, 9), id="empty-new-ones"),
            pytest.param("HWSPWCH WONDER1/LA ND/LA ND", refusal(4, 9), id="blank-inside"),
            pytest.param("HWSPWCH 'WONDER1' 'LAND2' 'LAND2'", refusal(4, 9), id="phrases"),
            pytest.param("HWSPWCH ", refusal(4, 9), id="nothing"),
        ],
    )
    def test_nothing_is_changed(self, start, connect, line, answer):
        standin = start().standin
        client = connect(standin)
        assert client.ask(text(line, user="ALICE", password="WONDER1")) == answer
        client.assert_closed()
        again = connect(standin)
        assert again.ask(text("ECHO 1", user="ALICE", password="WONDER1")) == reply("1")

    @pytest.mark.parametrize(
        ("user", "password", "answer"),
        [
            pytest.param("ALICE", "", refusal(8, 53), id="no-password"),
            pytest.param("", "WONDER1", refusal(8, 54), id="no-user"),
            pytest.param("", "", refusal(8, 55), id="neither"),
            pytest.param("NOBODY", "X", refusal(8, 78, 0x04), id="not-defined"),
            pytest.param("ALICE", "X", WRONG, id="wrong"),
            pytest.param("TASK", "X", WRONG, id="user-without-password"),
            pytest.param("GONE", "GONE1", refusal(8, 78, 0x1C), id="revoked"),
        ],
    )
    def test_the_sign_on_is_judged_as_ever(self, start, user, password, answer):
        old = password or "WONDER1"
        assert start()(f"HWSPWCH {old}/LAND2/LAND2", user=user, password=password) == answer

    def test_a_wrong_old_password_counts(self, start):
        say = start(max_bad_passwords=2)
        for _ in range(2):
            assert say("HWSPWCH WRONG/LAND2/LAND2", password="WRONG") == WRONG
        assert echo(say, "ALICE", "WONDER1") == refusal(8, 78, 0x1C)

    def test_history(self, start):
        say = start(racf={"password_history": 2})
        passwords = ["WONDER1", "SECOND", "THIRD", "FOURTH"]
        for old, new in pairwise(passwords):
            assert say(f"HWSPWCH {old}/{new}/{new}", password=old) == CHANGED
        assert say("HWSPWCH FOURTH/SECOND/SECOND", password="FOURTH") == INVALID
        assert say("HWSPWCH FOURTH/WONDER1/WONDER1", password="FOURTH") == CHANGED


def test_it_needs_racf(standin_factory, connect):
    client = connect(standin_factory(users=USERS))
    assert client.ask(text("HWSPWCH WONDER1/LAND2/LAND2", user="ALICE", password="WONDER1")) == refusal(8, 71)
    client.assert_closed()


class TestSecrecy:
    SECRETS: Final = ("WONDER1", "LAND2")

    def shown(self, lines, standin):
        seen = [(one, one.segments) for one in standin.seen]
        return "\n".join(lines) + repr(seen) + repr(standin.racf.__dict__)

    @pytest.mark.parametrize(
        "line",
        [
            "HWSPWCH WONDER1/LAND2/LAND2",
            "HWSPWCH WONDER1/LAND2/LAND3",
            "HWSPWCH WONDER1/LAND2",
            "hwspwch WONDER1/LAND2/LAND2",
            " HWSPWCH WONDER1/LAND2/LAND2",
        ],
    )
    @pytest.mark.parametrize("verb", [" ", "K"])
    def test_no_password_is_in_trace_record_or_repr(self, start, line, verb):
        lines: list[str] = []
        say = start(trace=2, write=lines.append)
        say(line, verb=verb, f2=CM0, f3=1)
        shown, bytes_shown = self.shown(lines, say.standin), dumped(lines)
        assert ebcdic("ALICE") in bytes_shown
        for secret in self.SECRETS:
            assert secret not in shown
            assert ebcdic(secret) not in bytes_shown
