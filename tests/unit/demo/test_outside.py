"""The callouts of the demonstration notice when something is not as it should be: each with one thing wrong."""

import json
from types import SimpleNamespace

import pytest

from gateway.demo.caller import Answer
from gateway.demo.outside import CALLOUTS, Outside
from gateway.demo.partner_checks import Shown
from gateway.demo.partner_services import Visit
from gateway.demo.processes import Done

CERTIFICATE = "IMS Gateway test client"
CIRCLE = CALLOUTS[0]
RATED = {"premium": "600", "user": "ALICE", "certificate": CERTIFICATE, "basic": ""}
VOUCHED = Visit("/rating", Shown(certificate=CERTIFICATE, user="ALICE"))
TIME = "2026-03-04T12:00:00Z"


class Stage:
    """A caller, an IMS and a partner that do what a test says; nothing is called in truth."""

    def __init__(self, answer, visits, user="ALICE", letters=()):
        self.answer, self.coming, self.visits, self.letters = answer, visits, (), letters
        self.icals = [SimpleNamespace(user=user)]
        self.services = SimpleNamespace(close_monitor=lambda: None, open_monitor=lambda: None)

    def call(self, *_arguments):
        self.visits += self.coming
        return self.answer

    def run(self, *command):
        return Done(0, json.dumps({"letters": self.letters}) if "list" in command else "", "")


def played(step, stage, monkeypatch, **kept):
    monkeypatch.setattr(Outside, "wait_for", lambda _outside, condition: condition())
    return step.play(Outside(stage, stage, stage, stage, **kept)).wrong


def test_a_circle_that_closes_is_right(monkeypatch):
    assert played(CIRCLE, Stage(Answer(RATED), (VOUCHED,)), monkeypatch) == ()


@pytest.mark.parametrize(
    ("stage", "complaint"),
    [
        (Stage(Answer({}, "Server", "no"), (VOUCHED,)), "the fault"),
        (Stage(Answer({**RATED, "user": "BOB"}), (VOUCHED,)), "the answer"),
        (Stage(Answer({**RATED, "premium": "601"}), (VOUCHED,)), "the answer"),
        (Stage(Answer(RATED), ()), "what the partner saw"),
        (Stage(Answer(RATED), (VOUCHED, VOUCHED)), "what the partner saw"),
        (Stage(Answer(RATED), (Visit("/rating", Shown(certificate=CERTIFICATE)),)), "what the partner saw"),
        (Stage(Answer(RATED), (Visit("/rating-basic", VOUCHED.shown),)), "what the partner saw"),
        (Stage(Answer(RATED), (VOUCHED,), user="GWUSER"), "the user of the ICAL"),
    ],
)
def test_whatever_is_amiss_in_a_synchronous_callout_is_told(monkeypatch, stage, complaint):
    assert any(line.startswith(complaint) for line in played(CIRCLE, stage, monkeypatch))


def event(identity="E1", path="/events", time=TIME, **more):
    fields = {"id": identity, "time": time, "source": "REPORT", "text": "to events"}
    return Visit(path, message_id="urn:uuid:1", fields=tuple(fields.items()), **more)


POSTED = Answer({"id": "E1", "time": TIME})


def of(service, says="REPORT by ALICE"):
    [step] = [step for step in CALLOUTS if (step.service, step.says) == (service, says)]
    return step


def test_an_event_that_arrives_is_right(monkeypatch):
    assert played(of("events"), Stage(POSTED, (event(),)), monkeypatch) == ()


@pytest.mark.parametrize(
    "visits",
    [
        (),
        (event("E2"),),
        (event(), event()),
        (event(time="2026-03-04T12:00:01Z"),),
        (event(path="/events-basic"),),
        (event(shown=Shown(basic="imsgw")),),
        (event(refused="closed for maintenance"),),
    ],
)
def test_an_event_that_does_not_arrive_as_it_was_sent_is_told(monkeypatch, visits):
    assert played(of("events"), Stage(POSTED, visits), monkeypatch)


CLOSED = event(refused="closed for maintenance")
DEAD = of("events", "REPORT, monitor closed")
REPLAY = of("events", "replay of the dead letter")


def test_an_event_that_nobody_takes_is_right_as_one_dead_letter_after_three_tries(monkeypatch):
    assert played(DEAD, Stage(POSTED, (CLOSED,) * 3, letters=[{"id": "1"}]), monkeypatch) == ()


@pytest.mark.parametrize(
    ("visits", "letters"),
    [((CLOSED,) * 3, []), ((CLOSED,) * 2, [{"id": "1"}]), ((CLOSED,) * 3, [{"id": "1"}, {"id": "2"}])],
)
def test_another_number_of_tries_or_letters_is_told(monkeypatch, visits, letters):
    assert played(DEAD, Stage(POSTED, visits, letters=letters), monkeypatch)


def test_a_replay_that_does_not_arrive_is_told(monkeypatch):
    stage = Stage(POSTED, ())
    stage.visits = (CLOSED,) * 3
    assert played(REPLAY, stage, monkeypatch, event="E1")


def test_a_replay_that_arrives_is_right(monkeypatch):
    stage = Stage(POSTED, ())
    stage.visits = (CLOSED, CLOSED, CLOSED, event())
    assert played(REPLAY, stage, monkeypatch, event="E1") == ()
