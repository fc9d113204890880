"""The tables of the security rules, a test a row: bytes in, bytes out, and what IMS saw of it.

Sources: HWSSMPL0 and HWSSMPL1 security actions; IMS Connect default RACF user ID; Return and reason codes for
IMS Connect exits; RACROUTE Macro Reference (RACINIT return codes); Defining the level of OTMA security;
Securing asynchronous hold queues by using RACF.
"""

from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

import pytest

from tests.unit.standin import security_probes
from tests.unit.standin.by_hand import CM0, CM1, TEN_MS, message, refusal, reply, rsm, text

PROBES = "tests.unit.standin.security_probes"
USERS: dict[str, Any] = {
    "GWUSER": {"password": "GWPASS1", "groups": ["GWGROUP", "OTHERS"]},
    "ALICE": {"password": "WONDER1", "groups": ["SALES"]},
    "GONE": {"password": "GONE1", "revoked": True},
    "OLD": {"password": "OLD1", "expired": True},
    "HALF": {"password": "HALF1", "groups": ["GWGROUP"], "revoked_groups": ["SALES"]},
    "LOST": {"password": "LOST1", "default_group": "SALES", "revoked_groups": ["SALES"]},
    "PAST": {"password": "PAST1", "revoked": "2020-01-31"},
    "LATER": {"password": "LATER1", "revoked": "9999-12-31", "expired": "9999-12-31"},
    "STALE": {"password": "STALE1", "expired": "2020-01-31"},
    "TASK": {},
    "HWSUSER": {},
}
PROTECTED = {"PROBE": {"program": f"{PROBES}:Probe", "permit": ["GWGROUP"]}}
OPEN = {"PROBE": {"program": f"{PROBES}:Probe"}}
RAN = reply("RAN")
DENIED = reply("DFS1292E SECURITY VIOLATION")
NOTHING: tuple[str, str, str] | None = None
LOCALHOST = "7F000001"

WRONG_PASSWORD = bytes.fromhex("00000018001400085CD9C5D8E2E3E25C000000080000004E")
"""The worked example: HWSSMPL1, EBCDIC, RACF code 8."""
WRONG_PASSWORD_ASCII = bytes.fromhex("001400082A5245515354532A000000080000004E")
"""The worked example: HWSSMPL0, ASCII, RACF code 8; no length in front."""


@pytest.fixture(autouse=True)
def _fresh():
    security_probes.RUNS.clear()
    security_probes.ASKED.clear()


@pytest.fixture
def start(standin_factory):
    """Start a stand-in with the users of this file; `ims_connect` is given by its keys."""

    def begin(ims_connect: dict[str, Any], **tables: Any):
        users = {
            name: {
                key: date.fromisoformat(value)
                if key in {"revoked", "expired"} and isinstance(value, str)
                else value
                for key, value in user.items()
            }
            for name, user in {**USERS, **tables.pop("users", {})}.items()
        }
        tables.setdefault("transactions", OPEN)
        return standin_factory(ims_connect=ims_connect, users=users, **tables)

    return begin


@dataclass(frozen=True)
class Row:
    """One row: what is set, what is sent, what comes back, and as whom the program ran, if it ran."""

    port: dict[str, Any]
    sent: dict[str, Any]
    answer: bytes
    ims: tuple[str, str, str] | None = NOTHING
    tables: dict[str, Any] = field(default_factory=dict)

    def check(self, standin, client) -> None:
        client.send(text("PROBE", **self.sent))
        assert client.read(len(self.answer)) == self.answer
        assert ([self.ims] if self.ims else []) == security_probes.RUNS
        (seen,) = standin.seen
        if self.ims:
            assert (seen.user, seen.group) == self.ims[:2]
            assert seen.outcome == "answered"
            client.assert_open(**{key: value for key, value in self.sent.items() if key == "client"})
        elif self.answer == DENIED:
            assert seen.outcome == "DFS1292E"
            client.assert_open()
        else:
            code, reason = int.from_bytes(self.answer[-8:-4]), int.from_bytes(self.answer[-4:])
            assert seen.outcome == f"refused {code}/{reason}"
            client.assert_closed()


