"""What is counted of callouts, as Prometheus reads it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.observe.callout_events import CalloutEnded, CircuitChanged, LateAnswer, ListenerChanged
from gateway.observe.callout_metrics import CalloutMetrics, CountedCallouts, ListenerReading
from tests.unit.observe.test_metrics import COMMON, values

ENDED = CalloutEnded(
    tracking_id="urn:uuid:1",
    kind="synchronous",
    bundle="ims1",
    tpipe="CALL1",
    service="rating",
    operation="Rate",
    address="https://rating.example.com",
    user="ALICE",
    outcome="answered",
    status=0,
    reason="",
    attempt=1,
    milliseconds=120,
)
LATE = LateAnswer("urn:uuid:1", "ims1", "CALL1", "rating", "Rate", "service", 6000, "")
NAMES = {
    "imsgw_callouts_total": "counter",
    "imsgw_callout_failures_total": "counter",
    "imsgw_callout_duration_seconds": "histogram",
    "imsgw_callout_retries_total": "counter",
    "imsgw_callout_late_answers_total": "counter",
    "imsgw_callout_reloads_total": "counter",
    "imsgw_callout_messages_total": "counter",
    "imsgw_callout_listener_up": "gauge",
    "imsgw_callout_listener_state": "gauge",
    "imsgw_callout_in_work": "gauge",
    "imsgw_callout_journal_entries": "gauge",
    "imsgw_callout_journal_up": "gauge",
    "imsgw_callout_circuit_open": "gauge",
}
WHERE = 'bundle="ims1",tpipe="CALL1"'


@pytest.fixture
def metrics():
    counted = CalloutMetrics()
    counted.deployed(["rating", "events"])
    return counted


def test_names_and_types_are_those_that_are_documented(metrics):
    lines = [line.split() for line in metrics.page().decode().splitlines() if line.startswith("# TYPE imsgw")]
    told = {name: kind for _, _, name, kind in lines if not name.endswith("_created")}
    assert {name: kind for name, kind in told.items() if name not in COMMON} == NAMES
    assert COMMON.keys() <= told.keys()


@pytest.mark.parametrize("kind", ["synchronous", "asynchronous"])
@pytest.mark.parametrize("outcome", ["answered", "accepted", "failed", "refused", "retried", "dead"])
def test_each_outcome_counts_by_tpipe_service_and_kind(metrics, kind, outcome):
    metrics.callout(replace(ENDED, kind=kind, outcome=outcome))
    metrics.callout(replace(ENDED, kind=kind, outcome=outcome))
    shown = values(metrics.page())
    labels = f'{WHERE},kind="{kind}",outcome="{outcome}",service="rating"'
    found = {name: value for name, value in shown.items() if name.startswith("imsgw_callouts_total")}
    assert found == {_sorted(f"imsgw_callouts_total{{{labels}}}", shown): 2}


def _sorted(name, shown):
    """Return the name in `shown` with the same labels, whatever their order."""

    def parts(text):
        head, _, labels = text.partition("{")
        return head, frozenset(labels.rstrip("}").split(","))

    (found,) = [each for each in shown if parts(each) == parts(name)]
    return found


def value(metrics, name):
    shown = values(metrics.page())
    return shown[_sorted(name, shown)]


def test_a_service_that_a_message_made_up_is_no_label(metrics):
    metrics.callout(replace(ENDED, service="evil", outcome="refused", status=1006, attempt=2))
    metrics.callout(replace(ENDED, service="", outcome="refused", status=1006))
    metrics.callout(replace(LATE, service="evil"))
    metrics.callout(CircuitChanged("evil", "https://evil.example", open=True, reason=""))
    page = metrics.page().decode()
    assert "evil" not in page
    assert value(metrics, 'imsgw_callout_failures_total{service="-",status="1006"}') == 2


def test_failures_count_by_status_code(metrics):
    for status in (1001, 1001, 1009, 0):
        metrics.callout(replace(ENDED, outcome="failed", status=status))
    assert value(metrics, 'imsgw_callout_failures_total{service="rating",status="1001"}') == 2
    assert value(metrics, 'imsgw_callout_failures_total{service="rating",status="1009"}') == 1
    assert 'status="0"' not in metrics.page().decode()


def test_durations_are_of_those_that_were_to_call_somebody(metrics):
    metrics.callout(ENDED)
    metrics.callout(replace(ENDED, milliseconds=2000, outcome="failed"))
    metrics.callout(replace(ENDED, milliseconds=0, outcome="refused", address=""))
    assert value(metrics, 'imsgw_callout_duration_seconds_count{service="rating"}') == 2
    assert value(metrics, 'imsgw_callout_duration_seconds_sum{service="rating"}') == 2.12
    assert value(metrics, 'imsgw_callout_duration_seconds_bucket{service="rating",le="0.25"}') == 1


def test_a_delivery_that_is_not_the_first_is_a_retry(metrics):
    for attempt in (1, 2, 3):
        metrics.callout(replace(ENDED, kind="asynchronous", attempt=attempt))
    assert value(metrics, 'imsgw_callout_retries_total{service="rating"}') == 2


@pytest.mark.parametrize("where", ["service", "ims"])
def test_late_answers_count_by_where_they_came_too_late(metrics, where):
    metrics.callout(replace(LATE, where=where))
    assert value(metrics, f'imsgw_callout_late_answers_total{{service="rating",where="{where}"}}') == 1


def test_a_service_whose_addresses_pause_shows_how_many(metrics):
    def opened(address, *, is_open):
        metrics.callout(CircuitChanged("rating", address, is_open, ""))
        return value(metrics, 'imsgw_callout_circuit_open{service="rating"}')

    assert opened("https://a", is_open=True) == 1
    assert opened("https://a", is_open=True) == 1
    assert opened("https://b", is_open=True) == 2
    assert opened("https://a", is_open=False) == 1
    assert opened("https://never", is_open=False) == 1
    assert value(metrics, 'imsgw_callout_circuit_open{service="events"}') == 0


def test_a_service_that_is_gone_takes_its_pauses_along(metrics):
    metrics.callout(CircuitChanged("rating", "https://a", open=True, reason=""))
    metrics.deployed(["events"])
    assert 'circuit_open{service="rating"}' not in metrics.page().decode()
    metrics.deployed(["events", "rating"])
    assert value(metrics, 'imsgw_callout_circuit_open{service="rating"}') == 0


def test_listeners_are_asked_when_the_page_is_made(metrics):
    reading = ListenerReading("ims1", "CALL1", "listening", True, 7, 2, 3, {"waiting": 4, "dead": 1})
    now = [reading]
    usable = [True]
    metrics.show(lambda: now, lambda: usable[0])
    assert value(metrics, "imsgw_callout_journal_up") == 1
    usable[0] = False
    assert value(metrics, "imsgw_callout_journal_up") == 0
    assert value(metrics, f"imsgw_callout_listener_up{{{WHERE}}}") == 1
    assert value(metrics, f'imsgw_callout_listener_state{{{WHERE},state="listening"}}') == 1
    assert value(metrics, f"imsgw_callout_in_work{{{WHERE}}}") == 3
    assert value(metrics, f'imsgw_callout_journal_entries{{{WHERE},state="waiting"}}') == 4
    assert value(metrics, f'imsgw_callout_journal_entries{{{WHERE},state="dead"}}') == 1
    assert value(metrics, f'imsgw_callout_messages_total{{{WHERE},answer="ack"}}') == 7
    assert value(metrics, f'imsgw_callout_messages_total{{{WHERE},answer="nak"}}') == 2
    now[:] = [replace(reading, state="failed", up=False)]
    assert value(metrics, f"imsgw_callout_listener_up{{{WHERE}}}") == 0
    assert 'state="listening"' not in metrics.page().decode()
    now.clear()
    assert WHERE not in metrics.page().decode()


def test_reloads_count_by_their_outcome(metrics):
    assert value(metrics, 'imsgw_callout_reloads_total{outcome="refused"}') == 0
    at = datetime(2026, 11, 22, tzinfo=UTC)
    metrics.reloaded(2, at, done=True)
    assert value(metrics, "imsgw_config_last_reload_successful") == 1
    metrics.reloaded(2, at, done=False)
    assert value(metrics, 'imsgw_callout_reloads_total{outcome="done"}') == 1
    assert value(metrics, 'imsgw_callout_reloads_total{outcome="refused"}') == 1
    assert value(metrics, 'imsgw_reloads_total{outcome="in force"}') == 1
    assert value(metrics, 'imsgw_reloads_total{outcome="refused"}') == 1
    assert value(metrics, "imsgw_config_version") == 2
    assert value(metrics, "imsgw_config_last_reload_timestamp_seconds") == at.timestamp()
    assert value(metrics, "imsgw_config_last_reload_successful") == 0


def test_every_event_is_passed_on(metrics):
    passed = []

    class Sink:
        def callout(self, event):
            passed.append(event)

    sink = CountedCallouts(metrics, Sink())
    events = [
        ENDED,
        LATE,
        CircuitChanged("rating", "a", True, ""),
        ListenerChanged("ims1", "CALL1", "full", ""),
    ]
    for event in events:
        sink.callout(event)
    assert passed == events
    assert "imsgw_callouts_total{" in metrics.page().decode()
