"""The spans of a request: exactly these, out of this record."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from gateway.errors import MESSAGES, M, Side
from gateway.observe import timeline
from gateway.observe.events import RequestEnded
from gateway.observe.timeline import Stretch
from gateway.tracecontext import TraceContext
from gateway.traces.requests import context_of, is_traced, spans_of
from gateway.traces.spans import Kind, random_ids

OWN = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = TraceContext(TRACE, "b7ad6b7169203331", sampled=True)
AT = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
T0 = 1_767_323_045_678_901_000
"""AT in nanoseconds since 1970, by date -u +%s."""
MS = 1_000_000
STRETCHES = (
    Stretch(timeline.PARSE, 0.001, 0.002),
    Stretch(timeline.JUDGE, 0.003, 0.004),
    Stretch(timeline.AUTHENTICATE, 0.007, 0.001),
    Stretch(timeline.REQUEST, 0.008, 0.001),
    Stretch(timeline.SIGN_ON, 0.009, 0.001),
    Stretch(timeline.POOL, 0.011, 0.002),
    Stretch(timeline.ROUND_TRIP, 0.013, 0.020),
    Stretch(timeline.IMS, 0.010, 0.024),
    Stretch(timeline.REPLY, 0.034, 0.001),
)
EVENT = RequestEnded(
    tracking_id="urn:m1", service="phonebook", operation="Show", transaction="IVTNO", peer="192.0.2.1",
    tls=True,
    user="ALICE", origin="username", outcome="answered", message_id="", reason="private", return_code=None,
    reason_code=None, racf_code=None, reached_ims_connect=True, milliseconds=36, request_id=OWN,
    tracked_by="message-id", route="/imssoap/services/PhoneBookPort", received=AT, peer_port=4711,
    token="username",
    claimed="alice", certificate="CN=x", bundle="ims1", datastore="IMS1", endpoint="10.0.0.1:9999",
    client_id="AB12CD34", status=200, request_bytes=700, reply_bytes=900, timeline=STRETCHES,
    rules=("transport.https", "header.one"),
)  # fmt: skip


def numbered(count):
    return (f"{number:016x}" for number in range(1, count + 1))


def spans(event=EVENT):
    return list(spans_of(event, numbered))


def by_name(event=EVENT):
    return {span.name: span for span in spans(event)}


def test_the_whole_request_is_one_server_span():
    first = spans()[0]
    assert (first.name, first.kind) == ("POST /imssoap/services/PhoneBookPort", Kind.SERVER)
    assert (first.context, first.parent) == (TraceContext(OWN, "0000000000000001", True), None)
    assert (first.start, first.end) == (T0, T0 + 36 * MS)
    assert dict(first.attributes) == {
        "http.request.method": "POST",
        "http.route": "/imssoap/services/PhoneBookPort",
        "http.response.status_code": 200,
        "http.request.body.size": 700,
        "http.response.body.size": 900,
        "url.scheme": "https",
        "soap.service": "phonebook",
        "soap.operation": "Show",
        "wss.token_type": "username",
        "ims_gateway.outcome": "answered",
        "ims_gateway.tracking_id": "urn:m1",
        "ims_gateway.request_id": OWN,
        "ims_gateway.bundle": "ims1",
    }
    assert (first.error, first.remote_parent) == ("", False)


def test_each_stretch_is_a_child_at_its_time():
    found = [(span.name, (span.start - T0) // 1000, (span.end - T0) // 1000) for span in spans()[1:]]
    assert found == [
        ("soap.parse", 1000, 3000),
        ("wss.validate", 3000, 7000),
        ("wss.authenticate", 7000, 8000),
        ("transform.request", 8000, 9000),
        ("ims.sign_on_guard", 9000, 10000),
        ("ims.transaction IVTNO", 10000, 34000),
        ("ims.pool", 11000, 13000),
        ("ims.round_trip", 13000, 33000),
        ("transform.response", 34000, 35000),
    ]


def test_pool_and_round_trip_are_within_the_call_of_ims_and_all_else_within_the_request():
    found = by_name()
    root, ims = spans()[0].context, found["ims.transaction IVTNO"]
    assert ims.kind is Kind.CLIENT
    for name, span in found.items():
        if span.kind is Kind.SERVER:
            continue
        assert span.parent == (ims.context if name in {"ims.pool", "ims.round_trip"} else root)
        assert span.context.trace_id == OWN
    assert len({span.context.span_id for span in spans()}) == 10


def test_the_call_of_ims_says_where_it_went():
    assert dict(by_name()["ims.transaction IVTNO"].attributes) == {
        "server.address": "10.0.0.1",
        "server.port": 9999,
        "ims.transaction": "IVTNO",
        "ims.datastore": "IMS1",
        "ims.client_id": "AB12CD34",
    }
    found = by_name(replace(EVENT, endpoint="[fd00::1]:9998"))["ims.transaction IVTNO"].attributes
    assert (found["server.address"], found["server.port"]) == ("fd00::1", 9998)


def test_a_request_of_a_trace_is_a_child_of_the_callers_span():
    event = replace(EVENT, traceparent=str(PARENT), tracestate="rojo=1")
    first, *children = spans(event)
    assert (first.parent, first.remote_parent, first.context.trace_id) == (PARENT, True, TRACE)
    assert {child.context.trace_id for child in children} == {TRACE}
    assert {span.state for span in (first, *children)} == {"rojo=1"}
    assert {child.remote_parent for child in children} == {False}


def test_a_part_that_ended_after_the_rounded_milliseconds_is_still_within():
    event = replace(EVENT, milliseconds=0, timeline=(Stretch(timeline.PARSE, 0.0, 0.0004),))
    first, child = spans(event)
    assert first.start <= child.start <= child.end <= first.end == T0 + 400_000


def test_two_waits_of_one_call_are_two_children():
    twice = (
        Stretch(timeline.POOL, 0.1, 0.1),
        Stretch(timeline.POOL, 0.3, 0.1),
        Stretch(timeline.IMS, 0.1, 0.5),
    )
    _, ims, first, second = spans(replace(EVENT, timeline=twice))
    assert first.parent == second.parent == ims.context
    assert first.context != second.context


def test_a_refusal_of_the_judge_names_the_rule_and_is_no_error_of_the_server():
    event = replace(
        EVENT, outcome="refused", message_id="IGW1302E", status=500, operation="", transaction="",
        rules=("transport.https", "!timestamp.fresh"), timeline=STRETCHES[:2], endpoint="", client_id="",
    )  # fmt: skip
    first, _, judge = spans(event)
    assert (first.error, first.attributes["error.type"]) == ("", "IGW1302E")
    assert judge.attributes == {"wss.token_type": "username", "wss.rule": "timestamp.fresh"}


@pytest.mark.parametrize(
    ("message", "is_error"),
    [(M.IMS_CONNECT, True), (M.EXECUTION_TIMEOUT, True), (M.INTERNAL, True), (M.NOT_VALID, False)],
    ids=lambda value: getattr(value, "id", str(value)),
)
def test_an_error_is_whose_side_has_to_change_something(message, is_error):
    event = replace(EVENT, outcome="refused", message_id=message.id, status=500, return_code=8, reason_code=72)
    found = by_name(event)
    assert spans(event)[0].error == (message.id if is_error else "")
    assert found["ims.transaction IVTNO"].error == (message.id if is_error else "")
    attributes = found["ims.transaction IVTNO"].attributes
    assert (attributes["ims.rsm.return_code"], attributes["ims.rsm.reason_code"]) == (8, 72)


def test_both_sides_of_the_catalogue_are_known():
    assert {message.side for message in MESSAGES.values()} == {Side.CLIENT, Side.SERVER}


def test_nothing_of_who_called_or_why_he_was_refused_is_told():
    event = replace(
        EVENT, outcome="refused", message_id="IGW1304E", user="GEHEIM", claimed="GEHEIM", reason="GEHEIM",
        certificate="GEHEIM", peer="GEHEIM", issuer="GEHEIM", assertion_id="GEHEIM", attested_by="GEHEIM",
        issued_by="GEHEIM", racf_code=12, covered=("GEHEIM",),
    )  # fmt: skip
    told = str([(span.name, dict(span.attributes), span.error) for span in spans(event)])
    assert "GEHEIM" not in told
    assert "racf" not in told.lower()


class TestSampling:
    """Who decides whether a request is traced."""

    UNPICKED = "4bf92f3577b34da6a300000000000000"
    PICKED = "4bf92f3577b34da6a3ffffffffffffff"

    def traced(self, own, parent=None, ratio=0.5, trust=False):
        event = replace(EVENT, request_id=own, traceparent=str(parent or ""))
        return is_traced(event, ratio, trust_parent=trust)

    def test_the_share_is_of_the_requests_own_ids(self):
        assert self.traced(self.PICKED)
        assert not self.traced(self.UNPICKED)
        assert self.traced(self.UNPICKED, ratio=1.0)
        assert not self.traced(self.PICKED, ratio=0.0)

    @pytest.mark.parametrize("sampled", [True, False])
    def test_a_stranger_decides_neither_by_his_flag_nor_by_his_trace_id(self, sampled):
        parent = TraceContext(self.PICKED, "b7ad6b7169203331", sampled)
        assert not self.traced(self.UNPICKED, parent)
        assert self.traced(self.PICKED, replace(parent, trace_id=self.UNPICKED))

    def test_a_trusted_parent_decides(self):
        assert self.traced(self.UNPICKED, PARENT, ratio=0.0, trust=True)
        assert not self.traced(self.PICKED, replace(PARENT, sampled=False), ratio=1.0, trust=True)
        assert not self.traced(self.UNPICKED, None, trust=True)

    def test_the_request_belongs_to_the_callers_trace_in_any_case(self):
        event = replace(EVENT, traceparent=str(PARENT))
        for trust in (True, False):
            assert context_of(event, 1.0, trust_parent=trust, span_id="0" * 15 + "1").trace_id == TRACE

    def test_a_record_without_an_id_for_a_trace_is_not_traced(self):
        for own in ("", "t1", "0" * 32, OWN.upper()):
            assert not is_traced(replace(EVENT, request_id=own, tracking_id=own), 1.0, trust_parent=False)


def test_ids_of_spans_are_16_digits_and_differ():
    ids = list(random_ids(1000))
    assert len(set(ids)) == 1000
    assert all(len(one) == 16 and int(one, 16) for one in ids)
