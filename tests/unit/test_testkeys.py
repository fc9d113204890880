"""Keys to try the gateway with: what is made, how it is protected, and that openssl agrees."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from gateway.exchange import Secret
from gateway.testkeys import create
from gateway.tls import describe, read_keystore, read_truststore
from tests.fixtures.pki import keystore, truststore


def test_an_authority_a_server_and_a_client_are_made(tmp_path: Path) -> None:
    keys = create(tmp_path / "new")
    server = read_keystore(keystore(keys.server, keys.server_password))
    client = read_keystore(keystore(keys.client, keys.client_password))
    [authority] = read_truststore(truststore(keys.ca))
    assert describe(server.certificate).names == ("localhost", "127.0.0.1", "::1")
    assert describe(client.certificate).names == ()
    for one in (server, client):
        one.certificate.verify_directly_issued_by(authority)
        assert one.chain == ()


def test_a_sender_and_an_sts_are_made_to_sign(tmp_path: Path) -> None:
    keys = create(tmp_path)
    [authority] = read_truststore(truststore(keys.ca))
    for store, password, pinned in (
        (keys.sender, keys.sender_password, keys.senders),
        (keys.sts, keys.sts_password, keys.issuers),
    ):
        certificate = read_keystore(keystore(store, password)).certificate
        assert read_truststore(truststore(pinned)) == (certificate,)
        certificate.verify_directly_issued_by(authority)
        assert certificate.extensions.get_extension_for_class(x509.KeyUsage).value.digital_signature
        with pytest.raises(x509.ExtensionNotFound):
            certificate.extensions.get_extension_for_class(x509.ExtendedKeyUsage)


def test_the_passticket_key_is_16_hexadecimal_digits_and_new_each_time(tmp_path: Path) -> None:
    first, second = (create(tmp_path / name).passticket.read_text() for name in ("a", "b"))
    assert len(bytes.fromhex(first)) == len(bytes.fromhex(second)) == 8
    assert first != second


def test_the_partner_is_a_server_on_this_machine_with_a_password_for_its_callers(tmp_path: Path) -> None:
    keys = create(tmp_path, ["soap.example.com"])
    partner = read_keystore(keystore(keys.partner, keys.partner_password)).certificate
    assert describe(partner).names == ("localhost", "127.0.0.1", "::1")
    [authority] = read_truststore(truststore(keys.ca))
    partner.verify_directly_issued_by(authority)
    assert len(keys.partner_basic.read_text()) == 32


def test_only_the_owner_may_read_the_files(tmp_path: Path) -> None:
    for path in create(tmp_path).files:
        assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_each_store_gets_a_random_password_of_its_own(tmp_path: Path) -> None:
    first, second = create(tmp_path / "a"), create(tmp_path / "b")
    passwords = {
        keys_password.reveal() for keys in (first, second) for keys_password in keys.passwords.values()
    }
    assert len(passwords) == 10
    assert all(len(password) >= 32 for password in passwords)
    assert first.server_password.reveal() not in repr(first)


def test_a_given_password_and_names_are_used(tmp_path: Path) -> None:
    keys = create(tmp_path, ["soap.example.com", "10.0.0.1"], Secret("mine"))
    material = read_keystore(keystore(keys.server, Secret("mine")))
    assert describe(material.certificate).names == ("soap.example.com", "10.0.0.1")


@pytest.mark.parametrize(("kind", "key"), [("ec", ec.EllipticCurvePrivateKey), ("rsa", rsa.RSAPrivateKey)])
def test_keys_are_ec_or_rsa(tmp_path: Path, kind, key: type) -> None:
    keys = create(tmp_path, kind=kind)
    assert isinstance(read_keystore(keystore(keys.server, keys.server_password)).key, key)


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "client.p12").write_bytes(b"precious")
    with pytest.raises(FileExistsError, match=r"client\.p12"):
        create(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["client.p12"]
    assert (tmp_path / "client.p12").read_bytes() == b"precious"


def test_a_server_without_a_name_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one"):
        create(tmp_path, [])


def test_openssl_reads_and_verifies_them(tmp_path: Path) -> None:
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("the openssl command is not there")
    keys = create(tmp_path, password=Secret("mine"))
    for store, purpose in ((keys.server, "sslserver"), (keys.client, "sslclient")):
        pem = tmp_path / f"{store.stem}.pem"
        convert = [
            openssl,
            "pkcs12",
            "-in",
            str(store),
            "-clcerts",
            "-nokeys",
            "-passin",
            "pass:mine",
            "-out",
            str(pem),
        ]
        subprocess.run(convert, check=True, capture_output=True)
        verify = [openssl, "verify", "-x509_strict", "-purpose", purpose, "-CAfile", str(keys.ca), str(pem)]
        subprocess.run(verify, check=True, capture_output=True)
