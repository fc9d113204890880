"""`imsgw migrate` at the command line."""

import json
import tomllib

import pytest

from tests.fixtures.migration import lab
from tests.unit.migrate.conftest import BUNDLE, ECHO

STORE = BUNDLE.replace("/>", ' password="{xor}abc"/>')


@pytest.fixture
def installation(tmp_path):
    """A small one without a flaw; returns a function that writes it with other files beside it."""

    def write(**more):
        folder = tmp_path / "imssoap"
        folder.mkdir(exist_ok=True)
        (folder / "conn.xml").write_text(f"<bundles>{BUNDLE}</bundles>")
        (folder / "corr.xml").write_text(ECHO.replace('operationName="Echo"', 'operationName="*"'))
        (folder / "lab.wsdl").write_text(lab("LabPort", "LabService"))
        (folder / "server.properties").write_text("httpPort=8080\n")
        for name, text in more.items():
            (folder / name.replace("_", ".")).write_text(text)
        return folder

    return write


def test_it_writes_a_home_and_says_what_comes_next(imsgw, installation, tmp_path):
    done = imsgw("migrate", installation(), "--to", tmp_path / "new")
    assert done.exit_code == 0, done.output
    assert "1 provider(s), 0 consumer(s), 1 bundle(s), 0 set aside" in done.stdout
    assert f"imsgw check --home {tmp_path / 'new'}" in done.stdout
    assert imsgw("check", "--home", tmp_path / "new").exit_code == 0


def test_the_home_is_the_one_that_all_commands_mean(imsgw, installation, tmp_path):
    assert imsgw("migrate", installation(), IMSGW_HOME=str(tmp_path / "by-variable")).exit_code == 0
    assert (tmp_path / "by-variable/gateway.toml").exists()


def test_the_mapping_table_is_printed_and_taken_back(imsgw, installation, tmp_path):
    printed = imsgw("migrate", "--print-mapping")
    assert printed.exit_code == 0
    table = tmp_path / "own.toml"
    table.write_text(printed.stdout.replace('host = ["hostName"', 'host = ["rechner", "hostName"'))
    folder = installation()
    (folder / "conn.xml").write_text(f"<bundles>{BUNDLE.replace('hostName', 'Rechner')}</bundles>")
    assert imsgw("migrate", folder, "--to", "a", "--strict").exit_code == 1
    assert imsgw("migrate", folder, "--to", "b", "--mapping", table, "--strict").exit_code == 0
    assert (
        tomllib.loads((tmp_path / "b/bundles/IMS1.toml").read_text())["ims_connect"]["host"]
        == "ims.example.com"
    )


def test_a_wrong_mapping_table_names_file_and_key(imsgw, installation, tmp_path):
    (tmp_path / "own.toml").write_text("[bundle.properties]\nhots = []\n")
    done = imsgw("migrate", installation(), "--mapping", tmp_path / "own.toml")
    assert done.exit_code == 1
    assert "own.toml: bundle.properties.hots: unknown property; did you mean host?" in done.stderr


def test_json_is_the_report(imsgw, installation):
    done = imsgw("migrate", installation(), "--to", "new", "--json")
    data = json.loads(done.stdout)
    assert [one["name"] for one in data["services"]] == ["lab"]
    assert {
        "taken",
        "changed",
        "not_understood",
        "contradictions",
        "questions",
        "set_aside",
        "check",
    } <= data.keys()


def test_a_dry_run_says_the_same_and_writes_nothing(imsgw, installation, tmp_path):
    done = imsgw("migrate", installation(), "--to", "new", "--dry-run")
    assert done.exit_code == 0
    assert "nothing was written" in done.stdout
    assert not (tmp_path / "new").exists()


def test_strict_fails_on_what_was_not_understood_and_writes_all_the_same(imsgw, installation, tmp_path):
    clean = imsgw("migrate", installation(), "--to", "clean", "--strict")
    assert clean.exit_code == 0, clean.output
    broken = imsgw("migrate", installation(broken_xml="<a"), "--to", "new", "--strict")
    assert broken.exit_code == 1
    assert "broken.xml:1: is not well-formed XML" in broken.stdout
    assert (tmp_path / "new/gateway.toml").exists()
    assert imsgw("migrate", installation(broken_xml="<a"), "--to", "other").exit_code == 0


def test_where_nothing_is_usable_it_fails(imsgw, tmp_path):
    (tmp_path / "empty").mkdir()
    done = imsgw("migrate", tmp_path / "empty", "--to", "new")
    assert done.exit_code == 1
    assert "nothing usable was found: nothing was written" in done.stderr


def test_a_folder_with_something_in_it_needs_force(imsgw, installation, tmp_path):
    (tmp_path / "new").mkdir()
    (tmp_path / "new/mine").write_text("")
    refused = imsgw("migrate", installation(), "--to", "new")
    assert refused.exit_code == 1
    assert "--force" in refused.stderr
    assert imsgw("migrate", installation(), "--to", "new", "--force").exit_code == 0


@pytest.mark.parametrize("source", ["nowhere", "file"])
def test_a_source_that_is_no_folder_is_wrong_usage(imsgw, tmp_path, source):
    (tmp_path / "file").write_text("")
    assert imsgw("migrate", tmp_path / source, "--to", "new").exit_code == 2


def test_variables_to_set_are_named_without_their_values(imsgw, installation):
    folder = installation()
    (folder / "conn.xml").write_text(f"<bundles>{STORE.replace('{xor}abc', 'GEHEIM1')}</bundles>")
    done = imsgw("migrate", folder, "--to", "new", "--secrets", "env")
    assert "variables to set: IMS1_PASSWORD" in done.stdout
    assert "GEHEIM1" not in done.output
    assert imsgw("check", "--home", "new", IMS1_PASSWORD=None).exit_code == 1
    assert imsgw("check", "--home", "new", IMS1_PASSWORD="GEHEIM1").exit_code == 0


def test_passwords_may_be_handed_in_by_a_file(imsgw, installation, tmp_path):
    folder = installation()
    (folder / "conn.xml").write_text(f"<bundles>{STORE}</bundles>")
    (tmp_path / "known.toml").write_text('[bundles.IMS1]\npassword = { env = "KNOWN" }\n')
    done = imsgw("migrate", folder, "--to", "new", "--passwords", tmp_path / "known.toml", KNOWN="RIGHT1")
    assert done.exit_code == 0, done.output
    assert (tmp_path / "new/keystores/secrets/IMS1-password").read_text() == "RIGHT1"


def test_names_of_the_installation_do_not_steer_the_terminal(imsgw, installation):
    folder = installation()
    (folder / "\x1b[31mred.xml").write_text("<a")
    done = imsgw("migrate", folder, "--to", "new")
    assert "\x1b" not in done.output
