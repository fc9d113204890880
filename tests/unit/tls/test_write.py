"""Stores as we write them, read by openssl, and by Java's own tool where it is there."""

import shutil
import stat
import subprocess

import pytest
from cryptography import x509

from gateway.exchange import Secret
from gateway.tls import KeyMaterial, StoreError, read_keystore, read_truststore
from gateway.tls.contents import read_contents
from gateway.tls.write import add_certificates, key_pem, key_pkcs12, write_whole
from tests.fixtures.certificates import CA, issue, name
from tests.fixtures.pki import keystore, truststore

PASSWORD = Secret("store-password")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command is not there")
needs_keytool = pytest.mark.skipif(shutil.which("keytool") is None, reason="Java's keytool is not there")


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


def run(*command):
    return subprocess.run([str(part) for part in command], check=True, capture_output=True, text=True).stdout


def test_a_pem_store_grows_and_what_was_in_it_stays_to_the_letter(tmp_path):
    path = tmp_path / "partners.pem"
    one, two = issue("one"), issue("two")
    path.write_bytes(b"# our partners, ask security before changing\n" + one.pem.rstrip())
    path.chmod(0o640)
    before = path.read_bytes()
    assert add_certificates(path, [one.certificate, two.certificate, two.certificate], Secret("")) == (
        two.certificate,
    )
    assert path.read_bytes().startswith(before)
    assert read_truststore(truststore(path)) == (one.certificate, two.certificate)
    assert mode(path) == 0o640
    after = path.read_bytes()
    assert add_certificates(path, [two.certificate, one.certificate], Secret("")) == ()
    assert path.read_bytes() == after


def test_new_stores_are_made_by_their_suffix(tmp_path):
    one = issue("one")
    for file, form, wanted in (
        ("a.pem", "PEM", 0o644),
        ("b.p12", "PKCS#12", 0o600),
        ("inside/c.pfx", "PKCS#12", 0o600),
    ):
        add_certificates(tmp_path / file, [one.certificate], PASSWORD)
        contents = read_contents(tmp_path / file, PASSWORD)
        assert (contents.form, contents.certificates) == (form, (one.certificate,))
        assert mode(tmp_path / file) == wanted


def test_a_pkcs12_store_grows_under_names_of_its_own(tmp_path):
    path = tmp_path / "partners.p12"
    for holder in (issue("Web 1"), issue("web 1"), issue(subject=x509.Name([]))):
        add_certificates(path, [holder.certificate], PASSWORD)
    aliases = [entry.alias for entry in read_contents(path, PASSWORD).entries]
    assert sorted(aliases) == ["certificate", "web-1", "web-1-2"]
    with pytest.raises(StoreError, match="wrong password"):
        add_certificates(path, [issue().certificate], Secret("another"))
    with pytest.raises(StoreError, match="needs a password"):
        add_certificates(path, [issue().certificate], Secret(""))
    assert len(read_truststore(truststore(path, PASSWORD))) == 3


def test_a_pkcs12_store_needs_a_password(tmp_path):
    with pytest.raises(StoreError, match="needs a password"):
        add_certificates(tmp_path / "new.p12", [issue().certificate], Secret(""))
    assert list(tmp_path.iterdir()) == []


def test_nothing_is_added_to_a_store_with_a_private_key(tmp_path):
    material = material_of(issue("root", CA))
    for file, data in (("a.p12", key_pkcs12(material, PASSWORD)), ("a.pem", key_pem(material, PASSWORD))):
        (tmp_path / file).write_bytes(data)
        with pytest.raises(StoreError, match="holds a private key"):
            add_certificates(tmp_path / file, [issue().certificate], PASSWORD)
        assert (tmp_path / file).read_bytes() == data


def test_other_forms_are_left_alone(tmp_path):
    (tmp_path / "one.der").write_bytes(issue().der)
    (tmp_path / "nonsense.pem").write_bytes(b"nonsense")
    for file in ("one.der", "nonsense.pem", "."):
        with pytest.raises(StoreError):
            add_certificates(tmp_path / file, [issue().certificate], PASSWORD)


