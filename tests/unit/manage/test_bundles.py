"""Bundles made, changed, deleted: typed by the models, secrets never in clear, nothing said of them."""

from pathlib import Path
from typing import Any

import pytest

from gateway.config.read import read_home
from gateway.errors import Problem
from gateway.exchange import Secret
from gateway.manage import bundles
from gateway.manage.installation import Installation
from gateway.manage.results import ManageError, Why
from gateway.manage.values import Value
from tests.unit.manage.conftest import BUNDLE, ENVIRON, Processes, files_of, refused

FILE = "bundles/ims1.toml"
MARK = "M4RK3R"


def test_a_change_leaves_comments_and_order_as_they_are(installation: Installation, home: Path) -> None:
    change = bundles.change(installation, "ims1", {"ims_connect.port": 9998, "ims_connect.pool.size": 8})
    assert change.files == (FILE,)
    wanted = BUNDLE.replace("port = 9999", "port = 9998").replace("size = 4,", "size = 8,")
    assert (home / FILE).read_text() == wanted


def test_none_takes_a_key_out(installation: Installation, home: Path) -> None:
    bundles.change(installation, "ims1", {"ims_connect.pool.wait_seconds": None})
    assert "wait_seconds" not in (home / FILE).read_text()


def test_a_change_to_what_is_there_writes_nothing(running: Installation, processes: Processes) -> None:
    assert not bundles.change(running, "ims1", {"ims_connect.port": 9999}).changed
    assert not processes.seen


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"ims_connect.port": 0}, "must be a whole number from 1 to 65535, found 0"),
        ({"ims_connect.port": "9998"}, "must be a whole number"),
        ({"ims_connect.port": True}, "must be a whole number"),
        ({"ims_connect.exit": "HWSSMPL9"}, "did you mean"),
        ({"ims_connect.hosts": ["a:1", "b:2"]}, "exclude each other"),
        ({"ims_connect.pool": 4}, "must be a table"),
        ({"ims_connect.pool": {"sise": 4}}, "did you mean size"),
        ({"ims_connect.tls": {"truststore": {"path": "keystores/none.pem"}}}, "does not exist"),
        ({"credentials.password": {"file": "identity/none"}}, "does not exist"),
        ({"ims_connect.port": None}, "is missing"),
    ],
)
def test_what_the_models_refuse_is_never_written(
    running: Installation, processes: Processes, home: Path, values: dict[str, Value], words: str
) -> None:
    before = files_of(home)
    with pytest.raises(ManageError) as told:
        bundles.change(running, "ims1", values)
    assert told.value.why is Why.WRONG
    assert any(words in problem.text for problem in told.value.problems)
    assert not processes.seen
    assert files_of(home) == before


@pytest.mark.parametrize(
    ("key", "words"),
    [
        ("ims_connect.prt", "did you mean ims_connect.port"),
        ("port", "did you mean ims_connect.port"),
        ("maxsoc", "did you mean ims_connect.maxsoc"),
        ("passwort", "there is no key passwort$"),
        ("", "is no key"),
        ("a b", "is no key"),
        ("ims_connect.port = 1\nx", "is no key"),
        ("ims_connect.port # x", "is no key"),
        ("credentials.password.env", "there is no key"),
    ],
)
def test_a_key_that_is_none_is_refused(installation: Installation, key: str, words: str) -> None:
    with pytest.raises(ManageError, match=words):
        bundles.change(installation, "ims1", {key: 1})


@pytest.mark.parametrize(
    "values",
    [
        {"credentials.password": MARK},
        {"credentials": {"user": "GWUSER", "password": MARK}},
        {"ims_connect.tls": {"truststore": {"path": "x.pem", "password": MARK}}},
        {"passticket": {"application": "IMSAPPL", "key": MARK}},
        {"callout": {"tpipes": ["A"], "basic": {"user": "u", "password": MARK}}},
    ],
)
def test_a_secret_in_clear_is_refused_however_deep_and_not_repeated(
    installation: Installation, home: Path, values: dict[str, Any]
) -> None:
    before = files_of(home)
    with pytest.raises(ManageError, match="env:NAME or file:PATH") as told:
        bundles.change(installation, "ims1", values)
    assert MARK not in repr(told.value.facts())
    assert files_of(home) == before


def test_a_password_that_was_asked_for_goes_into_a_file_that_nobody_else_reads(
    installation: Installation, home: Path
) -> None:
    change = bundles.change(installation, "ims1", {"credentials.password": Secret("NEWPASS1")})
    kept = "identity/ims1-credentials-password.secret"
    assert change.files == (kept, FILE)
    assert (home / kept).read_text() == "NEWPASS1\n"
    assert (home / kept).stat().st_mode & 0o777 == 0o600
    assert f'password = {{file = "{kept}"}}' in (home / FILE).read_text()
    assert read_home(home, environ={}).bundles["ims1"].credentials.password == Secret("NEWPASS1")
    assert "NEWPASS1" not in repr(change.facts())


def test_a_password_that_is_refused_leaves_no_file(installation: Installation, home: Path) -> None:
    before = files_of(home)
    with pytest.raises(ManageError, match="would have mistakes") as told:
        bundles.change(installation, "ims1", {"credentials.password": Secret("M4RK3R-too-long")})
    assert MARK not in repr(told.value.facts())
    assert files_of(home) == before


