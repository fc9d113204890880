"""A certificate in words, and which keys each policy takes."""

from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed448, ed25519, rsa

from gateway.clock import SYSTEM_CLOCK
from gateway.testkeys import TestAuthority
from gateway.tls import describe
from gateway.tls.certificates import EXPIRES_SOON, CertificateFacts, key_complaint
from tests.fixtures.pki import PASSWORD


def issued(*hosts: str) -> x509.Certificate:
    from cryptography.hazmat.primitives.serialization import pkcs12

    bundle = pkcs12.load_pkcs12(TestAuthority().issue("name", hosts, PASSWORD), PASSWORD.reveal().encode())
    assert bundle.cert is not None
    return bundle.cert.certificate


def facts(*hosts: str) -> CertificateFacts:
    return describe(issued(*hosts))


def test_a_certificate_is_described_in_words() -> None:
    certificate = issued("soap.example.com", "10.0.0.1")
    described = describe(certificate)
    assert described.subject == "CN=name,O=IMS Gateway test keys"
    assert described.issuer == "CN=IMS Gateway test CA,O=IMS Gateway test keys"
    assert described.names == ("soap.example.com", "10.0.0.1")
    assert described.key == "EC secp256r1"
    assert described.sha256 == certificate.fingerprint(hashes.SHA256()).hex()


def test_a_certificate_without_names_has_none() -> None:
    assert facts().names == ()


def test_validity_is_judged_at_the_time_given() -> None:
    one = facts("a")
    assert one.complaint(SYSTEM_CLOCK.now()) is None
    assert "expired on" in (one.complaint(one.not_after + timedelta(seconds=1)) or "")
    assert "is not valid before" in (one.complaint(one.not_before - timedelta(seconds=1)) or "")
    assert "expires on" in (one.complaint(one.not_after - EXPIRES_SOON + timedelta(seconds=1)) or "")
    assert one.complaint(one.not_after - EXPIRES_SOON) is None


@pytest.mark.parametrize(
    ("key", "modern", "sp800_131a"),
    [
        (lambda: rsa.generate_private_key(65537, 2048), True, True),
        (lambda: rsa.generate_private_key(65537, 1024), False, False),
        (lambda: ec.generate_private_key(ec.SECP256R1()), True, True),
        (lambda: ec.generate_private_key(ec.SECP384R1()), True, True),
        (lambda: ec.generate_private_key(ec.SECP521R1()), True, True),
        (lambda: ec.generate_private_key(ec.BrainpoolP256R1()), True, False),
        (ed25519.Ed25519PrivateKey.generate, True, False),
        (ed448.Ed448PrivateKey.generate, True, False),
        (lambda: dsa.generate_private_key(2048), False, False),
    ],
    ids=["rsa2048", "rsa1024", "p256", "p384", "p521", "brainpool", "ed25519", "ed448", "dsa"],
)
def test_each_policy_takes_the_keys_it_says(key, modern: bool, sp800_131a: bool) -> None:
    public = key().public_key()
    assert (key_complaint(public, "modern") is None) is modern
    assert (key_complaint(public, "sp800-131a") is None) is sp800_131a
