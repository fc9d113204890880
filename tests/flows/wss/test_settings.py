"""Risky settings are named by `imsgw check` and at the start; unified faults tell callers nothing."""

import re

import pytest

from tests.fixtures.running_gateway import KEYSTORE_PASSWORD, deploy_lab
from tests.flows.test_running_commands import SECRETS, imsgw
from tests.flows.wss.conftest import TICKET_KEY, VICTIM, racf
from tests.flows.wss.scene import AUDIENCE, PORTAL, WHOAMI, Scene, new_signer, refusal, user, with_nonce
from tests.flows.wss.test_log import REFUSED, tampered
from tests.flows.wss.wiretap import Wiretap
from tests.forge.message import Message

pytestmark = pytest.mark.xdist_group("running wss")

COMMON = {"token": "saml20", "issuers": [PORTAL], "audiences": [AUDIENCE]}
SIGNED = {**COMMON, "signed": True, "truststore": {"path": "keystores/senders.pem"}}
CHAIN = {**SIGNED, "trust": "chain", "truststore": {"path": "keystores/ca.pem"}}
STS = {**SIGNED, "signed_by": "sts", "truststore": {"path": "keystores/sts.pem"}}
SOMEBODY = {"senders": ["CN=somebody"]}

RISKY = {
    "any": (
        {**COMMON, "signed": True, "trust": "any", **SOMEBODY},
        "trust",
        "everybody can make a certificate",
    ),
    "network": ({**COMMON, "unsigned_senders": "network"}, "unsigned_senders", "may speak for any user"),
    "mtls": (COMMON, "senders", "every client certificate that TLS accepts may speak for any user"),
    "chain": (CHAIN, "senders", "every certificate that chains to the truststore may speak for any user"),
    "sts": (STS, "senders", "every client certificate that TLS accepts may speak for any user"),
    "bearer": ({**STS, "sts_body": "https"}, "sts_body", "whoever has an assertion can use it"),
    "issuers": (
        {**STS, **SOMEBODY, "trust": "chain", "truststore": {"path": "keystores/ca.pem"}},
        "issuer_certificates",
        "every certificate that chains to the truststore may issue assertions",
    ),
    "sha1": ({**SIGNED, "legacy_algorithms": True}, "legacy_algorithms", "SHA-1"),
}


@pytest.fixture(scope="module")
def strict(module_gateway_factory):
    """A gateway that tells callers nothing, with every risky service beside the example's."""

    def prepare(home):
        for name, (table, _, _) in RISKY.items():
            settings = {f"security.{key}": value for key, value in table.items()}
            deploy_lab(home, f"risky-{name}", f"Risky{name.capitalize()}Port", settings)

    with racf() as standin, Wiretap(standin.port) as tap:
        settings = {"server.workers": 1, "server.faults": "unified", "sign_on.failures_per_peer": 1000}
        bundle = {"ims_connect.port": tap.port, "passticket.key": TICKET_KEY}
        scene = Scene(
            module_gateway_factory(standin, settings, bundle, prepare=prepare, assertions=True), standin, tap
        )
        yield scene
        scene.gateway.stop()
        assert scene.leaks() == []


@pytest.fixture(scope="module")
def checked(strict):
    return imsgw("check", "--home", strict.gateway.home, **SECRETS)


@pytest.mark.parametrize("name", RISKY)
def test_a_risky_setting_is_named_by_check_and_at_the_start(strict, checked, name):
    _, key, words = RISKY[name]
    place = f"wsdl/risky-{name}/correlator.toml: security.{key}: warning: "
    (line,) = [line for line in checked.stdout.splitlines() if line.startswith(place)]
    assert words in line
    assert line.rpartition(" [trust.")[0] in strict.gateway.log.splitlines()


def test_what_is_risky_stops_nothing_and_what_is_not_is_not_named(checked):
    assert checked.returncode == 0
    assert "phonebook-saml20-any/correlator.toml: security.trust: warning" in checked.stdout
    for name in ("phonebook", "phonebook-secure", "phonebook-saml20-one", "phonebook-saml20-chain"):
        assert f"wsdl/{name}/" not in checked.stdout
    assert KEYSTORE_PASSWORD not in checked.stdout + checked.stderr


def without_tracking_id(reply) -> str:
    return re.sub(re.escape(reply.headers["x-tracking-id"]), "", reply.body.decode())


def test_unified_faults_of_assertions_are_all_the_same_and_the_log_has_the_rule(strict):
    port = "PhoneBookSaml20OnePort"
    message = strict.wire(strict.signed())
    assert user(strict.send(port, message)) == "ALICE"
    replies = {rule: strict.send(port, make(strict)) for rule, (at, make) in REFUSED.items() if at == port}
    replies["replay.new"] = strict.send(port, message)
    replies["signature.digests"] = strict.send(port, tampered(strict))
    assert len({without_tracking_id(reply) for reply in replies.values()}) == 1
    assert {refusal(reply) for reply in replies.values()} == {("InvalidSecurity", "IGW1302E")}
    for rule, reply in replies.items():
        assert strict.entry(reply)["rules"][-1] == f"!{rule}"


def test_unified_faults_of_passwords_do_not_tell_wrong_ones_from_unknown_users(strict):
    port = "SecurePhoneBookPort"
    message = strict.wire(with_nonce())
    assert user(strict.send(port, message)) == "ALICE"
    replies = [
        strict.send(port, Message("username", user=VICTIM, password="GUESSED1", body=WHOAMI)),
        strict.send(port, Message("username", user="NOBODY", body=WHOAMI)),
        strict.send(port, Message("username", user="WAYTOOLONG", body=WHOAMI)),
        strict.send(port, message),
        strict.send(port, REFUSED["username.type"][1](strict)),
        strict.send(port, strict.unsigned()),
    ]
    assert {refusal(reply) for reply in replies} == {("FailedAuthentication", "IGW1304E")}
    assert len({without_tracking_id(reply) for reply in replies}) == 1


def test_a_signer_that_nobody_knows_is_accepted_where_any_is_and_told(strict):
    stranger = new_signer("stranger")
    reply = strict.send("PhoneBookSaml20AnyPort", strict.signed(signed_by=stranger))
    assert user(reply) == "ALICE"
    assert stranger.fingerprint in strict.entry(reply)["attested_by"]
