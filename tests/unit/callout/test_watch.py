"""A home that changes: read when it is whole, in force when it is right, told once when it is not."""

import os
import shutil
import threading
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.callout import watch
from gateway.callout.watch import HomeWatch
from gateway.config.watched import fingerprint, named_files
from gateway.config.read import read_home
from gateway.errors import ConfigError, Problem
from tests.fixtures.running_gateway import wait_until

GATEWAY = """
[server]
https = ""
http = "127.0.0.1:1"
[callout]
watch_seconds = {seconds}
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
    (home / "gateway.toml").write_text(GATEWAY.format(seconds=5))
    (home / "bundles" / "ims1.toml").write_text(BUNDLE.format(secret=tmp_path / "password"))
    return home


class Watched:
    """A watch whose looks the test makes."""

    def __init__(self, folder):
        self.folder = folder
        self.taken = []
        self.refused = 0
        self.read_error = self.take_error = None
        self.reads = 0
        self.watch = HomeWatch(self._home(), self._read, self._take, self._refuse)

    def _home(self):
        return read_home(self.folder, environ={})

    def _read(self):
        self.reads += 1
        if self.read_error:
            raise self.read_error
        return self._home()

    def _take(self, home):
        if self.take_error:
            raise self.take_error
        self.taken.append(home)

    def _refuse(self):
        self.refused += 1

    def settle(self):
        """Look until there is nothing new; return how often the home was read."""
        before = self.reads
        for _ in range(3):
            self.watch.look()
        return self.reads - before


@pytest.fixture
def watched(folder):
    return Watched(folder)


def touched(path, text):
    """Write a file so that its time differs, however coarse the file system's clock is."""
    before = path.stat().st_mtime_ns if path.exists() else 0
    path.write_text(text)
    os.utime(path, ns=(before + 10**9, before + 10**9))


def change(folder, seconds=7):
    touched(folder / "gateway.toml", GATEWAY.format(seconds=seconds))


def test_a_home_that_does_not_change_is_not_read(watched):
    assert watched.settle() == 0
    assert watched.watch.look() == 5


def test_a_change_is_read_once_it_is_the_same_at_two_looks(watched, folder):
    change(folder, 7)
    assert watched.watch.look() == 0.5
    assert watched.reads == 0
    change(folder, 8)
    assert watched.watch.look() == 0.5
    assert watched.reads == 0
    assert watched.watch.look() == 8
    (home,) = watched.taken
    assert home.gateway.callout.watch_seconds == 8
    assert watched.settle() == 0


def test_a_change_that_is_taken_back_is_none(watched, folder):
    path = folder / "gateway.toml"
    text, times = path.read_text(), path.stat().st_mtime_ns
    change(folder, 8)
    assert watched.watch.look() == 0.5
    path.write_text(text)
    os.utime(path, ns=(times, times))
    assert watched.watch.look() == 5
    assert watched.settle() == 0


def test_a_change_to_no_watching_counts_and_ends_it(watched, folder):
    change(folder, 0)
    watched.watch.look()
    assert watched.watch.look() is None
    assert len(watched.taken) == 1


def _new_bundle(folder):
    text = (folder / "bundles" / "ims1.toml").read_text()
    touched(folder / "bundles" / "ims2.toml", text)


def _secret(folder):
    touched(folder.parent / "password", "OTHER")


def _store(folder):
    touched(folder / "trusted" / "ca2.pem", "PEM")


def _content(folder):
    touched(folder / "trusted" / "ca.pem", "OTHER PEM")


def _wsdl(folder):
    touched(folder / "wsdl" / "README.md", "text")


def _gone(folder):
    (folder / "trusted" / "ca.pem").unlink()


def _replaced(folder):
    """Put another file in its place, as many editors do, with the times of the old one."""
    path = folder / "gateway.toml"
    shutil.copy2(path, folder / "copy")
    (folder / "copy").rename(path)


