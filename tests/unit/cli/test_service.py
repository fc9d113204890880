"""`imsgw service`: what it prints, and how it ends."""

import json
import shutil
from pathlib import Path

import pytest

from tests.fixtures.running_gateway import REPOSITORY
from tests.unit.cli.conftest import Imsgw
from tests.unit.manage.conftest import BUNDLE

PHONEBOOK = REPOSITORY / "wsdl/phonebook"


@pytest.fixture
def deployed(imsgw: Imsgw, bare_home: Path) -> Path:
    done = imsgw("service", "deploy", PHONEBOOK, "--transaction", "IVTNO", "--home", bare_home)
    assert done.exit_code == 0, done.output
    return bare_home


def test_deploy_tells_what_it_did(imsgw: Imsgw, bare_home: Path) -> None:
    done = imsgw(
        "service", "deploy", PHONEBOOK / "phonebook.wsdl", "--transaction", "IVTNO", "--home", bare_home
    )
    assert done.exit_code == 0, done.output
    assert "deployed phonebook" in done.stdout
    assert "address: /imssoap/services/PhoneBookPort" in done.stdout
    assert "nothing runs on this home" in done.stdout
    assert (bare_home / "wsdl/phonebook/correlator.toml").exists()


def test_deploy_without_a_transaction_says_what_to_pass(imsgw: Imsgw, bare_home: Path) -> None:
    done = imsgw("service", "deploy", PHONEBOOK, "--home", bare_home)
    assert done.exit_code == 1
    assert "--transaction CODE for all operations, or --transaction PhoneBook=CODE" in done.stderr
    assert not (bare_home / "wsdl").exists()


def test_a_dry_run_prints_the_correlator_and_writes_nothing(imsgw: Imsgw, bare_home: Path) -> None:
    done = imsgw("service", "deploy", PHONEBOOK, "--dry-run", "--home", bare_home)
    assert done.exit_code == 0, done.output
    assert "would write wsdl/phonebook/phonebook.xsd" in done.stdout
    assert 'transaction = "PHONEBOO"  # proposed from the name' in done.stdout
    assert "to deploy it, a transaction is needed" in done.stderr
    assert not (bare_home / "wsdl").exists()


def test_options_become_keys_of_the_correlator(imsgw: Imsgw, bare_home: Path) -> None:
    done = imsgw(
        *("service", "deploy", PHONEBOOK, "--dry-run", "--json", "--home", bare_home, "--transaction", "IVTNO"),
        *("--token", "saml20", "--signed-by", "sts", "--trust", "chain", "--truststore", "keystores/ca.pem"),
        *("--sender", "CN=a,O=b", "--sender", "dns:b", "--issuer", "urn:x", "--audience", "urn:y"),
        *(
            "--set",
            "security.max_age_seconds=30",
            "--set",
            "operations.WhoAmI.lterm=LT1",
            "--set",
            "validate=false",
        ),
    )
    assert done.exit_code == 0, done.output
    import tomllib

    said = json.loads(done.stdout)
    table = tomllib.loads(said["correlator"])
    assert table["security"] == {
        "token": "saml20",
        "signed": True,
        "signed_by": "sts",
        "trust": "chain",
        "truststore": {"path": "keystores/ca.pem"},
        "senders": ["CN=a,O=b", "dns:b"],
        "issuers": ["urn:x"],
        "audiences": ["urn:y"],
        "max_age_seconds": 30,
    }
    assert table["operations"]["WhoAmI"] == {"transaction": "IVTNO", "lterm": "LT1"}
    assert table["validate"] is False
    assert said["dry_run"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("--transaction", "A", "--transaction", "B"),
        ("--transaction", "PhoneBook="),
        ("--role", "both"),
        ("--token", "kerberos"),
        ("--correlator", "x.toml", "--transaction", "A"),
    ],
)
def test_wrong_usage_is_2(imsgw: Imsgw, bare_home: Path, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "x.toml").write_text("")
    done = imsgw("service", "deploy", PHONEBOOK, *arguments, "--home", bare_home)
    assert done.exit_code == 2, done.output


