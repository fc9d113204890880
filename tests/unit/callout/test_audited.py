"""Callouts whose end cannot be recorded: none of them succeeds, and none is lost."""

from threading import Event, Thread

import pytest

from gateway.audit.auditor import NotAuditedError
from gateway.audit.ports import Unaudited
from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.deliverer import LOOK_SECONDS, Deliverer
from gateway.callout.delivery import Delivery
from gateway.callout.journal.entries import Entry, JournalError, NewEntry, Stage
from gateway.callout.process_parts import AuditedCallouts
from gateway.clock import SYSTEM_CLOCK
from gateway.observe.callout_events import CalloutEvent
from gateway.outcome import Outcome
from tests.unit.callout.parts import SOURCE, Heard, answers, fails, received, stage
from tests.unit.callout.test_delivery import ANSWER, deliver, entry, outcomes
from tests.unit.callout.test_intake import Intake
from tests.unit.callout.test_synchronous import serve


class Audit(Unaudited):
    """Keeps records; it may be told to be in trouble, for as many records as that takes."""

    def __init__(self, troubles: int = 0) -> None:
        self.open = True
        self.troubles = troubles
        self.done: list[CalloutEvent] = []
        self.others: list[CalloutEvent] = []

    def callout(self, event):
        self.others.append(event)

    def callout_done(self, event):
        if self.troubles:
            self.troubles -= 1
            raise NotAuditedError("disk full", Outcome.UNKNOWN)
        self.done.append(event)


def test_an_icals_answer_is_recorded_before_it_goes_back():
    audit = Audit()
    with stage(answers(b"<score/>"), audit=audit) as scene:
        (response,) = serve(scene)

    assert response.data == b"<score/>"
    (event,) = audit.done
    assert (event.outcome, event.kind, event.user, event.service) == (
        "answered",
        "synchronous",
        "ALICE",
        "rating",
    )


def test_an_answer_that_cannot_be_recorded_is_withheld_and_its_program_told_so():
    with stage(answers(b"<score/>"), audit=Audit(troubles=1)) as scene:
        (response,) = serve(scene)

    assert response.reason is Status.INVOKING
    assert b"could not record" in response.data
    assert b"score" not in response.data
    (event,) = scene.heard.events
    assert (event.outcome, event.status) == ("failed", 1002)


def test_a_call_that_failed_is_told_whether_or_not_it_can_be_recorded():
    audit = Audit(troubles=9)
    with stage(fails(CalloutError(Status.NETWORK, "refused")), audit=audit) as scene:
        (response,) = serve(scene)

    assert response.reason is Status.NETWORK
    assert audit.troubles == 9


@pytest.mark.parametrize(("operation", "outcome"), [(None, "accepted"), (ANSWER, "answered")])
def test_a_delivery_is_recorded_before_the_journal_forgets_it(operation, outcome):
    audit = Audit()
    with stage(answers(b"<score/>"), operation=operation, audit=audit) as scene:
        deliver(scene)

    (event,) = audit.done
    assert (event.outcome, event.kind) == (outcome, "asynchronous")


def test_a_delivery_that_cannot_be_recorded_yet_stays_in_the_journal_and_is_not_called_again():
    audit, waits = Audit(troubles=2), []

    def kept(write):
        while True:
            try:
                return write()
            except JournalError as error:
                waits.append(str(error))

    with stage(lambda _call: None, audit=audit) as scene:
        Delivery(scene.means, scene.snapshot, entry(), kept).run()
        assert len(scene.service.calls) == 1
        assert scene.notes.said == [("delivered", Stage.CALL)]
        assert outcomes(scene) == ["accepted"]

    assert (len(waits), len(audit.done)) == (2, 1)
    assert "disk full" in waits[0]


def test_where_the_process_ends_before_it_was_recorded_it_is_not_forgotten():
    def kept(write):
        return write()

    with stage(lambda _call: None, audit=Audit(troubles=1)) as scene:
        with pytest.raises(JournalError):
            Delivery(scene.means, scene.snapshot, entry(), kept).run()
        assert scene.notes.said == []
        assert outcomes(scene) == []


def test_nothing_is_retrieved_while_it_could_not_be_recorded():
    audit, stop, kept = Audit(), Event(), []
    audit.open = False
    with stage(audit=audit) as scene:
        intake = Intake(scene).intake
        waiting = Thread(target=lambda: kept.append(intake.wait_for_room(stop)))
        waiting.start()
        stop.set()
        waiting.join()
        assert kept == [False]
        assert scene.means.slots.taken == 0
        audit.open = True
        assert intake.wait_for_room(Event())


def test_nothing_is_delivered_while_it_could_not_be_recorded():
    audit = Audit()
    audit.open = False
    with stage(audit=audit) as scene:
        assert Deliverer(scene.means)._turn() == LOOK_SECONDS
        assert scene.notes.said == []


def test_what_is_no_success_is_recorded_on_the_way_to_the_log():
    audit, heard = Audit(), Heard()
    later = CalloutError(Status.NETWORK, "refused", hope=Hope.LATER)
    with stage(fails(later)) as scene:
        new = NewEntry(SOURCE, b"event", SYSTEM_CLOCK.now(), "rating", "Rate")
        deliver(scene, Entry("0" * 32, new, Stage.CALL, 1, b""))
        sink = AuditedCallouts(audit, heard)
        for event in scene.heard.events:
            sink.callout(event)

    assert audit.others == heard.events == scene.heard.events
    assert received().synchronous