@pytest.mark.parametrize("act", [change, _new_bundle, _secret, _store, _content, _wsdl, _gone, _replaced])
def test_everything_that_the_home_names_is_looked_at(watched, folder, act):
    act(folder)
    assert watched.settle() == 1
    assert len(watched.taken) == 1


def _state(folder):
    (folder / "var").mkdir()
    touched(folder / "var" / "journal.db", "x")


def _hidden(folder):
    (folder / "wsdl" / ".git").mkdir()


def _elsewhere(folder):
    touched(folder / "notes.txt", "x")


@pytest.mark.parametrize("act", [_state, _elsewhere])
def test_what_the_home_does_not_name_is_not_looked_at(watched, folder, act):
    act(folder)
    assert watched.settle() == 0


def test_hidden_folders_are_not_looked_into(watched, folder):
    _hidden(folder)
    watched.settle()
    touched(folder / "wsdl" / ".git" / "index", "x")
    assert watched.settle() == 0


def test_a_mistake_is_told_once_and_changes_nothing(watched, folder, caplog):
    problems = (
        Problem("bundles/ims1.toml", "callout.tpipes", "are missing"),
        Problem("x", "", "careful", warning=True),
    )
    watched.read_error = ConfigError(problems)
    change(folder)
    assert watched.settle() == 1
    assert watched.settle() == 0
    assert (watched.taken, watched.refused) == ([], 1)
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "bundles/ims1.toml: callout.tpipes: are missing" in record.message
    assert "careful" not in record.message


def test_the_log_names_the_files_that_have_changed_since_the_home_in_force(watched, folder, caplog):
    caplog.set_level("INFO", "gateway.callout")
    note = folder / "trusted" / "more" / "note.txt"
    note.parent.mkdir()
    note.write_text("not finished")
    watched.read_error = ConfigError((Problem("a", "b", "c"),))
    watched.settle()
    watched.read_error = None
    change(folder)
    touched(folder.parent / "password", "CHANGED")
    watched.settle()
    told = caplog.messages[-1]
    names = f"{folder.parent / 'password'}, gateway.toml, trusted/more/note.txt"
    assert told == f"the home has changed and is in force: {names}"
    note.unlink()
    watched.settle()
    assert caplog.messages[-1].endswith("in force: trusted/more/note.txt")


def test_of_many_files_that_have_changed_some_are_named(watched, folder, caplog):
    caplog.set_level("INFO", "gateway.callout")
    for number in range(12):
        (folder / "trusted" / f"note{number:02}.txt").write_text("x")
    watched.settle()
    assert caplog.messages[-1].endswith("trusted/note08.txt, trusted/note09.txt and 2 more")


def test_warnings_of_a_changed_home_are_told_when_they_are_new(watched, folder, caplog):
    caplog.set_level("WARNING", "gateway.callout")
    reading = watched._home
    old, new = (Problem("x", "", text, warning=True) for text in ("known", "new"))
    watched._home = lambda: replace(reading(), warnings=(old,))
    change(folder, 6)
    watched.settle()
    watched._home = lambda: replace(reading(), warnings=(old, new))
    change(folder, 8)
    watched.settle()
    assert caplog.messages == ["x: warning: known", "x: warning: new"]


def test_behind_a_mistake_the_next_change_counts(watched, folder):
    watched.read_error = ConfigError((Problem("a", "b", "c"),))
    change(folder, 6)
    watched.settle()
    watched.read_error = None
    change(folder, 9)
    watched.settle()
    assert [home.gateway.callout.watch_seconds for home in watched.taken] == [9]


def test_what_cannot_come_into_force_is_a_mistake_too(watched, folder, caplog):
    watched.take_error = ConfigError((Problem("bundles", "", "the trust store cannot be read"),))
    change(folder)
    watched.settle()
    assert watched.refused == 1
    assert "the trust store cannot be read" in caplog.text


