"""Client certificates at the HTTPS listener; health on every other listener asks for none."""

import ssl
from datetime import timedelta

import pytest
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.exchange import Secret
from gateway.testkeys import TestAuthority
from tests.fixtures.calling import Caller, pem_of, text_of, trusting
from tests.fixtures.in_process import work
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD, wait_until

pytestmark = pytest.mark.xdist_group("running client certificates")  # they share a gateway

MODES = ("none", "optional", "required")
CERTIFICATES = ("absent", "trusted", "expired", "of a server", "of a stranger", "self-signed by the same name")


@pytest.fixture(scope="module")
def partners(tmp_path_factory):
    """The authority of our partners, and certificates: good ones and others."""
    folder = tmp_path_factory.mktemp("partners")
    password = Secret(KEYSTORE_PASSWORD)
    authority = TestAuthority(name="partners")
    made = {
        "trusted": authority.issue("partner one", (), password),
        "expired": authority.issue("partner two", (), password, timedelta(days=-1)),
        "of a server": authority.issue("localhost", ("localhost",), password),
        "of a stranger": TestAuthority(name="strangers").issue("partner one", (), password),
        "self-signed by the same name": TestAuthority(name="partners").issue("partner one", (), password),
    }
    truststore = folder / "partners.pem"
    truststore.write_bytes(authority.certificate.public_bytes(Encoding.PEM))
    files = {"truststore": truststore, "absent": None}
    for number, (name, store) in enumerate(made.items()):
        path = folder / f"{number}.p12"
        path.write_bytes(store)
        files[name] = pem_of(path)
    return files


@pytest.fixture(scope="module", params=MODES)
def gateway(request, module_gateway_factory, session_standin, partners):
    settings = {
        "server.workers": 1,
        "server.client_authentication": request.param,
        "server.client_truststore": {"path": partners["truststore"]},
    }
    gateway = module_gateway_factory(session_standin, settings)
    gateway.mode = request.param
    return gateway


def outcome(url, context, path="/healthz"):
    """Return the HTTP status, or "no TLS" where the gateway ended it in the handshake (1.3: right after it)."""
    try:
        with Caller(url, context) as caller:
            return caller.get(path).status
    except (ssl.SSLError, ConnectionResetError, BrokenPipeError) as error:
        assert not isinstance(error, ssl.SSLCertVerificationError), "that would be our side's refusal"
        return "no TLS"


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3], ids=["1.2", "1.3"])
@pytest.mark.parametrize("certificate", CERTIFICATES)
def test_a_client_gets_in_as_client_authentication_says(gateway, partners, certificate, version):
    context = trusting(gateway.ca, partners[certificate])
    context.minimum_version = context.maximum_version = version
    let_in = {
        "none": set(CERTIFICATES),  # never asked for, so never looked at
        "optional": {"absent", "trusted"},
        "required": {"trusted"},
    }[gateway.mode]
    expected = 200 if certificate in let_in else "no TLS"
    assert outcome(gateway.https_url, context) == expected
    if expected == 200:
        with Caller(gateway.https_url, context) as caller:
            assert text_of(caller.post("LabPort", work("echo", certificate))) == certificate


@pytest.mark.parametrize("path", ["/healthz", "/readyz"])
def test_health_is_seen_without_a_certificate_on_the_plain_and_the_admin_listener(gateway, path):
    assert outcome(gateway.http_url, None, path) == 200
    assert outcome(gateway.admin_url, trusting(gateway.ca), path) == 200


def test_a_certificate_that_is_not_let_in_is_told_in_the_log_with_its_reason(gateway, partners):
    stranger = trusting(gateway.ca, partners["of a stranger"])
    if gateway.mode == "none":
        assert outcome(gateway.https_url, stranger) == 200
    else:
        assert outcome(gateway.https_url, stranger) == "no TLS"
        wait_until(lambda: handshakes(gateway), "the entry of a handshake")
        assert {entry["peer"] for entry in handshakes(gateway)} == {"127.0.0.1"}


def handshakes(gateway):
    """Return the entries of handshakes that failed as the certificate was not to be believed."""
    return [
        entry
        for entry in gateway.entries
        if entry["event"] == "turned away" and "CERTIFICATE_VERIFY_FAILED" in entry["reason"]
    ]


def test_the_admin_listener_serves_no_service(gateway):
    with Caller(gateway.admin_url, gateway.ca) as caller:
        reply = caller.post("LabPort", work("echo", "x"))
    assert reply.status == 403, "what is there is the console, and nobody has an account"
    assert b"Envelope" not in reply.body
