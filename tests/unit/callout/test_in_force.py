"""The home that is in force, and the next one: whole or not at all, and told of whatever came of it."""

import threading
from datetime import datetime

import pytest

from gateway.callout import in_force
from gateway.control.reloaded import Outcome, Reloaded
from gateway.errors import ConfigError, Problem
from tests.unit.callout.changing import GATEWAY, Changing, change, home_in, touched

MISTAKE = Problem("bundles/ims1.toml", "callout.tpipes", "are missing")
CAREFUL = Problem("x", "", "careful", warning=True)


@pytest.fixture
def folder(tmp_path):
    return home_in(tmp_path)


@pytest.fixture
def changing(folder):
    return Changing(folder)


def reload(changing):
    return changing.in_force.reload("by command")


def test_it_begins_with_number_1(changing):
    assert (changing.in_force.number, changing.in_force.digest) == (1, "digest 0")
    assert changing.in_force.looks_now() == changing.in_force.seen


def test_each_home_that_comes_into_force_has_the_next_number_and_its_digest(changing, folder):
    change(folder, 8)
    told = [reload(changing), reload(changing)]
    assert [(one.process, one.outcome, one.number, one.digest) for one in told] == [
        ("callout 1", Outcome.IN_FORCE, 2, "digest 1"),
        ("callout 1", Outcome.IN_FORCE, 3, "digest 2"),
    ]
    assert changing.seconds == [8, 8]
    assert changing.in_force.home is changing.taken[-1]
    assert changing.told == told
    assert changing.in_force.looks_now() == changing.in_force.seen


def test_the_status_names_what_is_in_force_and_what_came_of_the_last_reload(changing, folder):
    began = changing.in_force.status()
    assert (began["process"], began["number"], began["digest"]) == ("callout 1", 1, "digest 0")
    assert began["last_reload"] is None
    change(folder)
    done = reload(changing)
    changing.read_error = ConfigError((MISTAKE,))
    refused = reload(changing)
    status = changing.in_force.status()
    assert (status["number"], status["digest"]) == (2, "digest 1")
    assert Reloaded.of(status["last_reload"]["reloaded"]) == refused != done
    assert datetime.fromisoformat(status["last_reload"]["at"]).tzinfo is not None


def test_the_status_does_not_wait_for_a_reload_that_hangs(changing, folder):
    held = threading.Event()
    changing.reading = lambda: changing.home() if held.wait() else None
    change(folder)
    hanging = threading.Thread(target=reload, args=(changing,))
    hanging.start()
    try:
        assert changing.in_force.status()["number"] == 1
    finally:
        held.set()
        hanging.join()
    assert changing.in_force.status()["number"] == 2


def test_a_mistake_changes_nothing_and_is_told(changing, folder, caplog):
    before = changing.in_force.home
    changing.read_error = ConfigError((MISTAKE, CAREFUL))
    change(folder)
    told = reload(changing)
    assert (told.outcome, told.number, told.digest) == (Outcome.REFUSED, 1, "digest 0")
    assert told.problems == (MISTAKE, CAREFUL)
    assert changing.in_force.home is before
    assert (changing.taken, changing.told) == ([], [told])
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert "bundles/ims1.toml: callout.tpipes: are missing" in record.message
    assert "careful" not in record.message
    changing.read_error = None
    assert reload(changing).number == 2, "numbers are those of homes in force"


def test_what_cannot_come_into_force_is_a_mistake_too(changing, folder):
    changing.take_error = ConfigError((MISTAKE,))
    change(folder)
    assert reload(changing).problems == (MISTAKE,)
    assert changing.in_force.number == 1


def test_an_error_of_ours_is_no_mistake_of_the_home_and_stays_in_the_log(changing, caplog):
    changing.take_error = RuntimeError("SECRET")
    told = reload(changing)
    assert (told.outcome, told.number, told.problems) == (Outcome.FAILED, 1, ())
    assert "SECRET" not in told.reason
    assert "SECRET" in caplog.text
    changing.take_error = None
    assert reload(changing).done


def test_the_log_names_the_files_that_have_changed_since_the_home_in_force(changing, folder, caplog):
    caplog.set_level("INFO", "gateway.callout")
    note = folder / "trusted" / "more" / "note.txt"
    note.parent.mkdir()
    note.write_text("not finished")
    changing.read_error = ConfigError((MISTAKE,))
    reload(changing)
    changing.read_error = None
    change(folder)
    touched(folder.parent / "password", "CHANGED")
    reload(changing)
    names = f"{folder.parent / 'password'}, gateway.toml, trusted/more/note.txt"
    assert caplog.messages[-1] == f"configuration 2 (digest 2) is in force (by command): {names}"
    note.unlink()
    reload(changing)
    assert caplog.messages[-1].endswith("in force (by command): trusted/more/note.txt")
    reload(changing)
    assert caplog.messages[-1].endswith("in force (by command), no file has changed")


def test_warnings_of_a_changed_home_are_logged_when_they_are_new(folder, caplog):
    caplog.set_level("WARNING", "gateway.callout")
    old, new = (Problem("x", "", text, warning=True) for text in ("known", "new"))
    changing = Changing(folder, (old,))
    changing.warnings = (old, new)
    assert [reload(changing).problems for _ in range(2)] == [(old, new)] * 2
    assert caplog.messages == ["x: warning: new"]
    changing.warnings = (old,)
    reload(changing)
    changing.warnings = (old, new)
    reload(changing)
    assert caplog.messages == ["x: warning: new"] * 2


