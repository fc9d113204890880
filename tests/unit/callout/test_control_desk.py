"""What the commands can have done."""

import os

import pytest

from gateway.callout.condition import Condition
from gateway.callout.control_desk import Desk
from gateway.callout.control_words import Ask, Told
from gateway.callout.journal.entries import JournalError
from gateway.callout.state import ListenerState
from gateway.callout.values import Source
from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.words import ControlError, line_of, object_of, refusal
from tests.unit.callout.steered import ONE, TWO, Steered, picture

STATUS = {"process": "callout 3", "number": 2, "digest": "0123456789abcdef"}
RELOADED = Reloaded("callout 3", Outcome.IN_FORCE, 2, "0123456789abcdef")


class Home:
    """One that takes every reload."""

    def reload(self, why):
        assert why == "by command"
        return RELOADED

    def status(self):
        return STATUS


@pytest.fixture
def runtime():
    return Steered(picture(TWO), picture(ONE))


@pytest.fixture
def condition(runtime):
    return Condition(runtime)


@pytest.fixture
def desk(runtime, condition):
    return Desk(3, runtime, condition, drain_seconds=lambda: 30.0, home=Home())


def test_list_tells_and_changes_nothing(desk, runtime):
    told = desk.do(Ask("list"))
    assert (told.instance, told.pid, told.ready, told.reason, told.drained) == (3, os.getpid(), True, "", None)
    assert [each.source for each in told.listeners] == [ONE, TWO]
    assert not runtime.done


def test_a_line_is_answered_with_a_line(desk, runtime):
    answer = desk.answer(line_of(Ask("stop", (ONE,)).facts()))
    assert Told.of(object_of(answer)).instance == 3
    assert runtime.done == [("stop", (ONE,))]


def test_a_reload_is_answered_with_what_came_of_it(desk, runtime):
    answer = desk.answer(line_of({"do": "reload"}))
    assert Reloaded.of(object_of(answer)) == RELOADED
    assert not runtime.done


def test_a_status_is_the_home_in_force_with_how_the_listeners_are(desk, runtime):
    said = object_of(desk.answer(line_of({"do": "status"})))
    assert {name: said[name] for name in STATUS} == STATUS
    assert Told.of(said) == desk.do(Ask("list"))
    assert not runtime.done


@pytest.mark.parametrize("line", [b"", b"GET / HTTP/1.1\r", b"{}", b'{"do": "restart"}', refusal("x")])
def test_a_line_that_asks_for_nothing_is_refused_and_does_nothing(desk, runtime, line):
    with pytest.raises(ControlError):
        desk.answer(line)
    assert not runtime.done


@pytest.mark.parametrize("do", ["start", "stop"])
def test_listeners_are_started_and_stopped_by_name_or_all(desk, runtime, do):
    desk.do(Ask(do, (TWO,)))
    desk.do(Ask(do))
    assert runtime.done == [(do, (TWO,)), (do, (ONE, TWO))]


@pytest.mark.parametrize("do", ["start", "stop"])
def test_a_bundle_means_all_its_listeners_and_no_others_each_once(desk, runtime, do):
    other, like = Source("ims2", "CALL1"), Source("ims11", "CALL1")
    runtime.shown = [picture(source) for source in (TWO, like, other, ONE)]
    desk.do(Ask(do, ("ims1",)))
    desk.do(Ask(do, (TWO, "ims1", "ims2", other)))
    assert runtime.done == [(do, (ONE, TWO)), (do, (TWO, ONE, other))]


@pytest.mark.parametrize("name", ["ims9", "ims", "CALL1"])
@pytest.mark.parametrize("do", ["start", "stop"])
def test_a_bundle_without_listeners_stops_all_of_it(desk, runtime, do, name):
    runtime.shown = [*runtime.shown, picture(Source("ims2", "X"))]
    with pytest.raises(ControlError, match=rf"no bundle {name} with listeners; there are: ims1, ims2$"):
        desk.do(Ask(do, (ONE, name)))
    assert not runtime.done


def test_the_log_tells_what_a_command_has_done(desk, caplog):
    caplog.set_level("INFO")
    desk.do(Ask("stop", (TWO,)))
    desk.do(Ask("start"))
    desk.do(Ask("list"))
    desk.do(Ask("drain"))
    assert [record.message for record in caplog.records] == [
        "by command stopped: ims1/CALL2",
        "by command started: ims1/CALL1, ims1/CALL2",
        "by command: nothing is retrieved any more, callouts in work are finished",
    ]


