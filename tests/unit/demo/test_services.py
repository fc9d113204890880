"""Every example service with an assertion, judged by `gateway.explain`: honest messages and refused ones."""

import shutil
from dataclasses import replace
from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12

from gateway import testkeys
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
from gateway.demo.attacks import unsigned, with_another_user, wrapped
from gateway.demo.messages import message
from gateway.demo.signing import Signer
from gateway.exchange import Secret
from gateway.explain import Question, explain
from gateway.tls import read_trusted
from gateway.wss.policy import SignedBy, TransportFacts
from tests.fixtures.running_gateway import REPOSITORY

PASSWORD = Secret("keys-for-tests")
ENVIRON = {"IMSGW_KEYSTORE_PASSWORD": PASSWORD.reveal(), "IMS1_PASSWORD": "GWPASS1"}
SAML = sorted(path.parent.name for path in REPOSITORY.glob("wsdl/phonebook-saml*/correlator.toml"))
BY_SENDER = [name for name in SAML if name.endswith(("-one", "-chain", "-any"))]


def signer(path):
    opened = pkcs12.load_pkcs12(path.read_bytes(), PASSWORD.reveal().encode())
    assert opened.cert is not None
    return Signer(opened.key, opened.cert.certificate)


@pytest.fixture(scope="module")
def stage(tmp_path_factory):
    """The example home, read, with its keys."""
    folder = tmp_path_factory.mktemp("home")
    for part in ("bundles", "wsdl"):
        shutil.copytree(REPOSITORY / part, folder / part)
    shutil.copy(REPOSITORY / "gateway.toml", folder)
    keys = testkeys.create(folder / "keystores", password=PASSWORD)
    return read_home(folder, environ=ENVIRON), keys


@cache
def now():
    """The time of the first test, not of the collection: the keys are made in between."""
    return SYSTEM_CLOCK.now()


def question(stage, name):
    home, keys = stage
    security = home.services[name].settings.security
    facts = TransportFacts(tls=True, certificate=signer(keys.client).certificate)
    return Question.of(home.gateway, security, facts, now(), read_trusted(security.truststore, security.crl))


def honest(stage, name):
    """Return the message that a service is for."""
    _, keys = stage
    policy = question(stage, name).policy
    signers = {SignedBy.SENDER: {"sender": signer(keys.sender)}, SignedBy.STS: {"sts": signer(keys.sts)}}
    return message(policy.token, "ALICE", now(), **signers.get(policy.signed_by, {}))


def broken(outcome):
    return [finding.rule.id for finding in outcome.findings if not finding.met]


def test_there_are_ten_of_them():
    assert len(SAML) == 10


@pytest.mark.parametrize("name", SAML)
def test_the_honest_message_is_accepted(stage, name):
    outcome = explain(honest(stage, name), question(stage, name))
    assert outcome.accepted, outcome.refusal
    assert outcome.claims is not None
    assert outcome.claims["user"] == "ALICE"


@pytest.mark.parametrize("name", [name for name in SAML if name not in BY_SENDER])
def test_without_a_client_certificate_it_is_refused(stage, name):
    asked = question(stage, name)
    outcome = explain(honest(stage, name), replace(asked, facts=TransportFacts(tls=True)))
    assert broken(outcome) == ["sender.authenticated"]


@pytest.mark.parametrize("name", BY_SENDER)
@pytest.mark.parametrize(
    ("change", "rule"),
    [
        (wrapped, "signature.targets"),
        (lambda kept: with_another_user(kept, "BOB"), "signature.digests"),
        (unsigned, "signature.needed"),
    ],
)
def test_what_an_attacker_makes_of_it_is_refused_by_the_rule_for_it(stage, name, change, rule):
    outcome = explain(change(honest(stage, name)), question(stage, name))
    assert broken(outcome) == [rule]


def test_the_key_of_the_sts_is_no_sender_s(stage):
    _, keys = stage
    for name, rule in (("phonebook-saml20-one", "trust.one"), ("phonebook-saml20-chain", "sender.listed")):
        asked = question(stage, name)
        sent = message(asked.policy.token, "ALICE", now(), sender=signer(keys.sts))
        assert broken(explain(sent, asked)) == [rule]
