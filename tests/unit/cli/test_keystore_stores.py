"""`imsgw keystore list`, `import`, `convert` and `import-metadata`."""

import json
from datetime import timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes

from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from gateway.testkeys import TestAuthority
from gateway.tls import read_keystore, read_truststore
from gateway.tls.write import add_certificates
from tests.fixtures.certificates import DAY, issue
from tests.fixtures.pki import keystore, truststore
from tests.unit.tls.test_metadata import entity, group, key, provider

NOW = SYSTEM_CLOCK.now()
PASSWORD = "store-password"


def current(common_name="web1", *extensions, **how):
    return issue(common_name, *extensions, start=NOW - DAY, end=NOW + 90 * DAY, **how)


def old(common_name="old"):
    return issue(common_name, start=NOW - 9 * DAY, end=NOW - 2 * DAY)


@pytest.fixture
def sealed(tmp_path):
    """A PKCS#12 trust store with a password."""
    path = tmp_path / "partners.p12"
    add_certificates(path, [current().certificate], Secret(PASSWORD))
    return path


def holding(path, password=""):
    return set(read_truststore(truststore(path, Secret(password))))


# -- list ---------------------------------------------------------------------------------------------------


def test_list_shows_what_senders_can_be_named_by(imsgw, tmp_path):
    names = x509.SubjectAlternativeName([x509.DNSName("web1.example"), x509.RFC822Name("a@bank.example")])
    web1 = current("web1", names, serial=0x1234)
    (tmp_path / "partners.pem").write_bytes(web1.pem)
    result = imsgw("keystore", "list", "partners.pem")
    assert result.exit_code == 0
    fingerprint = web1.certificate.fingerprint(hashes.SHA256()).hex()
    names = "dns:web1.example, email:a@bank.example"
    for shown in ("CN=web1", "4660 (hex 1234)", f"sha256:{fingerprint}", names, "EC secp256r1", "89 days left"):
        assert shown in result.stdout


def test_list_as_json(imsgw, tmp_path):
    (tmp_path / "partners.pem").write_bytes(current("web1", serial=7).pem + old().pem)
    result = imsgw("keystore", "list", "partners.pem", "--json")
    shown = json.loads(result.stdout)
    assert (shown["form"], shown["private_key"]) == ("PEM", False)
    good, gone = shown["certificates"]
    assert (good["subject"], good["serial"], good["valid"]) == ("CN=web1", "7", True)
    assert (gone["subject"], gone["valid"], gone["days_left"] < 0) == ("CN=old", False, True)
    assert result.exit_code == 1


def test_list_ends_with_1_when_something_is_not_valid_now(imsgw, tmp_path):
    (tmp_path / "a.pem").write_bytes(current().pem + old().pem)
    result = imsgw("keystore", "list", "a.pem")
    assert (result.exit_code, "EXPIRED" in result.stdout) == (1, True)
    (tmp_path / "a.pem").write_bytes(issue(start=NOW + DAY, end=NOW + 9 * DAY).pem)
    result = imsgw("keystore", "list", "a.pem")
    assert (result.exit_code, "NOT YET VALID" in result.stdout) == (1, True)


def test_list_opens_pkcs12_with_a_password_from_the_variable_the_option_or_the_keyboard(imsgw, sealed):
    for how in (
        {"IMSGW_KEYSTORE_PASSWORD": PASSWORD},
        {"IMSGW_KEYSTORE_PASSWORD": None, "typed": f"{PASSWORD}\n"},
    ):
        result = imsgw("keystore", "list", sealed, **how)
        assert (result.exit_code, "CN=web1 (web1)" in result.stdout) == (0, True)
        assert PASSWORD not in result.output
    assert imsgw("keystore", "list", sealed, "--password", PASSWORD).exit_code == 0


def test_list_tells_a_wrong_password_without_showing_it(imsgw, sealed):
    result = imsgw("keystore", "list", sealed, IMSGW_KEYSTORE_PASSWORD="not this one")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "wrong password" in result.stderr
    assert "not this one" not in result.output


def test_list_says_that_there_is_a_private_key_and_shows_none_of_it(imsgw, tmp_path):
    (tmp_path / "own.p12").write_bytes(TestAuthority().issue("own", (), Secret(PASSWORD)))
    result = imsgw("keystore", "list", "own.p12", IMSGW_KEYSTORE_PASSWORD=PASSWORD)
    assert result.exit_code == 0
    assert "own.p12: PKCS#12, 2 certificates, with a private key" in result.stdout
    assert result.stdout.count("with its private key") == 1
    assert "BEGIN" not in result.stdout


def test_list_of_a_folder_names_all(imsgw, tmp_path):
    folder = tmp_path / "partners"
    folder.mkdir()
    for number in range(2):
        (folder / f"{number}.pem").write_bytes(current(f"web{number}").pem)
    result = imsgw("keystore", "list", "partners")
    assert "partners: folder, 2 certificates" in result.stdout


