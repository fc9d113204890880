"""Java key stores, as keytool makes them and as nobody should."""

import shutil
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import pkcs12
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.exchange import Secret
from gateway.migrate import stores
from gateway.migrate.locate import locate
from gateway.migrate.places import RefusedError
from gateway.migrate.stores import is_java_store, read_java_store
from gateway.tls.stores import StoreError
from tests.fixtures.migration import KEYS_PASSWORD, keytool

pytestmark = pytest.mark.xdist_group("migrated")  # they share the stores, which take seconds to make

NONE = Secret("")


def read(path, password="", key_password=""):
    return read_java_store(path, path.read_bytes(), Secret(password), Secret(key_password))


def of_pkcs12(path):
    found = pkcs12.load_pkcs12(path.read_bytes(), KEYS_PASSWORD.encode())
    return found.key.private_numbers(), found.cert.certificate


@pytest.fixture(scope="module")
def jceks(java_stores, tmp_path_factory):
    """A JCEKS store with a key, under a password of its own, and a secret key."""
    folder = tmp_path_factory.mktemp("jceks")
    path = folder / "all.jceks"
    keytool(
        *(
            "-importkeystore",
            "-noprompt",
            "-srckeystore",
            java_stores.folder / "https.jks",
            "-srcstorepass",
            "httpsks1",
        ),
        *("-srcalias", "https", "-srckeypass", "httpskey", "-destkeystore", path, "-deststoretype", "JCEKS"),
        *("-deststorepass", "storepw", "-destkeypass", "keypass"),
    )
    keytool(
        *(
            "-genseckey",
            "-alias",
            "aes",
            "-keyalg",
            "AES",
            "-keysize",
            "128",
            "-keystore",
            path,
            "-storetype",
            "JCEKS",
        ),
        *("-storepass", "storepw", "-keypass", "storepw"),
    )
    return path


def test_a_key_comes_out_as_it_went_in(java_stores):
    [key] = read(java_stores.folder / "https.jks", "httpsks1", "httpskey").keys
    numbers, certificate = of_pkcs12(java_stores.keys.server)
    assert key.material.key.private_numbers() == numbers
    assert key.material.certificate == certificate


def test_a_key_with_the_password_of_its_store_needs_no_other(java_stores):
    [key] = read(java_stores.folder / "imsclient.jks", "clientks").keys
    assert key.material.key.private_numbers() == of_pkcs12(java_stores.keys.client)[0]


def test_a_key_with_a_password_of_its_own_stays_closed_without_it(java_stores):
    for wrong in ("", "httpsks1", "guess"):
        [key] = read(java_stores.folder / "https.jks", "httpsks1", wrong).keys
        assert key.material is None
        assert "a password of its own" in key.reason


def test_jceks_is_read_and_its_secret_keys_are_told(jceks, java_stores):
    store = read(jceks, "storepw", "keypass")
    assert store.keys[0].material.key.private_numbers() == of_pkcs12(java_stores.keys.server)[0]
    assert store.others == ("aes",)


def test_a_trust_store_is_read_with_its_password_and_unchecked_without(java_stores):
    path = java_stores.folder / "clienttrust.jks"
    checked, unchecked = read(path, "trustks1"), read(path)
    assert (checked.checked, unchecked.checked) == (True, False)
    assert checked.trusted == unchecked.trusted
    assert len(checked.trusted) == 1


@pytest.mark.parametrize("password", ["guessed", "TRUSTKS1", "trustks1 "])
def test_a_wrong_password_is_refused_and_not_shown(java_stores, password):
    with pytest.raises(StoreError, match="wrong password") as refused:
        read(java_stores.folder / "clienttrust.jks", password)
    assert password.strip() not in str(refused.value).replace("clienttrust", "")


@pytest.mark.parametrize("cut", [3, 11, 30, 200, -1])
def test_a_store_that_was_cut_off_is_damaged(java_stores, tmp_path, cut):
    path = tmp_path / "cut.jks"
    path.write_bytes((java_stores.folder / "https.jks").read_bytes()[:cut])
    if is_java_store(path.read_bytes()):
        with pytest.raises(StoreError, match=r"damaged|wrong password"):
            read(path, "httpsks1")


def test_a_count_of_entries_beyond_the_file_is_refused_at_once(tmp_path):
    path = tmp_path / "many.jks"
    path.write_bytes(b"\xfe\xed\xfe\xed\x00\x00\x00\x02\xff\xff\xff\xff" + b"\x00" * 40)
    with pytest.raises(StoreError, match="more entries than fit"):
        read(path, "x")


