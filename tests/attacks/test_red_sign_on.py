"""Attacks on the sign-on guard: to have RACF revoke a user, to guess on, to shut others out."""

import pytest

from gateway.imsconnect.wire import Verb
from tests.fixtures.in_process import LAB, username_token, work
from tests.fixtures.running_gateway import wait_until

USERS = {
    "GWUSER": {"password": "GWPASS1"},
    "ALICE": {"password": "WONDER1"},
    "BOB": {"password": "BUILDER1"},
}
WHOAMI = f'<whoAmI xmlns="{LAB}"/>'
NOTIFY = work("notify", "x")


@pytest.fixture
def standin(standin_factory):
    return standin_factory(ims_connect={"racf": True, "max_bad_passwords": 3}, users=USERS)


@pytest.fixture
def gateway(in_process, standin):
    return in_process(standin.port)


def sign_on(gateway, password, body=WHOAMI, user="ALICE", **how):
    return gateway.post("SecureLabPort", body, username_token(user, password), **how)


class TestOneWay:
    def test_wrong_passwords_of_a_one_way_operation_are_refused_and_count(self, gateway, standin):
        for n in range(6):
            reply = sign_on(gateway, f"WRONG{n}", NOTIFY, peer=f"192.0.2.{n}")
            assert (reply.status, reply.fault_code) == (500, "FailedAuthentication")
        assert len(standin.seen) == 2
        assert sign_on(gateway, "BUILDER1", user="BOB").status == 200

    def test_a_wrong_password_of_a_one_way_operation_is_not_taken_for_good_later(self, gateway, standin):
        sign_on(gateway, "WRONG", NOTIFY)
        sign_on(gateway, "WRONG")
        seen = len(standin.seen)
        assert sign_on(gateway, "WRONG").fault_code == "FailedAuthentication"
        assert len(standin.seen) == seen

    def test_a_one_way_message_forgives_no_failure(self, gateway, standin):
        for n in range(4):
            sign_on(gateway, f"WRONG{n}")
            sign_on(gateway, f"OTHER{n}", NOTIFY)
        assert len(standin.seen) == 2

    def test_the_right_password_is_proven_once_and_then_sent_on_without_waiting(self, gateway, standin):
        for _ in range(3):
            reply = sign_on(gateway, "WONDER1", NOTIFY)
            assert (reply.status, reply.body) == (202, b"")
        wait_until(lambda: len(standin.seen) == 3)
        assert [seen.verb for seen in standin.seen] == [Verb.SEND_ONLY_ACK, Verb.SEND_ONLY, Verb.SEND_ONLY]

    def test_the_bundles_own_wrong_password_is_held_back_in_one_way_calls_too(self, in_process, standin):
        gateway = in_process(standin.port, bundle={"credentials.user": "NOBODY"})
        for _ in range(5):
            assert gateway.post("LabPort", NOTIFY).message_id == "IGW2013E"
        assert len(standin.seen) == 2
