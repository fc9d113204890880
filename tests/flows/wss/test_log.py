"""What the log tells of a token that was believed and of one that was not, and what it never tells."""

import re

import pytest

from tests.flows.wss.conftest import VICTIM
from tests.flows.wss.scene import PASSWORDS, PORTAL, STS, WHOAMI, new_signer, refusal, user, with_nonce
from tests.forge.message import Message, username_token
from tests.forge.surgery import Surgery, with_user

pytestmark = pytest.mark.xdist_group("running wss")

ONE, MTLS = "PhoneBookSaml20OnePort", "PhoneBookSaml20Port"


def named(signer) -> str:
    return f"{signer.subject} sha256:{signer.fingerprint}"


@pytest.mark.parametrize("kind", ["saml11", "saml20"])
def test_a_signed_request_is_told_with_assertion_issuer_and_whoever_attested_it(scene, kind):
    message = scene.signed(kind)
    reply = scene.send(f"PhoneBook{kind.capitalize()}OnePort", message)
    assert user(reply) == "ALICE"
    told = scene.entry(reply)
    assert told["assertion_id"] == message.assertion_id
    assert (told["issuer"], told["attested_by"]) == (PORTAL, named(scene.sender))
    assert (told["user"], told["origin"], told["outcome"], told["tls"]) == ("ALICE", kind, "answered", True)
    assert {"Body", "Timestamp", "Assertion"} <= set(told["covered"])
    assert not [rule for rule in told["rules"] if rule.startswith("!")]


def test_a_request_under_an_sts_is_told_with_both_certificates(scene):
    message = scene.by_sts()
    told = scene.entry(scene.send("PhoneBookSaml20StsPort", message, scene.client_pem))
    assert (told["assertion_id"], told["issuer"]) == (message.assertion_id, STS)
    assert (told["attested_by"], told["issued_by"]) == (named(scene.client), named(scene.sts))


def tampered(scene) -> bytes:
    surgery = Surgery(scene.wire(scene.signed()))
    with_user(surgery.assertion, "BOB")
    return surgery.bytes()


REFUSED = {
    "signature.digests": (ONE, tampered),
    "signature.value": (ONE, lambda scene: scene.signed(signed_by=scene.sender.with_key_of(new_signer("x")))),
    "trust.one": (ONE, lambda scene: scene.signed(signed_by=new_signer("stranger"))),
    "signature.needed": (ONE, lambda scene: scene.unsigned()),
    "saml.issuer-known": (ONE, lambda scene: scene.signed(claims={"issuer": "urn:somebody"})),
    "saml.audience": (ONE, lambda scene: scene.signed(claims={"audience": "urn:somebody"})),
    "sender.authenticated": (MTLS, lambda scene: scene.unsigned()),
    "username.type": (
        "SecurePhoneBookPort",
        lambda _scene: Message(
            "username", claims={"token_xml": username_token("ALICE", "WONDER1", "PasswordDigest")}, body=WHOAMI
        ),
    ),
}


@pytest.mark.parametrize("rule", REFUSED)
def test_a_refused_request_is_told_with_the_rule_that_refused_it(scene, rule):
    port, make = REFUSED[rule]
    reply = scene.send(port, make(scene))
    code, message_id = refusal(reply)
    told = scene.entry(reply)
    assert told["rules"][-1] == f"!{rule}"
    assert (told["message_id"], told["outcome"], told["reached_ims_connect"]) == (message_id, "refused", False)
    assert rule not in reply.body.decode(), code
    assert scene.standin.seen == ()


def test_nothing_secret_stands_in_the_log_or_in_an_answer(scene):
    wrong = Message("username", user=VICTIM, password="GUESSED1", body=WHOAMI)
    broken = scene.wire(scene.signed())[:-40]
    replies = [
        scene.send("SecurePhoneBookPort", with_nonce()),
        scene.send("SecurePhoneBookPort", wrong),
        scene.send("PhoneBookPort", with_nonce()),
        scene.send(ONE, scene.signed()),
        scene.send(ONE, tampered(scene)),
        scene.send(ONE, with_nonce("BOB", "BUILDER1")),
        scene.send(ONE, scene.signed(body=WHOAMI.replace("/>", ">BUILDER1</whoAmI>"))),
        scene.send(ONE, scene.signed(user="WAYTOOLONGFORRACF")),
        scene.send(ONE, broken),
        scene.send("NoSuchPort", scene.signed()),
        scene.send("PhoneBookSaml20StsPort", scene.by_sts(), scene.client_pem),
    ]
    assert [reply.status for reply in replies[:4:3]] == [200, 200]
    assert len(scene.said) > len(PASSWORDS) + 20, "there is something to look for"
    assert len(scene.tap.passwords) > 3
    for reply in replies:
        shown = reply.body.decode() + str(reply.headers)
        assert not [each for each in scene.said | scene.tap.passwords if each in shown]
        if "x-tracking-id" in reply.headers and reply.headers["content-type"].startswith("text/xml"):
            scene.entry(reply)
    assert scene.leaks() == []
    assert not re.search(r"-----BEGIN|SignatureValue|MII[A-Za-z0-9+/]{20}", scene.gateway.log)
