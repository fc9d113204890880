"""PassTickets at the stand-in: which sign on, and what is said to the others.

The tickets were made by openssl (tests/unit/identity/by_openssl.py) or published; the property at the end holds
the gateway's generator against the stand-in's evaluation, which go opposite ways.
"""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.exchange import Secret
from gateway.identity import passticket as generator
from gateway.standin import RunningStandin
from gateway.standin.config import PassTicketProfile
from gateway.standin.passticket import PassTickets
from tests.fixtures.clock import SetClock
from tests.fixtures.standin import standin_config
from tests.unit.identity import by_openssl
from tests.unit.standin.by_hand import Client, dumped, ebcdic, message, refusal, reply, text

KEY = "0123456789ABCDEF"
HMAC_KEY = bytes(range(32)).hex()
USERS = {
    "IBMUSER": {"password": "SYS1"},
    "TASK": {},
    "OLD": {"password": "OLD1", "expired": True},
    "GONE": {"password": "GONE1", "revoked": True},
}
SECOND = 1_700_000_000
TICKET = "KKFS6HOG"
"""IBMUSER, IMSAPPL, KEY, SECOND."""
WHO = reply("USER=IBMUSER GROUP= LTERM= CLIENTID=CLIENT01 TRANSACTION=WHOAMI DATASTORE=IMS1 NETUID= NETSID=")
WRONG = refusal(8, 78, 0x08)


class At(SetClock):
    """A clock that stands at a second since 1970."""

    def __init__(self, second: float = SECOND) -> None:
        super().__init__()
        self._now = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(seconds=second)


class Asked:
    """A stand-in with RACF=Y at a time of its own."""

    def __init__(self, standin: RunningStandin, clock: At) -> None:
        self.standin = standin
        self.clock = clock

    def __call__(self, password=TICKET, user="IBMUSER", application="IMSAPPL", **fields) -> bytes:
        with Client(self.standin.port) as client:
            return client.ask(text("WHOAMI", user=user, password=password, application=application, **fields))


@pytest.fixture
def asked():
    running = []

    def start(profile=None, clock=None, **ims_connect):
        clock = clock or At()
        config = standin_config(
            ims_connect={"racf": True, **ims_connect},
            users=USERS,
            passtickets={"IMSAPPL": {"key": KEY, **(profile or {})}, "HWS1": {"key": KEY}},
        )
        running.append(RunningStandin(config, clock=clock))
        running[-1].__enter__()
        return Asked(running[-1], clock)

    yield start
    for standin in running:
        standin.__exit__(None, None, None)