def test_what_counts_from_the_start_keeps_its_value_and_is_told_until_then(changing, folder):
    text = GATEWAY.format(seconds=8) + 'listen = "127.0.0.1:2"\n[journal]\nmax_entries = 77\n'
    touched(folder / "gateway.toml", text)
    changing.cannot_follow = ("server.keystore",)
    before = changing.in_force.home.gateway
    for _ in range(2):
        assert reload(changing).restart == ("callout.listen", "journal", "server.keystore")
        gateway = changing.in_force.home.gateway
        assert (gateway.callout.listen, gateway.journal) == (before.callout.listen, before.journal)
        assert gateway.callout.watch_seconds == 8
    changing.cannot_follow = ()
    change(folder, 9)
    assert reload(changing).restart == ()


def test_a_file_that_counts_from_the_next_start_is_no_change_at_every_look(changing, folder):
    """Else the watch would read the home for ever."""
    journal = '[journal]\nstore = "postgresql://u@db/x"\ntruststore = { path = "beside" }\n'
    (folder / "beside").mkdir()
    touched(folder / "gateway.toml", GATEWAY.format(seconds=5) + journal)
    told = reload(changing)
    assert (told.outcome, told.restart) == (Outcome.IN_FORCE, ("journal",))
    assert changing.in_force.looks_now() == changing.in_force.seen
    touched(folder / "beside" / "ca.pem", "PEM")
    assert changing.in_force.looks_now() != changing.in_force.seen


def test_a_file_that_a_refused_home_waits_for_is_a_change_when_it_comes(changing, folder):
    changing.read_error = ConfigError((MISTAKE,))
    touched(folder / "gateway.toml", GATEWAY.format(seconds=5) + 'keystore = { path = "to/come.p12" }\n')
    reload(changing)
    assert changing.in_force.looks_now() == changing.in_force.seen
    (folder / "to").mkdir()
    (folder / "to/come.p12").write_text("x")
    assert changing.in_force.looks_now() != changing.in_force.seen


def test_what_changes_while_a_home_with_a_mistake_is_read_is_found_by_the_next_look(changing, folder):
    changing.read_error = ConfigError((MISTAKE,))

    def mended():
        change(folder, 9)
        return changing.home()

    change(folder, 8)
    reads = changing._read

    def mends_behind():
        mended()
        return reads()

    changing.in_force._read = mends_behind
    reload(changing)
    assert changing.in_force.looks_now() != changing.in_force.seen


# -- several at a time, and the end ---------------------------------------------------------------------------


class Held:
    """Holds up who comes, until it is let go."""

    def __init__(self):
        self.here, self.go = threading.Event(), threading.Event()

    def wait(self):
        self.here.set()
        assert self.go.wait(60)


def in_a_thread(changing):
    results = []
    thread = threading.Thread(target=lambda: results.append(reload(changing)))
    thread.start()
    return thread, results


def test_reloads_come_one_after_the_other(changing):
    held = Held()
    changing.reading = lambda: held.wait() or changing.home()
    first, firsts = in_a_thread(changing)
    assert held.here.wait(30)
    second, seconds = in_a_thread(changing)
    assert changing.reads == 1
    held.go.set()
    first.join(30)
    second.join(30)
    assert [one.number for one in (*firsts, *seconds)] == [2, 3]


def test_one_that_hangs_does_not_keep_others_for_good(changing, monkeypatch, caplog):
    monkeypatch.setattr(in_force, "_TURN_SECONDS", 0.01)
    held = Held()
    changing.reading = lambda: held.wait() or changing.home()
    first, _ = in_a_thread(changing)
    assert held.here.wait(30)
    told = reload(changing)
    assert (told.outcome, told.reason) == (Outcome.FAILED, "an earlier reload has not ended")
    assert "an earlier reload has not ended" in caplog.text
    held.go.set()
    first.join(30)


def test_once_closed_nothing_is_read(changing):
    changing.in_force.close()
    told = reload(changing)
    assert (told.outcome, told.reason) == (Outcome.FAILED, "the process was drained or is about to end")
    assert changing.reads == 0


def test_what_was_being_read_when_it_was_closed_does_not_come_into_force(changing):
    held = Held()
    changing.reading = lambda: held.wait() or changing.home()
    thread, results = in_a_thread(changing)
    assert held.here.wait(30)
    changing.in_force.close()
    held.go.set()
    thread.join(30)
    assert (changing.reads, changing.taken) == (1, [])
    assert [one.outcome for one in results] == [Outcome.FAILED]


def test_a_home_that_never_comes_into_force_does_not_keep_it_open(changing, monkeypatch):
    monkeypatch.setattr(in_force, "_TAKING_SECONDS", 0.01)
    held = Held()
    changing.in_force._take = lambda _home, _contracts: held.wait() or ()
    thread, _ = in_a_thread(changing)
    assert held.here.wait(30)
    changing.in_force.close()
    assert not held.go.is_set()
    held.go.set()
    thread.join(30)
