"""What IMS Connect reads: the forms of NAK, ACK, responses and error responses, by the offsets of the IRM.

Sources: Coding a NAK message to discard the callout message; ... to retain the callout message; Returning
callout responses to IMS; Returning an error response to IMS.
"""

import pytest

from gateway.callout.state import ListenerState
from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import ERROR_RESPONSE, GOOD, NAKED, TIMED_OUT, code, contract, event, rating, text
from tests.fixtures.callout_wire import ACK, NAK, RESPONSE, RESPONSE_ACK, RESUME
from tests.fixtures.running_gateway import wait_until

NO_MESSAGE = b"\xc8\xc5\xd3\xd3\xd6"
UNREADABLE = "<IOGCallout>".encode("cp1140")
REASON, RETAIN, REROUTE = 0x10, 0x20, 0x08
"""IRM_F0 X'10' and X'20'; IRM_F3 X'08'."""


@pytest.fixture
def tapped(lab, service, tap_of):
    """Run with all that goes to IMS Connect written down; keyword arguments go to the bundle's [callout]."""
    tap = tap_of(lab.standin)

    def start(operations=None, **callout):
        lab.bundle(ims_connect={"host": tap.host, "port": tap.port}, callout=callout)
        lab.service(contract("rating", service.origin), operations=operations or {})
        return tap, lab.start()

    return start


@pytest.mark.parametrize(("message", "status"), [(NO_MESSAGE, 1004), (UNREADABLE, 1006)])
def test_discard_ends_the_ical_and_the_resume_tpipe(lab, tapped, message, status):
    tap, _ = tapped(nak="discard")
    answer = lab.call(message)
    assert (code(answer), answer.extended_reason) == (NAKED, status)
    (nak,) = tap.of(NAK)
    assert (nak.f0, nak.f3 & REROUTE, nak.nak_reason) == (REASON, 0, status)
    assert nak.architecture >= 3
    wait_until(lambda: tap.sent[-1].verb == RESUME, "the next RESUME TPIPE")


@pytest.mark.parametrize(("message", "status"), [(NO_MESSAGE, 1005), (UNREADABLE, 1007)])
def test_reroute_ends_the_ical_alone(lab, tapped, message, status):
    tap, _ = tapped(nak="reroute")
    answer = lab.call(message)
    assert (code(answer), answer.extended_reason) == (NAKED, status)
    (nak,) = tap.of(NAK)
    assert (nak.f0, nak.f3 & REROUTE, nak.nak_reason) == (REASON, REROUTE, status)
    assert code(lab.call(rating())) == GOOD


def test_retain_leaves_the_message_where_it_is_and_it_comes_again(lab, tapped):
    tap, _ = tapped(nak="retain", retry_seconds=0.05)
    waiting = lab.ical(UNREADABLE, timeout_seconds=1.0)
    wait_until(lambda: len(tap.of(NAK)) >= 2, "the message fetched again")
    first = tap.of(NAK)[0]
    assert (first.f0, first.f3 & REROUTE, first.nak_reason) == (RETAIN, 0, 0)
    assert code(waiting.result(20)) == TIMED_OUT, "the ICAL goes on waiting"
    assert code(lab.call(rating())) == GOOD


def test_a_retained_message_can_be_read_when_its_service_is_there(lab, tapped, service):
    """A message without IOGCallout becomes one when the home says what it is."""
    tap, running = tapped(nak="retain", retry_seconds=0.05)
    waiting = lab.ical("RAW".encode("cp1140"), timeout_seconds=20.0)
    wait_until(lambda: tap.of(NAK), "the first NAK")
    lab.service(contract("rating", service.origin), raw={"PIPE1": {"operation": "Refuse", "form": "text"}})
    service.behave = hostile.payload(
        f'<RefuseResponse xmlns="{hostile.RATING}"><reason>DONE</reason></RefuseResponse>'
    )
    running.reload()
    answer = waiting.result(20)
    assert code(answer) == GOOD
    assert text(answer) == "DONE"
    assert service.heard[0].text("reason") == "RAW"


def test_an_asynchronous_message_that_cannot_be_read_is_acknowledged_and_a_dead_letter(lab, tapped):
    """A NAK would bring it again for ever."""
    tap, running = tapped(nak="discard")
    lab.post(UNREADABLE)
    wait_until(lambda: running.pictures()["ims1/PIPE1"].dead == 1, "the dead letter")
    wait_until(lambda: len(tap.of(ACK)) == 1, "the ACK")
    assert tap.of(NAK) == []
    wait_until(lambda: lab.left() == 0, "IMS without the message")
    (letter,) = running.runtime.journal.letters()
    assert letter.status == 1006


