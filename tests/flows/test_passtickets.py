"""Users without a password, through the whole path: who RACF thinks is calling, and who hears of refusals."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from gateway.identity import passticket
from tests.fixtures.in_process import LAB, WHO
from tests.forge.assertions import AUDIENCE, ISSUER
from tests.forge.message import Message

KEY = "0123456789ABCDEF"
HMAC_KEY = bytes(range(32)).hex()
WHOAMI = f'<whoAmI xmlns="{LAB}"/>'
SAML = {
    "security.token": "saml20",
    "security.unsigned_senders": "network",
    "security.audiences": [AUDIENCE],
}


@pytest.fixture
def standin_of(standin_factory):
    def start(profile=None, **ims_connect):
        return standin_factory(
            ims_connect={"racf": True, "otma_security": "check", **ims_connect},
            users={
                "GWUSER": {"password": "GWPASS1", "groups": ["GWGROUP"]},
                "ALICE": {"password": "WONDER1"},
                "GONE": {"revoked": True},
            },
            passtickets={"IMSAPPL": {"key": KEY, **(profile or {})}},
        )

    return start


@pytest.fixture
def gateway_of(in_process):
    def start(standin, **bundle):
        return in_process(standin.port, bundle=bundle, labs={("saml", "SamlPort"): SAML})

    return start


def ask(gateway, user="ALICE", soap=11):
    message = Message(token="saml20", user=user, body=WHOAMI, soap=soap)
    return gateway.send("SamlPort", message.build(SYSTEM_CLOCK.now()))


def told(reply) -> dict[str, str]:
    assert reply.status == 200, reply.body
    assert reply.payload.tag == f"{{{WHO}}}whoami"
    return {child.tag.rpartition("}")[2]: child.text or "" for child in reply.payload}


def test_a_user_of_an_assertion_signs_on_with_a_passticket(gateway_of, standin_of):
    standin = standin_of()
    who = told(ask(gateway_of(standin)))
    assert (who["user"], who["netuid"], who["netsid"]) == ("ALICE", "ALICE", ISSUER)


@pytest.mark.parametrize("kind", ["enhanced", "enhanced-mixed"])
def test_with_an_enhanced_one_too(gateway_of, standin_of, kind):
    standin = standin_of({"key": HMAC_KEY, "kind": kind})
    gateway = gateway_of(standin, **{"passticket.key": HMAC_KEY, "passticket.kind": kind})
    assert told(ask(gateway))["user"] == "ALICE"


def test_a_burst_of_one_user_is_no_replay(gateway_of, standin_of):
    standin = standin_of(max_bad_passwords=1)
    gateway = gateway_of(standin)
    with ThreadPoolExecutor(8) as threads:
        users = list(threads.map(lambda _: told(ask(gateway))["user"], range(60)))
    assert users == ["ALICE"] * 60
    assert standin.racf.revoked == {"GONE"}


def test_a_passticket_that_was_seen_on_its_way_is_of_no_use(gateway_of, standin_of, monkeypatch):
    made = []

    def remembering(settings, user, now):
        made.append(make(settings, user, now))
        return made[0]

    make = passticket.make
    monkeypatch.setattr(passticket, "make", remembering)
    standin = standin_of()
    gateway = gateway_of(standin)
    assert told(ask(gateway))["user"] == "ALICE"
    reply = ask(gateway)
    assert (reply.status, reply.message_id) == (500, "IGW2013E")
    assert (gateway.events.last.racf_code, standin.seen[-1].outcome) == (8, "refused 8/78")


@pytest.mark.parametrize(
    "mistake",
    [
        {"passticket.key": "FEDCBA9876543210"},
        {"passticket.application": "IMSAPPX"},
        {"passticket.key": HMAC_KEY, "passticket.kind": "enhanced"},
    ],
    ids=["key", "application", "kind"],
)
def test_a_mistake_of_the_configuration_is_ours_and_revokes_nobody(gateway_of, standin_of, mistake):
    standin = standin_of(max_bad_passwords=3)
    gateway = gateway_of(standin, **mistake)
    for _ in range(6):
        reply = ask(gateway)
        assert (reply.status, reply.message_id) == (500, "IGW2013E")
    assert "ALICE" not in standin.racf.revoked
    assert len(standin.seen) == 2, "the sign-on guard holds back what RACF would count"


@pytest.mark.parametrize(("user", "code"), [("NOBODY", 4), ("GONE", 28)])
def test_a_user_whom_racf_does_not_let_in_is_the_callers_affair(gateway_of, standin_of, user, code):
    gateway = gateway_of(standin_of())
    for _ in range(4):
        reply = ask(gateway, user)
        assert (reply.fault_code, reply.message_id) == ("FailedAuthentication", "IGW1304E")
        assert gateway.events.last.racf_code == code, "nothing is held back that RACF does not count"


def test_a_trusted_user_needs_no_password(in_process, standin_of):
    mark = {"extension": "*TRSTUS*", "value": "BELIEVE ME"}
    standin = standin_of(trusted_user=mark)
    gateway = trusting(in_process, standin)
    who = told(ask(gateway))
    assert (who["user"], who["netsid"]) == ("ALICE", ISSUER)
    assert ask(gateway, "NOBODY").message_id == "IGW1304E"


def test_an_exit_that_does_not_know_the_mark_is_our_mistake(in_process, standin_of):
    reply = ask(trusting(in_process, standin_of()))
    assert (reply.status, reply.message_id) == (500, "IGW2013E")


def trusting(in_process, standin):
    bundle = f"""
[ims_connect]
host = "127.0.0.1"
port = {standin.port}
datastore = "IMS1"
network_identity = true

[trusted_user]
extension = "*TRSTUS*"
value = "BELIEVE ME"
"""
    return in_process(standin.port, labs={("saml", "SamlPort"): SAML}, extra=[("bundles/ims1.toml", bundle)])


def test_a_name_that_ims_cannot_be_told_is_refused_before_anything_is_sent(gateway_of, standin_of):
    standin = standin_of()
    message = Message(token="saml20", user="ALICE", body=WHOAMI, claims={"issuer": "https://sts.example/ł"})
    reply = gateway_of(standin).send("SamlPort", message.build(SYSTEM_CLOCK.now()))
    assert (reply.status, reply.fault_code, reply.message_id) == (500, "Client", "IGW2014E")
    assert standin.seen == ()


def test_no_passticket_shows_in_what_is_told_of_a_request(gateway_of, standin_of, monkeypatch, caplog):
    monkeypatch.setattr(passticket, "make", lambda *_: Secret("SHOWNOT1"))
    standin = standin_of()
    gateway = gateway_of(standin)
    reply = ask(gateway)
    shown = f"{reply.body!r} {reply.headers} {gateway.events.events} {caplog.text} {standin.seen}"
    assert reply.message_id == "IGW2013E"
    assert "SHOWNOT1" not in shown
    assert KEY not in shown