def test_a_password_that_processes_refuse_is_the_old_one_again(
    running: Installation, processes: Processes, home: Path
) -> None:
    bundles.change(running, "ims1", {"credentials.password": Secret("FIRST")})
    before = files_of(home)
    processes.answers = [(refused(Problem(FILE, "", "no")),)]
    with pytest.raises(ManageError):
        bundles.change(running, "ims1", {"credentials.password": Secret("SECOND")})
    assert files_of(home) == before
    assert (home / "identity/ims1-credentials-password.secret").stat().st_mode & 0o777 == 0o600


def test_a_password_of_a_store_is_kept_beside_the_stores(installation: Installation, home: Path) -> None:
    (home / "keystores").mkdir()
    (home / "keystores/gw.p12").write_bytes(b"no store")
    with pytest.raises(ManageError):
        bundles.change(
            installation,
            "ims1",
            {
                "ims_connect.tls.keystore.path": "keystores/gw.p12",
                "ims_connect.tls.keystore.password": Secret("KEYPASS"),
            },
        )
    assert sorted(path.name for path in (home / "keystores").iterdir()) == ["gw.p12"]


def test_a_variable_that_is_known_only_where_the_gateway_runs_is_for_it_to_judge(running: Installation) -> None:
    change = bundles.change(running, "ims1", {"credentials.password": {"env": "ELSEWHERE"}})
    assert change.in_force


def test_create_makes_a_bundle_that_can_be_read(installation: Installation, home: Path) -> None:
    values: dict[str, Value] = {
        "ims_connect.host": "zos2",
        "ims_connect.port": 9999,
        "ims_connect.datastore": "IMS2",
        "credentials.user": "GWUSER",
        "credentials.password": {"env": "IMS1_PASSWORD"},
    }
    bundles.create(installation, "ims2", values)
    bundle = read_home(home, environ=ENVIRON).bundles["ims2"]
    assert (bundle.ims_connect.host, bundle.ims_connect.datastore) == ("zos2", "IMS2")
    assert bundle.credentials.password == Secret("GWPASS1")


def test_create_tells_all_that_is_missing(installation: Installation, home: Path) -> None:
    with pytest.raises(ManageError) as told:
        bundles.create(installation, "ims2", {"ims_connect.host": "zos2"})
    assert {problem.key for problem in told.value.problems} == {"ims_connect.port", "ims_connect.datastore"}
    assert not (home / "bundles/ims2.toml").exists()


def test_create_does_not_touch_one_that_is_there(installation: Installation, home: Path) -> None:
    with pytest.raises(ManageError) as told:
        bundles.create(installation, "ims1", {})
    assert told.value.why is Why.EXISTS
    assert (home / FILE).read_text() == BUNDLE


def test_delete_names_the_services_that_use_it(installation: Installation, home: Path) -> None:
    (home / "wsdl/called").mkdir()
    (home / "wsdl/called/correlator.toml").write_text('role = "consumer"\nbundles = ["ims2", "ims1"]\n')
    with pytest.raises(ManageError, match="is used by called, lab") as told:
        bundles.delete(installation, "ims1")
    assert told.value.why is Why.IN_USE
    assert (home / FILE).exists()


def test_delete_removes_one_that_nobody_uses(installation: Installation, home: Path) -> None:
    (home / "bundles/ims2.toml").write_text(BUNDLE)
    assert bundles.delete(installation, "ims2").files == ("bundles/ims2.toml",)
    assert [path.name for path in (home / "bundles").iterdir()] == ["ims1.toml"]


def test_a_deletion_that_is_refused_is_taken_back(
    running: Installation, processes: Processes, home: Path
) -> None:
    (home / "bundles/ims2.toml").write_text(BUNDLE)
    (home / "bundles/ims2.toml").chmod(0o640)
    before = files_of(home)
    processes.answers = [(refused(Problem(FILE, "", "no")),)]
    with pytest.raises(ManageError):
        bundles.delete(running, "ims2")
    assert files_of(home) == before
    assert (home / "bundles/ims2.toml").stat().st_mode & 0o777 == 0o640


@pytest.mark.parametrize("name", ["../gateway", "", "a/b", "ims1.toml\n", ".ims1", "README", "x.bak"])
def test_a_name_that_is_none_is_refused(installation: Installation, home: Path, name: str) -> None:
    before = files_of(home)
    for act in (bundles.create, bundles.change):
        with pytest.raises(ManageError):
            act(installation, name, {"ims_connect.port": 1})
    with pytest.raises(ManageError):
        bundles.delete(installation, name)
    assert files_of(home) == before


@pytest.mark.parametrize("folder", ["bundles", "identity", "keystores"])
def test_what_a_killed_writer_left_of_a_secret_goes_with_the_next_change(
    installation: Installation, home: Path, folder: str
) -> None:
    (home / folder).mkdir(exist_ok=True)
    left = home / folder / ".ims1-credentials-password.secret.imsgw-0123456789abcdef"
    left.write_text(MARK)
    other = home / folder / ".keep"
    other.write_text("")
    bundles.change(installation, "ims1", {"ims_connect.port": 9998})
    assert not left.exists()
    assert other.exists()
