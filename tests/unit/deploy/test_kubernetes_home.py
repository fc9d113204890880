"""What the manifests mount is a home that is right, and an exchange of the volume is a change of it."""

import re
import shutil

import pytest

from gateway.config.read import read_home
from gateway.config.watched import fingerprint, named_files
from gateway.preflight import check
from tests.unit.deploy.manifests import HOME_FILES, OBJECTS, OURS, PAGE, home_volume, mounted, of_kind, sources

HOST = "0.0.0.0"
"""What the image sets."""


@pytest.mark.parametrize("name", OURS)
def test_the_home_has_no_mistakes_and_no_warnings(tmp_path, name):
    folder = mounted(tmp_path / "home", home_volume(name), sources(tmp_path))
    home = read_home(folder, environ={"IMSGW_LISTEN_HOST": HOST})
    assert home.services.keys() == {"phonebook"}
    assert home.consumers.keys() == {"rating-basic"}
    assert [str(problem) for problem in check(home)] == []


def test_both_processes_have_the_same_home():
    assert home_volume("imsgw") == home_volume("imsgw-callout")


def test_an_exchange_of_the_volume_is_a_change_of_the_home(tmp_path):
    folder = mounted(tmp_path / "home", home_volume("imsgw"), sources(tmp_path))
    named = named_files(read_home(folder, environ={}))
    before = fingerprint(folder, named)
    assert fingerprint(folder, named) == before
    shutil.copytree(folder / "..data", folder / "..2026_01_02")
    (folder / "..tmp").symlink_to("..2026_01_02")
    (folder / "..tmp").rename(folder / "..data")
    changed = {path for path, *_ in fingerprint(folder, named) - before}
    assert {"gateway.toml", "server.p12", "ims1_password", "phonebook.wsdl"} <= {
        path.rpartition("/")[2] for path in changed
    }


def test_every_file_that_the_settings_name_is_mounted_and_every_secret_that_is_mounted_is_made_by_the_page():
    items = [
        item
        for source in home_volume("imsgw")["projected"]["sources"]
        for kind, said in source.items()
        for item in said["items"]
        if kind == "secret"
    ]
    named = re.findall(r'(?:path|file) = "([^"]+)"', "".join(HOME_FILES.values()))
    assert named
    assert set(named) <= {item["path"] for item in items}
    made = re.findall(r"--from-(?:file|literal)=(?:\S*/)?([\w.]+)", PAGE)
    assert {item["key"] for item in items} <= set(made)


def test_every_volume_is_of_something_that_is_here_or_that_the_page_makes():
    made = set(re.findall(r"create (?:configmap|secret generic) (\S+)", PAGE))
    there = made | of_kind("ConfigMap").keys() | of_kind("PersistentVolumeClaim").keys()
    named = set(re.findall(r"'(?:claimName|name)': '([^']+)', 'items'", str(OBJECTS)))
    named |= set(re.findall(r"'claimName': '([^']+)'", str(OBJECTS)))
    named |= set(re.findall(r"'name': '([^']+)'}, 'optional'", str(OBJECTS)))
    assert {"imsgw-home", "imsgw-keys", "imsgw-valkey", "imsgw-callout-state"} <= named
    assert named <= there


def test_no_secret_stands_in_the_manifests():
    assert of_kind("Secret") == {}
    assert not re.search(r"requirepass\s+\S", str(of_kind("ConfigMap")))