class TestSignOn:
    def test_a_passticket_signs_on(self, asked):
        assert asked()() == WHO

    def test_the_password_does_too(self, asked):
        say = asked()
        assert say("SYS1") == WHO
        assert say("SYS1", application="") == WHO

    def test_once_only(self, asked):
        say = asked()
        assert [say(), say()] == [WHO, WRONG]

    def test_not_even_much_later_within_the_window(self, asked):
        clock = At(SECOND - 600)
        say = asked(clock=clock)
        assert say() == WHO
        clock.move(1200)
        assert say() == WRONG

    def test_without_replay_protection_as_often_as_wanted(self, asked):
        say = asked({"replay_protection": False})
        assert [say() for _ in range(3)] == [WHO] * 3

    @pytest.mark.parametrize("seconds", [-600, -1, 0.5, 600, 600.9])
    def test_ten_minutes_before_and_after(self, asked, seconds):
        assert asked(clock=At(SECOND + seconds))() == WHO

    @pytest.mark.parametrize("seconds", [-601, 601, -86_400, 3_155_760_000])
    def test_but_no_second_more(self, asked, seconds):
        assert asked(clock=At(SECOND + seconds))() == WRONG

    def test_the_window_can_be_set(self, asked):
        assert asked({"timeout_seconds": 60}, At(SECOND + 61))() == WRONG
        assert asked({"timeout_seconds": 60}, At(SECOND + 60))() == WHO

    @pytest.mark.parametrize(
        ("sign_on", "why"),
        [
            ({"application": "HWS1"}, "another application with the same key"),
            ({"application": "NOTHERE"}, "no profile"),
            ({"application": ""}, "no application"),
            ({"password": TICKET.lower()}, "not folded"),
            ({"password": TICKET[:-1]}, "too short"),
            ({"password": "KKFS6HOH"}, "another character"),
            ({"password": "KKFS6H-G"}, "a character of the other alphabet"),
            ({"user": "TASK"}, "another user"),
        ],
    )
    def test_everything_counts(self, asked, sign_on, why):
        assert asked()(**sign_on) == WRONG, why

    def test_the_application_of_the_data_store_stands_in(self, asked):
        assert asked(application="IMSAPPL")(application="") == WHO
        assert asked(application="HWS1")(application="") == WRONG

    def test_that_of_the_message_comes_first(self, asked):
        assert asked(application="HWS1")() == WHO

    def test_a_refused_one_counts_like_a_wrong_password(self, asked):
        say = asked(max_bad_passwords=2)
        assert [say("KKFS6HOH"), say("KKFS6HOH"), say()] == [WRONG, WRONG, refusal(8, 78, 0x1C)]
        assert "IBMUSER" in say.standin.racf.revoked

    def test_a_good_one_starts_the_count_again(self, asked):
        say = asked(max_bad_passwords=2)
        assert [say("WRONG"), say(), say("WRONG")] == [WRONG, WHO, WRONG]
        assert "IBMUSER" not in say.standin.racf.revoked

    @pytest.mark.parametrize(("user", "code"), [("GONE", 0x1C), ("NOBODY", 0x04)])
    def test_it_opens_no_user_who_may_not(self, asked, user, code):
        ticket = by_openssl.legacy(user, "IMSAPPL", bytes.fromhex(KEY), SECOND)
        assert asked()(ticket, user=user) == refusal(8, 78, code)

    @pytest.mark.parametrize("user", ["OLD", "TASK"])
    def test_a_password_that_has_expired_or_is_not_there_does_not_matter(self, asked, user):
        ticket = by_openssl.legacy(user, "IMSAPPL", bytes.fromhex(KEY), SECOND)
        assert f"USER={user} ".encode("cp037") in asked()(ticket, user=user)

    @pytest.mark.parametrize(("kind", "mixed"), [("enhanced", False), ("enhanced-mixed", True)])
    def test_enhanced_ones_sign_on_too(self, asked, kind, mixed):
        ticket = by_openssl.enhanced("IBMUSER", "IMSAPPL", bytes.fromhex(HMAC_KEY), SECOND, mixed=mixed)
        say = asked({"key": HMAC_KEY, "kind": kind})
        assert [say(ticket), say(ticket)] == [WHO, WRONG]

    @pytest.mark.parametrize("ticket", ["ZZZZZZZZ", "00000000", "FLvishft", "--------", "KKFS6HOG"])
    def test_what_no_rounds_can_have_made_is_refused(self, asked, ticket):
        assert asked({"key": HMAC_KEY, "kind": "enhanced"})(ticket) == WRONG

    def test_without_racf_nobody_looks(self, asked):
        assert asked(racf=False)("NOTICKET") == WHO


MARK = ("*TRSTUS*", ebcdic("BELIEVE ME"))
TRUSTED = {"trusted_user": {"extension": "*TRSTUS*", "value": "BELIEVE ME"}}


