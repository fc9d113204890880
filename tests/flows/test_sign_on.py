"""Sign-on through the whole path: what callers see, what RACF sees."""

import pytest

from tests.fixtures.in_process import LAB, SOAP12, username_token

WHOAMI = f'<whoAmI xmlns="{LAB}"/>'


@pytest.fixture
def standin(standin_factory):
    return standin_factory(
        ims_connect={"racf": True},
        users={
            "GWUSER": {"password": "GWPASS1", "groups": ["GWGROUP"]},
            "ALICE": {"password": "WONDER1"},
            "BOB": {"password": "BUILDER1"},
            "REVOKED": {"password": "SECRET1", "revoked": True},
            "EXPIRED": {"password": "SECRET1", "expired": True},
        },
        transactions={"WHOAMI": {"permit": ["GWUSER", "ALICE", "BOB"]}},
    )


@pytest.fixture
def gateway(in_process, standin):
    return in_process(standin.port)


def call(gateway, user, password, **how):
    return gateway.post("SecureLabPort", WHOAMI, username_token(user, password), **how)


@pytest.mark.parametrize(
    ("user", "password"),
    [
        ("NOBODY", "SECRET1"),
        ("ALICE", "WRONG"),
        ("REVOKED", "SECRET1"),
        ("EXPIRED", "SECRET1"),
        ("TOOLONGID", "X"),
    ],
)
def test_every_failed_sign_on_looks_the_same_to_the_caller(gateway, user, password):
    reply = call(gateway, user, password)
    assert (reply.status, reply.fault_code, reply.message_id) == (500, "FailedAuthentication", "IGW1304E")
    shown = reply.body.decode().replace(reply.headers["x-tracking-id"], "ID")
    other = call(gateway, "BOB", "WRONG", peer="192.0.2.77")
    assert shown == other.body.decode().replace(other.headers["x-tracking-id"], "ID")


@pytest.mark.parametrize(("user", "code"), [("NOBODY", 4), ("ALICE", 8), ("REVOKED", 28), ("EXPIRED", 12)])
def test_the_codes_of_racf_stand_in_the_log_only(gateway, user, code):
    password = "WRONG" if user == "ALICE" else "SECRET1"
    reply = call(gateway, user, password)
    event = gateway.events.last
    assert (event.return_code, event.reason_code, event.racf_code) == (8, 78, code)
    for hidden in (str(event.reason_code), password, "RACF"):
        assert hidden not in reply.fault_text.replace(reply.headers["x-tracking-id"], "")


def test_the_third_wrong_password_of_one_user_is_refused_without_a_call_to_ims_connect(gateway, standin):
    for n in range(2):
        assert call(gateway, "ALICE", f"WRONG{n}").fault_code == "FailedAuthentication"
    assert len(standin.seen) == 2
    third = call(gateway, "ALICE", "WRONG2")
    assert third.fault_code == "FailedAuthentication"
    assert len(standin.seen) == 2
    assert "held back" in gateway.events.last.reason
    assert not gateway.events.last.reached_ims_connect
    assert call(gateway, "BOB", "BUILDER1").status == 200


def test_a_held_back_user_sees_what_any_failed_sign_on_sees(gateway):
    first = call(gateway, "ALICE", "WRONG", soap=SOAP12)
    call(gateway, "ALICE", "WRONG")
    third = call(gateway, "ALICE", "WONDER1", soap=SOAP12)
    assert (first.status, first.fault_code, first.message_id) == (
        third.status,
        third.fault_code,
        third.message_id,
    )


def test_a_user_who_may_not_run_the_transaction_is_refused_by_ims(gateway, standin_factory, in_process):
    standin = standin_factory(
        ims_connect={"racf": True, "otma_security": "check"},
        users={"ALICE": {"password": "WONDER1"}, "BOB": {"password": "BUILDER1"}},
        transactions={"WHOAMI": {"permit": ["BOB"]}},
    )
    reply = call(in_process(standin.port), "ALICE", "WONDER1")
    assert reply.status == 500
    assert "ALICE" not in reply.body.decode()


def test_when_racf_refuses_the_bundle_the_caller_learns_that_it_is_not_his_fault(in_process, standin):
    gateway = in_process(standin.port, bundle={"credentials.user": "NOBODY"})
    for _ in range(2):
        reply = gateway.post("LabPort", WHOAMI)
        assert (reply.status, reply.fault_code, reply.message_id) == (500, "Server", "IGW2013E")
    seen = len(standin.seen)
    assert gateway.post("LabPort", WHOAMI).message_id == "IGW2013E"
    assert len(standin.seen) == seen, "the bundle's user is held back too, before RACF revokes it"


def test_no_event_and_no_reply_holds_a_password(gateway):
    for user, password in [("ALICE", "WONDER1"), ("ALICE", "WR0NGPW"), ("BOB", "WR0NGPW")]:
        reply = call(gateway, user, password)
        assert password not in reply.body.decode()
    assert "WONDER1" not in repr(gateway.events.events)
    assert "WR0NGPW" not in repr(gateway.events.events)


@pytest.mark.parametrize(
    ("header", "precise"),
    [
        ("", "InvalidSecurity"),
        (username_token("ALICE", "WONDER1", "PasswordDigest"), "UnsupportedSecurityToken"),
        (username_token("", "WONDER1"), "FailedAuthentication"),
        (username_token("ALICE", "WRONG"), "FailedAuthentication"),
    ],
)
def test_a_gateway_with_unified_faults_tells_nothing_but_that_it_refuses(in_process, standin, header, precise):
    told = [
        in_process(standin.port, gateway={"server.faults": faults}).post("SecureLabPort", WHOAMI, header)
        for faults in ("precise", "unified")
    ]
    assert [reply.fault_code for reply in told] == [precise, "FailedAuthentication"]
    assert told[1].message_id == "IGW1304E"
