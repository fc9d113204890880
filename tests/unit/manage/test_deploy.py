"""A contract becomes a service: proposed, checked as a whole, in force; or nothing has changed."""

import re
import shutil
import tomllib
from pathlib import Path

import pytest

from gateway.config.read import read_home
from gateway.errors import Problem
from gateway.manage import deploy as deploying
from gateway.manage import folders, services
from gateway.manage.deploying import DeployResult, Gathered, Wanted
from gateway.manage.installation import Installation
from gateway.manage.results import ManageError, Why, errors_of
from gateway.manage.sources import from_path
from tests.fixtures.running_gateway import REPOSITORY
from tests.unit.manage import child
from tests.unit.manage.conftest import ENVIRON, Processes, files_of, refused

PHONEBOOK = REPOSITORY / "wsdl/phonebook/phonebook.wsdl"
RATING = REPOSITORY / "wsdl/rating/rating.wsdl"
GIVEN = Wanted(transaction="IVTNO")


def deploy(installation: Installation, wanted: Wanted, source: Path = PHONEBOOK, **how: bool) -> DeployResult:
    return deploying.deploy(installation, from_path(source), wanted, **how)


def edited(folder: Path, *changes: tuple[str, str]) -> Path:
    """Return a copy of the phone book's folder with its WSDL changed."""
    shutil.copytree(PHONEBOOK.parent, folder)
    path = folder / PHONEBOOK.name
    text = path.read_text()
    for old, new in changes:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text)
    return path


RENAMED = ("WhoAmI", "WhoIsIt")


def test_a_wsdl_becomes_a_service_with_a_table_and_a_comment_for_each_operation(
    installation: Installation, home: Path
) -> None:
    result = deploy(installation, Wanted(transaction="IVTNO", transactions={"WhoAmI": "WHOAMI"}))
    assert result.files == tuple(
        f"wsdl/phonebook/{name}" for name in ("correlator.toml", "phonebook.wsdl", "phonebook.xsd")
    )
    text = (home / "wsdl/phonebook/correlator.toml").read_text()
    assert result.correlator == text
    urn = "urn:ims-gateway:example:phonebook"
    assert f"# takes {{{urn}}}phonebook, gives {{{urn}}}phonebookResponse\n[operations.PhoneBook]" in text
    service = read_home(home, environ=ENVIRON).services["phonebook"]
    assert service.settings.validate_body
    assert service.settings.bundle == "ims1"
    assert {name: one.transaction for name, one in service.settings.operations.items()} == {
        "PhoneBook": "IVTNO",
        "WhoAmI": "WHOAMI",
    }
    assert result.addresses == ("/imssoap/services/PhoneBookPort",)
    assert [one.transaction for one in result.operations] == ["IVTNO", "WHOAMI"]
    assert not errors_of(installation.judge())
    assert [path.name for path in (home / "wsdl").iterdir() if path.name.startswith(".")] == []


def test_a_one_way_operation_is_told_as_one(installation: Installation) -> None:
    source = REPOSITORY / "tests/homes/lab/lab.wsdl"
    result = deploy(installation, Wanted(name="lab2", transaction="ECHO"), source, dry_run=True)
    assert "Notify" in [one.name for one in result.operations if one.one_way]
    assert "notify, one-way, nothing comes back\n[operations.Notify]" in result.correlator


def test_a_consumer_gets_a_correlator_of_its_own_kind(installation: Installation, home: Path) -> None:
    with (home / "bundles/ims1.toml").open("a") as file:
        file.write('[callout]\ntpipes = ["RATING"]\n')
    result = deploy(installation, Wanted(role="consumer"), RATING)
    assert result.role == "consumer"
    consumer = read_home(home, environ=ENVIRON).consumers["rating"]
    assert consumer.settings.bundles == ("ims1",)
    assert all(address.startswith("http") for address in result.addresses)


