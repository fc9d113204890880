"""Who may sign on and who may run a transaction: the codes a client reads."""

import pytest

from tests.unit.standin.by_hand import message, refusal, reply, text

USERS = {
    "GWUSER": {"password": "GWPASS1", "groups": ["GWGROUP", "OTHERS"]},
    "ALICE": {"password": "WONDER1", "groups": ["SALES"]},
    "GONE": {"password": "GONE1", "revoked": True},
    "OLD": {"password": "OLD1", "expired": True},
    "TASK": {},
}
WHO = "USER={} GROUP={} LTERM= CLIENTID=CLIENT01 TRANSACTION=WHOAMI DATASTORE=IMS1 NETUID= NETSID="
RACF = {"racf": True}


@pytest.fixture
def ask(standin_factory, connect):
    """Ask WHOAMI of a stand-in with these settings, on a connection of its own."""

    def start(**ims_connect):
        transactions = ims_connect.pop("transactions", {})
        standin = standin_factory(ims_connect=ims_connect, users=USERS, transactions=transactions)

        def say(user="", password="", group=""):
            with connect(standin) as client:
                return client.ask(text("WHOAMI", user=user, password=password, group=group))

        say.standin = standin
        return say

    return start


class TestSignOn:
    def test_user_password_and_group_are_accepted(self, ask):
        assert ask(**RACF)("GWUSER", "GWPASS1", "GWGROUP") == reply(WHO.format("GWUSER", "GWGROUP"))

    def test_the_group_may_be_left_out(self, ask):
        assert ask(**RACF)("GWUSER", "GWPASS1") == reply(WHO.format("GWUSER", ""))

    @pytest.mark.parametrize(
        ("sign_on", "reason", "racf"),
        [
            pytest.param(("GWUSER", ""), 53, 0, id="no-password"),
            pytest.param(("", "GWPASS1"), 54, 0, id="no-user"),
            pytest.param(("", ""), 55, 0, id="neither"),
            pytest.param(("NOBODY", "GWPASS1"), 78, 0x04, id="user-not-defined"),
            pytest.param(("GWUSER", "WRONG"), 78, 0x08, id="password-wrong"),
            pytest.param(("TASK", "ANY"), 78, 0x08, id="user-without-password"),
            pytest.param(("OLD", "OLD1"), 78, 0x0C, id="password-expired"),
            pytest.param(("OLD", "WRONG"), 78, 0x08, id="expired-and-wrong"),
            pytest.param(("GWUSER", "GWPASS1", "SALES"), 78, 0x14, id="not-in-group"),
            pytest.param(("GONE", "GONE1"), 78, 0x1C, id="revoked"),
        ],
    )
    def test_every_refusal_has_its_code(self, ask, sign_on, reason, racf):
        say = ask(**RACF)
        assert say(*sign_on) == refusal(8, reason, racf)
        (seen,) = say.standin.seen
        assert seen.outcome == f"refused 8/{reason}"

    def test_a_user_is_revoked_after_so_many_wrong_passwords_in_a_row(self, ask):
        say = ask(racf=True, max_bad_passwords=3)
        wrong, right = ("GWUSER", "WRONG"), ("GWUSER", "GWPASS1")
        assert [say(*wrong) for _ in range(3)] == [refusal(8, 78, 0x08)] * 3
        assert say(*right) == refusal(8, 78, 0x1C)
        assert say.standin.racf.revoked == {"GONE", "GWUSER"}
        assert say("ALICE", "WONDER1") == reply(WHO.format("ALICE", ""))

    def test_a_right_password_starts_the_count_again(self, ask):
        say = ask(racf=True, max_bad_passwords=2)
        for _ in range(3):
            assert say("GWUSER", "WRONG") == refusal(8, 78, 0x08)
            assert say("GWUSER", "GWPASS1") == reply(WHO.format("GWUSER", ""))

    def test_with_zero_nobody_is_revoked(self, ask):
        say = ask(racf=True, max_bad_passwords=0)
        assert [say("GWUSER", "WRONG") for _ in range(10)] == [refusal(8, 78, 0x08)] * 10

    def test_a_revoked_user_can_be_resumed(self, ask):
        say = ask(racf=True, max_bad_passwords=1)
        say("GWUSER", "WRONG")
        say.standin.racf.resume("GWUSER")
        assert say("GWUSER", "GWPASS1") == reply(WHO.format("GWUSER", ""))

    def test_passwords_are_folded_to_upper_case(self, ask):
        assert ask(**RACF)("GWUSER", "gwpass1") == reply(WHO.format("GWUSER", ""))

    def test_with_mixed_case_they_are_not(self, ask):
        say = ask(racf=True, mixed_case=True)
        assert say("GWUSER", "gwpass1") == refusal(8, 78, 0x08)
        assert say("GWUSER", "GWPASS1") == reply(WHO.format("GWUSER", ""))

    def test_a_user_id_is_not_folded(self, ask):
        assert ask(**RACF)("gwuser", "GWPASS1") == refusal(8, 78, 0x04)

    def test_an_ack_is_not_signed_on_again(self, standin_factory, connect):
        client = connect(standin_factory(ims_connect={"racf": True}, users=USERS))
        client.ask(text("ECHO 1", user="GWUSER", password="GWPASS1", f3=1))
        assert client.ask(message(verb="A", f3=1)) == refusal(4, 97)