def test_a_file_that_the_new_home_names_is_looked_at_from_then_on(watched, folder):
    other = folder.parent / "other-password"
    other.write_text("SECRET")
    touched(folder / "bundles" / "ims1.toml", BUNDLE.format(secret=other))
    assert watched.settle() == 1
    assert watched.settle() == 0
    touched(other, "CHANGED")
    assert watched.settle() == 1
    touched(folder.parent / "password", "of nobody any more")
    assert watched.settle() == 0


def test_what_changes_while_the_home_is_read_is_read_again(folder):
    watched = Watched(folder)
    reading = watched._home

    def changed_behind():
        home = reading()
        if watched.reads == 1:
            change(folder, 9)
        return home

    watched._home = changed_behind
    change(folder, 7)
    watched.settle()
    watched.settle()
    assert [home.gateway.callout.watch_seconds for home in watched.taken] == [7, 9]


def test_told_to_it_reads_a_home_that_has_not_changed(watched, caplog):
    caplog.set_level("INFO", "gateway.callout")
    watched.watch.reload()
    assert watched.watch.look() == 5
    assert len(watched.taken) == 1
    assert caplog.messages == ["the home was read and is in force"]
    assert watched.settle() == 0


def test_a_home_that_goes_away_is_a_mistake_and_nothing_worse(watched, folder, caplog):
    shutil.move(folder, folder.with_name("moved"))
    watched.settle()
    assert watched.refused == 1
    assert "there is no folder" in caplog.text


# -- what is looked at ----------------------------------------------------------------------------------------


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


# -- the thread -----------------------------------------------------------------------------------------------


def test_the_thread_looks_by_itself_and_when_told(folder):
    (folder / "gateway.toml").write_text(GATEWAY.format(seconds=0.01))
    watched = Watched(folder)
    watched.watch.start()
    try:
        change(folder, 0)
        wait_until(lambda: len(watched.taken) == 1, "the change is in force")
        watched.watch.reload()
        wait_until(lambda: len(watched.taken) == 2, "the home is read anew")
    finally:
        watched.watch.close()
        watched.watch._thread.join(30)
    assert not watched.watch._thread.is_alive()


def test_once_closed_nothing_comes_into_force(folder):
    watched = Watched(folder)
    reading, go = threading.Event(), threading.Event()
    read = watched._home

    def slow():
        reading.set()
        assert go.wait(30)
        return read()

    watched._home = slow
    watched.watch.start()
    watched.watch.reload()
    assert reading.wait(30)
    watched.watch.close()
    go.set()
    watched.watch._thread.join(30)
    assert (watched.reads, watched.taken) == (1, [])


def test_a_home_that_never_comes_into_force_does_not_keep_it_open(folder, monkeypatch):
    monkeypatch.setattr(watch, "_TAKING_SECONDS", 0.01)
    taking, go = threading.Event(), threading.Event()

    def hangs(_home):
        taking.set()
        assert go.wait(60)

    watched = Watched(folder)
    watched.watch._take = hangs
    watched.watch.start()
    watched.watch.reload()
    assert taking.wait(30)
    watched.watch.close()
    assert not go.is_set()
    go.set()
    watched.watch._thread.join(30)
    assert not watched.watch._thread.is_alive()


def test_an_error_of_ours_does_not_end_the_watch(folder, caplog):
    watched = Watched(folder)
    watched.read_error = RuntimeError("ours")
    watched.watch.start()
    try:
        watched.watch.reload()
        wait_until(lambda: "could not be looked at" in caplog.text, "it is told")
        watched.read_error = None
        watched.watch.reload()
        wait_until(lambda: watched.taken, "the home is read anew")
    finally:
        watched.watch.close()
        watched.watch._thread.join(30)


def test_paths_are_absolute_whatever_the_home_was_called(folder, monkeypatch):
    monkeypatch.chdir(folder.parent)
    home = read_home(Path("home"), environ={})
    assert all(path.is_absolute() for path in named_files(home))
