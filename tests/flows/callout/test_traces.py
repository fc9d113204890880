"""Traces of callouts: the web service hears of the span that the collector gets."""

import pytest

from gateway.observe.callout_events import CalloutEnded, CalloutKept
from gateway.tracecontext import parse_traceparent
from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import GOOD, code, contract, event, rating
from tests.fixtures.running_gateway import wait_until


@pytest.fixture
def traced(lab, service, collector):
    lab.gateway(telemetry={"traces": collector.url, "interval_seconds": 0.05})
    lab.service(contract("rating", service.origin))
    lab.service(contract("events", service.origin), "events")
    return lab


def heard(service, number=0):
    """Return trace and span that a request to the web service names."""
    context = parse_traceparent(service.heard[number].headers["traceparent"])
    assert context is not None
    assert context.sampled
    return context.trace_id, context.span_id


def digits(message_id):
    return message_id.removeprefix("urn:uuid:").replace("-", "")


def test_a_synchronous_callout_goes_out_with_the_context_of_its_span(traced, service, collector):
    running = traced.start()
    assert code(traced.call(rating())) == GOOD
    (record,) = running.records.wait(CalloutEnded)
    (span,) = collector.of(record.tracking_id)
    assert heard(service) == (span.trace_id, span.span_id) == (digits(record.tracking_id), span.span_id)
    assert service.heard[0].message_id == record.tracking_id
    assert (span.name, span.kind, span.parent_id, span.error) == ("callout call rating/Rate", "client", "", "")
    assert span.attributes["server.port"] == int(service.origin.rpartition(":")[2])
    assert "tracestate" not in service.heard[0].headers
    assert "ALICE" not in str(span)


def test_deliveries_of_an_asynchronous_callout_are_one_trace(traced, service, collector):
    service.behave = hostile.status(503)
    running = traced.start()
    traced.post(event(1))
    wait_until(lambda: len(service.heard) >= 2, "two tries")
    service.behave = service.rating
    wait_until(lambda: "accepted" in running.records.outcomes, "the delivery")
    (kept,) = running.records.of(CalloutKept)
    tries = len(running.records.of(CalloutEnded))
    first, *deliveries = sorted(collector.trace(digits(kept.tracking_id), 1 + tries), key=lambda one: one.start)
    assert (first.name, first.kind, first.parent_id) == ("callout keep events/Post", "consumer", "")
    assert {one.parent_id for one in deliveries} == {first.span_id}
    assert [one.span_id for one in deliveries] == [heard(service, number)[1] for number in range(tries)]
    assert [one.attributes["ims_gateway.callout.attempt"] for one in deliveries] == list(range(1, tries + 1))
    assert [bool(one.error) for one in deliveries] == [True] * (tries - 1) + [False]


def test_without_traces_a_web_service_hears_of_none(lab, service):
    lab.service(contract("rating", service.origin))
    running = lab.start()
    assert code(lab.call(rating())) == GOOD
    assert "traceparent" not in service.heard[0].headers
    (record,) = running.records.wait(CalloutEnded)
    assert record.traceparent == ""


def test_what_is_not_among_the_share_says_so_and_is_not_sent(traced, service, collector):
    traced.gateway(telemetry={"traces": collector.url, "interval_seconds": 0.05, "sample": 0.0})
    running = traced.start()
    assert code(traced.call(rating())) == GOOD
    traced.post(event(1))
    wait_until(lambda: "accepted" in running.records.outcomes, "the delivery")
    running.stop()
    for one in service.heard:
        context = parse_traceparent(one.headers["traceparent"])
        assert context is not None
        assert not context.sampled
    assert collector.spans == []
