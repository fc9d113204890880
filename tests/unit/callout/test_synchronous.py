"""An ICAL gets one answer, in time, whatever happens to the call."""

from threading import Event, Thread

import pytest

from gateway.callout.codes import CalloutError, Status
from gateway.callout.responder import LateError
from gateway.callout.synchronous import SynchronousDesk
from gateway.clock import SYSTEM_CLOCK
from gateway.observe.callout_events import CalloutEnded, LateAnswer
from tests.fixtures.running_gateway import wait_until
from tests.unit.callout.parts import TOKEN, UTF_8, Ims, answers, fails, received, stage


def serve(scene, message=None):
    """Serve one ICAL to its end; returns the responses that IMS got."""
    desk = SynchronousDesk(scene.means)
    begin(scene, desk, message)
    desk.close()
    return scene.ims.responses


def begin(scene, desk, message=None):
    message = message or received()
    assert scene.means.slots.take(Event())
    request = scene.snapshot.reader.read(message)
    desk.begin(message, request, SYSTEM_CLOCK.monotonic())


def test_the_answer_goes_back_with_the_token_and_the_room_is_free_again():
    with stage(answers(b"<score/>")) as scene:
        (response,) = serve(scene)
        assert (response.token, response.data, response.reason) == (TOKEN, b"<score/>", None)
        assert not response.acknowledge
        assert scene.means.slots.taken == 0
        (event,) = scene.heard.events
        assert (event.outcome, event.service, event.user, event.status) == ("answered", "rating", "ALICE", 0)
        assert event.address == "https://rating.example"


def test_the_call_says_who_calls_and_how_long_it_may_take():
    with stage(operation={"timeout_ms": 2000, "late_answer_ms": 500}) as scene:
        before = SYSTEM_CLOCK.monotonic()
        serve(scene)
        (call,) = scene.service.calls
        assert call.user == "ALICE"
        assert call.synchronous
        assert call.message_id.startswith("urn:uuid:")
        assert before + 2 <= call.deadline <= SYSTEM_CLOCK.monotonic() + 2
        assert call.give_up == pytest.approx(call.deadline + 0.5)


@pytest.mark.parametrize("status", [Status.NO_RESPONSE, Status.INVOKING, Status.NETWORK, Status.IDENTITY])
def test_a_call_that_fails_is_told_as_an_error_response_with_its_status(status):
    with stage(fails(CalloutError(status, "so it was", "secret of ours"))) as scene:
        (response,) = serve(scene)
        network = "IOGS0077E: " if status is Status.NETWORK else ""
        assert response.data.decode() == f"SOAP Gateway Error: {int(status)}: {network}so it was"
        assert response.reason == status
        (event,) = scene.heard.events
        assert (event.outcome, event.status) == ("failed", status)
        assert "secret of ours" in event.reason


def test_a_request_that_goes_nowhere_is_told_too():
    with stage() as scene:
        (response,) = serve(scene, received(b"LOST"))
        assert response.reason == Status.INVOKING
        assert scene.service.calls == []


def test_a_program_that_calls_a_stopped_service_is_told_1906_and_nothing_is_called():
    with stage(enabled=False) as scene:
        (response,) = serve(scene)
        assert response.reason == 1906
        assert response.data == b"SOAP Gateway Error: 1906: the service is stopped"
        assert scene.service.calls == []
        assert scene.means.slots.taken == 0


def test_an_error_of_ours_is_told_without_its_words():
    def breaks(call):
        raise RuntimeError("words of ours")

    with stage(breaks) as scene:
        (response,) = serve(scene)
        assert response.reason == Status.INVOKING
        assert b"words" not in response.data
        assert scene.means.slots.taken == 0


def test_a_one_way_operation_answers_with_nothing():
    with stage(lambda _call: None) as scene:
        (response,) = serve(scene)
        assert (response.data, response.reason) == (b"", None)


def test_a_program_is_told_1001_at_its_time_while_the_call_is_listened_to():
    let_go = Event()

    def slow(call):
        assert let_go.wait(60)
        return b"too late"

    with stage(slow, operation={"timeout_ms": 20, "late_answer_ms": 60_000}) as scene:
        desk = SynchronousDesk(scene.means)
        begin(scene, desk)
        wait_until(lambda: scene.heard.events, "the program is told", 30)
        (response,) = scene.ims.responses
        assert response.reason == Status.NO_RESPONSE
        assert response.data == b"SOAP Gateway Error: 1001: no response within 20 ms"
        # its room is another's, while its thread still listens
        wait_until(lambda: not scene.means.slots.taken, "the room is free", 30)
        let_go.set()
        desk.close()
        assert len(scene.ims.responses) == 1
        ended, late = scene.heard.events
        assert isinstance(ended, CalloutEnded)
        assert isinstance(late, LateAnswer)
        assert (late.where, late.service, late.tracking_id) == ("service", "rating", ended.tracking_id)


