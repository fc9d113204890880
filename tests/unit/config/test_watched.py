"""Which files a home is made of, and what counts as a change of them."""

from pathlib import Path

import pytest

from gateway.config.read import read_home
from gateway.config.watched import changed_files, fingerprint, named_files, spoken_of

GATEWAY = """
[server]
https = ""
http = "127.0.0.1:1"
[callout]
"""
BUNDLE = """
[ims_connect]
host = "127.0.0.1"
port = 9999
datastore = "IMS1"
exit = "HWSSMPL1"
[credentials]
user = "GWUSER"
password = {{ file = "{secret}" }}
[callout]
tpipes = ["CALL1"]
truststore = {{ path = "trusted" }}
"""


@pytest.fixture
def folder(tmp_path):
    home = tmp_path / "home"
    for part in ("bundles", "wsdl", "trusted"):
        (home / part).mkdir(parents=True)
    (home / "trusted" / "ca.pem").write_text("PEM")
    (tmp_path / "password").write_text("SECRET")
    (home / "gateway.toml").write_text(GATEWAY)
    (home / "bundles" / "ims1.toml").write_text(BUNDLE.format(secret=tmp_path / "password"))
    return home


def test_links_are_looked_through_as_volumes_of_kubernetes_need_it(tmp_path):
    home = tmp_path / "home"
    for version in ("..1", "..2"):
        (home / version).mkdir(parents=True)
        (home / version / "gateway.toml").write_text(version)
    (home / "..data").symlink_to("..1")
    (home / "gateway.toml").symlink_to("..data/gateway.toml")
    before = fingerprint(home)
    (home / "..tmp").symlink_to("..2")
    (home / "..tmp").rename(home / "..data")
    assert fingerprint(home) != before


def test_a_link_in_a_circle_does_no_harm(folder):
    (folder / "wsdl" / "loop").symlink_to(folder / "wsdl")
    (folder / "wsdl" / "self").symlink_to("self")
    assert fingerprint(folder) == fingerprint(folder)


def test_named_are_stores_and_files_of_secrets(folder, tmp_path):
    named = named_files(read_home(folder, environ={}))
    assert {folder / "trusted", tmp_path / "password"} <= named


def test_a_broken_file_names_nothing(folder):
    home = read_home(folder, environ={})
    (folder / "bundles" / "ims1.toml").write_text("[")
    assert folder / "trusted" in named_files(home)


def test_paths_are_absolute_whatever_the_home_was_called(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    home = read_home(Path("home"), environ={})
    assert all(path.is_absolute() for path in named_files(home))


def entry(path):
    return (str(path), 1, 2, 3)


def test_files_that_have_changed_are_named_as_the_home_has_them_without_their_folders(tmp_path):
    home = tmp_path / "home"
    changed = [
        home / "wsdl",
        home / "wsdl/a",
        home / "wsdl/a/a.wsdl",
        home / "gateway.toml",
        tmp_path / "secret",
    ]
    told = changed_files(home, frozenset(map(entry, changed)))
    assert told == f"{tmp_path / 'secret'}, gateway.toml, wsdl/a/a.wsdl"


def test_of_many_files_that_have_changed_some_are_named(tmp_path):
    told = changed_files(tmp_path, frozenset(entry(tmp_path / f"note{number:02}.txt") for number in range(12)))
    assert told.startswith("note00.txt, ")
    assert told.endswith(", note09.txt and 2 more")


def test_nothing_has_changed():
    assert changed_files(Path("/home"), frozenset()) == ""


def test_what_a_home_with_mistakes_may_name_is_files_there_or_not_and_no_folders(folder, tmp_path):
    """A folder would be walked through, and a text may be "/"."""
    (folder / "gateway.toml").write_text(
        f'[nonsense]\none = "to/come.p12"\nmore = ["/", ".", "", {{ file = "{tmp_path}/beside" }}]\n'
        f'long = "{"x" * 5000}"\nnul = "a\\u0000b"\n'
    )
    found = spoken_of(folder)
    assert {folder / "to/come.p12", tmp_path / "beside"} <= found
    assert not any(path.is_dir() for path in found)
    fingerprint(folder, found)
    (folder / "gateway.toml").write_text("no TOML")
    assert folder / "to/come.p12" not in spoken_of(folder)