def row(name: str, port: dict[str, Any], sent: dict[str, Any], answer: bytes, *ims: Any, **tables: Any):
    return pytest.param(Row(port, sent, answer, ims[0] if ims else NOTHING, tables), id=name)


def ran(user: str, group: str = "", acee: str = "") -> tuple[bytes, tuple[str, str, str]]:
    return RAN, (user, group, acee)


Y: dict[str, Any] = {"racf": True}
GOOD = {"user": "GWUSER", "password": "GWPASS1"}
ALICE = {"user": "ALICE", "password": "WONDER1"}
DEFAULT = {"racf": True, "racfid": "ALICE"}
LET_IN = {**DEFAULT, "racfid_without_password": True}
NULLS = "\x00" * 8


class TestOrderOfChecks:
    @pytest.mark.parametrize(
        "case",
        [
            row("racf-n-believes-any-user", {}, {"user": "NOBODY"}, *ran("NOBODY")),
            row("racf-n-believes-any-group", {}, {"user": "X", "group": "Y"}, *ran("X", "Y")),
            row("racf-n-looks-at-no-password", {}, {**GOOD, "password": "WRONG"}, *ran("GWUSER")),
            row("racf-n-lets-the-revoked-in", {}, {"user": "GONE"}, *ran("GONE")),
            row("racf-n-blank-user-is-racfid", {"racfid": "DEFUSER"}, {}, *ran("DEFUSER")),
            row("racf-n-no-user-no-racfid", {}, {}, *ran("")),
            row("blank-user-no-racfid", Y, {"password": "GWPASS1"}, refusal(8, 54)),
            row("blank-user-no-password-no-racfid", Y, {}, refusal(8, 55)),
            row("blank-user-is-racfid-no-password", DEFAULT, {}, refusal(8, 53)),
            row("blank-user-is-racfid-let-in", LET_IN, {}, *ran("ALICE")),
            row("racfid-let-in-must-exist", {**LET_IN, "racfid": "X"}, {}, refusal(8, 78, 4)),
            row("racfid-let-in-must-not-be-revoked", {**LET_IN, "racfid": "GONE"}, {}, refusal(8, 78, 0x1C)),
            row("let-in-is-for-racfid-only", LET_IN, {"user": "ALICE"}, refusal(8, 53)),
            row("blank-user-with-racfids-password", DEFAULT, {"password": "WONDER1"}, *ran("ALICE")),
            row("blank-user-with-another-password", DEFAULT, {"password": "GWPASS1"}, refusal(8, 78, 8)),
            row("no-password", Y, {"user": "GWUSER"}, refusal(8, 53)),
            row("wrong-password", Y, {**GOOD, "password": "WRONG"}, WRONG_PASSWORD),
            row("unknown-user", Y, {**GOOD, "user": "NOBODY"}, refusal(8, 78, 4)),
            row("revoked", Y, {"user": "GONE", "password": "GONE1"}, refusal(8, 78, 0x1C)),
            row("expired", Y, {"user": "OLD", "password": "OLD1"}, refusal(8, 78, 0x0C)),
            row("security-exit", {"security_exit": f"{PROBES}:refuse"}, GOOD, refusal(8, 40)),
            row("racfgenrc", {**Y, "racfgenrc": True}, {**GOOD, "password": "X"}, refusal(8, 78, 0)),
            row(
                "racfgenrc-hides-the-unknown-user",
                {**Y, "racfgenrc": True, "protocol_level": 3},
                {**GOOD, "user": "NOBODY"},
                refusal(8, 78, 0),
            ),
            row("codes-not-told", {**Y, "racf_codes": False}, {**GOOD, "password": "X"}, refusal(8, 78, 0)),
            row(
                "level-3-tells-them-all-the-same",
                {**Y, "racf_codes": False, "protocol_level": 3},
                {**GOOD, "password": "X"},
                refusal(8, 78, 8),
            ),
            row(
                "transaction-not-permitted-with-check",
                {**Y, "otma_security": "check"},
                ALICE,
                DENIED,
                transactions=PROTECTED,
            ),
            row(
                "transaction-not-permitted-with-full",
                {**Y, "otma_security": "full"},
                ALICE,
                DENIED,
                transactions=PROTECTED,
            ),
            row(
                "transaction-permitted",
                {**Y, "otma_security": "check"},
                GOOD,
                *ran("GWUSER"),
                transactions=PROTECTED,
            ),
            row("unknown-data-store", Y, {**GOOD, "datastore": "IMS9"}, refusal(8, 72)),
            row("blank-data-store", {}, {"datastore": ""}, refusal(8, 72)),
            row(
                "racf-comes-before-the-data-store",
                Y,
                {**GOOD, "password": "X", "datastore": "IMS9"},
                refusal(8, 78, 8),
            ),
            row(
                "the-data-store-comes-before-otma",
                {**Y, "otma_security": "check"},
                {**ALICE, "datastore": "IMS9"},
                refusal(8, 72),
                transactions=PROTECTED,
            ),
            row(
                "racf-comes-before-otma",
                {**Y, "otma_security": "check"},
                {**ALICE, "password": "X"},
                refusal(8, 78, 8),
                transactions=PROTECTED,
            ),
            row(
                "the-exit-comes-before-racf",
                {**Y, "security_exit": f"{PROBES}:refuse"},
                {**GOOD, "password": "X"},
                refusal(8, 40),
            ),
        ],
    )
    def test_row(self, start, connect, case):
        standin = start(case.port, **case.tables)
        case.check(standin, connect(standin))

    def test_a_user_may_not_resume_a_tpipe(self, start, connect):
        standin = start({**Y, "otma_security": "check"}, tpipes={"OUTPUT1": {"permit": ["GWGROUP"]}})
        client = connect(standin)
        assert client.ask(resume("OUTPUT1", **ALICE)) == refusal(16, 0x33, 8)
        client.assert_closed()
        assert standin.seen[0].outcome == "refused 16/51"

    def test_the_worked_example_in_ascii_for_hwssmpl0(self, start, connect):
        client = connect(start(Y))
        fields = {"exit_id": "*SAMPLE*", "code": "ascii", "user": "GWUSER", "password": "WRONG"}
        client.send(message(b"PROBE", **fields))
        assert client.rest() == WRONG_PASSWORD_ASCII
        assert security_probes.RUNS == []

    @pytest.mark.parametrize("verb", ["K", "S", "J"])
    def test_no_kind_of_input_gets_by_the_sign_on(self, start, connect, verb):
        standin = start(Y)
        client = connect(standin)
        client.send(text("PROBE", verb=verb, f2=CM0, user="GWUSER", password="WRONG"))
        assert client.rest() in {b"", WRONG_PASSWORD}
        assert security_probes.RUNS == []
        assert standin.seen[0].outcome == "refused 8/78"

    @pytest.mark.parametrize("verb", ["R", "L"])
    def test_output_and_responses_need_the_sign_on_too(self, start, connect, verb):
        client = connect(start(Y))
        fields = {"verb": verb, "f2": CM0, "f3": 1, "arch": 3, "f0": 0x10 if verb == "L" else 0}
        sent = bytearray(message(user="GWUSER", password="WRONG", **fields))
        sent[124:126] = b"\x00\x28"  # length of the correlation token
        assert client.ask(bytes(sent)) == WRONG_PASSWORD
        client.assert_closed()


