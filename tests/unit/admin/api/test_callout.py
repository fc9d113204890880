"""Listeners over the API: shown, started, stopped, drained; the processes are pictures here."""

from datetime import UTC, datetime

import pytest

from gateway.admin.api import callout
from gateway.callout.control_words import Ask, Told
from gateway.callout.state import ListenerPicture, ListenerState
from gateway.callout.values import Source
from gateway.control.words import ControlError

SINCE = datetime(2026, 11, 22, 11, 0, tzinfo=UTC)
ONE = ListenerPicture(Source("ims1", "PIPE1"), ListenerState.TROUBLE, "refused", SINCE, 12, 1, 2, 3, 4)


@pytest.fixture
def processes(monkeypatch):
    """What the processes by number say, an exception being one that does not answer; and what they heard."""
    said, asked = {}, []

    def ask(_state, number, what, _clock, _seconds):
        asked.append((number, what))
        if isinstance(said[number], Exception):
            raise said[number]
        return said[number]

    monkeypatch.setattr(callout, "ask", ask)
    monkeypatch.setattr(callout, "living", lambda _state: sorted(said))
    return said, asked


def told(number, **more):
    return Told(number, 4710 + number, True, "", (ONE,), **more)


def test_every_process_is_shown_with_its_listeners(admin, processes):
    said, _ = processes
    said.update({1: told(1), 2: ControlError("does not answer")})
    answer = admin.ask("GET", "/api/callout", "viewer").json
    (process,) = answer["processes"]
    assert (process["instance"], process["pid"]) == (1, 4711)
    (listener,) = process["listeners"]
    assert (listener["tpipe"], listener["state"], listener["dead"]) == ("PIPE1", "trouble", 4)
    assert answer["silent"] == ["instance 2: does not answer"]


def test_without_processes_nothing_is_shown_and_nothing_steered(admin, processes):
    assert admin.ask("GET", "/api/callout", "viewer").json == {"processes": [], "silent": []}
    assert admin.ask("POST", "/api/callout/start", "operator", json={}).status_code == 409


@pytest.mark.parametrize("what", ["start", "stop"])
def test_listeners_and_bundles_are_steered_by_name(admin, processes, what):
    said, asked = processes
    said.update({1: told(1), 2: told(2)})
    body = {"listeners": ["ims1/PIPE1", "ims2"], "instance": 2}
    assert admin.ask("POST", f"/api/callout/{what}", "operator", json=body).status_code == 200
    assert asked == [(2, Ask(what, (Source("ims1", "PIPE1"), "ims2")))]


@pytest.mark.parametrize(
    "body", [{"listeners": []}, {"listeners": ["a/b/c"]}, {"listeners": [""]}, {"instance": 0}]
)
def test_what_names_no_listener_is_refused(admin, processes, body):
    said, asked = processes
    said[1] = told(1)
    assert admin.ask("POST", "/api/callout/stop", "operator", json=body).status_code == 422
    assert asked == []


def test_an_instance_that_does_not_run_is_404(admin, processes):
    processes[0][1] = told(1)
    assert admin.ask("POST", "/api/callout/stop", "operator", json={"instance": 7}).status_code == 404


def test_one_that_does_not_answer_makes_the_whole_fail(admin, processes):
    processes[0].update({1: told(1), 2: ControlError("busy")})
    answer = admin.ask("POST", "/api/callout/stop", "operator", json={})
    assert (answer.status_code, "instance 2: busy" in answer.json["detail"]) == (503, True)


def test_a_drain_waits_as_long_as_asked(admin, processes):
    said, asked = processes
    said[1] = told(1, drained=True)
    answer = admin.ask("POST", "/api/callout/drain", "operator", json={"seconds": 5})
    assert answer.json["processes"][0]["drained"] is True
    assert asked == [(1, Ask("drain", seconds=5.0))]
    assert admin.ask("POST", "/api/callout/drain", "operator", json={"seconds": 500}).status_code == 422
