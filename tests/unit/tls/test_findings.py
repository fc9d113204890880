from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID

from gateway.config.catalogue import certificates as found
from gateway.tls.findings import Use, certificate_findings
from tests.fixtures.certificates import CA, DAY, NOW, issue, key_of_kind, name, signed_anew, usage

LONG = {"end": NOW + 365 * DAY}
SERVER = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
CLIENT = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH])
ANY = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.ANY_EXTENDED_KEY_USAGE])


def kinds(certificate, use=Use.SERVER, now=NOW):
    return [kind for kind, _ in certificate_findings(certificate, now, use)]


def texts(certificate, use=Use.SERVER, now=NOW):
    return [text for _, text in certificate_findings(certificate, now, use)]


@pytest.mark.parametrize(
    ("end", "kind", "words"),
    [
        (NOW + 31 * DAY, None, ""),
        (NOW + 30 * DAY, None, ""),
        (NOW + 30 * DAY - timedelta(seconds=1), found.EXPIRING, "expires on 2026-12-22, in 29 days"),
        (NOW + 2 * DAY, found.EXPIRING, "in 2 days"),
        (NOW + 1 * DAY, found.EXPIRING, "tomorrow"),
        (NOW + timedelta(hours=1), found.EXPIRING, "within a day"),
        (NOW, found.EXPIRING, "within a day"),
        (NOW - timedelta(seconds=1), found.EXPIRED, "expired on 2026-11-22"),
    ],
)
def test_the_end_is_told_from_thirty_days_before_with_the_days(end, kind, words):
    certificate = issue("web1", end=end).certificate
    assert kinds(certificate) == ([kind] if kind else [])
    assert words in "".join(texts(certificate))


def test_what_is_not_valid_yet_is_told():
    certificate = issue("web1", start=NOW + timedelta(minutes=1), **LONG).certificate
    assert kinds(certificate) == [found.NOT_YET]


@pytest.mark.parametrize(
    ("key", "words"),
    [
        (key_of_kind("rsa-2048"), ""),
        (key_of_kind("rsa-1024"), "RSA of 1024 bits"),
        (key_of_kind("ec-p256"), ""),
        (ec.generate_private_key(ec.SECP224R1()), "curve secp224r1 of 224 bits"),
        (ec.generate_private_key(ec.SECP192R1()), "curve secp192r1 of 192 bits"),
        (key_of_kind("dsa"), "a DSA key"),
        (key_of_kind("ed25519"), ""),
    ],
    ids=["rsa-2048", "rsa-1024", "p256", "p224", "p192", "dsa", "ed25519"],
)
@pytest.mark.parametrize("use", Use)
def test_weak_keys_are_told_whatever_the_use(key, words, use):
    authority = issue("ca", CA, **LONG)
    certificate = authority.issue("web1", key=key, **LONG).certificate
    assert kinds(certificate, use) == ([found.WEAK_KEY] if words else [])
    assert words in "".join(texts(certificate, use))


@pytest.mark.parametrize(("digest", "words"), [("sha1", "SHA-1"), ("md5", "MD5")])
def test_an_authority_s_broken_signature_is_told_and_that_of_a_root_under_itself_is_not(digest, words):
    authority = issue("ca", CA, key=key_of_kind("rsa-2048"), **LONG)
    certificate = signed_anew(authority.issue("web1", **LONG).certificate, authority.key, digest)
    assert kinds(certificate) == [found.WEAK_SIGNATURE]
    assert texts(certificate) == [f"the certificate of CN=web1 was signed with {words}"]
    root = signed_anew(authority.certificate, authority.key, digest)
    assert kinds(root, Use.TRUSTED) == []


@pytest.mark.parametrize(
    ("use", "extensions", "told"),
    [
        (Use.SERVER, (), False),
        (Use.SERVER, (usage("digital_signature"), SERVER), False),
        (Use.SERVER, (usage("key_encipherment"), SERVER), True),
        (Use.SERVER, (CLIENT,), True),
        (Use.SERVER, (ANY,), False),
        (Use.CLIENT, (usage("digital_signature"), CLIENT), False),
        (Use.CLIENT, (SERVER,), True),
        (Use.CLIENT, (usage("key_agreement"),), True),
        (Use.SIGNER, (usage("content_commitment"),), False),
        (Use.SIGNER, (usage("digital_signature"), SERVER), False),
        (Use.SIGNER, (usage("key_encipherment"),), True),
        (Use.TRUSTED, (CA, usage("key_cert_sign")), False),
        (Use.TRUSTED, (CA,), False),
        (Use.TRUSTED, (CA, usage("crl_sign")), True),
        (Use.TRUSTED, (usage("key_encipherment"), CLIENT), False),
    ],
)
def test_extensions_that_forbid_the_use_are_told_and_absent_ones_forbid_nothing(use, extensions, told):
    certificate = issue("it", *extensions, **LONG).certificate
    assert kinds(certificate, use) == ([found.USAGE] if told else [])


def test_everything_wrong_is_told_at_once():
    authority = issue("ca", CA, key=key_of_kind("rsa-2048"), **LONG)
    weak = authority.issue("web1", CLIENT, key=key_of_kind("rsa-1024"), end=NOW - DAY).certificate
    certificate = signed_anew(weak, authority.key, "sha1")
    assert kinds(certificate) == [found.EXPIRED, found.WEAK_KEY, found.WEAK_SIGNATURE, found.USAGE]


def test_a_name_that_would_steer_a_terminal_is_shown_without():
    certificate = issue(subject=name("web\x1b[2J"), end=NOW - DAY).certificate
    assert all("\x1b" not in text for text in texts(certificate))
