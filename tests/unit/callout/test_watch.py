"""A home that is looked at: read when it is whole, once a change, whether that was right or not."""

import os
import shutil

import pytest

from gateway.callout.watch import HomeWatch
from gateway.errors import ConfigError, Problem
from tests.fixtures.running_gateway import wait_until
from tests.unit.callout.changing import BUNDLE, GATEWAY, Changing, change, home_in, touched


@pytest.fixture
def folder(tmp_path):
    return home_in(tmp_path)


class Watched(Changing):
    """A watch whose looks the test makes."""

    def __init__(self, folder):
        super().__init__(folder)
        self.watch = HomeWatch(self.in_force)

    def settle(self):
        """Look until there is nothing new; return how often the home was read."""
        before = self.reads
        for _ in range(3):
            self.watch.look()
        return self.reads - before

    def end(self):
        self.watch.close()
        self.watch._thread.join(30)
        assert not self.watch._thread.is_alive()


@pytest.fixture
def watched(folder):
    return Watched(folder)


def test_a_home_that_does_not_change_is_not_read(watched):
    assert watched.settle() == 0
    assert watched.watch.look() == 5


def test_a_change_is_read_once_it_is_the_same_at_two_looks(watched, folder, caplog):
    caplog.set_level("INFO", "gateway.callout")
    change(folder, 7)
    assert watched.watch.look() == 0.5
    assert watched.reads == 0
    change(folder, 8)
    assert watched.watch.look() == 0.5
    assert watched.reads == 0
    assert watched.watch.look() == 8
    assert watched.seconds == [8]
    assert watched.settle() == 0
    assert caplog.messages == ["configuration 2 (digest 1) is in force (its files have changed): gateway.toml"]


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


def test_a_mistake_is_read_and_told_once(watched, folder, caplog):
    watched.read_error = ConfigError((Problem("a", "b", "c"),))
    change(folder)
    assert watched.settle() == 1
    assert watched.settle() == 0
    assert len(watched.told) == len(caplog.records) == 1


def test_behind_a_mistake_the_next_change_counts(watched, folder):
    watched.read_error = ConfigError((Problem("a", "b", "c"),))
    change(folder, 6)
    watched.settle()
    watched.read_error = None
    change(folder, 9)
    watched.settle()
    assert watched.seconds == [9]


def test_a_change_that_a_command_has_brought_into_force_is_not_read_again(watched, folder):
    change(folder, 6)
    assert watched.watch.look() == 0.5
    assert watched.in_force.reload("by command").done
    assert watched.settle() == 0


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


def test_a_home_that_goes_away_is_a_mistake_and_nothing_worse(watched, folder):
    shutil.move(folder, folder.with_name("moved"))
    watched.settle()
    (told,) = watched.told
    assert "there is no folder" in str(told.problems[0])


# -- the thread -----------------------------------------------------------------------------------------------


def test_the_thread_looks_by_itself_and_when_told(folder, caplog):
    caplog.set_level("INFO", "gateway.callout")
    (folder / "gateway.toml").write_text(GATEWAY.format(seconds=0.01))
    watched = Watched(folder)
    watched.watch.start()
    try:
        change(folder, 0)
        wait_until(lambda: len(watched.told) == 1, "the change is in force")
        watched.watch.reload("SIGHUP")
        wait_until(lambda: len(watched.told) == 2, "the home is read anew")
    finally:
        watched.end()
    assert caplog.messages[-1].endswith("is in force (SIGHUP), no file has changed")


def test_an_error_of_ours_does_not_end_the_watch(folder, caplog, monkeypatch):
    (folder / "gateway.toml").write_text(GATEWAY.format(seconds=0.01))
    watched = Watched(folder)

    def broken():
        raise RuntimeError("ours")

    with monkeypatch.context() as breaking:
        breaking.setattr(watched.in_force, "looks_now", broken)
        watched.watch.start()
        wait_until(lambda: "could not be looked at" in caplog.text, "it is told")
    try:
        change(folder, 0)
        wait_until(lambda: watched.told, "the home is read anew")
    finally:
        watched.end()