def test_a_key_that_would_take_hours_to_open_is_left_closed(jceks, monkeypatch):
    monkeypatch.setattr(stores, "_MOST_ITERATIONS", 1)
    [key] = read(jceks, "storepw", "keypass").keys
    assert key.material is None
    assert "would take hours" in key.reason


def test_without_pyjks_it_says_which_extra_is_missing(java_stores, monkeypatch):
    monkeypatch.setattr(stores, "find_spec", lambda _name: None)
    with pytest.raises(StoreError, match="migration"):
        read(java_stores.folder / "https.jks", "httpsks1")


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
def test_damage_of_any_kind_is_refused_or_leaves_a_closed_key(java_stores, jceks, data):
    whole = data.draw(st.sampled_from([jceks, java_stores.folder / "https.jks"])).read_bytes()
    octets = bytearray(whole)
    for _ in range(data.draw(st.integers(1, 4))):
        octets[data.draw(st.integers(4, len(octets) - 1))] = data.draw(st.integers(0, 255))
    password = data.draw(st.sampled_from(["", "storepw", "httpsks1"]))
    try:
        store = read_java_store(Path("x.jks"), bytes(octets), Secret(password), Secret("httpskey"))
    except StoreError as error:
        assert password not in error.reason or not password
        return
    assert not store.checked or bytes(octets) == whole  # the password vouches for every octet
    assert all(key.material is not None or key.reason for key in store.keys)


@given(st.binary(max_size=400))
def test_any_octets_behind_the_magic_are_a_store_or_refused(tail):
    try:
        read_java_store(Path("x.jks"), b"\xce\xce\xce\xce" + tail, NONE, NONE)
    except StoreError as error:
        assert error.reason


# -- in a migration


@pytest.fixture
def with_stores(migrated, java_stores):
    """Migrate with the stores beside the files."""

    def run(server, bundle="", **how):
        files = {
            f"keys/{name}": (java_stores.folder / name).read_bytes()
            for name in ("https.jks", "clienttrust.jks", "imsclient.jks", "partners.jceks")
        }
        given = {"name": "IMS1", "hostName": "h", "port": "9999", "dataStore": "IMS1", **(bundle or {})}
        text = "<bundle " + " ".join(f'{name}="{value}"' for name, value in given.items()) + "/>"
        return migrated({**files, "server.properties": server}, bundle=text, **how)

    return run


HTTPS = "httpsPort=8443\nhttpsKeystoreName=/usr/lpp/soap/keys/https.jks\nhttpsKeystorePassword=httpsks1\n"


def test_the_https_key_store_becomes_pkcs12_under_the_same_password(with_stores, java_stores):
    made = with_stores(HTTPS + "httpsKeyPassword=httpskey\n")
    assert made.toml("gateway.toml")["server"]["keystore"] == {
        "path": "keystores/https.p12", "password": {"file": "keystores/secrets/store-https"},
    }  # fmt: skip
    path = made.home / "keystores/https.p12"
    assert path.stat().st_mode & 0o777 == 0o600
    found = pkcs12.load_pkcs12(path.read_bytes(), b"httpsks1")
    assert found.cert.certificate == of_pkcs12(java_stores.keys.server)[1]
    assert not made.report.blockers
    assert not [one for one in made.report.problems if not one.warning]


def test_without_the_password_of_the_key_the_gateway_does_not_start_and_says_so(with_stores):
    made = with_stores(HTTPS)
    [told] = made.report.blockers
    assert "a password of its own" in told
    assert told.endswith("hand it in by --passwords (key_password)")
    with pytest.raises(Exception, match="missing-https"):
        made.read()


@pytest.mark.parametrize("lost", ["\n", "\nhttpsKeystorePassword="])
def test_a_password_that_a_lost_line_end_made_part_of_the_name_is_told_nowhere(with_stores, lost):
    damaged = HTTPS.replace("\nhttpsKeystorePassword=", "\nhttpsKeystorePassword=".replace(lost, ""))
    assert damaged != HTTPS
    assert "httpsks1" in damaged
    made = with_stores(damaged)
    assert made.report.blockers
    assert "httpsks1" not in repr(made.report)
    written = b"".join(path.read_bytes() for path in made.home.rglob("*") if path.is_file())
    assert b"httpsks1" not in written
    with pytest.raises(Exception, match="missing-keystore"):
        made.read()