def test_a_dry_run_writes_nothing_and_says_what_is_missing(home: Path) -> None:
    before = files_of(home)
    result = deploy(Installation(home, home / "nowhere", ENVIRON), Wanted(), dry_run=True)
    assert files_of(home) == before
    assert not (home / "nowhere").exists()
    assert result.change is None
    assert "--transaction PhoneBook=CODE" in result.missing[0]
    assert "# proposed from the name: put the transaction code here" in result.correlator


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        (Wanted(), "--transaction CODE"),
        (Wanted(transactions={"PhoneBook": "IVTNO"}), "--transaction WhoAmI=CODE"),
        (Wanted(transaction="IVTNO", transactions={"Phonebook": "X"}), "no operation Phonebook"),
        (Wanted(role="consumer", transaction="IVTNO"), "a consumer has no transaction"),
        (Wanted(transaction="IVTNO", bundles=("ims1", "ims2")), "a provider has one bundle"),
        (Wanted(transaction="IVTNO", name="../x"), "is no name of a service"),
        (Wanted(transaction="IVTNO", settings={"security.tokn": "none"}), "did you mean security.token"),
        (Wanted(correlator=b"role ="), "not valid TOML"),
    ],
)
def test_what_could_not_serve_is_refused_with_what_to_pass(
    installation: Installation, home: Path, wanted: Wanted, words: str
) -> None:
    before = files_of(home)
    with pytest.raises(ManageError) as told:
        deploy(installation, wanted)
    assert told.value.why is Why.WRONG
    assert words in told.value.text
    assert files_of(home) == before


@pytest.mark.parametrize(
    ("wanted", "key"),
    [
        (Wanted(transaction="LONGER-THAN-8"), "operations.PhoneBook.transaction"),
        (Wanted(transaction="IVTNO", settings={"security.token": "saml9"}), "security.token"),
        (
            Wanted(transaction="IVTNO", settings={"security.token": "saml20", "security.signed": True}),
            "security.truststore",
        ),
        (Wanted(correlator=b'role = "provider"\nwsdl = "phonebook.wsdl"\n'), "bundle"),
    ],
)
def test_values_that_the_models_refuse_are_told_with_their_key(
    running: Installation, processes: Processes, home: Path, wanted: Wanted, key: str
) -> None:
    before = files_of(home)
    with pytest.raises(ManageError) as told:
        deploy(running, wanted)
    assert key in {problem.key for problem in told.value.problems}
    assert files_of(home) == before
    assert not processes.seen


def test_with_several_bundles_one_has_to_be_named(installation: Installation, home: Path) -> None:
    shutil.copy(home / "bundles/ims1.toml", home / "bundles/ims2.toml")
    with pytest.raises(ManageError, match="--bundle NAME is needed: there are ims1, ims2"):
        deploy(installation, GIVEN)
    deploy(installation, Wanted(transaction="IVTNO", bundles=("ims2",)))
    assert read_home(home, environ=ENVIRON).services["phonebook"].settings.bundle == "ims2"


def test_the_address_of_another_service_is_refused_by_the_whole(installation: Installation, home: Path) -> None:
    deploy(installation, GIVEN)
    before = files_of(home)
    with pytest.raises(ManageError, match="the home would have mistakes") as told:
        deploy(installation, Wanted(name="phonebook2", transaction="IVTNO"))
    assert "two services cannot share an address" in told.value.problems[0].text
    assert files_of(home) == before


def test_what_a_process_refuses_leaves_nothing_behind(
    running: Installation, processes: Processes, home: Path
) -> None:
    before = files_of(home)
    processes.answers = [(refused(Problem("wsdl/phonebook/correlator.toml", "", "no")),)]
    with pytest.raises(ManageError):
        deploy(running, GIVEN)
    assert "wsdl/phonebook/correlator.toml" in processes.seen[0]
    assert files_of(home) == before


def test_a_service_that_is_there_is_not_touched_without_being_told(
    installation: Installation, home: Path
) -> None:
    before = files_of(home)
    with pytest.raises(ManageError, match="--replace") as told:
        deploy(installation, Wanted(name="lab", transaction="ECHO"))
    assert told.value.why is Why.EXISTS
    assert files_of(home) == before


# -- replacing -----------------------------------------------------------------------------------------------