class TestFieldRules:
    """A blank user becomes RACFID; group and password that are blank stay blank, others go on as they are."""

    PORT: Final = {"racfid": "DEFUSER"}

    @pytest.mark.parametrize("user", ["", NULLS])
    @pytest.mark.parametrize("group", ["", NULLS])
    def test_blanks_and_nulls_are_no_names(self, start, connect, user, group):
        case = Row(self.PORT, {"user": user, "group": group}, *ran("DEFUSER"))
        standin = start(case.port)
        case.check(standin, connect(standin))

    @pytest.mark.parametrize(
        ("sent", "seen"),
        [
            ({"user": "ALICE"}, ("ALICE", "")),
            ({"user": "ALICE", "group": "SALES"}, ("ALICE", "SALES")),
            ({"group": "SALES"}, ("DEFUSER", "SALES")),
        ],
    )
    def test_names_go_on_as_they_were_sent(self, start, connect, sent, seen):
        case = Row(self.PORT, sent, *ran(*seen))
        standin = start(case.port)
        case.check(standin, connect(standin))

    def test_a_password_of_nulls_is_none(self, start, connect):
        case = Row(Y, {"user": "GWUSER", "password": NULLS}, refusal(8, 53))
        standin = start(case.port)
        case.check(standin, connect(standin))

    def test_the_default_group_is_not_put_into_the_message(self, start, connect):
        users = {"CAROL": {"password": "CAROL1", "default_group": "GWGROUP"}}
        case = Row(
            {**Y, "otma_security": "check"},
            {"user": "CAROL", "password": "CAROL1"},
            *ran("CAROL"),
        )
        standin = start(case.port, users=users, transactions=PROTECTED)
        case.check(standin, connect(standin))