def test_a_name_with_line_breaks_brings_no_certificate_of_its_own_into_a_store(tmp_path):
    """A comment is made of the subject; whoever wrote that subject must not be able to end the comment."""
    hidden = issue("hidden")
    texts = ("good", "\n" + hidden.pem.decode(), "-----BEGIN CERTIFICATE-----")
    description = x509.ObjectIdentifier("2.5.4.13")
    subject = x509.Name([x509.NameAttribute(description, text) for text in texts])
    path = tmp_path / "partners.pem"
    good = issue(subject=subject)
    add_certificates(path, [good.certificate], Secret(""))
    assert read_truststore(truststore(path)) == (good.certificate,)


def test_a_file_is_whole_or_as_it_was(tmp_path):
    path = tmp_path / "folder" / "store.pem"
    path.mkdir(parents=True)  # a folder stands where the file should be
    with pytest.raises(StoreError, match="cannot be written"):
        write_whole(path, b"data", 0o600)
    assert list(path.parent.iterdir()) == [path]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "real.pem").write_bytes(issue("one").pem)
    (tmp_path / "link.pem").symlink_to("real.pem")
    two = issue("two")
    add_certificates(tmp_path / "link.pem", [two.certificate], Secret(""))
    assert (tmp_path / "link.pem").is_symlink()
    assert two.certificate in read_truststore(truststore(tmp_path / "real.pem"))


def material_of(root):
    leaf = root.issue("leaf")
    return KeyMaterial(leaf.key, leaf.certificate, (root.certificate,))


def test_a_key_moves_between_forms_and_is_never_in_clear(tmp_path):
    material = material_of(issue("root", CA))
    for file, data in (("a.p12", key_pkcs12(material, PASSWORD)), ("a.pem", key_pem(material, PASSWORD))):
        (tmp_path / file).write_bytes(data)
        read = read_keystore(keystore(tmp_path / file, PASSWORD))
        assert read.certificate == material.certificate
        assert read.key.private_numbers() == material.key.private_numbers()
        with pytest.raises(StoreError):
            read_keystore(keystore(tmp_path / file, Secret("another")))
    assert b"ENCRYPTED PRIVATE KEY" in (tmp_path / "a.pem").read_bytes()


@needs_openssl
def test_openssl_reads_what_we_write(tmp_path):
    path = tmp_path / "partners.p12"
    add_certificates(path, [issue("one").certificate, issue("two").certificate], PASSWORD)
    shown = run("openssl", "pkcs12", "-in", path, "-nokeys", "-passin", f"pass:{PASSWORD.reveal()}")
    assert shown.count("BEGIN CERTIFICATE") == 2
    (tmp_path / "key.p12").write_bytes(key_pkcs12(material_of(issue("root", CA)), PASSWORD))
    shown = run(
        "openssl", "pkcs12", "-in", tmp_path / "key.p12", "-nodes", "-passin", f"pass:{PASSWORD.reveal()}"
    )
    assert "PRIVATE KEY" in shown


@needs_keytool
def test_java_sees_trusted_entries(tmp_path):
    path = tmp_path / "partners.p12"
    add_certificates(path, [issue("one").certificate, issue("two").certificate], PASSWORD)
    shown = run("keytool", "-list", "-keystore", path, "-storepass", PASSWORD.reveal(), "-storetype", "PKCS12")
    assert shown.count("trustedCertEntry") == 2


@needs_keytool
def test_of_a_java_store_with_a_key_and_its_chain_nothing_is_an_anchor(tmp_path):
    path = tmp_path / "own.p12"
    run("keytool", "-genkeypair", "-alias", "own", "-keyalg", "EC", "-dname", "CN=own", "-keystore", path,
        "-storetype", "PKCS12", "-storepass", PASSWORD.reveal())  # fmt: skip
    with pytest.raises(StoreError, match="none besides that could be trusted"):
        read_truststore(truststore(path, PASSWORD))
    (tmp_path / "partner.pem").write_bytes(issue("partner").pem)
    run("keytool", "-importcert", "-noprompt", "-alias", "partner", "-file", tmp_path / "partner.pem",
        "-keystore", path, "-storepass", PASSWORD.reveal())  # fmt: skip
    [anchor] = read_truststore(truststore(path, PASSWORD))
    assert anchor.subject == name("partner")