def test_stop_start_list_and_show(imsgw: Imsgw, deployed: Path) -> None:
    assert imsgw("service", "stop", "phonebook", "--home", deployed).stdout.startswith("stopped phonebook\n")
    listed = imsgw("service", "list", "--home", deployed)
    assert listed.exit_code == 0, listed.output
    assert "phonebook  stopped  provider  ims1    PhoneBookPort" in listed.stdout
    assert "no gateway runs on this home" in listed.stdout
    imsgw("service", "start", "phonebook", "--home", deployed)
    again = imsgw("service", "start", "phonebook", "--home", deployed)
    assert again.exit_code == 0
    assert again.stdout == "started phonebook: nothing to change, it is so already\n"
    shown = imsgw("service", "show", "phonebook", "--home", deployed)
    for line in (
        "phonebook: provider, running",
        "address: http://127.0.0.1:8080/imssoap/services/PhoneBookPort",
        "PhoneBook  IVTNO        {urn:ims-gateway:example:phonebook}phonebook",
        "Callers show no security token",
    ):
        assert line in shown.stdout
    facts = json.loads(imsgw("service", "show", "phonebook", "--json", "--home", deployed).stdout)
    assert [one["transaction"] for one in facts["operations"]] == ["IVTNO", "IVTNO"]
    assert facts["state"] == "running"


def test_list_of_a_home_with_mistakes_lists_what_can_be_read(imsgw: Imsgw, deployed: Path) -> None:
    (deployed / "bundles/ims1.toml").write_text(BUNDLE.replace("9999", "99999"))
    done = imsgw("service", "list", "--home", deployed)
    assert done.exit_code == 1
    assert "phonebook  running  provider  ims1" in done.stdout
    assert "ims_connect.port: must be a whole number" in done.stderr


def test_a_secret_that_only_the_gateway_knows_does_not_hide_the_list(imsgw: Imsgw, deployed: Path) -> None:
    done = imsgw("service", "list", "--home", deployed, IMS1_PASSWORD=None)
    assert done.exit_code == 0, done.output
    assert "PhoneBookPort" in done.stdout


def test_undeploy_says_where_the_folder_is_kept(imsgw: Imsgw, deployed: Path) -> None:
    done = imsgw("service", "undeploy", "phonebook", "--home", deployed)
    assert done.exit_code == 0, done.output
    assert f"is kept in {deployed}/var/undeployed/phonebook-" in done.stdout.replace("\n", "")
    assert not (deployed / "wsdl/phonebook").exists()


@pytest.mark.parametrize("command", ["start", "stop", "undeploy", "show"])
def test_what_is_not_there_is_told_in_words_and_in_json(imsgw: Imsgw, deployed: Path, command: str) -> None:
    done = imsgw("service", command, "phonebok", "--home", deployed)
    assert done.exit_code == 1
    assert done.stderr == "there is no service 'phonebok'; did you mean phonebook?\n"
    said = json.loads(imsgw("service", command, "phonebok", "--json", "--home", deployed).stdout)
    assert said["why"] == "not found"


def test_a_state_folder_may_be_named(imsgw: Imsgw, deployed: Path, tmp_path: Path) -> None:
    done = imsgw("service", "undeploy", "phonebook", "--home", deployed, "--state", tmp_path / "elsewhere")
    assert done.exit_code == 0, done.output
    assert len(list((tmp_path / "elsewhere/undeployed").iterdir())) == 1


@pytest.mark.parametrize("command", ["deploy", "undeploy", "start", "stop", "list", "show"])
def test_help_has_an_example(imsgw: Imsgw, command: str) -> None:
    done = imsgw("service", command, "--help")
    assert done.exit_code == 0
    assert f"imsgw service {command}" in " ".join(done.stdout.split())


def test_replace_says_what_went(imsgw: Imsgw, deployed: Path, tmp_path: Path) -> None:
    source = tmp_path / "new"
    shutil.copytree(PHONEBOOK, source)
    path = source / "phonebook.wsdl"
    path.write_text(path.read_text().replace("WhoAmI", "WhoIsIt"))
    done = imsgw(
        "service", "deploy", source, "--replace", "--transaction", "WhoIsIt=WHOAMI", "--home", deployed
    )
    assert done.exit_code == 0, done.output
    assert "operations that went: WhoAmI" in done.stdout
    assert "operations that came: WhoIsIt" in done.stdout