SALES_ONLY = {"permit": ["SALES"]}


class TestRacfReturnCodes:
    """RSM_RACFRC beside 8/78: the return codes of RACROUTE REQUEST=VERIFY."""

    @pytest.mark.parametrize(
        "case",
        [
            row("04-not-defined", Y, {"user": "X", "password": "X"}, refusal(8, 78, 0x04)),
            row("08-password", Y, {**GOOD, "password": "X"}, refusal(8, 78, 0x08)),
            row("08-no-password-opens-it", Y, {"user": "TASK", "password": "X"}, refusal(8, 78, 0x08)),
            row("0c-expired", Y, {"user": "OLD", "password": "OLD1"}, refusal(8, 78, 0x0C)),
            row("0c-expired-since", Y, {"user": "STALE", "password": "STALE1"}, refusal(8, 78, 0x0C)),
            row("08-expired-and-wrong", Y, {"user": "OLD", "password": "X"}, refusal(8, 78, 0x08)),
            row("14-not-in-the-group", Y, {**GOOD, "group": "SALES"}, refusal(8, 78, 0x14)),
            row("18-failed-by-exit", Y, ALICE, refusal(8, 78, 0x18), racf={"exit": f"{PROBES}:fails_alice"}),
            row("18-not-for-others", Y, GOOD, *ran("GWUSER"), racf={"exit": f"{PROBES}:fails_alice"}),
            row("18-exit-fails", Y, GOOD, refusal(8, 78, 0x18), racf={"exit": f"{PROBES}:broken"}),
            row("18-exit-mumbles", Y, GOOD, refusal(8, 78, 0x18), racf={"exit": f"{PROBES}:unknown_code"}),
            row("1c-revoked", Y, {"user": "GONE", "password": "GONE1"}, refusal(8, 78, 0x1C)),
            row("1c-revoked-and-wrong", Y, {"user": "GONE", "password": "X"}, refusal(8, 78, 0x1C)),
            row("1c-revoked-since", Y, {"user": "PAST", "password": "PAST1"}, refusal(8, 78, 0x1C)),
            row("1c-not-yet", Y, {"user": "LATER", "password": "LATER1"}, *ran("LATER")),
            row("20-racf-not-active", Y, GOOD, refusal(8, 78, 0x20), racf={"active": False}),
            row(
                "24-group-revoked",
                Y,
                {"user": "HALF", "password": "HALF1", "group": "SALES"},
                refusal(8, 78, 0x24),
            ),
            row(
                "24-another-group",
                Y,
                {"user": "HALF", "password": "HALF1", "group": "GWGROUP"},
                *ran("HALF", "GWGROUP"),
            ),
            row("24-default-group", Y, {"user": "LOST", "password": "LOST1"}, refusal(8, 78, 0x24)),
            row("30-terminal", Y, GOOD, refusal(8, 78, 0x30), terminals={LOCALHOST: SALES_ONLY}),
            row("30-terminal-permitted", Y, ALICE, *ran("ALICE"), terminals={LOCALHOST: SALES_ONLY}),
            row("30-another-terminal", Y, GOOD, *ran("GWUSER"), terminals={"7F000002": SALES_ONLY}),
            row(
                "34-application-of-the-message",
                Y,
                {**GOOD, "application": "IMSAPPL"},
                refusal(8, 78, 0x34),
                applications={"IMSAPPL": SALES_ONLY},
            ),
            row(
                "34-application-of-the-data-store",
                {**Y, "application": "IMSAPPL"},
                GOOD,
                refusal(8, 78, 0x34),
                applications={"IMSAPPL": SALES_ONLY},
            ),
            row(
                "34-the-message-comes-first",
                {**Y, "application": "IMSAPPL"},
                {**GOOD, "application": "OTHER"},
                *ran("GWUSER"),
                applications={"IMSAPPL": SALES_ONLY},
            ),
            row(
                "34-permitted",
                {**Y, "application": "IMSAPPL"},
                ALICE,
                *ran("ALICE"),
                applications={"IMSAPPL": SALES_ONLY},
            ),
            row(
                "34-only-with-the-password",
                {**Y, "application": "IMSAPPL"},
                {**GOOD, "password": "X"},
                refusal(8, 78, 0x08),
                applications={"IMSAPPL": SALES_ONLY},
            ),
            row("34-racf-n-asks-nothing", {}, GOOD, *ran("GWUSER"), terminals={LOCALHOST: SALES_ONLY}),
        ],
    )
    def test_row(self, start, connect, case):
        standin = start(case.port, **case.tables)
        case.check(standin, connect(standin))

    def test_10_a_new_password_that_is_not_valid(self, start, connect):
        client = connect(start(Y))
        assert client.ask(text("HWSPWCH GWPASS1/GW~/GW~", **GOOD)) == refusal(8, 78, 0x10)
        client.assert_closed()