class TestDefaultUser:
    def test_without_racf_a_blank_user_is_racfid(self, ask):
        assert ask(racfid="DEFUSER")() == reply(WHO.format("DEFUSER", ""))

    def test_without_racf_any_user_is_believed(self, ask):
        assert ask(racfid="DEFUSER")("NOBODY", "", "NOGROUP") == reply(WHO.format("NOBODY", "NOGROUP"))

    def test_with_racf_racfid_needs_a_password_too(self, ask):
        assert ask(racf=True, racfid="ALICE")() == refusal(8, 53)

    def test_a_password_alone_is_that_of_racfid(self, ask):
        say = ask(racf=True, racfid="ALICE")
        assert say("", "WONDER1") == reply(WHO.format("ALICE", ""))
        assert say("", "WRONG") == refusal(8, 78, 0x08)

    def test_racfid_may_be_let_in_without_a_password(self, ask):
        say = ask(racf=True, racfid="TASK", racfid_without_password=True)
        assert say() == reply(WHO.format("TASK", ""))
        assert say("TASK", "") == refusal(8, 53)

    def test_racfid_must_exist_all_the_same(self, ask):
        say = ask(racf=True, racfid="DEFUSER", racfid_without_password=True)
        assert say() == refusal(8, 78, 0x04)


NOT_ALLOWED = reply("DFS1292E SECURITY VIOLATION")
ONLY_GROUP = {"WHOAMI": {"permit": ["GWGROUP"]}}


class TestOtma:
    @pytest.mark.parametrize("level", ["check", "full"])
    def test_a_group_opens_the_transaction_to_its_users_only(self, ask, level):
        say = ask(racf=True, otma_security=level, transactions=ONLY_GROUP)
        assert say("GWUSER", "GWPASS1") == reply(WHO.format("GWUSER", ""))
        assert say("ALICE", "WONDER1") == NOT_ALLOWED
        assert say.standin.seen[1].outcome == "DFS1292E"

    def test_a_user_may_be_named_alone(self, ask):
        say = ask(racf=True, otma_security="check", transactions={"WHOAMI": {"permit": ["ALICE"]}})
        assert say("ALICE", "WONDER1") == reply(WHO.format("ALICE", ""))
        assert say("GWUSER", "GWPASS1") == NOT_ALLOWED

    def test_an_empty_list_opens_it_to_nobody(self, ask):
        say = ask(racf=True, otma_security="check", transactions={"WHOAMI": {"permit": []}})
        assert say("ALICE", "WONDER1") == NOT_ALLOWED

    def test_without_a_profile_everybody_may(self, ask):
        assert ask(racf=True, otma_security="check")("ALICE", "WONDER1") == reply(WHO.format("ALICE", ""))

    @pytest.mark.parametrize("level", ["none", "join"])
    def test_some_levels_check_no_message(self, ask, level):
        say = ask(racf=True, otma_security=level, transactions=ONLY_GROUP)
        assert say("ALICE", "WONDER1") == reply(WHO.format("ALICE", ""))

    def test_profile_follows_racf(self, ask):
        with_racf = ask(racf=True, otma_security="profile", transactions=ONLY_GROUP)
        assert with_racf("ALICE", "WONDER1") == NOT_ALLOWED
        without = ask(racf=False, otma_security="profile", transactions=ONLY_GROUP)
        assert without("ALICE", "") == reply(WHO.format("ALICE", ""))

    @pytest.mark.parametrize(
        "sign_on",
        [("NOBODY", ""), ("", ""), ("GONE", ""), ("ALICE", "", "GWGROUP")],
        ids=["not-defined", "nobody", "revoked", "not-in-group"],
    )
    def test_otma_verifies_the_user_even_without_racf_in_ims_connect(self, ask, sign_on):
        assert ask(otma_security="check")(*sign_on) == NOT_ALLOWED
