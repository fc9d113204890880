from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from gateway.standin.config import PassTicketProfile, User
from gateway.standin.passticket import PassTickets
from gateway.standin.racf import Racf, RacfCode, RacfOptions, SignOnRequest
from gateway.standin.saf import SafCode
from tests.fixtures.clock import SetClock


def at(moment: datetime) -> SetClock:
    """Return a clock that stands at a moment."""
    clock = SetClock()
    clock.move((moment - clock.now()).total_seconds())
    return clock


@pytest.fixture
def racf() -> Racf:
    users = {"ALICE": User(password=Secret("Wonder1"), groups=("SALES",))}
    return Racf(users, PassTickets({}, SYSTEM_CLOCK), RacfOptions(max_bad_passwords=2))


class TestRacf:
    def test_codes_are_those_of_racroute_verify(self):
        assert {code.name: code.value for code in RacfCode} == {
            "OK": 0,
            "USER_NOT_DEFINED": 4,
            "PASSWORD_WRONG": 8,
            "PASSWORD_EXPIRED": 0x0C,
            "NEW_PASSWORD_INVALID": 0x10,
            "NOT_IN_GROUP": 0x14,
            "FAILED_BY_EXIT": 0x18,
            "REVOKED": 0x1C,
            "RACF_NOT_ACTIVE": 0x20,
            "GROUP_REVOKED": 0x24,
            "TERMINAL_NOT_AUTHORIZED": 0x30,
            "APPLICATION_NOT_AUTHORIZED": 0x34,
        }

    def test_both_passwords_are_folded(self, racf):
        assert racf.verify("ALICE", Secret("wONDER1"), "SALES") is RacfCode.OK

    def test_a_user_not_defined_has_no_groups(self, racf):
        assert racf.groups("BOB") == frozenset()
        assert racf.groups("ALICE") == {"SALES"}

    def test_a_failure_of_one_does_not_count_for_another(self, racf):
        racf.verify("BOB", Secret("x"), "")
        racf.verify("BOB", Secret("x"), "")
        assert racf.revoked == frozenset()

    def test_a_look_up_needs_no_password_and_counts_nothing(self, racf):
        assert racf.look_up("ALICE", "") is RacfCode.OK
        assert racf.look_up("ALICE", "OTHER") is RacfCode.NOT_IN_GROUP
        assert racf.look_up("BOB", "") is RacfCode.USER_NOT_DEFINED


class TestFolding:
    """IMS Connect folds passwords (PSWDMC=N), and never PassTickets."""

    TICKET = Secret("FLvishft")
    """Type MIXED, for IBMUSER and IMSAPPL at second 1700000000 under the key X'00' to X'1F'."""

    @pytest.fixture
    def racf(self) -> Racf:
        profile = PassTicketProfile(key=Secret(bytes(range(32)).hex()), kind="enhanced-mixed")
        clock = at(datetime.fromtimestamp(1700000000, UTC))
        users = {"IBMUSER": User(password=Secret("Mixed1"))}
        return Racf(users, PassTickets({"IMSAPPL": profile}, clock), RacfOptions(mixed_case=True))

    def test_a_folded_password_is_another_one(self, racf):
        request = SignOnRequest("IBMUSER", Secret("Mixed1"))
        assert racf.sign_on(request) is RacfCode.OK
        assert racf.sign_on(replace(request, folded=True)) is RacfCode.PASSWORD_WRONG

    def test_a_ticket_is_the_same(self, racf):
        request = SignOnRequest("IBMUSER", self.TICKET, application="IMSAPPL", folded=True)
        assert racf.sign_on(request) is RacfCode.OK

    def test_a_ticket_is_no_old_password(self, racf):
        request = SignOnRequest("IBMUSER", self.TICKET, application="IMSAPPL")
        assert racf.change_password(request, Secret("New1")) is RacfCode.PASSWORD_WRONG


class TestDates:
    @pytest.mark.parametrize(("day", "code"), [(30, RacfCode.OK), (31, RacfCode.REVOKED)])
    def test_a_user_is_revoked_from_its_date_on(self, day, code):
        clock = at(datetime(2026, 1, day, tzinfo=UTC))
        users = {"ALICE": User(password=Secret("X"), revoked=date(2026, 1, 31))}
        racf = Racf(users, PassTickets({}, clock), RacfOptions(), clock=clock)
        assert racf.look_up("ALICE", "") is code

    def test_resume_by_command_undoes_the_date(self):
        users = {"ALICE": User(revoked=date(2020, 1, 1))}
        racf = Racf(users, PassTickets({}, SYSTEM_CLOCK), RacfOptions())
        assert racf.revoked == {"ALICE"}
        racf.resume("ALICE")
        assert racf.look_up("ALICE", "") is RacfCode.OK
        racf.revoke("ALICE")
        assert racf.look_up("ALICE", "") is RacfCode.REVOKED

    @pytest.mark.parametrize(("day", "code"), [(30, RacfCode.OK), (31, RacfCode.PASSWORD_EXPIRED)])
    def test_a_password_expires_at_its_date(self, day, code):
        clock = at(datetime(2026, 1, day, tzinfo=UTC))
        users = {"ALICE": User(password=Secret("X"), expired=date(2026, 1, 31))}
        racf = Racf(users, PassTickets({}, clock), RacfOptions(), clock=clock)
        assert racf.verify("ALICE", Secret("X"), "") is code


class TestAdministration:
    def test_what_is_unknown_is_not_administered(self, racf):
        for act in (racf.revoke, racf.resume):
            with pytest.raises(KeyError):
                act("BOB")

    def test_groups_are_all_that_are_not_revoked(self):
        user = User(groups=("A", "B"), revoked_groups=("B",), default_group="C")
        racf = Racf({"ALICE": user}, PassTickets({}, SYSTEM_CLOCK), RacfOptions())
        assert racf.groups("ALICE") == {"A", "C"}
        assert racf.current_group("ALICE", "") == "C"
        assert racf.current_group("ALICE", "A") == "A"

    def test_a_group_that_is_revoked_gives_no_access(self):
        user = User(groups=("A",), revoked_groups=("B",))
        racf = Racf({"ALICE": user}, PassTickets({}, SYSTEM_CLOCK), RacfOptions())
        racf.permit("TIMS", "PAY", "B")
        assert racf.access("TIMS", "PAY", "ALICE") is SafCode.DENIED
        racf.permit("TIMS", "PAY", "A")
        assert racf.access("TIMS", "PAY", "ALICE") is SafCode.ALLOWED
        racf.unprotect("TIMS", "PAY")
        assert racf.access("TIMS", "PAY", "ALICE") is SafCode.NO_DECISION