class TestTrusted:
    def say(self, asked, *extensions, user="IBMUSER", **fields):
        say = asked(**fields.pop("ims_connect", TRUSTED))
        return say("", user, "", arch=5, f0=4, extensions=extensions, **fields)

    def test_the_mark_stands_in_for_the_password(self, asked):
        assert self.say(asked, MARK) == WHO

    @pytest.mark.parametrize(
        "extension",
        [("*TRSTUS*", ebcdic("BELIEVE Me")), ("*TRSTUS*", b""), ("*TRUSTY*", MARK[1]), ("*NETUID*", MARK[1])],
    )
    def test_another_is_none(self, asked, extension):
        assert self.say(asked, extension) == refusal(8, 53)

    def test_without_the_exit_for_it_it_is_none(self, asked):
        assert self.say(asked, MARK, ims_connect={}) == refusal(8, 53)

    def test_the_user_must_be_there(self, asked):
        assert self.say(asked, MARK, user="NOBODY") == refusal(8, 78, 0x04)
        assert self.say(asked, MARK, user="GONE") == refusal(8, 78, 0x1C)

    def test_a_message_without_user_is_not_trusted(self, asked):
        assert self.say(asked, MARK, user="") == refusal(8, 55)
        assert self.say(asked, MARK, user="", ims_connect=TRUSTED | {"racfid": "IBMUSER"}) == refusal(8, 53)

    def test_hwssoap1_knows_none(self, asked):
        assert self.say(asked, MARK, exit_id="*HWSOA1*") == refusal(8, 53)


class TestNetworkIdentity:
    NAMES = (("*NETUID*", ebcdic("CN=Alice")), ("*NETSID*", ebcdic("https://sts")))

    def test_programs_see_it(self, asked):
        said = asked(racf=False)("", "", "", arch=5, f0=4, extensions=self.NAMES)
        assert ebcdic("NETUID=CN=Alice NETSID=https://sts") in said

    def test_hwssoap1_ignores_it(self, asked):
        say = asked(racf=False)
        assert ebcdic("NETUID= NETSID=") in say(
            "", "", "", exit_id="*HWSOA1*", arch=5, f0=4, extensions=self.NAMES
        )
        assert (say.standin.seen[0].netuid, say.standin.seen[0].netsid) == ("", "")


class TestSecrecy:
    def test_neither_record_nor_trace_shows_ticket_mark_or_key(self):
        lines: list[str] = []
        config = standin_config(
            ims_connect={"racf": True, **TRUSTED}, users=USERS, passtickets={"IMSAPPL": {"key": KEY}}
        )
        with RunningStandin(config, trace=2, write=lines.append, clock=At()) as standin:
            for password in (TICKET, TICKET, "SYS1"):
                with Client(standin.port) as client:
                    client.ask(text("WHOAMI", user="IBMUSER", password=password, application="IMSAPPL"))
            with Client(standin.port) as client:
                client.ask(message(ebcdic("WHOAMI"), user="IBMUSER", arch=5, f0=4, extensions=(MARK,)))
            shown = "\n".join(lines) + repr(standin.seen) + repr(config)
        bytes_shown = dumped(lines)
        assert ebcdic("IMSAPPL") in bytes_shown
        assert shown.count("refused: 8/78") == 1
        for secret in (TICKET, "SYS1", "BELIEVE ME"):
            assert secret not in shown
            assert ebcdic(secret) not in bytes_shown
        assert KEY not in shown


NAMES = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$", min_size=1, max_size=8)


@given(
    user=NAMES,
    application=NAMES,
    kind=st.sampled_from(["legacy", "enhanced", "enhanced-mixed"]),
    key=st.binary(min_size=32, max_size=256),
    second=st.integers(600, 2**32 - 601),
    off=st.integers(-700, 700),
)
def test_what_the_gateway_makes_the_stand_in_takes_within_the_window_once(
    user, application, kind, key, second, off
):
    key = key[:8] if kind == "legacy" else key
    if kind == "legacy":
        ticket = generator.legacy(user, application, key, second)
    else:
        ticket = generator.enhanced(user, application, key, second, mixed=kind == "enhanced-mixed")
    profile = PassTicketProfile(key=Secret(key.hex()), kind=kind)
    tickets = PassTickets({application: profile}, At(second + off))
    near = abs(off) <= 600
    assert [tickets.accept(user, application, ticket) for _ in range(2)] == [near, False]
    other = user[:-1] + ("A" if user[-1] != "A" else "B")
    assert not tickets.accept(other, application, ticket)