class TestSecurityExit:
    def test_it_may_put_another_user_in_and_vouch_for_it(self, start, connect):
        port = {**Y, "security_exit": f"{PROBES}:as_alice"}
        case = Row(port, {"user": "X", "password": "SECRET"}, *ran("ALICE", "SALES"))
        standin = start(port)
        case.check(standin, connect(standin))
        (given,) = security_probes.ASKED
        assert given[0] == "X"
        assert "SECRET" not in repr(given)

    def test_one_that_changes_nothing_is_as_if_it_were_not_there(self, start, connect):
        port = {**DEFAULT, "security_exit": f"{PROBES}:as_it_came"}
        case = Row(port, {"password": "WONDER1"}, *ran("ALICE"))
        standin = start(port)
        case.check(standin, connect(standin))

    def test_one_that_fails_refuses_and_shows_nothing(self, standin_factory, connect):
        lines: list[str] = []
        standin = standin_factory(
            ims_connect={"security_exit": f"{PROBES}:broken"}, trace=1, write=lines.append
        )
        assert connect(standin).ask(text("ECHO 1", **GOOD)) == refusal(8, 40)
        assert any("the security exit failed: RuntimeError" in line for line in lines)
        assert "GWPASS1" not in "".join(lines)


LEVELS = ["none", "join", "check", "full", "profile-racf-y", "profile-racf-n"]
BIDS, MESSAGES = LEVELS[1:], ["check", "full", "profile-racf-y"]


