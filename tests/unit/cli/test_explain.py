"""`imsgw explain`: the verdict on a stored message, in words, as JSON and as exit code."""

import json
from base64 import b64encode

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from tests.fixtures.in_process import SOAP12, envelope, username_token

WSU = "http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-wssecurity-utility-1.0.xsd"
AT = "2026-11-22T12:00:00Z"
PASSWORD = "S3CRET99"
BODY = '<whoAmI xmlns="urn:ims-gateway:example:phonebook"/>'
LONG = "MUCH-TOO-LONG-A-PASSWORD"
KEYS = {"service", "at", "https", "accepted", "rules", "replay", "claims", "refusal"}
CLAIMS = {
    "token",
    "user",
    "name_format",
    "issuer",
    "assertion_id",
    "attributes",
    "vouching",
    "attesting",
    "issuing",
    "covered",
}


@pytest.fixture
def explain(imsgw, home, tmp_path):
    """Explain a message that stands in a file."""

    def run(message, *options, service="phonebook-secure", columns="100"):
        path = tmp_path / "message.xml"
        path.write_bytes(message)
        return imsgw("explain", path, "--service", service, "--home", home, *options, COLUMNS=columns)

    return run


@pytest.fixture
def told(explain):
    """Explain with --json."""

    def run(message, *options, **more):
        result = explain(message, "--json", *options, **more)
        return result.exit_code, json.loads(result.stdout)

    return run


ALICE = envelope(BODY, username_token("ALICE", PASSWORD))


def test_an_accepted_message_ends_with_0_and_says_who_calls(explain):
    result = explain(ALICE)
    assert result.exit_code == 0
    assert "accepted" in result.stdout
    assert "user: ALICE" in result.stdout
    assert "username.type" in result.stdout
    assert "broken" not in result.stdout
    assert "a replay is not noticed" in " ".join(result.stdout.split())


def test_a_refused_message_ends_with_1_and_names_the_rule_the_fault_and_the_reason(explain):
    result = explain(envelope(BODY, username_token("ALICE", PASSWORD, "PasswordDigest")))
    assert result.exit_code == 1
    assert "broken" in result.stdout
    assert "fault: wsse:UnsupportedSecurityToken" in result.stdout
    assert "message: IGW1303E" in result.stdout
    assert "private: username.type" in result.stdout


@pytest.mark.parametrize(
    ("message", "service"),
    [
        (ALICE, "phonebook-secure"),
        (ALICE, "phonebook"),
        (envelope(BODY, username_token("ALICE", PASSWORD, "PasswordDigest")), "phonebook-secure"),
        (envelope(BODY, username_token("ALICE", LONG)), "phonebook-secure"),
        (envelope(BODY, username_token("ALICE", f"{PASSWORD}<x/>")), "phonebook-secure"),
        (envelope(BODY, username_token("", PASSWORD)), "phonebook-secure"),
        (ALICE.replace(b"S3CRET99", b"S3CRET99&"), "phonebook-secure"),
        (ALICE.replace(b"S3CRET99", b"S3CRET99<!-- -->"), "phonebook-secure"),
        (ALICE, "phonebook-saml20-one"),
    ],
)
@pytest.mark.parametrize("options", [(), ("--json",)])
def test_no_password_is_ever_shown(explain, message, service, options):
    output = explain(message, *options, service=service).output
    assert PASSWORD not in output
    assert LONG not in output


def test_json_has_the_same_keys_whatever_the_verdict(told):
    code, accepted = told(ALICE, "--at", AT)
    assert (code, accepted["accepted"], accepted["refusal"]) == (0, True, None)
    assert accepted.keys() == KEYS
    assert accepted["claims"].keys() == CLAIMS
    assert (accepted["claims"]["user"], accepted["claims"]["vouching"]) == ("ALICE", "password")
    assert accepted["at"] == "2026-11-22T12:00:00+00:00"
    assert all(set(rule) == {"rule", "demands", "source", "met", "found"} for rule in accepted["rules"])
    code, refused = told(envelope(BODY))
    assert (code, refused["accepted"], refused["claims"]) == (1, False, None)
    assert refused.keys() == KEYS
    assert refused["refusal"].keys() == {"fault", "message", "text", "private"}
    assert refused["refusal"]["fault"] == "wsse:InvalidSecurity"
    assert [rule["rule"] for rule in refused["rules"] if not rule["met"]] == ["header.present"]


def test_what_came_before_is_told_as_not_checked(told):
    nonce = f"<wsse:Nonce>{b64encode(bytes(16)).decode()}</wsse:Nonce>"
    created = f'<wsu:Created xmlns:wsu="{WSU}">{AT}</wsu:Created>'
    end = b"</wsse:UsernameToken>"
    code, outcome = told(ALICE.replace(end, f"{nonce}{created}".encode() + end), "--at", AT)
    assert code == 0
    (found,) = [rule["found"] for rule in outcome["rules"] if rule["rule"] == "replay.new"]
    assert found == "not checked here"


