"""The spans of callouts: one trace a callout, whichever delivery of it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.observe.callout_events import CalloutEnded, CalloutKept
from gateway.tracecontext import TraceContext, context_of_urn
from gateway.traces.callouts import spans_of
from gateway.traces.spans import Kind

URN = "urn:uuid:4bf92f35-77b3-4da6-a3ce-929d0e0e4736"
TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
AT = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
T1 = 1_767_323_045_000_000_000
CONTEXT = TraceContext(TRACE, "00f067aa0ba902b7", sampled=True)
CALL = CalloutEnded(
    tracking_id=URN, kind="synchronous", bundle="ims1", tpipe="HWS2SOAP", service="rating",
    operation="getRating",
    address="https://rating.example.com:8443", user="GEHEIM", outcome="answered",
    milliseconds=250, traceparent=str(CONTEXT), reason="GEHEIM",
)  # fmt: skip
DELIVERY = replace(CALL, kind="asynchronous", attempt=2)


def span(event):
    (found,) = spans_of(event, AT)
    return found


def test_a_synchronous_callout_is_a_client_span_with_the_context_that_went_out():
    found = span(CALL)
    assert (found.name, found.kind) == ("callout call rating/getRating", Kind.CLIENT)
    assert (found.context, found.parent) == (CONTEXT, None)
    assert (found.start, found.end) == (T1 - 250_000_000, T1)
    assert dict(found.attributes) == {
        "soap.service": "rating",
        "soap.operation": "getRating",
        "ims.tpipe": "HWS2SOAP",
        "ims_gateway.bundle": "ims1",
        "ims_gateway.tracking_id": URN,
        "http.request.method": "POST",
        "url.scheme": "https",
        "server.address": "rating.example.com",
        "server.port": 8443,
        "ims_gateway.outcome": "answered",
    }
    assert found.error == ""


def test_deliveries_are_children_of_the_span_of_the_message_that_was_kept():
    kept = span(CalloutKept(URN, "ims1", "HWS2SOAP", "rating", "getRating", str(CONTEXT.root())))
    assert (kept.name, kept.kind, kept.parent) == ("callout keep rating/getRating", Kind.CONSUMER, None)
    assert kept.start == kept.end == T1
    first, second = span(replace(DELIVERY, attempt=1)), span(DELIVERY)
    assert first.parent == second.parent == kept.context
    assert (second.name, second.attributes["ims_gateway.callout.attempt"]) == (
        "callout deliver rating/getRating",
        2,
    )


@pytest.mark.parametrize(
    ("outcome", "status", "error"),
    [("accepted", 0, ""), ("failed", 1001, "1001"), ("retried", 1002, "1002"), ("dead", 0, "dead")],
)
def test_what_did_not_succeed_is_an_error_with_its_status(outcome, status, error):
    found = span(replace(CALL, outcome=outcome, status=status))
    assert found.error == error
    assert found.attributes.get("error.type", "") == error


def test_a_callout_that_is_not_traced_has_no_span():
    for traceparent in ("", "no", str(replace(CONTEXT, sampled=False))):
        assert list(spans_of(replace(CALL, traceparent=traceparent), AT)) == []


def test_one_that_failed_before_anybody_was_called_says_so_little():
    found = span(replace(CALL, service="", operation="", address="", outcome="failed", status=1010))
    assert found.name == "callout call"
    assert "server.address" not in found.attributes
    assert "http.request.method" not in found.attributes


def test_nobody_is_named():
    assert "GEHEIM" not in str([dict(span(CALL).attributes), span(CALL).name])


def test_the_trace_of_a_callout_has_the_digits_of_its_message_id():
    found = context_of_urn(URN, CONTEXT.span_id, 1.0)
    assert found == CONTEXT
    assert found.root() == TraceContext(TRACE, TRACE[:16], sampled=True)
    assert not context_of_urn(URN, CONTEXT.span_id, 0.0).sampled


@pytest.mark.parametrize("urn", ["", "urn:uuid:", "http://x", URN.upper(), f"{URN}0", "urn:uuid:" + "0" * 32])
def test_another_message_id_has_no_trace(urn):
    assert context_of_urn(urn, CONTEXT.span_id, 1.0) is None