@pytest.mark.parametrize("content", [None, b"nonsense", b"\xfe\xed\xfe\xed\0\0\0\2"])
def test_list_of_what_is_no_store_ends_with_1(imsgw, tmp_path, content):
    if content:
        (tmp_path / "store").write_bytes(content)
    result = imsgw("keystore", "list", "store")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("store: ")
    if content and content[0] == 0xFE:
        assert "keytool -importkeystore" in result.stderr


def test_a_name_cannot_paint_on_the_terminal(imsgw, tmp_path):
    (tmp_path / "a.pem").write_bytes(current("good\x1b[2Jbad").pem)
    result = imsgw("keystore", "list", "a.pem")
    assert "\x1b" not in result.stdout
    assert "CN=good?[2Jbad" in result.stdout


# -- import -------------------------------------------------------------------------------------------------


def test_import_adds_what_is_new_and_says_so(imsgw, tmp_path, sealed):
    one, two = current("one"), current("two")
    (tmp_path / "one.pem").write_bytes(one.pem)
    (tmp_path / "two.der").write_bytes(two.der)
    result = imsgw("keystore", "import", "new.pem", "one.pem", "two.der")
    assert result.exit_code == 0
    assert [line for line in result.stdout.splitlines() if line[0] != " "] == ["added CN=one", "added CN=two"]
    assert holding(tmp_path / "new.pem") == {one.certificate, two.certificate}
    before = (tmp_path / "new.pem").read_bytes()
    result = imsgw("keystore", "import", "new.pem", "one.pem", "--json")
    assert json.loads(result.stdout)["certificates"][0]["added"] is False
    assert (result.exit_code, (tmp_path / "new.pem").read_bytes()) == (0, before)
    assert imsgw("keystore", "import", sealed, "one.pem", IMSGW_KEYSTORE_PASSWORD=PASSWORD).exit_code == 0
    assert one.certificate in holding(sealed, PASSWORD)


def test_import_takes_certificates_out_of_pkcs12(imsgw, tmp_path, sealed):
    how = {"IMSGW_SOURCE_PASSWORD": PASSWORD, "IMSGW_KEYSTORE_PASSWORD": None}
    result = imsgw("keystore", "import", "new.pem", sealed, **how)
    assert result.exit_code == 0
    assert holding(tmp_path / "new.pem") == holding(sealed, PASSWORD)


def test_import_makes_a_pkcs12_store_with_a_password_that_is_typed_twice(imsgw, tmp_path):
    (tmp_path / "one.pem").write_bytes(current("one").pem)
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    result = imsgw("keystore", "import", "new.p12", "one.pem", typed=typed, IMSGW_KEYSTORE_PASSWORD=None)
    assert (result.exit_code, PASSWORD in result.output) == (0, False)
    assert len(holding(tmp_path / "new.p12", PASSWORD)) == 1


def test_import_is_all_or_nothing(imsgw, tmp_path):
    (tmp_path / "good.pem").write_bytes(current().pem)
    (tmp_path / "old.pem").write_bytes(old().pem)
    (tmp_path / "nonsense.pem").write_bytes(b"nonsense")
    (tmp_path / "key.pem").write_bytes(b"-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n")
    for bad in ("old.pem", "nonsense.pem", "missing.pem", "key.pem"):
        result = imsgw("keystore", "import", "new.pem", "good.pem", bad)
        assert (result.exit_code, result.stdout) == (1, "")
        assert not (tmp_path / "new.pem").exists()
    assert "CN=old expired on" in imsgw("keystore", "import", "new.pem", "old.pem").stderr


def test_import_without_a_file_is_wrong_usage(imsgw):
    assert imsgw("keystore", "import", "new.pem").exit_code == 2


# -- convert ------------------------------------------------------------------------------------------------


def test_convert_moves_certificates_between_pem_and_pkcs12(imsgw, tmp_path, sealed):
    how = {"IMSGW_SOURCE_PASSWORD": PASSWORD}
    assert imsgw("keystore", "convert", sealed, "partners.pem", **how).exit_code == 0
    assert holding(tmp_path / "partners.pem") == holding(sealed, PASSWORD)
    result = imsgw("keystore", "convert", "partners.pem", "again.p12", IMSGW_KEYSTORE_PASSWORD="another")
    assert (result.exit_code, result.stdout) == (0, "made again.p12\n")
    assert holding(tmp_path / "again.p12", "another") == holding(sealed, PASSWORD)


