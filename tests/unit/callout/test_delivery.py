"""What becomes of one delivery of an asynchronous callout."""

import pytest

from gateway.callout.circuit import pause
from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.delivery import Delivery
from gateway.callout.journal.entries import Entry, JournalError, NewEntry, Stage
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import RetrySettings
from gateway.observe.callout_events import CircuitChanged
from tests.fixtures.clock import SetClock
from tests.unit.callout.parts import SOURCE, Ims, answers, fails, stage

ID = "0123456789abcdef0123456789abcdef"
AWAY = CalloutError(Status.NETWORK, "refused", hope=Hope.LATER)
NEVER = CalloutError(Status.INVOKING, "SOAP fault: Client", hope=Hope.NONE, maybe_done=True)
ANSWER = {"response_transaction": "SCORED"}


def entry(data=b"event", stage_=Stage.CALL, attempts=1, answer=b""):
    new = NewEntry(SOURCE, data, SYSTEM_CLOCK.now(), "rating", "Rate")
    return Entry(ID, new, stage_, attempts, answer)


def kept(write):
    return write()


def deliver(scene, one=None):
    Delivery(scene.means, scene.snapshot, one or entry(), kept).run()
    return scene.notes.said


def outcomes(scene):
    return [event.outcome for event in scene.heard.events if hasattr(event, "outcome")]


def test_a_call_that_reached_its_service_is_forgotten():
    with stage(lambda _call: None) as scene:
        assert deliver(scene) == [("delivered", Stage.CALL)]
        (call,) = scene.service.calls
        assert (call.synchronous, call.user) == (False, "")
        assert call.message_id == "urn:uuid:01234567-89ab-cdef-0123-456789abcdef"
        assert call.give_up == call.deadline
        assert outcomes(scene) == ["accepted"]


def test_an_answer_that_nobody_wants_is_dropped():
    with stage(answers()) as scene:
        assert deliver(scene) == [("delivered", Stage.CALL)]
        assert scene.ims.inputs == []


def test_an_answer_is_kept_before_it_goes_to_its_transaction():
    with stage(answers(b"<score/>"), operation=ANSWER) as scene:
        assert deliver(scene) == [("answered", b"<score/>"), ("delivered", Stage.ANSWER)]
        assert scene.ims.inputs == [("SCORED", b"<score/>")]
        assert outcomes(scene) == ["answered"]


def test_a_kept_answer_goes_to_ims_without_another_call():
    with stage(operation=ANSWER) as scene:
        assert deliver(scene, entry(stage_=Stage.ANSWER, answer=b"<score/>")) == [("delivered", Stage.ANSWER)]
        assert scene.service.calls == []
        assert scene.ims.inputs == [("SCORED", b"<score/>")]


def test_what_may_succeed_later_waits_twice_as_long_each_time():
    retry = RetrySettings(attempts=10, first_seconds=2.0, longest_seconds=10.0)
    with stage(fails(AWAY), retry=retry) as scene:
        for attempts in range(1, 5):
            deliver(scene, entry(attempts=attempts))
        assert scene.notes.said == [("again", seconds, Status.NETWORK) for seconds in (2.0, 4.0, 8.0, 10.0)]
        assert outcomes(scene) == ["retried"] * 4


def test_the_last_attempt_makes_a_dead_letter():
    with stage(fails(AWAY), retry=RetrySettings(attempts=3)) as scene:
        assert deliver(scene, entry(attempts=3)) == [("dead", Status.NETWORK, "refused")]
        assert outcomes(scene) == ["dead"]


def test_what_cannot_succeed_is_a_dead_letter_at_once():
    with stage(fails(NEVER)) as scene:
        assert deliver(scene) == [("dead", Status.INVOKING, "SOAP fault: Client")]


@pytest.mark.parametrize("data", [b"BAD", b"LOST"])
def test_what_can_no_more_be_read_or_goes_nowhere_is_a_dead_letter(data):
    with stage() as scene:
        ((word, *_),) = deliver(scene, entry(data))
        assert word == "dead"
        assert scene.service.calls == []