@pytest.mark.parametrize("columns", [80, 120])
def test_the_table_fits_a_terminal_and_no_rule_is_broken_into_lines(explain, columns):
    shown = explain(ALICE, columns=str(columns)).stdout
    table = shown.partition("replay:")[0]
    assert max(map(len, table.splitlines())) <= columns
    assert {"message.xml", "transport.https", "username.type"} <= set(table.split())
    assert "found: SOAP 1.1" in table
    assert "over HTTPS without a client certificate" in " ".join(table.split())


def test_plain_http_is_refused_as_it_would_be(told):
    code, outcome = told(ALICE, "--plain-http")
    assert (code, outcome["https"], outcome["refusal"]["message"]) == (1, False, "IGW1301E")


@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig"])
@pytest.mark.parametrize("soap", [None, SOAP12])
def test_utf_16_and_soap_12_are_read_as_in_serving(told, encoding, soap):
    message = envelope(BODY, username_token("ALICE", PASSWORD), *([soap] if soap else []))
    assert told(message.decode().encode(encoding))[0] == 0


@pytest.mark.parametrize(
    ("message", "rule", "fault"),
    [
        (b"no XML", "message.xml", "Client"),
        (b"<!DOCTYPE x><x/>", "message.xml", "Client"),
        (b"", "message.xml", "Client"),
        (b"<x/>", "message.envelope", "VersionMismatch"),
        (ALICE.replace(b"<e:Body>", b"<e:Body/><e:Body>"), "message.envelope", "Client"),
    ],
)
def test_what_never_gets_to_the_judge_is_told_as_a_rule_too(told, message, rule, fault):
    code, outcome = told(message)
    assert code == 1
    assert (outcome["rules"][-1]["rule"], outcome["rules"][-1]["met"]) == (rule, False)
    assert outcome["refusal"]["fault"] == fault


def test_standard_input_is_read_for_a_dash(imsgw, home):
    result = imsgw("explain", "-", "--service", "phonebook-secure", "--home", home, typed=ALICE.decode())
    assert result.exit_code == 0


def test_the_time_decides_on_freshness(told):
    created = "<wsu:Created>2026-11-22T12:00:00Z</wsu:Created>"
    space = f'xmlns:wsu="{WSU}"'
    message = ALICE.replace(
        b"<wsse:UsernameToken>",
        f"<wsu:Timestamp {space}>{created}</wsu:Timestamp><wsse:UsernameToken>".encode(),
    )
    assert told(message, "--at", AT)[0] == 0
    code, outcome = told(message, "--at", "2026-11-22T14:00:00Z")
    assert (code, outcome["refusal"]["fault"]) == (1, "wsse:MessageExpired")


def test_an_unknown_service_is_wrong_usage_and_the_nearest_is_named(explain):
    result = explain(ALICE, service="phonebook-saml20-ome")
    assert result.exit_code == 2
    assert "did you mean phonebook-saml20-one?" in " ".join(result.stderr.replace("│", "").split())


@pytest.mark.parametrize(
    "options",
    [
        ("--at", "yesterday"),
        ("--at", "2026-11-22T12:00:00"),
        ("--client-certificate", "nowhere.pem"),
        ("--client-certificate", "gateway.toml"),
    ],
)
def test_wrong_values_are_wrong_usage(explain, home, monkeypatch, options):
    monkeypatch.chdir(home)
    assert explain(ALICE, *options).exit_code == 2


def test_a_message_that_cannot_be_read_is_wrong_usage(imsgw, home):
    assert imsgw("explain", "nowhere.xml", "--service", "phonebook", "--home", home).exit_code == 2


def test_a_home_that_is_not_in_order_is_told(imsgw, tmp_path):
    message = tmp_path / "message.xml"
    message.write_bytes(ALICE)
    result = imsgw("explain", message, "--service", "phonebook", "--home", tmp_path)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "gateway.toml" in result.stderr


def test_a_client_certificate_may_be_pem_or_der(explain, home, tmp_path):
    pem = home / "keystores/senders.pem"
    der = tmp_path / "sender.der"
    der.write_bytes(x509.load_pem_x509_certificate(pem.read_bytes()).public_bytes(Encoding.DER))
    with_words = tmp_path / "words.pem"
    with_words.write_bytes(b"Bag Attributes\nsubject=CN = someone\n" + pem.read_bytes())
    for certificate in (pem, der, with_words):
        assert explain(ALICE, "--client-certificate", certificate).exit_code == 0


def test_the_help_shows_an_example(imsgw):
    assert "imsgw explain message.xml --service" in imsgw("explain", "--help").stdout
