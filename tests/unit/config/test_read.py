import os
import shutil
from pathlib import Path

import pytest

from gateway.config.read import read_home
from gateway.errors import ConfigError
from tests.unit.config.homes import BASE, build


@pytest.fixture
def home(tmp_path):
    build(BASE, tmp_path / "home")
    return tmp_path / "home"


ENVIRON = {"IMS1_PASSWORD": "M4RK3R", "KEYSTORE_PASSWORD": "M4RK3R"}


def problems(home: Path, **more: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read_home(home, environ={**ENVIRON, **more})
    return [str(problem) for problem in caught.value.problems]


def test_a_home_is_one_frozen_value(home):
    read = read_home(home, environ=ENVIRON)
    assert read.path == home
    assert read.services["phonebook"].wsdl == home / "wsdl" / "phonebook" / "phonebook.wsdl"
    assert read.bundles["ims1"].credentials.password.reveal() == "M4RK3R"
    with pytest.raises(TypeError):
        read.bundles["ims2"] = read.bundles["ims1"]  # type: ignore[index]
    with pytest.raises(TypeError):
        read.services["phonebook"].settings.operations["x"] = None  # type: ignore[index]
    with pytest.raises(AttributeError):
        read.state = home  # type: ignore[misc]


def test_an_operation_without_a_table_of_its_own_has_the_defaults(home):
    correlator = home / "wsdl" / "phonebook" / "correlator.toml"
    text = correlator.read_text()
    service = read_home(home, environ=ENVIRON).services["phonebook"]
    assert service.operation("Other") is None
    correlator.write_text(text + '[operations."*"]\ntransaction = "OTHER"\n')
    service = read_home(home, environ=ENVIRON).services["phonebook"]
    known, other = service.operation("PhoneBook"), service.operation("Other")
    assert known is not None
    assert known.transaction == "IVTNO"
    assert other is not None
    assert other.transaction == "OTHER"


def test_reading_writes_nothing(home):
    before = sorted(home.rglob("*"))
    read_home(home, environ=ENVIRON)
    assert sorted(home.rglob("*")) == before


def test_a_home_named_relative_to_the_current_folder_is_absolute(home, monkeypatch):
    monkeypatch.chdir(home.parent)
    assert read_home(Path("home"), environ=ENVIRON).path == home


@pytest.mark.parametrize(
    ("argument", "variable", "expected"),
    [
        (None, "", "HOME/var"),
        (None, "elsewhere", "HOME/elsewhere"),
        (None, "/srv/state", "/srv/state"),
        (Path("/srv/argument"), "/srv/state", "/srv/argument"),
        (Path("argument"), "", "HOME/argument"),
    ],
)
def test_the_state_folder_is_that_of_the_caller_then_the_environment_then_the_file(
    home, argument, variable, expected
):
    read = read_home(home, environ={**ENVIRON, "IMSGW_STATE": variable}, state=argument)
    assert read.state == Path(expected.replace("HOME", str(home)))


@pytest.mark.parametrize(
    ("state", "shown"),
    [("a\0b", "/a\\u0000b"), ("gateway.toml/var", "/gateway.toml/var"), ("x" * 5000, "...")],
)
def test_a_state_that_can_be_no_folder_is_named(home, state, shown):
    [problem] = problems(home, IMSGW_STATE=state)
    assert problem.startswith(f"gateway.toml: server.state: {home}/")
    assert problem.endswith(f"{shown} can be no folder")


def test_a_folder_that_is_no_home_says_how_to_name_one(tmp_path):
    hint = "a home holds this file; name the home with --home DIR or IMSGW_HOME"
    assert problems(tmp_path) == [f"gateway.toml: there is none in {tmp_path}: {hint}"]
    missing = tmp_path / "none"
    assert problems(missing) == [f"gateway.toml: there is no folder {missing}: {hint}"]
    missing.touch()
    assert problems(missing) == [f"gateway.toml: there is no folder {missing}: {hint}"]


def test_folders_that_are_files_or_cannot_be_listed_are_named(home, monkeypatch):
    for name in ("bundles", "wsdl"):
        shutil.rmtree(home / name)
        (home / name).touch()
    assert problems(home) == [
        "bundles: cannot be read: Not a directory",
        "wsdl: cannot be read: Not a directory",
    ]

    def refuse(_self):
        raise PermissionError(13, "M4RK3R")

    monkeypatch.setattr("pathlib.Path.iterdir", refuse)
    assert problems(home)[0] == "bundles: cannot be read: Permission denied"


def test_names_that_are_no_text_are_shown_so_that_they_can_be_found(home):
    (home / "bundles" / os.fsdecode(b"b\xff\n.toml")).touch()
    folder = home / "wsdl" / os.fsdecode(b"s\xff\x1b")
    folder.mkdir()
    (home / "wsdl" / os.fsdecode(b"f\xff")).touch()
    rule = "a name is 1 to 64 characters of A-Z a-z 0-9 . _ - and begins with a letter or digit"
    assert problems(home) == [
        f"bundles/b\\udcff\\n.toml: {rule}",
        "wsdl/f\\udcff: warning: is ignored: a service is a folder of its own here",
        f"wsdl/s\\udcff\\u001b: {rule}",
    ]


@pytest.mark.parametrize("wsdl", ["a\0b.wsdl", "x" * 5000, ".", "sub"])
def test_a_wsdl_that_can_be_no_file_is_named(home, wsdl):
    (home / "wsdl" / "phonebook" / "sub").mkdir()
    correlator = home / "wsdl" / "phonebook" / "correlator.toml"
    escaped = wsdl.replace("\0", "\\u0000")
    correlator.write_text(correlator.read_text().replace("phonebook.wsdl", escaped))
    [problem] = problems(home)
    assert problem.startswith("wsdl/phonebook/correlator.toml: wsdl: no file ")


def test_a_correlator_that_leads_nowhere_is_named(home):
    correlator = home / "wsdl" / "phonebook" / "correlator.toml"
    correlator.unlink()
    correlator.symlink_to("nowhere.toml")
    assert problems(home) == ["wsdl/phonebook/correlator.toml: does not exist"]


def test_links_are_followed_as_volumes_of_container_platforms_need_it(home):
    data = home / "wsdl" / "..2026_data"
    (home / "wsdl" / "phonebook").rename(data)
    (home / "wsdl" / "phonebook").symlink_to(data)
    assert list(read_home(home, environ=ENVIRON).services) == ["phonebook"]


def test_a_secret_file_for_everybody_is_a_warning_that_stays_in_the_home(home):
    secret = home / "ims1.secret"
    secret.write_text("M4RK3R\n")
    secret.chmod(0o644)
    bundle = home / "bundles" / "ims1.toml"
    bundle.write_text(bundle.read_text().replace('env = "IMS1_PASSWORD"', 'file = "ims1.secret"'))
    [warning] = read_home(home, environ=ENVIRON).warnings
    text = "file ims1.secret can be read by every user of this machine (mode 0644)"
    assert str(warning) == f"bundles/ims1.toml: credentials.password: warning: {text}"


def _listeners(folder, toml, host):
    (folder / "gateway.toml").write_text(toml)
    key = folder / "key.pem"
    key.touch()
    settings = read_home(folder, environ={"IMSGW_LISTEN_HOST": host}).gateway
    return settings.server.https, settings.admin.listen, settings.callout.listen


def test_a_container_listens_everywhere_where_the_file_says_nothing(tmp_path):
    assert _listeners(tmp_path, "", "0.0.0.0") == ("0.0.0.0:8443", "0.0.0.0:9443", "0.0.0.0:9444")
    assert _listeners(tmp_path, "", "::") == ("[::]:8443", "[::]:9443", "[::]:9444")


def test_what_the_file_says_of_addresses_stands_whatever_the_container_wants(tmp_path):
    toml = '[server]\nhttps = "127.0.0.1:1443"\n[admin]\nlisten = ""\n[callout]\nlisten = "[::1]:1"\n'
    assert _listeners(tmp_path, toml, "0.0.0.0") == ("127.0.0.1:1443", "", "[::1]:1")
