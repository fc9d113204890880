"""Answers and reloads that cannot be recorded are not given, and not done."""

from types import SimpleNamespace
from typing import Any

import pytest

from gateway.audit.auditor import NotAuditedError
from gateway.audit.ports import Unaudited
from gateway.audit.trail import Trail
from gateway.control.reloaded import Outcome as Reloading
from gateway.errors import GatewayError, M
from gateway.outcome import Outcome
from gateway.runtime.services import Endpoint
from gateway.soap.answer import SoapAnswer
from tests.fixtures.in_process import SOAP11, SoapReply
from tests.fixtures.soap import arrival
from tests.unit.audit.events import ANSWERED, refused
from tests.unit.runtime.conftest import GATEWAY, LOCAL

CANARY = b"the answer of IMS"


class Audit(Unaudited):
    def __init__(self, *, right: bool) -> None:
        self.right = right
        self.events: list[Any] = []

    def request(self, event):
        self.events.append(event)
        return self.right


class Journey:
    tracking_id = "t-1"

    def __init__(self, *_):
        pass

    def ended(self, error, status, size):
        return ANSWERED if error is None else refused(error.message.id, status=status, reply_bytes=size)


class Sink:
    def __init__(self):
        self.events = []

    def emit(self, event):
        self.events.append(event)


def answered(monkeypatch, audit, error=None):
    monkeypatch.setattr("gateway.runtime.services.Journey", Journey)
    answer = SoapAnswer(500 if error else 200, (("Content-Type", "text/xml"),), CANARY, error)
    sink = Sink()
    soap: Any
    probe: Any
    soap, probe = SimpleNamespace(handle=lambda *_: answer), SimpleNamespace(answered=lambda *_: None)
    endpoint = Endpoint(SimpleNamespace(audit=audit), soap, sink, probe)
    status, headers, body = endpoint.answer(arrival(b"<x/>"))
    return SoapReply(status, {name.lower(): value for name, value in headers}, body), sink.events[0]


def test_an_answer_goes_out_once_it_is_recorded(monkeypatch):
    audit = Audit(right=True)
    reply, told = answered(monkeypatch, audit)

    assert (reply.status, reply.body) == (200, CANARY)
    assert audit.events == [told] == [ANSWERED]


def test_an_answer_that_is_not_recorded_is_withheld_and_said_to_be_unknown(monkeypatch):
    reply, told = answered(monkeypatch, Audit(right=False))

    assert reply.status == 500
    assert CANARY not in reply.body
    assert b"IGW3003E" in reply.body
    assert b"t-1" in reply.body
    assert SOAP11.encode() in reply.body
    assert "retry-after" not in reply.headers
    assert (told.outcome, told.message_id, told.status) == ("refused", M.NOT_AUDITED.id, 500)


def test_a_refusal_is_answered_as_that_recorded_or_not(monkeypatch):
    error = GatewayError(M.NOT_VALID, {"reason": "x"})
    reply, told = answered(monkeypatch, Audit(right=False), error)

    assert (reply.body, told.message_id) == (CANARY, M.NOT_VALID.id)


class Recorder:
    def __init__(self, *, right: bool) -> None:
        self.right = right
        self.events: list[Any] = []

    def __call__(self, event):
        self.events.append(event)
        return self.right or not event.told.done


@pytest.fixture
def recorder(master):
    recorder = Recorder(right=True)
    master._reloads._recorded = recorder
    return recorder


def test_a_reload_is_recorded_before_workers_take_it(reloads, home, recorder, workers):
    (home / GATEWAY).write_text(LOCAL + "[parser]\nmax_depth = 20\n")

    told = reloads.reload("SIGHUP")

    (event,) = recorder.events
    assert (event.why, event.told.outcome, event.told.number) == ("SIGHUP", Reloading.IN_FORCE, told.number)
    assert "commit" in workers.done(1)


def test_a_reload_that_cannot_be_recorded_is_not_done(reloads, home, recorder, workers):
    recorder.right = False
    (home / GATEWAY).write_text(LOCAL + "[parser]\nmax_depth = 20\n")

    told = reloads.reload("by command")

    assert told.outcome is Reloading.FAILED
    assert "could not be recorded" in told.reason
    assert reloads.snapshot.number == 1
    assert workers.done(1)[:2] == ["prepare", "abort"]
    assert "commit" not in workers.done(1)


def test_a_home_with_mistakes_is_recorded_as_refused(reloads, home, recorder):
    (home / GATEWAY).write_text("[srever]\n")

    reloads.reload("its files have changed")

    (event,) = recorder.events
    assert event.told.outcome is Reloading.REFUSED


def test_a_trail_is_all_that_the_parts_of_a_process_ask_for():
    for name in ("open", "require", "request", "turned_away", "callout", "callout_done", "called", "signed_in"):
        assert hasattr(Trail, name)
        assert hasattr(Unaudited, name)
    assert NotAuditedError("x", Outcome.DONE).outcome is Outcome.DONE