def test_a_message_is_acknowledged_before_the_service_has_answered(lab, tapped, service):
    tap, _ = tapped()
    service.rating.hold("SLOW")
    waiting = lab.ical(rating("SLOW"))
    wait_until(lambda: tap.of(ACK), "the ACK")
    assert tap.of(RESPONSE) == []
    service.rating.let_go()
    assert code(waiting.result(20)) == GOOD


def test_each_message_is_asked_for_by_its_own_resume_tpipe(lab, tapped):
    """Single with wait (IRM_F5 X'10'), callouts of both kinds (IRM_F0 X'40'), the tpipe in IRM_RT_ALTCID."""
    tap, _ = tapped()
    for _ in range(3):
        assert code(lab.call(rating())) == GOOD
    asked = tap.of(RESUME)
    assert len(asked) >= 4
    assert {(one.f5, one.f0, one.reroute_name) for one in asked} == {(0x10, 0x40, "PIPE1")}
    assert all(one.architecture >= 3 for one in asked)


@pytest.mark.parametrize(("requests", "f0"), [("synchronous", 0x80), ("asynchronous", 0x00), ("both", 0x40)])
def test_a_bundle_may_ask_for_one_kind_alone(lab, tapped, requests, f0):
    tap, running = tapped(requests=requests)
    running.wait_listening()
    assert {one.f0 for one in tap.of(RESUME)} == {f0}


def test_a_response_bears_the_token_and_goes_on_another_socket(lab, tapped):
    tap, _ = tapped()
    assert code(lab.call(rating())) == GOOD
    (response,) = tap.of(RESPONSE)
    (ical,) = lab.standin.icals
    assert response.token == ical.token
    assert response.f0 & (REASON | RETAIN) == 0
    assert "<score>3</score>" in response.block.decode("cp1140")
    assert response.connection not in {one.connection for one in tap.of(RESUME)}


def test_an_error_response_bears_token_reason_and_text(lab, tapped, service):
    tap, _ = tapped()
    service.behave = hostile.fault11(text="no such customer")
    answer = lab.call(rating())
    assert (code(answer), answer.extended_reason) == (ERROR_RESPONSE, 1002)
    (response,) = tap.of(RESPONSE)
    (ical,) = lab.standin.icals
    assert (response.token, response.f0 & (REASON | RETAIN), response.nak_reason) == (ical.token, REASON, 1002)
    assert response.architecture >= 3
    assert response.block.decode("cp1140").startswith("SOAP Gateway Error: 1002: ")


@pytest.mark.parametrize("good", [True, False])
def test_with_acknowledge_a_response_asks_for_an_answer(lab, tapped, service, good):
    tap, _ = tapped(operations={"acknowledge": True})
    if not good:
        service.behave = hostile.fault11()
    assert code(lab.call(rating())) == (GOOD if good else ERROR_RESPONSE)
    wait_until(lambda: tap.of(RESPONSE_ACK), "the response")
    assert tap.of(RESPONSE) == []


def test_a_restart_causes_no_nak(lab, tapped, service):
    """The original NAKs the first callout of each tpipe after a restart."""
    tap, running = tapped()
    assert code(lab.call(rating())) == GOOD
    running.stop()
    lab.start()
    assert code(lab.call(rating())) == GOOD
    assert tap.of(NAK) == []


def test_stopping_and_starting_a_listener_causes_no_nak(lab, tapped):
    tap, running = tapped()
    (picture,) = running.runtime.pictures()
    for _ in range(3):
        running.runtime.stop_listeners([picture.source])
        running.wait_state(ListenerState.STOPPED)
        waiting = lab.ical(rating())
        running.runtime.start_listeners([picture.source])
        assert code(waiting.result(20)) == GOOD
    assert tap.of(NAK) == []


def test_no_nak_at_all_in_the_life_of_a_busy_tpipe(lab, tapped):
    tap, running = tapped(concurrency=2)
    waiting = [lab.ical(rating(f"C{number}", number)) for number in range(30)]
    for number in range(10):
        lab.post(event(number, wsid="rating"))  # no such operation there: a dead letter
    assert {code(one.result(30)) for one in waiting} == {GOOD}
    wait_until(lambda: running.pictures()["ims1/PIPE1"].dead == 10, "the dead letters")
    assert tap.of(NAK) == []
    assert len(tap.of(RESPONSE)) == 30