def test_replacing_keeps_the_correlator_and_says_which_operations_came_and_went(
    installation: Installation, home: Path, tmp_path: Path
) -> None:
    deploy(installation, GIVEN)
    correlator = home / "wsdl/phonebook/correlator.toml"
    correlator.write_text(correlator.read_text() + "\n# ask Mary\n[security]\nmax_age_seconds = 42 # seconds\n")
    (home / "wsdl/phonebook/notes.txt").write_text("kept")
    source = edited(tmp_path / "new", RENAMED)
    with pytest.raises(ManageError, match="--transaction WhoIsIt=CODE"):
        deploy(installation, Wanted(replace=True), source)
    result = deploy(installation, Wanted(replace=True, transactions={"WhoIsIt": "WHOAMI"}), source)
    assert (result.came, result.went) == (("WhoIsIt",), ("WhoAmI",))
    text = correlator.read_text()
    assert "# ask Mary\n[security]\nmax_age_seconds = 42 # seconds\n" in text
    assert set(tomllib.loads(text)["operations"]) == {"*", "PhoneBook", "WhoIsIt"}
    assert (home / "wsdl/phonebook/notes.txt").read_text() == "kept"
    assert result.change is not None
    (kept,) = (home / "var/undeployed").iterdir()
    assert result.change.notes == (f"what was there before is kept in {kept}",)
    assert "WhoAmI" in (kept / "phonebook.wsdl").read_text()
    assert not errors_of(installation.judge())


def test_replacing_with_a_wsdl_of_another_name_names_it(
    installation: Installation, home: Path, tmp_path: Path
) -> None:
    deploy(installation, GIVEN)
    source = edited(tmp_path / "new")
    source = source.rename(source.with_name("other.wsdl"))
    deploy(installation, Wanted(name="phonebook", replace=True), source)
    assert read_home(home, environ=ENVIRON).services["phonebook"].settings.wsdl == "other.wsdl"
    assert sorted(path.name for path in (home / "wsdl/phonebook").iterdir()) == [
        "correlator.toml",
        "other.wsdl",
        "phonebook.xsd",
    ]


def test_a_replacement_that_is_refused_is_the_old_folder_again(
    running: Installation, processes: Processes, home: Path, tmp_path: Path
) -> None:
    deploy(running, GIVEN)
    before = files_of(home)
    processes.answers = [(refused(Problem("wsdl/phonebook/phonebook.wsdl", "", "no")),)]
    with pytest.raises(ManageError):
        deploy(running, Wanted(replace=True, transaction="X"), edited(tmp_path / "new", RENAMED))
    assert files_of(home) == before


