"""Key stores and trust stores, most of them made by the openssl command, which knows nothing of our code."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, pkcs12

from gateway.exchange import Secret
from gateway.testkeys import TestAuthority
from gateway.tls import StoreError, read_keystore, read_truststore
from tests.fixtures.pki import keystore, truststore

OPENSSL = shutil.which("openssl")
PASSWORD = "store-password"
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="the openssl command is not there")

Make = Callable[..., Path]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a root, an intermediate authority and a leaf, as PEM."""
    folder = tmp_path_factory.mktemp("stores")

    def openssl(*arguments: str) -> None:
        subprocess.run([str(OPENSSL), *arguments], cwd=folder, check=True, capture_output=True)

    (folder / "ca.ext").write_text("basicConstraints=critical,CA:TRUE\n")
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", "root.key")
    openssl("req", "-x509", "-new", "-key", "root.key", "-subj", "/CN=root", "-days", "30", "-out", "root.pem")
    for name, above, extensions in (("middle", "root", ["-extfile", "ca.ext"]), ("leaf", "middle", [])):
        openssl("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", f"{name}.key")
        openssl("req", "-new", "-key", f"{name}.key", "-subj", f"/CN={name}", "-out", f"{name}.csr")
        openssl(
            "x509", "-req", "-in", f"{name}.csr", "-CA", f"{above}.pem", "-CAkey", f"{above}.key",
            "-CAcreateserial", "-days", "30", *extensions, "-out", f"{name}.pem",
        )  # fmt: skip
    encrypt = ["-aes256", "-passout", f"pass:{PASSWORD}"]
    openssl("pkey", "-in", "leaf.key", *encrypt, "-out", "leaf.encrypted.key")
    openssl("pkey", "-in", "leaf.key", "-traditional", *encrypt, "-out", "leaf.traditional.key")
    (folder / "others.pem").write_bytes(
        (folder / "root.pem").read_bytes() + (folder / "middle.pem").read_bytes()
    )
    export = ["pkcs12", "-export", "-passout", f"pass:{PASSWORD}"]
    openssl(*export, "-in", "leaf.pem", "-inkey", "leaf.key", "-certfile", "others.pem", "-out", "leaf.p12")
    openssl(*export, "-in", "others.pem", "-nokeys", "-out", "others.p12")
    openssl(
        "pkcs12", "-export", "-passout", "pass:", "-in", "leaf.pem", "-inkey", "leaf.key", "-out", "open.p12"
    )
    openssl("x509", "-in", "root.pem", "-outform", "DER", "-out", "root.der")
    return folder


@pytest.fixture
def joined(made: Path, tmp_path: Path) -> Make:
    """Write one PEM file from parts of the folder."""

    def join(*parts: str) -> Path:
        path = tmp_path / "joined.pem"
        path.write_bytes(b"".join((made / part).read_bytes() for part in parts))
        return path

    return join


def names(*certificates: x509.Certificate) -> list[str]:
    return [certificate.subject.rfc4514_string() for certificate in certificates]


def test_pkcs12_gives_the_key_its_certificate_and_the_chain_without_the_root(made: Path) -> None:
    material = read_keystore(keystore(made / "leaf.p12", Secret(PASSWORD)))
    assert names(material.certificate, *material.chain) == ["CN=leaf", "CN=middle"]
    assert material.key.public_key() == material.certificate.public_key()


def test_pkcs12_without_a_password_is_read(made: Path) -> None:
    assert names(read_keystore(keystore(made / "open.p12", Secret(""))).certificate) == ["CN=leaf"]


@pytest.mark.parametrize(
    "parts",
    [
        ["leaf.key", "leaf.pem", "middle.pem", "root.pem"],
        ["root.pem", "middle.pem", "leaf.pem", "leaf.key"],
        ["middle.pem", "leaf.encrypted.key", "leaf.pem"],
        ["leaf.traditional.key", "leaf.pem", "middle.pem"],
    ],
)
def test_pem_is_read_in_any_order(joined: Make, parts: list[str]) -> None:
    material = read_keystore(keystore(joined(*parts), Secret(PASSWORD)))
    assert names(material.certificate, *material.chain) == ["CN=leaf", "CN=middle"]


@pytest.mark.parametrize(
    ("parts", "password", "reason"),
    [
        (["leaf.pem"], "", "holds no private key"),
        (["leaf.key"], "", "holds no certificate for its private key"),
        (["leaf.key", "middle.pem"], "", "holds no certificate for its private key"),
        (["leaf.key", "middle.key", "leaf.pem"], "", "holds more than one private key"),
        (["leaf.encrypted.key", "leaf.pem"], "", "the private key needs a password"),
        (["leaf.traditional.key", "leaf.pem"], "", "the private key needs a password"),
        (["leaf.encrypted.key", "leaf.pem"], "not-this-one", "wrong password, or a damaged private key"),
        (["leaf.p12"], "", "needs a password"),
        (["leaf.p12"], "not-this-one", "wrong password, or a damaged PKCS#12 file"),
        (["others.p12"], PASSWORD, "holds no private key"),
        (["root.der"], "", "needs a password"),
        (["ca.ext"], "", "is neither PEM nor PKCS#12"),
    ],
)
def test_a_key_store_that_cannot_be_used_says_why(
    joined: Make, parts: list[str], password: str, reason: str
) -> None:
    path = joined(*parts)
    with pytest.raises(StoreError) as refused:
        read_keystore(keystore(path, Secret(password)))
    assert (refused.value.path, refused.value.reason) == (path, reason)
    assert password == "" or password not in str(refused.value)


