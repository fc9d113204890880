"""A service that WSS4J guards, all checks on, Basic Security Profile too: does it believe what we vouch for?

An unsigned assertion, sender-vouches, counts for WSS4J only with the TLS client certificate of the connection
that it came over: it has that from the handshake itself.
"""

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, pkcs12

from gateway import testkeys
from gateway.exchange import Secret
from tests.fixtures.callout import ERROR_RESPONSE, GOOD, code, contract, rating, text
from tests.fixtures.running_gateway import KEYSTORE_PASSWORD

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("java stacks")]

VERSIONS = pytest.mark.parametrize(("token", "name"), [("saml11", "SAML 1.1"), ("saml20", "SAML 2.0")])
AUDIENCE = "urn:lab:rating"


@pytest.fixture(scope="module")
def keys(tmp_path_factory):
    return testkeys.create(tmp_path_factory.mktemp("keys"), password=Secret(KEYSTORE_PASSWORD))


@pytest.fixture
def guarded(java, keys, tmp_path):
    """Start the service anew; returns the address of its server."""
    clients = tmp_path / "clients.p12"
    entry = pkcs12.PKCS12Certificate(x509.load_pem_x509_certificate(keys.clients.read_bytes()), b"ca")
    protection = BestAvailableEncryption(KEYSTORE_PASSWORD.encode())
    clients.write_bytes(pkcs12.serialize_java_truststore([entry], protection))

    def store(path):
        return {"path": str(path), "password": KEYSTORE_PASSWORD}

    started = java.run(
        op="serve",
        keystore=store(keys.server),
        clients=store(clients),
        audience=AUDIENCE,
        password="token-secret",
    )
    return f"https://127.0.0.1:{started['port']}"


@pytest.fixture
def deploy(lab, keys, guarded):
    def make(*, certificate=True, **security):
        callout = {"truststore": {"path": keys.ca}}
        if certificate:
            callout["keystore"] = {"path": keys.client, "password": KEYSTORE_PASSWORD}
        lab.bundle(callout=callout)
        lab.service(contract("rating", guarded), security=security)
        return lab.start()

    return make


def sight_of(java):
    (sight,) = java.run(op="served")["sights"]
    return sight


@VERSIONS
def test_an_assertion_behind_a_client_certificate_is_believed(java, lab, deploy, token, name):
    deploy(token=token, audience=AUDIENCE)
    answer = lab.call(rating(amount=250), user="ALICE")
    sight = sight_of(java)
    assert code(answer) == GOOD, sight
    assert f"<score>{250 % 97}</score><who>ALICE</who>" in text(answer)
    assert sight["refused"] == ""
    assert "IMS Gateway test client" in sight["certificate"]
    assert sight["issuer"] == "ims-gateway"
    assert sight["method"].endswith("cm:sender-vouches")


@VERSIONS
def test_without_the_client_certificate_it_is_not(java, lab, deploy, token, name):
    deploy(certificate=False, token=token, audience=AUDIENCE)
    answer = lab.call(rating(), user="ALICE")
    assert code(answer) == ERROR_RESPONSE
    assert answer.extended_reason == 1002
    sight = sight_of(java)
    assert sight["refused"]
    assert "certificate" not in sight


@VERSIONS
def test_an_assertion_for_another_audience_is_refused(java, lab, deploy, token, name):
    deploy(token=token, audience="urn:somebody:else")
    assert lab.call(rating(), user="ALICE").extended_reason == 1002
    assert sight_of(java)["refused"]


def test_a_username_token_is_believed(java, lab, deploy):
    deploy(token="username", password="token-secret")
    answer = lab.call(rating(), user="ALICE")
    assert code(answer) == GOOD, sight_of(java)
    assert "<who>ALICE</who>" in text(answer)


def test_a_username_token_with_a_wrong_password_is_refused(java, lab, deploy):
    deploy(token="username", password="wrong-secret")
    assert lab.call(rating(), user="ALICE").extended_reason == 1002
    assert sight_of(java)["refused"]


def test_a_call_without_token_is_refused(java, lab, deploy):
    deploy()
    assert lab.call(rating(), user="ALICE").extended_reason == 1002
    assert sight_of(java)["refused"]
