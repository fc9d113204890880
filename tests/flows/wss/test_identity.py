"""Who a believed token is to RACF: the table of users, and a module of the site's own."""

import pytest

from tests.flows.wss.conftest import OPTION
from tests.flows.wss.scene import STS, refusal, user

pytestmark = pytest.mark.xdist_group("running wss")

LAB_WHOAMI = '<whoAmI xmlns="urn:ims-gateway:lab"/>'
ADDRESS = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress"
NOBODY = ("FailedAuthentication", "IGW1304E")
UNAVAILABLE = ("Server", "IGW1308E")


def ask(scene, port, name, **claims):
    return scene.send(port, scene.unsigned(user=name, body=LAB_WHOAMI, claims=claims))


@pytest.mark.parametrize(
    ("name", "claims", "expected"),
    [
        ("Wonder, Alice", {}, ("ALICE", "SALES")),
        ("bob@shop.example", {"format": ADDRESS}, ("BOB", "")),
        ("alice@bank.example", {"format": ADDRESS, "issuer": STS}, ("BOB", "")),
        ("bob", {}, ("BOB", "")),
    ],
    ids=["a name", "a pattern", "a name of an issuer", "the name itself"],
)
def test_the_table_says_who_it_is(scene, name, claims, expected):
    assert user(ask(scene, "MappedPort", name, **claims)) == expected[0]
    (seen,) = scene.standin.seen
    assert (seen.user, seen.group) == expected


@pytest.mark.parametrize(
    ("name", "claims"),
    [
        ("wonder, alice", {}),
        ("Wonder,  Alice", {}),
        ("alice@bank.example", {"format": ADDRESS}),
        ("bob@shop.example.org", {"format": ADDRESS}),
        ("bob@shopXexample", {"format": ADDRESS}),
        ("BOB", {"format": ADDRESS}),
        ("mallory", {}),
        ("mallory@shop.example", {"format": ADDRESS}),
        ("administrator@shop.example", {"format": ADDRESS}),
    ],
)
def test_a_name_that_no_row_fits_or_that_is_denied_is_nobody(scene, name, claims):
    reply = ask(scene, "MappedPort", name, **claims)
    assert refusal(reply) == NOBODY
    assert "[identity.users: " in scene.entry(reply)["reason"]
    assert scene.standin.seen == ()


def test_a_module_of_the_site_lets_in_and_names_user_group_and_password(scene):
    reply = ask(scene, "GuardedPort", "alice@example.com", format=ADDRESS)
    assert user(reply) == "ALICE"
    assert user(ask(scene, "GuardedPort", "ticket")) == "BOB", "without a password by a PassTicket"
    assert user(ask(scene, "GuardedPort", "alice")) == "ALICE", "the module had nothing to say"
    assert [(seen.user, seen.group) for seen in scene.standin.seen] == [
        ("ALICE", "SALES"),
        ("BOB", ""),
        ("ALICE", ""),
    ]


def test_a_module_that_denies_gives_the_caller_no_reason_and_the_log_its_own(scene):
    reply = ask(scene, "GuardedPort", "deny")
    assert refusal(reply) == NOBODY
    assert "list" not in reply.fault_text
    assert "Door refused: on the list of whoAmI" in scene.entry(reply)["reason"]
    assert scene.standin.seen == ()


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("break", "Door: RuntimeError at doors.py:"),
        ("down", "Door: directory does not answer"),
        ("nonsense", "Door did not answer with a Decision"),
    ],
)
def test_a_module_that_fails_lets_nobody_in_and_tells_no_secret(scene, name, told):
    reply = ask(scene, "GuardedPort", name)
    assert refusal(reply) == UNAVAILABLE
    assert told in scene.entry(reply)["reason"]
    assert OPTION not in scene.gateway.log + reply.body.decode()
    assert scene.standin.seen == ()
