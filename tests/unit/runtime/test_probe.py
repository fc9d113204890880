"""Messages that are kept for a while: only where asked for, redacted, bounded, forgotten in time."""

from datetime import timedelta

import pytest

from gateway.exchange import Arrival, Peer
from gateway.runtime.probe import LONGEST, MOST_MESSAGES, Probe
from tests.fixtures.clock import SetClock


@pytest.fixture
def probe(clock: SetClock):
    return Probe(lambda data: f"redacted {len(data)}", clock)


def arrival(clock, service="lab", tracking_id="t", body=b"<secret/>"):
    return Arrival(
        service=service,
        tracking_id=tracking_id,
        received=clock.now(),
        peer=Peer("192.0.2.1", tls=True),
        content_type="text/xml",
        soap_action=None,
        body=body,
    )


def test_nothing_is_kept_unless_asked_for(probe, clock):
    probe.answered(arrival(clock), 200, b"<a/>")
    assert probe.captured("lab") == ()


def test_messages_of_the_service_are_kept_redacted_newest_first_until_the_time_is_over(probe, clock):
    probe.capture("lab", clock.now() + timedelta(minutes=2))
    probe.answered(arrival(clock, tracking_id="1"), 200, b"<a/>")
    probe.answered(arrival(clock, tracking_id="2"), 500, b"")
    probe.answered(arrival(clock, service="other"), 200, b"<a/>")
    kept = probe.captured("lab")
    assert [(one.tracking_id, one.status, one.request, one.answer) for one in kept] == [
        ("2", 500, "redacted 9", "redacted 0"),
        ("1", 200, "redacted 9", "redacted 4"),
    ]
    assert probe.captured("other") == ()
    clock.move(121)
    assert probe.captured("lab") == ()
    probe.answered(arrival(clock), 200, b"<a/>")
    assert probe.captured("lab") == ()


def test_capture_is_bounded_in_number_and_time(probe, clock):
    probe.capture("lab", clock.now() + timedelta(days=3))
    for number in range(MOST_MESSAGES + 3):
        probe.answered(arrival(clock, tracking_id=str(number)), 200, b"")
    assert len(probe.captured("lab")) == MOST_MESSAGES
    clock.move(LONGEST.total_seconds() + 1)
    assert probe.captured("lab") == ()


def test_switching_it_off_forgets_at_once(probe, clock):
    probe.capture("lab", clock.now() + timedelta(minutes=2))
    probe.answered(arrival(clock), 200, b"")
    probe.capture("lab", None)
    assert probe.captured("lab") == ()
    probe.capture("lab", None)


def test_a_message_that_cannot_be_redacted_costs_nobody_the_answer(clock, caplog):
    def redact(_data: bytes) -> str:
        raise ValueError("Wonderland7")

    probe = Probe(redact, clock)
    probe.capture("lab", clock.now() + timedelta(minutes=2))
    probe.answered(arrival(clock), 200, b"<a/>")
    assert probe.captured("lab") == ()
    assert "not captured" in caplog.text
    assert "<secret/>" not in caplog.text