@pytest.mark.parametrize("do", ["start", "stop"])
def test_one_that_there_is_not_stops_all_of_it(desk, runtime, do):
    with pytest.raises(ControlError, match=r"no listener ims1/X; there are: ims1/CALL1, ims1/CALL2"):
        desk.do(Ask(do, (ONE, Source("ims1", "X"))))
    assert not runtime.done


def test_one_that_goes_in_this_moment_is_told_in_words(desk, runtime, monkeypatch):
    def gone(sources):
        raise KeyError(ONE)

    monkeypatch.setattr(runtime, "stop_listeners", gone)
    with pytest.raises(ControlError, match="not there any more"):
        desk.do(Ask("stop", (ONE,)))


@pytest.mark.parametrize("ended", [True, False])
@pytest.mark.parametrize(("seconds", "waited"), [(None, 30.0), (0, 0), (2.5, 2.5)])
def test_drain_waits_as_long_as_is_said_and_tells_how_it_ended(desk, runtime, ended, seconds, waited):
    runtime.drains = ended
    told = desk.do(Ask("drain", seconds=seconds))
    assert runtime.done == [("drain", waited)]
    assert told.drained is ended
    assert (told.ready, told.reason) == (False, "the process was drained")


def test_behind_a_drain_nothing_starts(desk, runtime):
    desk.do(Ask("drain"))
    with pytest.raises(ControlError, match="was drained: nothing is started any more; start another"):
        desk.do(Ask("start"))
    assert desk.do(Ask("list")).listeners
    assert runtime.done == [("drain", 30.0)]


def test_when_the_process_ends_nothing_starts(desk, runtime, condition):
    condition.end("the process is about to end")
    with pytest.raises(ControlError, match="the process is about to end: nothing is started any more"):
        desk.do(Ask("start", (ONE,)))
    desk.do(Ask("stop", (ONE,)))
    assert runtime.done == [("stop", (ONE,))]


def test_a_journal_that_cannot_be_asked_is_told_in_words(desk, runtime):
    runtime.error = JournalError("disk full")
    with pytest.raises(ControlError, match="the journal cannot be used: disk full"):
        desk.do(Ask("list"))


# -- how it is, in words --------------------------------------------------------------------------------------


def test_what_serves_is_ready(condition):
    assert condition.unready() == ""


def test_what_is_not_ready_says_which_listeners_and_why(condition, runtime):
    runtime.ready = False
    runtime.shown = (
        picture(ONE, ListenerState.TROUBLE, reason="connection refused"),
        picture(TWO, ListenerState.STARTING),
        picture(Source("ims2", "A")),
        picture(Source("ims2", "B"), ListenerState.STOPPED),
    )
    assert (
        condition.unready()
        == "ims1/CALL1 is in state trouble: connection refused; ims1/CALL2 is in state starting"
    )


def test_of_many_listeners_in_trouble_some_are_named(condition, runtime):
    runtime.ready = False
    runtime.shown = [picture(Source("ims1", f"T{number}"), ListenerState.FAILED) for number in range(9)]
    assert condition.unready().count("ims1/T") == 3
    assert condition.unready().endswith("; and 6 more")


def test_what_has_not_begun_is_not_ready(condition, runtime):
    runtime.ready = False
    assert condition.unready() == "nothing is retrieved: not started yet"


def test_what_ends_is_not_ready_and_has_nothing_begin(runtime):
    ended = []
    condition = Condition(runtime, lambda: ended.append(1))
    condition.end("the process is about to end")
    assert condition.unready() == condition.ending == "the process is about to end"
    assert ended == [1]


def test_readings_are_the_pictures_as_metrics_want_them(condition, runtime):
    runtime.shown = (
        picture(ONE, ListenerState.FULL, received=5, refused=1, in_work=4, waiting=3, dead=2),
        picture(TWO, ListenerState.TROUBLE),
    )
    one, two = condition.readings()
    assert (one.bundle, one.tpipe, one.state, one.up) == ("ims1", "CALL1", "full", True)
    assert (one.received, one.refused, one.in_work) == (5, 1, 4)
    assert one.entries == {"waiting": 3, "dead": 2}
    assert (two.state, two.up) == ("trouble", False)
    assert condition.in_work == 4
