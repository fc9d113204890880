"""`imsgw explain` names the rule that refuses each stored attack, and accepts each honest message."""

import json
import tomllib

import pytest
from cryptography import x509
from typer.testing import CliRunner

from gateway.cli import app
from gateway.config.read import read_home
from gateway.explain import Question, explain
from gateway.tls import read_trusted
from gateway.wss.policy import TransportFacts
from tests.attacks.wss.catalogue import NOW
from tests.attacks.wss.stored import Stored, stored, write

BEHIND = ("IGW", "identity.")
"""Marks of refusals that do not come from the judge: they come in front of it or behind."""
SOME = ("honest-saml20-one-str", "w1-header-no-id-saml20-soap11", "channel-mtls-none-saml20", "doctype-empty")


@pytest.fixture(scope="module")
def folder(forge_pki, tmp_path_factory):
    found = tmp_path_factory.mktemp("stored") / "attacks"
    found.mkdir()
    write(found, forge_pki, stored(forge_pki, SOME.__contains__))
    return found


@pytest.fixture(scope="module")
def ask(forge_pki, folder):
    """Return what asks for one message as `imsgw explain` does, without starting a process for each."""
    home = read_home(folder / "home", environ={"IMS1_PASSWORD": "x"})
    trusted = {}

    def ask(message: Stored):
        security = home.services[message.service].settings.security
        if message.service not in trusted:
            trusted[message.service] = read_trusted(security.truststore, security.crl)
        client = message.sent.tls_client
        certificate = x509.load_der_x509_certificate(getattr(forge_pki, client).der) if client else None
        facts = TransportFacts(tls=message.sent.tls, certificate=certificate)
        question = Question.of(home.gateway, security, facts, NOW, trusted[message.service])
        return explain(message.sent.content, question)

    return ask


def test_each_stored_attack_is_refused_by_a_rule_of_its_own(forge_pki, ask):
    wrong = []
    for message in stored(forge_pki):
        told = ask(message)
        broken = [finding.rule.id for finding in told.findings if not finding.met]
        outside = any(rule.startswith(BEHIND) for rule in message.refused_by)
        right = set(broken) <= {*message.refused_by, "message.xml", "message.envelope"}
        refused = bool(broken) == bool(message.refused_by) or outside
        if not (right and refused and len(broken) <= 1):
            wrong.append((message.name, broken, message.refused_by))
    assert not wrong


@pytest.mark.parametrize("name", SOME)
def test_the_command_says_the_same_of_files(folder, name, monkeypatch):
    index = tomllib.loads((folder / "index.toml").read_text())
    row = index[name]
    monkeypatch.setenv("IMS1_PASSWORD", "x")
    command = [
        "explain",
        str(folder / f"messages/{name}.xml"),
        "--service",
        row["service"],
        "--at",
        index["at"],
    ]
    command += ["--home", str(folder / "home"), "--json"]
    if "client_certificate" in row:
        command += ["--client-certificate", str(folder / row["client_certificate"])]
    result = CliRunner().invoke(app, command)
    told = json.loads(result.stdout)
    broken = {rule["rule"] for rule in told["rules"] if not rule["met"]}
    assert (result.exit_code == 0) is told["accepted"] is (not row["refused_by"])
    assert broken <= {*row["refused_by"], "message.xml"}
