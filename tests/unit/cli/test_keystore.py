import json

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs12

STORES = ("server.p12", "client.p12", "sender.p12", "sts.p12", "partner.p12")
MADE = [
    *("ca.pem", "clients.pem", *STORES[:3], "senders.pem", "sts.p12", "sts.pem", "passticket.key"),
    *("partner.p12", "partner.key"),
]
FILES = set(MADE)


def names(folder):
    return {path.name for path in folder.iterdir()}


def certificate(path, password):
    loaded = pkcs12.load_pkcs12(path.read_bytes(), password.encode())
    assert loaded.cert is not None
    return loaded.cert.certificate


def test_keys_go_to_the_home_with_the_password_given_which_is_not_shown(imsgw, tmp_path):
    result = imsgw("keystore", "create-test", IMSGW_KEYSTORE_PASSWORD="of-my-own")
    assert result.exit_code == 0
    assert names(tmp_path / "keystores") == FILES
    assert result.stdout.splitlines() == [f"made keystores/{name}" for name in MADE]
    assert "of-my-own" not in result.output
    for store in STORES:
        assert certificate(tmp_path / "keystores" / store, "of-my-own")


@pytest.mark.parametrize("how", ["--home", "IMSGW_HOME"])
def test_another_home_may_be_named(imsgw, tmp_path, how):
    place = tmp_path / "place"
    if how == "--home":
        imsgw("keystore", "create-test", "--home", place)
    else:
        imsgw("keystore", "create-test", IMSGW_HOME=str(place))
    assert names(place / "keystores") == FILES


def test_a_folder_stands_above_the_home(imsgw, tmp_path):
    imsgw("keystore", "create-test", "--home", tmp_path / "place", "--folder", tmp_path / "mine")
    assert names(tmp_path / "mine") == FILES
    assert not (tmp_path / "place").exists()


def test_without_a_password_each_store_gets_one_of_its_own_and_it_is_shown(imsgw, tmp_path):
    result = imsgw("keystore", "create-test", IMSGW_KEYSTORE_PASSWORD=None)
    shown = dict(
        line.removeprefix("password of ").split(": ")
        for line in result.stdout.splitlines()
        if line.startswith("password of ")
    )
    assert shown.keys() == set(STORES)
    assert len(set(shown.values())) == len(STORES)
    for store, password in shown.items():
        assert certificate(tmp_path / "keystores" / store, password)


def test_json_holds_the_files_and_the_passwords_that_were_made(imsgw, tmp_path):
    made = json.loads(imsgw("keystore", "create-test", "--json", IMSGW_KEYSTORE_PASSWORD=None).stdout)
    assert made["files"] == [f"keystores/{name}" for name in MADE]
    assert certificate(tmp_path / "keystores/server.p12", made["passwords"]["server.p12"])
    given = json.loads(imsgw("keystore", "create-test", "--folder", "other", "--json").stdout)
    assert given["passwords"] == {}


def test_names_go_into_the_server_s_certificate(imsgw, tmp_path):
    imsgw("keystore", "create-test", "--name", "gateway.example", "--name", "192.0.2.1")
    server = certificate(tmp_path / "keystores/server.p12", "keys-for-tests")
    alternative = server.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    assert alternative.get_values_for_type(x509.DNSName) == ["gateway.example"]
    assert [str(ip) for ip in alternative.get_values_for_type(x509.IPAddress)] == ["192.0.2.1"]


def test_nothing_is_overwritten(imsgw, tmp_path):
    imsgw("keystore", "create-test")
    before = {path.name: path.read_bytes() for path in (tmp_path / "keystores").iterdir()}
    result = imsgw("keystore", "create-test")
    assert (result.exit_code, result.stdout) == (1, "")
    assert "not overwritten: keystores/ca.pem" in result.stderr
    assert "; remove them to make new ones" in result.stderr
    assert {path.name: path.read_bytes() for path in (tmp_path / "keystores").iterdir()} == before


def test_a_folder_that_cannot_be_made_is_told(imsgw, tmp_path):
    (tmp_path / "file").write_text("")
    result = imsgw("keystore", "create-test", "--folder", "file/inside")
    assert (result.exit_code, "file/inside" in result.stderr) == (1, True)
