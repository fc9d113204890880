from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from gateway.tls import StoreError
from gateway.tls.crl import RevocationList, read_crls
from tests.fixtures.certificates import CA, DAY, NOW, issue, key_of_kind, signed_anew, usage


@pytest.fixture(scope="module")
def authority():
    return issue("CA", CA, key=key_of_kind("rsa-2048"))


def test_lists_are_read_from_pem_der_and_a_folder(authority, tmp_path):
    one, two = authority.crl(1), authority.crl(2)
    (tmp_path / "both.pem").write_bytes(
        b"a comment\n" + one.public_bytes(Encoding.PEM) + b"\n" + two.public_bytes(Encoding.PEM)
    )
    assert read_crls(tmp_path / "both.pem") == (one, two)
    folder = tmp_path / "folder"
    folder.mkdir()
    (folder / "a.crl").write_bytes(one.public_bytes(Encoding.DER))
    (folder / "b.pem").write_bytes(two.public_bytes(Encoding.PEM))
    (folder / "notes.txt").write_text("not a list")
    (folder / ".hidden.crl").write_text("half of a list")
    assert read_crls(folder / "a.crl") == (one,)
    assert read_crls(folder) == (one, two)


@pytest.mark.parametrize(
    "content", [b"", b"nothing", b"-----BEGIN X509 CRL-----\nAAAA\n-----END X509 CRL-----\n", b"0\x80"]
)
def test_what_holds_no_list_is_refused_with_its_name(tmp_path, content):
    path = tmp_path / "ca.crl"
    path.write_bytes(content)
    with pytest.raises(StoreError, match=r"ca\.crl: holds no revocation list"):
        read_crls(path)


def test_a_certificate_is_no_list(authority, tmp_path):
    (tmp_path / "ca.crl").write_bytes(authority.pem)
    with pytest.raises(StoreError):
        read_crls(tmp_path / "ca.crl")


def test_nothing_there_is_refused(tmp_path):
    with pytest.raises(StoreError, match="cannot be read"):
        read_crls(tmp_path / "missing.crl")
    with pytest.raises(StoreError, match=r"holds no \.crl"):
        read_crls(tmp_path)


def test_one_damaged_file_of_a_folder_spoils_it(authority, tmp_path):
    (tmp_path / "a.crl").write_bytes(authority.crl().public_bytes(Encoding.DER))
    (tmp_path / "b.crl").write_bytes(b"damaged")
    with pytest.raises(StoreError, match=r"b\.crl"):
        read_crls(tmp_path)


def test_a_list_is_current_from_its_time_up_to_the_next(authority):
    one = RevocationList.of(authority.crl(last=NOW, until=NOW + DAY))
    second = timedelta(seconds=1)
    assert one.complaint(NOW) == ""
    assert one.complaint(NOW + DAY - second) == ""
    assert "not valid before" in one.complaint(NOW - second)
    assert "replaced" in one.complaint(NOW + DAY)


def test_a_list_that_is_for_others_or_for_a_part_cannot_be_used(authority):
    part = x509.IssuingDistributionPoint(
        full_name=None, relative_name=None, only_contains_user_certs=True, only_contains_ca_certs=False,
        only_some_reasons=None, indirect_crl=False, only_contains_attribute_certs=False,
    )  # fmt: skip
    for extension in (part, x509.DeltaCRLIndicator(1)):
        one = RevocationList.of(authority.crl(1, extensions=[(extension, True)]))
        assert "critical extension" in one.complaint(NOW)
    assert RevocationList.of(authority.crl(1, extensions=[(x509.CRLNumber(7), False)])).complaint(NOW) == ""


def test_only_its_issuer_signs_a_list(authority):
    one = RevocationList.of(authority.crl(1))
    assert one.is_of(authority.certificate)
    same_name = issue("CA", CA)
    assert not one.is_of(same_name.certificate)
    other_name = issue("CB", CA, key=authority.key)
    assert not one.is_of(other_name.certificate)
    forged = RevocationList.of(authority.crl(1, by=same_name))
    assert not forged.is_of(authority.certificate)


def test_an_issuer_whose_usage_is_another_signs_no_list():
    may = issue("CA", CA, usage("key_cert_sign", "crl_sign"))
    may_not = issue("CA", CA, usage("key_cert_sign"))
    assert RevocationList.of(may.crl()).is_of(may.certificate)
    assert not RevocationList.of(may_not.crl()).is_of(may_not.certificate)


@pytest.mark.parametrize("digest", ["sha1", "md5"])
def test_a_broken_hash_signs_no_list(authority, digest):
    one = RevocationList.of(signed_anew(authority.crl(1), authority.key, digest))
    assert not one.is_of(authority.certificate)


def test_serial_numbers_are_listed(authority):
    one = RevocationList.of(authority.crl(5, 2**150 + 1))
    assert one.lists(5)
    assert one.lists(2**150 + 1)
    assert not one.lists(6)