def test_a_damaged_key_and_a_damaged_certificate_are_told_apart(joined: Make) -> None:
    path = joined("leaf.key", "leaf.pem")
    whole = path.read_bytes()
    path.write_bytes(whole.replace(b"-----BEGIN PRIVATE KEY-----\n", b"-----BEGIN PRIVATE KEY-----\nAAAA", 1))
    with pytest.raises(StoreError, match="the private key cannot be read"):
        read_keystore(keystore(path, Secret("")))
    path.write_bytes(whole.replace(b"-----BEGIN CERTIFICATE-----\n", b"-----BEGIN CERTIFICATE-----\nAAAA", 1))
    with pytest.raises(StoreError, match="a certificate in it cannot be read"):
        read_keystore(keystore(path, Secret("")))


@pytest.mark.parametrize("magic", [b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce"])
def test_a_java_key_store_is_recognised(tmp_path: Path, magic: bytes) -> None:
    (tmp_path / "keys.jks").write_bytes(magic + bytes(100))
    with pytest.raises(StoreError, match="Java key store"):
        read_keystore(keystore(tmp_path / "keys.jks"))
    with pytest.raises(StoreError, match="Java key store"):
        read_truststore(truststore(tmp_path / "keys.jks"))


def test_a_missing_file_and_a_folder_are_named(tmp_path: Path) -> None:
    for path, reason in ((tmp_path / "absent.p12", "No such file"), (tmp_path, "Is a directory")):
        with pytest.raises(StoreError, match=reason) as refused:
            read_keystore(keystore(path))
        assert str(path) in str(refused.value)


def test_trust_is_read_from_pem_der_pkcs12_and_a_folder(made: Path, tmp_path: Path) -> None:
    assert names(*read_truststore(truststore(made / "others.pem"))) == ["CN=root", "CN=middle"]
    assert names(*read_truststore(truststore(made / "root.der"))) == ["CN=root"]
    from_pkcs12 = read_truststore(truststore(made / "others.p12", Secret(PASSWORD)))
    assert sorted(names(*from_pkcs12)) == ["CN=middle", "CN=root"]
    shutil.copy(made / "others.pem", tmp_path / "b.crt")
    shutil.copy(made / "root.der", tmp_path / "c.cer")
    (tmp_path / "notes.txt").write_text("not looked at")
    assert names(*read_truststore(truststore(tmp_path))) == ["CN=root", "CN=middle", "CN=root"]


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"", "is neither PEM nor PKCS#12"),
        (b"-----BEGIN PUBLIC KEY-----\n-----END PUBLIC KEY-----\n", "holds no certificate"),
        (
            b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n",
            "a certificate in it cannot be read",
        ),
        (b"\x30\x03\x02\x01\x00", "needs a password"),
    ],
)
def test_a_trust_store_that_cannot_be_used_says_why(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "trust.pem"
    path.write_bytes(content)
    for store in (path, tmp_path):
        with pytest.raises(StoreError) as refused:
            read_truststore(truststore(store))
        assert (refused.value.path, refused.value.reason) == (path, reason)


def test_an_empty_folder_trusts_nobody_and_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StoreError, match=r"holds no \.pem"):
        read_truststore(truststore(tmp_path))


def test_trust_in_pkcs12_needs_its_password(made: Path) -> None:
    with pytest.raises(StoreError, match="wrong password"):
        read_truststore(truststore(made / "others.p12", Secret("not-this-one")))


def test_a_key_of_one_certificate_beside_another_is_no_pair(tmp_path: Path) -> None:
    first, second = (
        pkcs12.load_pkcs12(TestAuthority().issue("a", ("a",), Secret(PASSWORD)), PASSWORD.encode())
        for _ in range(2)
    )
    assert second.cert is not None
    assert isinstance(first.key, ec.EllipticCurvePrivateKey)
    path = tmp_path / "mixed.pem"
    key = pkcs12.serialize_key_and_certificates(
        b"a", first.key, None, [second.cert.certificate], BestAvailableEncryption(PASSWORD.encode())
    )
    path.write_bytes(key)
    with pytest.raises(StoreError, match="holds no certificate for its private key"):
        read_keystore(keystore(path, Secret(PASSWORD)))


def test_a_key_store_does_not_show_its_key(made: Path) -> None:
    material = read_keystore(keystore(made / "leaf.p12", Secret(PASSWORD)))
    assert "PRIVATE" not in repr(material).upper()
    assert material.certificate.public_bytes(Encoding.PEM).startswith(b"-----BEGIN CERTIFICATE-----")


def test_of_a_pkcs12_store_with_a_key_its_own_chain_is_no_anchor(made, tmp_path):
    with pytest.raises(StoreError, match="none besides that could be trusted"):
        read_truststore(truststore(made / "leaf.p12", Secret(PASSWORD)))
    with pytest.raises(StoreError, match="none besides"):
        read_truststore(truststore(made / "open.p12"))
    stranger = TestAuthority(name="stranger").certificate
    root, middle, leaf = (
        x509.load_pem_x509_certificate((made / f"{name}.pem").read_bytes())
        for name in ("root", "middle", "leaf")
    )
    key = read_keystore(keystore(made / "leaf.p12", Secret(PASSWORD))).key
    path = tmp_path / "both.p12"
    path.write_bytes(
        pkcs12.serialize_key_and_certificates(
            b"own", key, leaf, [middle, stranger, root], BestAvailableEncryption(PASSWORD.encode())
        )
    )
    assert read_truststore(truststore(path, Secret(PASSWORD))) == (stranger,)
