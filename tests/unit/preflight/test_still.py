"""What is loaded is what the files say at one moment, or nothing is."""

import pytest

from gateway.config.watched import fingerprint, named_files
from gateway.errors import ConfigError
from gateway.preflight import still
from gateway.preflight.loading import load
from gateway.preflight.still import load_still, mark_of

SERVER = '[server]\nhttps = ""\nhttp = "127.0.0.1:1"\n[admin]\nlisten = ""\n[callout]\ndrain_seconds = {}\n'


@pytest.fixture
def folder(tmp_path):
    change(tmp_path, 1)
    return tmp_path


def change(folder, seconds):
    (folder / "new").write_text(SERVER.format(seconds))
    (folder / "new").rename(folder / "gateway.toml")


def loading(folder, before=None):
    return load_still(folder, None, before, {})


def changing(monkeypatch, act):
    """Have a change happen behind each read; returns how often was read."""
    reads = []

    def loads(path, **how):
        found = load(path, **how)
        reads.append(found.home.gateway.callout.drain_seconds)
        act(len(reads))
        return found

    monkeypatch.setattr(still, "load", loads)
    return reads


def test_a_home_that_stands_still_comes_with_the_look_of_its_files(folder):
    snapshot, look = loading(folder)
    assert (snapshot.number, snapshot.home.path) == (1, folder)
    assert look == fingerprint(folder, named_files(snapshot.home))


def test_numbers_follow_each_other(folder):
    first, _ = loading(folder)
    second, _ = loading(folder, first)
    assert (second.number, second.digest) == (2, first.digest)
    change(folder, 2)
    third, _ = loading(folder, second)
    assert third.number == 3
    assert third.digest != first.digest


def test_what_changes_while_it_is_read_is_read_again(folder, monkeypatch):
    first, _ = loading(folder)
    reads = changing(monkeypatch, lambda count: change(folder, 7) if count == 1 else None)
    snapshot, look = loading(folder, first)
    assert reads == [1, 7]
    assert (snapshot.home.gateway.callout.drain_seconds, snapshot.number) == (7, 2)
    assert look == fingerprint(folder, named_files(snapshot.home))


def test_what_never_stands_still_is_not_loaded(folder, monkeypatch):
    reads = changing(monkeypatch, lambda count: change(folder, count + 1))
    with pytest.raises(ConfigError, match="keep changing"):
        loading(folder)
    assert len(reads) == 5


def test_a_mistake_is_none_of_the_time(folder, monkeypatch):
    reads = changing(monkeypatch, lambda _: None)
    (folder / "gateway.toml").write_text("[")
    with pytest.raises(ConfigError, match=r"gateway\.toml"):
        loading(folder)
    assert reads == []


def test_marks_tell_looks_apart_whatever_their_order(folder):
    one, two = (("/a", 1, 2, 3), ("/b", 1, 2, 3))
    assert mark_of(frozenset((one, two))) == mark_of(frozenset((two, one)))
    assert len({mark_of(frozenset(look)) for look in ((), (one,), (two,), (one, two), (("/a", 1, 2, 4),))}) == 5