def test_a_password_that_is_handed_in_opens_it(with_stores, tmp_path):
    from gateway.migrate.passwords import read_passwords

    file = tmp_path / "passwords.toml"
    file.write_text('[stores."https.jks"]\nkey_password = { env = "KEY" }\n')
    made = with_stores(HTTPS, passwords=read_passwords(file, {"KEY": "httpskey"}))
    assert not made.report.blockers


def test_client_authentication_is_never_dropped_with_its_truststore(with_stores):
    made = with_stores(
        HTTPS + "httpsKeyPassword=httpskey\nclientAuthentication=true\nhttpsTruststoreName=gone.jks\n"
    )
    server = made.toml("gateway.toml")["server"]
    assert server["client_authentication"] == "required"
    assert any("client_truststore" in text for text in made.report.blockers)
    with pytest.raises(Exception, match="does not exist"):
        made.read()


def test_stores_of_a_bundle_become_a_key_and_a_pem_file(with_stores):
    made = with_stores(
        HTTPS + "httpsKeyPassword=httpskey\n",
        {
            "sslKeystoreName": "imsclient.jks", "sslKeystorePassword": "clientks",
            "sslTruststoreName": "clienttrust.jks", "sslTruststorePassword": "trustks1",
        },
    )  # fmt: skip
    tls = made.bundle["ims_connect"]["tls"]
    assert tls["truststore"] == {"path": "keystores/clienttrust.pem"}
    assert tls["keystore"]["path"] == "keystores/imsclient.p12"
    assert not [one for one in made.report.problems if not one.warning]


def test_one_store_for_several_purposes_is_made_once(with_stores):
    made = with_stores(
        HTTPS + "httpsKeyPassword=httpskey\nclientAuthentication=want\nhttpsTruststoreName=clienttrust.jks\n"
        "httpsTruststorePassword=trustks1\n",
        {"sslTruststoreName": "clienttrust.jks", "sslTruststorePassword": "trustks1"},
    )
    assert [path.name for path in (made.home / "keystores").glob("clienttrust*")] == ["clienttrust.pem"]


def test_a_store_without_its_password_is_read_and_that_is_told(with_stores):
    made = with_stores(HTTPS + "httpsKeyPassword=httpskey\n", {"sslTruststoreName": "clienttrust.jks"})
    assert "tls" in made.bundle["ims_connect"]
    assert any("without its password" in text for text in made.texts("changed"))


def test_pkcs12_under_the_name_of_a_java_store_is_read_too(migrated, java_stores):
    made = migrated(
        {
            "https.jks": java_stores.keys.server.read_bytes(),
            "server.properties": "httpsPort=8443\nhttpsKeystoreName=https.jks\n"
            f"httpsKeystorePassword={KEYS_PASSWORD}\n",
        }
    )
    assert not made.report.blockers


# -- where a path leads


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a.jks", "keys/a.jks"),
        ("/usr/lpp/ims/keys/a.jks", "keys/a.jks"),
        ("C:\\soap\\keys\\a.jks", "keys/a.jks"),
        ("${SOAP_HOME}/keys/a.jks", "keys/a.jks"),
        ("file:///opt/keys/a.jks", "keys/a.jks"),
        ("'keys/a.jks'", "keys/a.jks"),
        ("KEYS/A.JKS", "keys/a.jks"),
        ("../keys/a.jks", "keys/a.jks"),
        ("other/keys/b.jks", "other/keys/b.jks"),
    ],
)
def test_a_path_of_another_machine_leads_to_the_file_that_ends_alike(text, found):
    assert locate(text, "conf/server.xml", ["keys/a.jks", "keys/b.jks", "other/keys/b.jks"]) == found


@pytest.mark.parametrize("text", ["", "/", "nowhere.jks", "b.jks", "..", "a"])
def test_a_path_that_leads_nowhere_or_to_several_is_refused(text):
    with pytest.raises(RefusedError):
        locate(text, "conf/server.xml", ["keys/a.jks", "keys/b.jks", "other/keys/b.jks"])


@given(st.text(max_size=40))
def test_any_path_leads_to_a_file_of_the_installation_or_nowhere(text):
    files = ["keys/a.jks", "b.jks"]
    try:
        assert locate(text, "conf/x.xml", files) in files
    except RefusedError:
        pass


def test_the_installation_is_as_it_was(with_stores, tmp_path):
    with_stores(HTTPS)
    before = sorted((tmp_path / "source").rglob("*"))
    shutil.rmtree(tmp_path / "home", ignore_errors=True)
    octets = [path.read_bytes() for path in before if path.is_file()]
    with_stores(HTTPS)
    assert sorted((tmp_path / "source").rglob("*")) == before
    assert [path.read_bytes() for path in before if path.is_file()] == octets