def test_a_file_system_that_cannot_exchange_gets_two_renames(
    installation: Installation, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(folders, "_renameat2", lambda *_: False)
    deploy(installation, GIVEN)
    deploy(installation, Wanted(replace=True, transaction="X"), edited(tmp_path / "new", RENAMED))
    assert "WhoIsIt" in (home / "wsdl/phonebook/phonebook.wsdl").read_text()
    assert len(list((home / "var/undeployed").iterdir())) == 1
    assert sorted(path.name for path in (home / "wsdl").iterdir()) == ["lab", "phonebook"]


def test_a_correlator_can_be_given_whole(installation: Installation, home: Path) -> None:
    given = b"""# mine
role = "provider"
wsdl = "phonebook.wsdl"
bundle = "ims1"
[operations."*"]
transaction = "IVTNO"
"""
    deploy(installation, Wanted(correlator=given))
    assert (home / "wsdl/phonebook/correlator.toml").read_bytes() == given


@pytest.mark.parametrize("name", ["correlator.toml", ".hidden.wsdl", "a/.b/c.xsd", "/abs.wsdl"])
def test_a_file_of_a_name_that_the_folder_cannot_hold_is_refused(
    installation: Installation, home: Path, name: str
) -> None:
    before = files_of(home)
    gathered = Gathered({"a.wsdl": PHONEBOOK.read_bytes(), name: b""}, "a.wsdl", "test")
    with pytest.raises(ManageError):
        deploying.deploy(installation, gathered, GIVEN)
    assert files_of(home) == before


def test_where_it_came_from_is_a_comment_and_nothing_but(installation: Installation) -> None:
    gathered = from_path(PHONEBOOK)
    origin = 'x\n[security]\ntoken = "none"\n#'
    evil = Gathered(gathered.files, gathered.main, origin)
    result = deploying.deploy(installation, evil, GIVEN, dry_run=True)
    assert "security" not in tomllib.loads(result.correlator)


# -- kills ---------------------------------------------------------------------------------------------------

DEPLOY = "deploy.deploy(installed({activate}), sources.from_path(Path({source!r})), Wanted({wanted}))\n"


def killed(home: Path, before: str, source: Path, wanted: str, activate: str = "") -> None:
    code = child.DEPLOYING + before + DEPLOY.format(source=str(source), wanted=wanted, activate=activate)
    done = child.run(home, code)
    assert done.returncode == -9, done


def test_a_kill_before_the_rename_leaves_the_home_as_it_was_and_the_next_change_sweeps(
    installation: Installation, home: Path
) -> None:
    before = files_of(home)
    killed(home, "Path.rename = die\n", PHONEBOOK, 'transaction="IVTNO"')
    assert {name: data for name, data in files_of(home).items() if "/." not in name} == before
    assert not errors_of(installation.judge())
    services.stop(installation, "lab"), services.start(installation, "lab")
    assert sorted(path.name for path in (home / "wsdl").iterdir()) == ["lab"]


def test_a_kill_while_a_new_folder_is_in_place_leaves_a_whole_one(
    installation: Installation, home: Path
) -> None:
    killed(home, "", PHONEBOOK, 'transaction="IVTNO"', "die")
    assert not errors_of(installation.judge())
    assert "phonebook" in read_home(home, environ=ENVIRON).services


def test_a_kill_within_an_exchange_loses_neither_folder(
    installation: Installation, home: Path, tmp_path: Path
) -> None:
    deploy(installation, GIVEN)
    source = edited(tmp_path / "new", RENAMED)
    killed(home, "", source, 'replace=True, transaction="X"', "die")
    services.stop(installation, "lab")
    (kept,) = (home / "var/undeployed").iterdir()
    both = [(folder / "phonebook.wsdl").read_text() for folder in (kept, home / "wsdl/phonebook")]
    assert ["WhoIsIt" in text for text in both] == [False, True]


def test_a_kill_between_two_renames_puts_the_old_folder_back(
    installation: Installation, home: Path, tmp_path: Path
) -> None:
    deploy(installation, GIVEN)
    code = (
        "from gateway.manage import folders\nfolders._renameat2 = lambda *_: False\nrename = Path.rename\n"
        "def second(path, target):\n    if 'imsgw-' in path.name:\n        die()\n"
        "    return rename(path, target)\n"
        "Path.rename = second\n"
    )
    killed(home, code, edited(tmp_path / "new", RENAMED), 'replace=True, transaction="X"')
    assert not (home / "wsdl/phonebook").exists()
    change = services.stop(installation, "phonebook")
    assert "put back wsdl/phonebook" in change.notes[0]
    assert "WhoAmI" in (home / "wsdl/phonebook/phonebook.wsdl").read_text()


def test_a_kill_within_an_undeployment_puts_the_folder_back(installation: Installation, home: Path) -> None:
    before = files_of(home)
    done = child.run(home, 'services.undeploy(installed(die), "lab")\n')
    assert done.returncode == -9
    assert not (home / "wsdl/lab").exists()
    services.undeploy(installation, "lab")
    (kept,) = (home / "var/undeployed").iterdir()
    assert {f"wsdl/lab/{path.name}": path.read_bytes() for path in kept.iterdir()}.items() <= before.items()


def test_a_secret_in_clear_in_a_correlator_that_stays_is_not_told(
    installation: Installation, home: Path
) -> None:
    """People may write one by hand; what is put in its place shows it to nobody, and keeps it."""
    shutil.copytree(RATING.parent, home / "wsdl/rating")
    file = home / "wsdl/rating/correlator.toml"
    clear = """
[security]
token = "username"
password = "Wonderland7" # why it is here
basic = { user = "gateway", password = { env = "RATING_PASSWORD" } }
keystore = { path = "keystores/server.p12", password = "Wonderland8" }
"""
    file.write_text(f'role = "consumer"\nwsdl = "rating.wsdl"\nbundles = ["ims1"]\n{clear}')
    result = deploy(installation, Wanted(role="consumer", replace=True), RATING, dry_run=True)
    assert "Wonderland" not in str(result.facts())
    assert 'password = "***" # why it is here' in result.correlator
    assert "RATING_PASSWORD" in result.correlator
    assert "Wonderland7" in file.read_text()


def test_a_password_in_the_address_of_a_web_service_is_not_told(
    installation: Installation, tmp_path: Path
) -> None:
    wsdl = tmp_path / "rating.wsdl"
    shutil.copytree(RATING.parent, tmp_path, dirs_exist_ok=True)
    text = RATING.read_text()
    assert 'location="http' in text
    wsdl.write_text(re.sub(r'(address location=")https?://', r"\1https://user:Wonderland7@", text))
    result = deploy(installation, Wanted(role="consumer"), wsdl, dry_run=True)
    assert result.addresses[0].startswith("https://***@")
    assert "Wonderland7" not in str(result.facts())
