"""Commands to a worker: a line each way, and what is not in order is told to who asks."""

import json
import os
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.clock import SYSTEM_CLOCK
from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.words import MOST_BYTES, ControlError
from gateway.exchange import Arrival, Peer
from gateway.preflight.still import load_still, mark_of
from gateway.runtime.desk import Desk
from gateway.runtime.probe import MOST_MESSAGES

TOLD = Reloaded("serve 1", Outcome.REFUSED, 1, "0" * 16)


def ask(worker, do, **more):
    return json.loads(worker.desk.answer(json.dumps({"do": do, **more}).encode()))


def test_a_change_is_prepared_given_up_prepared_and_committed(lab_home, worker):
    change = {"number": 2, "mark": mark_of(load_still(lab_home, None, None)[1])}
    assert ask(worker, "prepare", **change) == {"prepared": 2}
    assert ask(worker, "abort", **change) == {"done": True}
    with pytest.raises(ControlError, match="nothing of this number"):
        ask(worker, "commit", **change)
    assert ask(worker, "prepare", **change) == {"prepared": 2}
    assert ask(worker, "commit", **change) == {"done": 2}
    assert ask(worker, "look")["number"] == 2


def test_what_came_of_a_reload_is_noted_and_counted_where_it_is_to_be(worker):
    at = SYSTEM_CLOCK.now()
    assert worker.desk.last_reload is None
    for count in (True, False):
        ask(worker, "told", reloaded=TOLD.facts(), at=at.isoformat(), count=count)
    assert worker.desk.last_reload == (TOLD, at)
    page = worker.desk._parts.metrics.page().decode().splitlines()
    assert 'imsgw_reloads_total{outcome="refused"} 1.0' in page
    assert "imsgw_config_last_reload_successful 0.0" in page


def test_the_ways_of_a_bundle_that_is_recycled_are_made_anew_by_the_next_that_wants_them(lab_home, worker):
    before = worker.live.current.holds["ims1"]
    assert ask(worker, "recycle", bundle="ims1") == {"done": True}
    serving = worker.live.prepare(worker.live.current.snapshot)
    assert serving.holds["ims1"] is not before
    worker.live.drop(serving)


def test_a_worker_says_how_it_is_and_once_requests_may_come_how_busy(worker, floor):
    first = ask(worker, "look")
    assert (first["pid"], first["number"], first["in_work"], first["waiting"]) == (os.getpid(), 1, 0, 0)
    assert [pool["bundle"] for pool in first["pools"]] == ["ims1"]
    worker.begin(floor, None)
    then = ask(worker, "look")
    assert (then["in_work"], then["waiting"]) == (3, 2)


def captured(worker, number=0, text="x"):
    """Have a message and its answer pass by."""
    message = f"<a>{number} {text}</a>".encode()
    peer = Peer("127.0.0.1", tls=False)
    arrival = Arrival("lab", f"t{number}", SYSTEM_CLOCK.now(), peer, "text/xml", None, message)
    worker.desk._parts.probe.answered(arrival, 200, message)


def test_messages_are_kept_from_the_order_to_do_so_until_the_one_not_to(worker):
    captured(worker)
    assert ask(worker, "captured", service="lab") == {"captured": []}
    until = (SYSTEM_CLOCK.now() + timedelta(minutes=30)).isoformat()
    assert ask(worker, "capture", service="lab", until=until) == {"done": True}
    captured(worker)
    assert [one["tracking_id"] for one in ask(worker, "captured", service="lab")["captured"]] == ["t0"]
    assert ask(worker, "capture", service="lab", until=None) == {"done": True}
    assert ask(worker, "captured", service="lab") == {"captured": []}


def test_captured_messages_that_are_more_than_a_line_leave_the_newest_and_say_how_many_are_left_out(worker):
    ask(worker, "capture", service="lab", until=(SYSTEM_CLOCK.now() + timedelta(minutes=30)).isoformat())
    for number in range(MOST_MESSAGES):
        captured(worker, number, "Ж" * 30_000)
    line = worker.desk.answer(json.dumps({"do": "captured", "service": "lab"}).encode())
    assert len(line) <= MOST_BYTES
    told = json.loads(line)["captured"]
    assert told[0]["tracking_id"] == f"t{MOST_MESSAGES - 1}"
    assert told[-1]["left_out"] == MOST_MESSAGES - len(told) > 0


@pytest.mark.parametrize(
    "line",
    [
        {"do": "prepare", "number": "x", "mark": ""},
        {"do": "prepare", "number": 2},
        {"do": "commit", "number": None, "mark": ""},
        {"do": "abort"},
        {"do": "told", "reloaded": {}, "at": "2026-03-01T12:00:07+00:00", "count": True},
        {"do": "told", "reloaded": None, "at": None},
        {"do": "recycle"},
        {"do": "told", "reloaded": TOLD.facts(), "at": "2026-03-01T12:00:07", "count": True},
        {"do": "recent", "most": "many"},
        {"do": "recent", "most": float("inf")},
        {"do": "capture", "service": "lab", "until": "2026-03-01T12:00:07"},
        {"do": "recent"},
        {"do": "capture", "service": "lab", "until": "tomorrow"},
        {"do": "capture", "service": "lab"},
        {"do": "captured"},
    ],
)
def test_what_is_not_in_order_is_told_to_who_asks(worker, line):
    with pytest.raises(ControlError, match="what was asked is not in order"):
        worker.desk.answer(json.dumps(line).encode())


@pytest.mark.parametrize("line", [{}, {"do": "stop"}, {"do": None}, {"do": ["look"]}])
def test_what_a_worker_does_not_do_is_told_with_what_it_does(worker, line):
    with pytest.raises(ControlError, match="one of prepare, commit, abort, told, recycle, look, audit, recent"):
        worker.desk.answer(json.dumps(line).encode())


VALUES = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(), st.just(TOLD.facts()))
WORDS = st.sampled_from(["number", "mark", "reloaded", "at", "count", "bundle", "most", "service", "until"])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.sampled_from(["commit", "abort", "told", "recycle", "look", "recent", "capture", "captured"]),
    st.dictionaries(WORDS, VALUES),
)
def test_whatever_is_asked_is_answered_or_told_to_be_wrong(worker, do, more):
    try:
        line = worker.desk.answer(json.dumps({"do": do, **more}).encode())
    except ControlError:
        return
    assert isinstance(json.loads(line), dict)


@given(st.binary())
def test_what_is_no_line_of_ours_is_told_to_be_wrong(line):
    desk = object.__new__(Desk)
    with pytest.raises(ControlError):
        desk.answer(line)


@pytest.mark.parametrize("error", [KeyError, TypeError, ValueError])
def test_an_error_of_ours_is_not_laid_to_who_asks(worker, monkeypatch, error):
    """`gateway.control.server` has it in the log; a refusal it has not."""

    def fails(_service: str) -> object:
        raise error("ours")

    monkeypatch.setattr(worker.desk._parts.probe, "captured", fails)
    with pytest.raises(error, match="ours"):
        ask(worker, "captured", service="lab")