def test_convert_moves_keys_and_keeps_them_encrypted(imsgw, tmp_path):
    (tmp_path / "own.p12").write_bytes(TestAuthority().issue("own", (), Secret(PASSWORD)))
    how = {"IMSGW_SOURCE_PASSWORD": PASSWORD, "IMSGW_KEYSTORE_PASSWORD": "another"}
    assert imsgw("keystore", "convert", "own.p12", "own.pem", **how).exit_code == 0
    assert b"ENCRYPTED PRIVATE KEY" in (tmp_path / "own.pem").read_bytes()
    back = {"IMSGW_SOURCE_PASSWORD": "another", "IMSGW_KEYSTORE_PASSWORD": "third"}
    assert imsgw("keystore", "convert", "own.pem", "back.p12", **back).exit_code == 0
    first, last = (
        read_keystore(keystore(tmp_path / file, Secret(password)))
        for file, password in (("own.p12", PASSWORD), ("back.p12", "third"))
    )
    assert first.certificate == last.certificate
    assert first.key.private_numbers() == last.key.private_numbers()
    for file in ("own.pem", "back.p12"):
        assert (tmp_path / file).stat().st_mode & 0o777 == 0o600


def test_convert_overwrites_nothing_and_knows_its_suffixes(imsgw, tmp_path):
    (tmp_path / "a.pem").write_bytes(current().pem)
    (tmp_path / "there.p12").write_bytes(b"there")
    result = imsgw("keystore", "convert", "a.pem", "there.p12")
    assert (result.exit_code, result.stderr) == (1, "not overwritten: there.p12\n")
    assert (tmp_path / "there.p12").read_bytes() == b"there"
    assert imsgw("keystore", "convert", "a.pem", "a.jks").exit_code == 2


def test_convert_reads_no_java_store_and_says_how(imsgw, tmp_path):
    (tmp_path / "a.jks").write_bytes(b"\xfe\xed\xfe\xed\0\0\0\2")
    result = imsgw("keystore", "convert", "a.jks", "a.p12")
    assert (result.exit_code, "keytool -importkeystore" in result.stderr) == (1, True)


# -- import-metadata ----------------------------------------------------------------------------------------


def test_metadata_gives_certificates_and_the_issuer_to_configure(imsgw, tmp_path):
    one, two = current("idp"), current("idp next")
    (tmp_path / "metadata.xml").write_text(entity(provider(key(one), key(two))))
    result = imsgw("keystore", "import-metadata", "sts.pem", "metadata.xml")
    assert result.exit_code == 0
    assert 'issuers = ["https://idp.example"]' in result.stdout
    assert holding(tmp_path / "sts.pem") == {one.certificate, two.certificate}
    again = json.loads(imsgw("keystore", "import-metadata", "sts.pem", "metadata.xml", "--json").stdout)
    assert again["issuers"] == ["https://idp.example"]
    assert [one["added"] for one in again["certificates"]] == [False, False]


def test_metadata_comes_from_standard_input_too(imsgw, tmp_path):
    result = imsgw("keystore", "import-metadata", "sts.pem", "-", typed=entity(provider(key(current()))))
    assert (result.exit_code, (tmp_path / "sts.pem").exists()) == (0, True)


def test_of_several_entities_one_is_named(imsgw, tmp_path):
    a, b = current("a"), current("b")
    text = group(*(entity(provider(key(one)), entity_id=f"urn:{name}") for one, name in ((a, "a"), (b, "b"))))
    (tmp_path / "metadata.xml").write_text(text)
    result = imsgw("keystore", "import-metadata", "sts.pem", "metadata.xml")
    assert (result.exit_code, '"urn:a"' in result.stderr, '"urn:b"' in result.stderr) == (1, True, True)
    assert imsgw("keystore", "import-metadata", "sts.pem", "metadata.xml", "--entity", "urn:c").exit_code == 1
    assert not (tmp_path / "sts.pem").exists()
    assert imsgw("keystore", "import-metadata", "sts.pem", "metadata.xml", "--entity", "urn:b").exit_code == 0
    assert holding(tmp_path / "sts.pem") == {b.certificate}


def test_expired_certificates_and_metadata_are_refused(imsgw, tmp_path):
    (tmp_path / "a.xml").write_text(entity(provider(key(old()))))
    past = (NOW - timedelta(days=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    (tmp_path / "b.xml").write_text(entity(provider(key(current())), more=f'validUntil="{past}"'))
    (tmp_path / "c.xml").write_text("<a/>")
    for file in ("a.xml", "b.xml", "c.xml", "missing.xml"):
        result = imsgw("keystore", "import-metadata", "sts.pem", file)
        assert (result.exit_code, result.stdout) == (1, "")
        assert not (tmp_path / "sts.pem").exists()


def test_addresses_are_not_fetched(imsgw, tmp_path):
    result = imsgw("keystore", "import-metadata", "sts.pem", "https://idp.example/metadata")
    assert (result.exit_code, (tmp_path / "sts.pem").exists()) == (2, False)


@pytest.mark.parametrize("command", ["list", "import", "convert", "import-metadata"])
def test_every_command_has_an_example(imsgw, command):
    assert f"Example: imsgw keystore {command} " in imsgw("keystore", command, "--help").stdout