def test_no_more_calls_are_listened_to_late_than_may_be_in_work():
    let_go = Event()

    def slow(call):
        assert let_go.wait(60)
        return b"too late"

    with stage(slow, operation={"timeout_ms": 10, "late_answer_ms": 60_000}, concurrency=1) as scene:
        desk = SynchronousDesk(scene.means)
        begin(scene, desk)
        wait_until(lambda: len(scene.heard.events) == 1, "the first is told", 30)
        begin(scene, desk)
        wait_until(lambda: len(scene.heard.events) == 2, "the second is told", 30)
        assert scene.means.slots.taken == 1
        let_go.set()
        desk.close()
        assert scene.means.slots.taken == 0


def test_a_failure_behind_the_deadline_is_recorded_and_not_told_twice():
    let_go = Event()

    def slow(call):
        assert let_go.wait(60)
        raise CalloutError(Status.NETWORK, "reset")

    with stage(slow, operation={"timeout_ms": 10}) as scene:
        desk = SynchronousDesk(scene.means)
        begin(scene, desk)
        wait_until(lambda: scene.heard.events, "the program is told", 30)
        let_go.set()
        desk.close()
        assert [one.reason for one in scene.ims.responses] == [Status.NO_RESPONSE]
        assert isinstance(scene.heard.events[-1], LateAnswer)


def test_with_acknowledgement_a_refused_response_is_recorded_as_late():
    ims = Ims(LateError("RSM 16/17"))
    with stage(ims=ims, operation={"acknowledge": True}) as scene:
        (response,) = serve(scene)
        assert response.acknowledge
        (event,) = scene.heard.events
        assert isinstance(event, LateAnswer)
        assert (event.where, event.reason) == ("ims", "IOGS0082E: RSM 16/17")


def test_with_acknowledgement_the_log_says_what_ims_said_to_the_response():
    operation = {"acknowledge": True}
    with stage(operation=operation) as scene:
        serve(scene)
        (event,) = scene.heard.events
        assert (event.outcome, event.reason) == ("answered", "IOGS0081I")
    with stage(ims=Ims(CalloutError(Status.SENDING, "IMS could not be reached")), operation=operation) as scene:
        serve(scene)
        (event,) = scene.heard.events
        assert (event.outcome, event.status) == ("failed", Status.SENDING)
        assert "IOGS0083E" in event.reason


def test_a_response_that_cannot_be_sent_is_1003_in_the_log():
    ims = Ims(CalloutError(Status.SENDING, "IMS could not be reached"))
    with stage(ims=ims) as scene:
        serve(scene)
        (event,) = scene.heard.events
        assert (event.outcome, event.status) == ("failed", Status.SENDING)


def test_a_response_that_is_too_long_is_told_to_the_program():
    ims = Ims(CalloutError(Status.RESPONSE_SIZE, "too long"))
    with stage(ims=ims) as scene:
        first, second = serve(scene)
        assert first.reason is None
        assert second.reason == Status.RESPONSE_SIZE


def test_the_converter_of_the_control_data_replaces_that_of_the_correlator():
    operation = {"adapter": "xml", "converter": "RATINGD"}
    with stage(operation=operation) as scene:
        (response,) = serve(scene)
        assert (response.adapter, response.converter) == ("HWSXMLA0", "RATINGD")


def test_an_error_response_is_written_in_the_encoding_of_its_message():
    with stage(fails(CalloutError(Status.INVOKING, "Zürich 株"))) as scene:
        assert scene.snapshot.reader.read(received()).ccsid == UTF_8
        (response,) = serve(scene)
        assert response.data.decode().endswith("Zürich 株")


class SlowIms(Ims):
    """Takes its time with every response."""

    def __init__(self):
        super().__init__()
        self.asked, self.go_on = Event(), Event()

    def respond(self, response):
        self.asked.set()
        assert self.go_on.wait(60)
        super().respond(response)


@pytest.mark.parametrize("late_answer", [b"too late", None], ids=["while it listens", "behind its thread"])
def test_a_program_that_is_being_told_1001_is_in_work_until_it_is_told(late_answer):
    let_go, ims = Event(), SlowIms()

    def slow(_call):
        assert ims.asked.wait(60)
        if late_answer is None:
            assert let_go.wait(60)
        return b"too late"

    with stage(slow, ims=ims, operation={"timeout_ms": 10, "late_answer_ms": 60_000}) as scene:
        desk = SynchronousDesk(scene.means)
        begin(scene, desk)
        assert ims.asked.wait(30)
        if late_answer is not None:
            wait_until(lambda: scene.heard.events, "its thread has ended", 30)
        assert scene.means.slots.taken == 1
        closing = Thread(target=desk.close)
        closing.start()
        let_go.set()
        assert closing.is_alive()
        ims.go_on.set()
        closing.join(30)
        assert [one.reason for one in ims.responses] == [Status.NO_RESPONSE]
        assert scene.means.slots.taken == 0


def test_a_program_that_cannot_be_told_of_an_error_of_ours_is_in_the_log(caplog):
    ims = Ims(RuntimeError("first"), RuntimeError("second"))
    with stage(ims=ims) as scene:
        serve(scene)
        assert scene.means.slots.taken == 0
    assert "could not be told: 1002 internal error of the gateway" in caplog.text
