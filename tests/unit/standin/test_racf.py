import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from gateway.standin.config import User
from gateway.standin.passticket import PassTickets
from gateway.standin.racf import Racf, RacfCode, RacfOptions


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