def at(level: str) -> dict[str, Any]:
    """Return the settings of a level; RACF=N, but where PROFILE follows RACF."""
    name, _, racf = level.partition("-")
    return {"otma_security": name, "racf": racf == "racf-y"}


def resume(tpipe: str, **fields: Any) -> bytes:
    """Return a RESUME TPIPE for one message that does not wait for it."""
    fields = {"verb": "R", "f2": CM0, "f3": 1, "f5": 1, "arch": 1, "timer": TEN_MS, **fields}
    return message(reroute=tpipe, **fields)


NO_OUTPUT = refusal(40, TEN_MS)
"""What a RESUME TPIPE hears that is allowed and finds nothing."""


@pytest.mark.parametrize("level", LEVELS)
class TestLevels:
    """What each level of OTMASE checks: client bid, user, TIMS, CIMS, RIMS, and whose ACEE the region has."""

    def test_the_client_bid_is_checked(self, start, connect, level):
        facility = {"IMSXCF.IMSXCFG.HWS1": {"permit": ["ALICE"]}}
        standin = start(at(level), facility=facility)
        client = connect(standin)
        if level in BIDS:
            assert client.ask(text("PROBE", **GOOD)) == refusal(8, 74)
            client.assert_closed()
            assert security_probes.RUNS == []
            assert standin.seen[0].outcome == "refused 8/74"
        else:
            assert client.ask(text("PROBE", **GOOD)) == RAN

    def test_a_bid_that_is_permitted_passes(self, start, connect, level):
        facility = {"IMSXCF.IMSXCFG.HWS1": {"permit": ["HWSUSER"]}}
        assert connect(start(at(level), facility=facility)).ask(text("PROBE", **GOOD)) == RAN

    def test_the_user_is_verified_in_messages(self, start, connect, level):
        standin = start(at(level))
        answer = connect(standin).ask(text("PROBE", user="GONE", password="GONE1"))
        if level == "profile-racf-y":
            assert answer == refusal(8, 78, 0x1C)
        else:
            assert answer == (DENIED if level in MESSAGES else RAN)
        assert ([] if level in MESSAGES else [("GONE", "", "")]) == security_probes.RUNS

    def test_transactions_are_checked(self, start, connect, level):
        standin = start(at(level), transactions=PROTECTED)
        answer = connect(standin).ask(text("PROBE", **ALICE))
        assert answer == (DENIED if level in MESSAGES else RAN)
        assert ([] if level in MESSAGES else [("ALICE", "", "")]) == security_probes.RUNS

    def test_commands_are_checked(self, start, connect, level):
        standin = start(at(level), commands={"DISPLAY": {"permit": ["GWGROUP"]}})
        with_right, without = connect(standin), connect(standin)
        assert with_right.ask(text("/DISPLAY OTMA", **GOOD)) != DENIED
        answer = without.ask(text("/DIS OTMA", client="CLIENT02", **ALICE))
        assert (answer == DENIED) is (level in MESSAGES)
        assert (standin.seen[-1].outcome == "DFS1292E") is (level in MESSAGES)

    def test_tpipes_are_checked(self, start, connect, level):
        standin = start(at(level), tpipes={"OUTPUT1": {"permit": ["GWGROUP"]}})
        assert connect(standin).ask(resume("OUTPUT1", **GOOD)) == NO_OUTPUT
        answer = connect(standin).ask(resume("OUTPUT1", client="CLIENT02", **ALICE))
        assert answer == (refusal(16, 0x33, 8) if level in MESSAGES else NO_OUTPUT)

    def test_the_region_runs_under_the_user_with_full_only(self, start, connect, level):
        assert connect(start(at(level))).ask(text("PROBE", **GOOD)) == RAN
        assert [("GWUSER", "", "GWUSER" if level == "full" else "")] == security_probes.RUNS


