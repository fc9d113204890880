import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.x509.oid import NameOID

from gateway.wss.senders import is_sender
from tests.fixtures.certificates import issue

SUBJECT = x509.Name(
    [x509.NameAttribute(NameOID.ORGANIZATION_NAME, "Bank, AG"), x509.NameAttribute(NameOID.COMMON_NAME, "web1")]
)
NAMES = x509.SubjectAlternativeName(
    [
        x509.DNSName("Web1.example"),
        x509.DNSName("*.wild.example"),
        x509.UniformResourceIdentifier("spiffe://bank/web1"),
        x509.RFC822Name("Web@Bank.example"),
    ]
)


@pytest.fixture(scope="module")
def sender():
    return issue("", NAMES, subject=SUBJECT).certificate


def fingerprint(certificate):
    return certificate.fingerprint(hashes.SHA256()).hex()


@pytest.mark.parametrize(
    "pattern",
    [
        "CN=web1,O=Bank\\, AG", 'CN=web1, O="Bank, AG"', "dns:web1.example", "dns:WEB1.EXAMPLE",
        "dns:*.wild.example", "uri:spiffe://bank/web1", "email:Web@bank.example",
    ],
)  # fmt: skip
def test_a_certificate_is_named_by_subject_and_alternative_names(sender, pattern):
    assert is_sender(sender, ("CN=nobody", pattern))


def test_a_certificate_is_named_by_its_fingerprint_with_colons_or_without(sender):
    plain = fingerprint(sender)
    colons = ":".join(plain[at : at + 2] for at in range(0, 64, 2)).upper()
    assert is_sender(sender, (f"sha256:{plain}",))
    assert is_sender(sender, (f"sha256:{colons}",))


@pytest.mark.parametrize(
    "pattern",
    [
        "CN=web1", "O=Bank\\, AG", "O=Bank\\, AG,CN=web1", "CN=WEB1,O=Bank\\, AG", "CN=web1,O=Bank\\, AG,C=DE",
        "CN=*,O=Bank\\, AG", "dns:example", "dns:x.wild.example", "dns:*.example", "dns:spiffe://bank/web1",
        "dns:", "uri:spiffe://bank/WEB1", "uri:spiffe://bank/", "email:web@bank.example", "email:bank.example",
        "web1", "sha256:" + "0" * 64, "sha256:",
    ],
)  # fmt: skip
def test_another_name_is_not_enough(sender, pattern):
    assert not is_sender(sender, (pattern,))


def test_no_patterns_name_nobody(sender):
    assert not is_sender(sender, ())


def test_one_digit_of_a_fingerprint_counts(sender):
    right = fingerprint(sender)
    wrong = right[:-1] + ("0" if right[-1] != "0" else "1")
    assert not is_sender(sender, (f"sha256:{wrong}",))


def test_a_certificate_without_a_subject_is_not_named_by_what_cannot_be_read():
    nobody = issue(subject=x509.Name([])).certificate
    assert not is_sender(nobody, ("", "x", "CN="))


def test_a_common_name_is_no_host_name():
    assert not is_sender(issue("web1.example").certificate, ("dns:web1.example",))
