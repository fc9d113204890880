"""The watch: files that have changed and stand still have the home read anew; what was refused is told once."""

import os
import shutil

import pytest

from gateway.control.reloaded import Outcome
from gateway.preflight.still import load_still
from gateway.runtime.watch import Watch
from tests.fixtures.pki import Pki
from tests.fixtures.running_gateway import change_correlator

GATEWAY = "gateway.toml"


# -- when it calls


@pytest.fixture
def watch(home, clock):
    snapshot, look = load_still(home, None, None)
    return Watch(snapshot.home, look, clock)


def test_a_change_calls_once_it_is_the_same_at_two_looks(home, watch, clock):
    assert not watch.calls(5)
    (home / "bundles/new.txt").write_text("x")
    clock.move(5)
    assert not watch.calls(5)
    (home / "bundles/new.txt").write_text("and more")
    assert [watch.calls(5) for _ in range(2)] == [False, True]
    clock.move(60)
    assert not watch.calls(5), "it has called for this"


def test_nothing_is_looked_at_before_it_is_due_or_without_a_watch(home, watch, clock):
    assert not watch.calls(5)
    (home / "bundles/new.txt").write_text("x")
    assert [watch.calls(5) for _ in range(3)] == [False] * 3
    clock.move(60)
    assert [watch.calls(0) for _ in range(3)] == [False] * 3


def test_a_change_that_is_taken_back_does_not_call(home, watch, clock):
    first = (home / GATEWAY).stat().st_mtime_ns
    os.utime(home / GATEWAY, ns=(0, 0))
    assert not watch.calls(5)
    os.utime(home / GATEWAY, ns=(first, first))
    assert not watch.calls(5)
    clock.move(5)
    os.utime(home / GATEWAY, ns=(0, 0))
    assert [watch.calls(5) for _ in range(2)] == [False, True], "it must stand still again"


# -- what comes of it


@pytest.fixture
def watched(home, master, clock):
    change_correlator(home / GATEWAY, {"server.watch_seconds": 5})
    master.reload()
    assert master._reloads.snapshot.number == 2
    return master


def look(master, clock, seconds=5.0):
    """Look when it is due, and again when it has stood still."""
    clock.move(seconds)
    master.look()
    master.look()


def told(master):
    assert master._reloads.last is not None
    return master._reloads.last[0]


def test_what_failed_though_the_home_may_be_right_is_tried_again(home, watched, workers, clock):
    change_correlator(home / GATEWAY, {"server.faults": "unified"})
    workers.answers[2, "prepare"] = lambda: {"reason": "busy"}
    look(watched, clock)
    assert told(watched).outcome is Outcome.FAILED
    del workers.answers[2, "prepare"]
    look(watched, clock)
    assert watched._reloads.snapshot.number == 2, "not at every look"
    look(watched, clock, 60)
    assert watched._reloads.snapshot.number == 3
    assert watched._reloads.snapshot.home.gateway.server.faults == "unified"


def test_what_was_refused_is_not_tried_again(home, watched, workers, clock):
    change_correlator(home / GATEWAY, {"server.faults": "none such"})
    look(watched, clock)
    assert told(watched).outcome is Outcome.REFUSED
    workers.asked.clear()
    look(watched, clock, 60)
    assert workers.asked == []


def test_a_home_that_was_refused_for_a_file_to_come_is_taken_when_it_has_come(home, watched, clock, pki: Pki):
    (home / "keystores").mkdir()
    change_correlator(home / GATEWAY, {"server.client_truststore.path": "keystores/ca.pem"})
    look(watched, clock)
    assert "keystores/ca.pem" in told(watched).problems[0].text
    shutil.copy(pki.keys.ca, home / "keystores/ca.pem")
    look(watched, clock)
    assert (told(watched).outcome, watched._reloads.snapshot.number) == (Outcome.IN_FORCE, 3)


def test_a_file_named_by_a_key_that_counts_from_the_next_start_does_not_have_it_read_for_ever(
    home, watched, workers, clock, pki: Pki
):
    store = {"replay.store": "valkeys://127.0.0.1:1/0", "replay.truststore.path": str(pki.keys.ca)}
    change_correlator(home / GATEWAY, store)
    look(watched, clock)
    assert (told(watched).outcome, told(watched).restart) == (Outcome.IN_FORCE, ("replay",))
    workers.asked.clear()
    look(watched, clock, 60)
    assert workers.asked == []