class TestClientBid:
    FACILITY: Final = {"IMSXCF.XCFGRP.MEMBER1": {"permit": ["ALICE"]}}
    OTMA: Final = {"group": "XCFGRP", "member": "MEMBER1", "user": "STARTED"}

    def test_a_refused_bid_is_made_again_with_the_next_message(self, start, connect):
        standin = start(
            {"otma_security": "join"}, facility=self.FACILITY, otma=self.OTMA, users={"STARTED": {}}
        )
        assert connect(standin).ask(text("PROBE")) == refusal(8, 74)
        standin.racf.permit("FACILITY", "IMSXCF.XCFGRP.MEMBER1", "STARTED")
        assert connect(standin).ask(text("PROBE")) == RAN

    def test_once_in_it_stays_in_until_it_is_restarted(self, start, connect):
        facility = {"IMSXCF.XCFGRP.MEMBER1": {"permit": ["STARTED"]}}
        standin = start({"otma_security": "join"}, facility=facility, otma=self.OTMA, users={"STARTED": {}})
        assert connect(standin).ask(text("PROBE")) == RAN
        standin.racf.forbid("FACILITY", "IMSXCF.XCFGRP.MEMBER1", "STARTED")
        assert connect(standin).ask(text("PROBE", client="CLIENT02")) == RAN
        standin.restart()
        assert connect(standin).ask(text("PROBE")) == refusal(8, 74)

    def test_the_bidding_user_must_exist(self, start, connect):
        facility = {"IMSXCF.XCFGRP.MEMBER1": {"permit": ["STARTED"]}}
        standin = start({"otma_security": "join"}, facility=facility, otma=self.OTMA)
        assert connect(standin).ask(text("PROBE")) == refusal(8, 74)


class TestResumeTpipeSecurity:
    CHECK: Final = {"otma_security": "check"}
    PROTECTED: Final = {"OUTPUT1": {"permit": ["GWGROUP"]}, "GHOST": {"permit": ["GWGROUP"], "exists": False}}

    @pytest.mark.parametrize(
        ("user", "tpipe", "answer"),
        [
            pytest.param("GWUSER", "OUTPUT1", NO_OUTPUT, id="permitted"),
            pytest.param("ALICE", "OUTPUT1", refusal(16, 0x33, 8), id="not-permitted"),
            pytest.param("ALICE", "OTHER", NO_OUTPUT, id="not-protected"),
            pytest.param("NOBODY", "OUTPUT1", refusal(16, 0x33, 7), id="user-not-defined"),
            pytest.param("GONE", "OUTPUT1", refusal(16, 0x33, 8), id="revoked"),
            pytest.param("GWUSER", "GHOST", refusal(16, 0x33, 9), id="protected-and-not-there"),
        ],
    )
    def test_without_exit(self, start, connect, user, tpipe, answer):
        standin = start(self.CHECK, tpipes=self.PROTECTED)
        assert connect(standin).ask(resume(tpipe, user=user)) == answer

    @pytest.mark.parametrize(
        ("call", "user", "answer"),
        [
            pytest.param("allow", "ALICE", NO_OUTPUT, id="exit-reverses-a-refusal"),
            pytest.param("deny", "GWUSER", refusal(16, 0x33, 8), id="exit-reverses-a-permit"),
            pytest.param("keep", "GWUSER", NO_OUTPUT, id="exit-keeps-a-permit"),
            pytest.param("keep", "ALICE", refusal(16, 0x33, 8), id="exit-keeps-a-refusal"),
            pytest.param("mumble", "GWUSER", refusal(16, 0x33, 8), id="exit-says-what-it-must-not"),
            pytest.param("broken", "GWUSER", refusal(16, 0x33, 8), id="exit-fails"),
        ],
    )
    def test_with_exit(self, start, connect, call, user, answer):
        otma = {"resume_tpipe_exit": f"{PROBES}:{call}"}
        standin = start(self.CHECK, tpipes=self.PROTECTED, otma=otma)
        assert connect(standin).ask(resume("OUTPUT1", user=user)) == answer

    @pytest.mark.parametrize(
        ("port", "tpipe", "user", "saf"),
        [
            pytest.param(CHECK, "OUTPUT1", "GWUSER", 0, id="permitted"),
            pytest.param(CHECK, "OTHER", "GWUSER", 4, id="not-protected"),
            pytest.param(CHECK, "OUTPUT1", "ALICE", 8, id="not-permitted"),
            pytest.param({}, "OUTPUT1", "ALICE", 4, id="racf-was-not-asked"),
        ],
    )
    def test_the_exit_is_called_after_racf_at_every_level(self, start, connect, port, tpipe, user, saf):
        otma = {"resume_tpipe_exit": f"{PROBES}:allow", "member": "HWS2"}
        standin = start(port, tpipes=self.PROTECTED, otma=otma)
        (group,) = USERS[user]["groups"][:1]
        assert connect(standin).ask(resume(tpipe, user=user, group=group)) == NO_OUTPUT
        assert security_probes.ASKED == [(user, group, tpipe, "HWS2", saf)]  # noqa: SIM300