def test_an_answer_that_ims_does_not_take_now_waits():
    ims = Ims(CalloutError(Status.SENDING, "IMS is away", hope=Hope.LATER))
    with stage(ims=ims, operation=ANSWER) as scene:
        assert deliver(scene)[-1] == ("again", 1.0, Status.SENDING)


def test_an_answer_of_which_nobody_knows_whether_ims_has_it_is_not_sent_again():
    ims = Ims(CalloutError(Status.SENDING, "nobody knows", maybe_done=True))
    with stage(ims=ims, operation=ANSWER) as scene:
        assert deliver(scene)[-1] == ("dead", Status.SENDING, "nobody knows")


def test_a_callout_to_a_stopped_service_waits_and_counts_no_attempt():
    with stage(answers(), enabled=False, retry=RetrySettings(attempts=1)) as scene:
        assert deliver(scene) == [("postponed",)]
        assert scene.service.calls == []
        assert outcomes(scene) == []


def test_the_answer_of_a_service_that_was_stopped_meanwhile_still_goes_to_ims():
    with stage(operation=ANSWER, enabled=False) as scene:
        assert deliver(scene, entry(stage_=Stage.ANSWER, answer=b"<score/>")) == [("delivered", Stage.ANSWER)]
        assert scene.ims.inputs == [("SCORED", b"<score/>")]


def test_an_address_that_fails_again_and_again_pauses_and_one_delivery_tries_it():
    clock = SetClock()
    retry = RetrySettings(circuit_failures=2, first_seconds=5.0)
    with stage(fails(AWAY), fails(AWAY), answers(), retry=retry, clock=clock) as scene:
        deliver(scene)
        deliver(scene)
        assert scene.heard.events[-2:][0].open
        deliver(scene)
        assert scene.notes.said[-1] == ("postponed",)
        assert len(scene.service.calls) == 2
        clock.move(5.1)
        deliver(scene)
        assert scene.notes.said[-1] == ("delivered", Stage.CALL)
        changes = [event.open for event in scene.heard.events if isinstance(event, CircuitChanged)]
        assert changes == [True, False]


def test_a_service_that_answers_with_a_fault_is_there():
    retry = RetrySettings(circuit_failures=1)
    with stage(fails(NEVER), answers(), retry=retry) as scene:
        deliver(scene)
        assert deliver(scene)[-1] == ("delivered", Stage.CALL)


def test_a_journal_that_fails_keeps_the_error_for_who_retries():
    with stage() as scene:
        scene.notes.trouble.append(JournalError("disk full"))
        with pytest.raises(JournalError):
            deliver(scene)


def test_pauses_stay_within_bounds():
    settings = RetrySettings(first_seconds=1.0, longest_seconds=300.0)
    assert [pause(settings, n) for n in (1, 2, 9, 10, 1000)] == [1.0, 2.0, 256.0, 300.0, 300.0]


def test_an_error_of_ours_is_told_and_tried_again_up_to_the_last_attempt():
    def breaks(_call):
        raise RuntimeError("words of ours")

    with stage(breaks, retry=RetrySettings(attempts=3)) as scene:
        for attempts in (1, 2, 3):
            deliver(scene, entry(attempts=attempts))
        assert [said[0] for said in scene.notes.said] == ["again", "again", "dead"]
        assert outcomes(scene) == ["retried", "retried", "dead"]
        assert all("words" not in event.reason for event in scene.heard.events if hasattr(event, "outcome"))


def test_behind_an_error_of_ours_an_input_that_ims_may_have_is_not_sent_again():
    with stage(ims=Ims(RuntimeError("of ours")), operation=ANSWER) as scene:
        assert deliver(scene, entry(stage_=Stage.ANSWER, answer=b"<score/>"))[-1][0] == "dead"
