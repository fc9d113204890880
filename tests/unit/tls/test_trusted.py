import hashlib

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.tls.trusted import MAX_PROVEN, TrustedKeys, der, key_identifier, thumbprint
from tests.fixtures.certificates import CA, issue


def with_identifier(common_name="leaf", octets=b"identifier of our own", **how):
    return issue(common_name, x509.SubjectKeyIdentifier(octets), **how)


def test_a_certificate_is_found_by_its_exact_octets_only():
    one, clone = issue("a", serial=7), issue("a", serial=7)
    keys = TrustedKeys((one.certificate,))
    assert keys.pinned(one.der) is keys.certificates[0]
    assert keys.pinned(clone.der) is None
    assert keys.pinned(one.der + b"\0") is None
    assert keys.pinned(b"") is None


def test_issuer_and_serial_find_it_by_name_or_text_in_either_order():
    rdns = ((NameOID.ORGANIZATION_NAME, "Bank, AG"), (NameOID.COMMON_NAME, "CA"))
    authority = issue("", CA, subject=x509.Name([x509.NameAttribute(*rdn) for rdn in rdns]))
    leaf = authority.issue("leaf", serial=0x1234).certificate
    keys = TrustedKeys((leaf, authority.certificate))
    for issuer in (leaf.issuer, "CN=CA,O=Bank\\, AG", 'CN=CA, O="Bank, AG"', 'O="Bank, AG", CN=CA'):
        assert keys.by_issuer_serial(issuer, 0x1234) == (leaf,)
    assert keys.by_issuer_serial("CN=CA,O=Bank", 0x1234) == ()
    assert keys.by_issuer_serial(leaf.issuer, 0x1235) == ()
    with pytest.raises(ValueError):
        keys.by_issuer_serial("no name", 0x1234)


def test_the_identifier_of_the_extension_counts_and_not_a_hash_of_the_key():
    own = with_identifier().certificate
    keys = TrustedKeys((own,))
    assert keys.by_ski(b"identifier of our own") == (own,)
    assert keys.by_ski(x509.SubjectKeyIdentifier.from_public_key(own.public_key()).digest) == ()


def test_without_the_extension_the_hash_of_the_key_is_the_identifier():
    plain = issue().certificate
    keys = TrustedKeys((plain,))
    # RFC 5280, section 4.2.1.2 (1): SHA-1 of the BIT STRING, which ends the SubjectPublicKeyInfo of P-256
    from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

    point = plain.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    assert key_identifier(plain) == hashlib.sha1(point).digest()
    assert keys.by_ski(hashlib.sha1(point).digest()) == (plain,)


def test_several_matches_are_all_told():
    one, two = with_identifier("a").certificate, with_identifier("b").certificate
    keys = TrustedKeys((one, two))
    assert set(keys.by_ski(b"identifier of our own")) == {one, two}
    authority = issue("CA", CA)
    same = [authority.issue(name, serial=5).certificate for name in "ab"]
    assert set(TrustedKeys(tuple(same)).by_issuer_serial(authority.certificate.subject, 5)) == set(same)


def test_the_same_certificate_twice_is_one_match():
    one = with_identifier().certificate
    again = x509.load_der_x509_certificate(der(one))
    keys = TrustedKeys((one, again))
    assert keys.certificates == (one,)
    assert len(keys.by_ski(b"identifier of our own")) == 1


def test_a_thumbprint_is_sha1_of_the_octets():
    one = issue().certificate
    assert thumbprint(one) == hashlib.sha1(der(one)).digest()
    assert TrustedKeys((one,)).by_thumbprint(hashlib.sha1(der(one)).digest()) == (one,)
    assert TrustedKeys((one,)).by_thumbprint(b"\0" * 20) == ()


def test_public_keys_are_read_once_for_what_is_in_the_store():
    one, stranger = issue().certificate, issue().certificate
    keys = TrustedKeys((one,))
    assert keys.public_key(one) is keys.public_key(one)
    assert keys.public_key(one) == one.public_key()
    assert keys.public_key(stranger) == stranger.public_key()


def test_nothing_is_trusted_without_a_store():
    none = TrustedKeys.none()
    one = issue().certificate
    assert none.certificates == ()
    assert not none.revocation
    assert none.pinned(der(one)) is None
    assert none.by_thumbprint(thumbprint(one)) == ()


def test_chains_that_were_proven_are_remembered_within_bounds():
    root = issue("root", CA)
    keys = TrustedKeys((root.certificate,))
    key = issue().key
    leaves = [root.issue("leaf", key=key).certificate for _ in range(MAX_PROVEN + 1)]
    for leaf in leaves:
        keys.remember((leaf, root.certificate))
    assert keys.proven(leaves[-1]) == (leaves[-1], root.certificate)
    assert sum(keys.proven(leaf) is not None for leaf in leaves) <= MAX_PROVEN


def test_what_is_shown_of_a_snapshot_is_short():
    assert "BEGIN" not in repr(TrustedKeys((issue().certificate,)))