class TestChangesWhileItRuns:
    @pytest.fixture
    def say(self, start, connect):
        standin = start({**Y, "otma_security": "check"}, transactions=PROTECTED)

        def ask(**fields):
            with connect(standin) as client:
                return client.ask(text("PROBE", **fields))

        ask.standin = standin
        return ask

    def test_a_permit_counts_at_the_next_message(self, say):
        assert say(**ALICE) == DENIED
        say.standin.racf.permit("TIMS", "PROBE", "SALES")
        assert say(**ALICE) == RAN
        say.standin.racf.forbid("TIMS", "PROBE", "SALES")
        assert say(**ALICE) == DENIED
        say.standin.racf.unprotect("TIMS", "PROBE")
        assert say(**ALICE) == RAN

    def test_so_does_a_revocation(self, say):
        assert say(**GOOD) == RAN
        say.standin.racf.revoke("GWUSER")
        assert say(**GOOD) == refusal(8, 78, 0x1C)
        say.standin.restart()
        assert say(**GOOD) == refusal(8, 78, 0x1C)
        say.standin.racf.resume("GWUSER")
        assert say(**GOOD) == RAN

    def test_secure_otma_sets_the_level(self, say):
        assert say(**ALICE) == DENIED
        say.standin.datastore("IMS1").otma.secure("none")
        assert say(**ALICE) == RAN


@pytest.mark.parametrize("rule", ["N", "Y", "R"])
@pytest.mark.parametrize("mixed", [False, True], ids=["racf-folds", "racf-mixed"])
@pytest.mark.parametrize("given", ["Mixed1", "MIXED1", "mixed1"])
def test_case_of_passwords(start, connect, rule, mixed, given):
    """PSWDMC= is IMS Connect's, mixed case RACF's own: with N a mixed-case password can never be right."""
    users = {"MIXED": {"password": "Mixed1"}}
    standin = start({**Y, "pswdmc": rule}, users=users, racf={"mixed_case": mixed})
    folded = rule == "N" or (rule == "R" and not mixed)
    told = given.upper() if folded else given
    right = told == "Mixed1" if mixed else told.upper() == "MIXED1"
    answer = connect(standin).ask(text("PROBE", user="MIXED", password=given))
    assert answer == (RAN if right else refusal(8, 78, 8))


def test_commit_mode_does_not_matter(start, connect):
    client = connect(start(Y))
    assert client.ask(text("PROBE", f2=CM0, f3=1, user="GWUSER", password="X")) == WRONG_PASSWORD
    client.assert_closed()
    assert CM1 != CM0
    assert rsm(8, 78, 8) in WRONG_PASSWORD
