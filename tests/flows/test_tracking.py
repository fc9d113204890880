"""What a request is known by, on its whole way: answer, fault, log, record, IMS Connect."""

import logging
import re

import pytest
import structlog

from gateway.observe.logs import LogSink
from gateway.standin import RunningStandin
from tests.fixtures.in_process import SOAP11, SOAP12, work
from tests.fixtures.standin import standin_config

WSA = "http://www.w3.org/2005/08/addressing"
MESSAGE_ID = "urn:uuid:6b29fc40-ca47-1067-b31d-00dd010662da"
TRACE = "0af7651916cd43dd8448eb211c80319c"
TRACEPARENT = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def lines():
    return []


@pytest.fixture
def standin(lines):
    with RunningStandin(standin_config(), trace=1, write=lines.append) as running:
        yield running


@pytest.fixture
def gateway(in_process, standin):
    return in_process(standin.port)


def message_id(text):
    return f'<a:MessageID xmlns:a="{WSA}">{text}</a:MessageID>'


def known(gateway, reply):
    """Return id and source by the record, which answer and record agree on."""
    event = gateway.events.last
    assert reply.headers["x-tracking-id"] == event.tracking_id
    assert event.request_id
    return event.tracking_id, event.tracked_by


@pytest.mark.parametrize("soap", [SOAP11, SOAP12])
def test_the_message_id_of_a_request_is_in_answer_fault_and_record(gateway, soap):
    reply = gateway.post("LabPort", work("echo", "x"), message_id(MESSAGE_ID), soap=soap)
    assert reply.status == 200
    assert known(gateway, reply) == (MESSAGE_ID, "message-id")
    reply = gateway.post("LabPort", work("nowhere"), message_id(MESSAGE_ID), soap=soap)
    assert known(gateway, reply) == (MESSAGE_ID, "message-id")
    assert reply.fault_text.endswith(f"(tracking id {MESSAGE_ID})")
    assert reply.root.find(".//{*}trackingId").text == MESSAGE_ID


def test_a_refusal_of_the_judge_bears_it_too(gateway):
    reply = gateway.post("SecureLabPort", work("echo"), message_id(MESSAGE_ID))
    assert reply.message_id.startswith("IGW13")
    assert reply.fault_text.endswith(f"(tracking id {MESSAGE_ID})")
    assert known(gateway, reply) == (MESSAGE_ID, "message-id")


def test_a_message_that_cannot_be_read_is_known_by_its_headers_or_the_made_id(gateway):
    kind = {"content-type": "text/xml"}
    reply = gateway.request("POST", "/imssoap/services/LabPort", b"<a", {**kind, "traceparent": TRACEPARENT})
    assert known(gateway, reply) == (TRACE, "traceparent")
    assert reply.fault_text.endswith(f"(tracking id {TRACE})")
    reply = gateway.request("POST", "/imssoap/services/LabPort", b"<a", kind)
    assert known(gateway, reply) == (gateway.events.last.request_id, "")


def test_an_id_that_could_mean_something_is_not_taken(gateway):
    reply = gateway.post("LabPort", work("nowhere"), message_id("x&#13;&#10;Set-Cookie: a=b"))
    assert known(gateway, reply) == (gateway.events.last.request_id, "")
    assert "Set-Cookie" not in str(reply.headers)
    assert "Set-Cookie" not in reply.fault_text
    assert reply.root.find(".//{*}trackingId").text == gateway.events.last.request_id


def test_an_id_used_twice_is_two_requests(gateway):
    for _ in range(2):
        gateway.post("LabPort", work("echo", "x"), message_id(MESSAGE_ID))
    first, second = gateway.events.events
    assert first.tracking_id == second.tracking_id == MESSAGE_ID
    assert first.request_id != second.request_id
    assert first.own_id == first.request_id


def test_sources_are_what_the_home_says(in_process, standin):
    sources = ["element:{urn:ims-gateway:lab}text", "header:X-Request-ID"]
    gateway = in_process(standin.port, gateway={"tracking.sources": sources})
    reply = gateway.post("LabPort", work("echo", "order-4711"), message_id(MESSAGE_ID))
    assert known(gateway, reply) == ("order-4711", "element:{urn:ims-gateway:lab}text")
    kind = {"content-type": "text/xml", "X-Request-ID": "r-9"}
    reply = gateway.request("POST", "/imssoap/services/LabPort", b"<a", kind)
    assert known(gateway, reply) == ("r-9", "header:x-request-id")


def test_a_trace_context_goes_into_the_record_as_far_as_it_is_valid(gateway):
    kind = {"content-type": "text/xml", "traceparent": TRACEPARENT, "tracestate": "rojo=1, congo=2"}
    gateway.request("POST", "/imssoap/services/LabPort", b"<a", kind)
    event = gateway.events.last
    assert (event.traceparent, event.tracestate) == (TRACEPARENT, "rojo=1,congo=2")
    assert event.route == "/imssoap/services/LabPort"
    gateway.request("POST", "/imssoap/services/LabPort", b"<a", {**kind, "traceparent": TRACEPARENT.upper()})
    event = gateway.events.last
    assert (event.traceparent, event.tracestate, event.tracked_by) == ("", "", "")


def test_the_log_tells_both_ids_where_one_is_the_callers(gateway, caplog):
    structlog.reset_defaults()
    structlog.configure(
        processors=[structlog.stdlib.render_to_log_kwargs], logger_factory=structlog.stdlib.LoggerFactory()
    )
    with caplog.at_level(logging.INFO, "gateway.request"):
        gateway.post("LabPort", work("echo", "x"), message_id(MESSAGE_ID))
        LogSink().emit(gateway.events.last)
        gateway.post("LabPort", work("echo", "x"))
        LogSink().emit(gateway.events.last)
    structlog.reset_defaults()
    theirs, ours = [vars(record) for record in caplog.records if record.name == "gateway.request"]
    assert (theirs["tracking_id"], theirs["tracked_by"]) == (MESSAGE_ID, "message-id")
    assert theirs["request_id"] == gateway.events.events[0].request_id
    assert "request_id" not in ours


class TestToIms:
    def told(self, in_process, standin, lines, extension, header):
        gateway = in_process(standin.port, bundle={"ims_connect.tracking_extension": extension})
        reply = gateway.post("LabPort", work("echo", "x"), header)
        assert reply.status == 200
        return gateway.events.last, "\n".join(lines)

    def test_ibm_s_extension_carries_the_id_and_the_stand_in_shows_it(self, in_process, standin, lines):
        _, told = self.told(in_process, standin, lines, "*TRCKID*", message_id("order-4711"))
        assert re.search(r"IRMEXTN_ID\s.*\*TRCKID\*", told)
        assert re.search(r"IRMEXTN_DATA\s.*order-4711", told)

    def test_an_id_too_long_for_it_is_told_by_the_made_one(self, in_process, standin, lines):
        event, told = self.told(in_process, standin, lines, "*TRCKID*", message_id(MESSAGE_ID))
        assert len(MESSAGE_ID) == 45
        assert re.search(rf"IRMEXTN_DATA\s.*{event.request_id}", told)
        assert MESSAGE_ID not in told.partition("IRMEXTN_DATA")[2].partition("\n")[0]

    def test_a_site_s_own_extension_takes_it_whole_and_is_not_shown(self, in_process, standin, lines):
        _, told = self.told(in_process, standin, lines, "*OURID*", message_id(MESSAGE_ID))
        assert re.search(r"IRMEXTN_LL\s.*57 bytes", told), "12 and 45"
        assert re.search(r"IRMEXTN_DATA\s.*\*{8}", told)

    def test_without_the_key_nothing_is_told(self, gateway, lines):
        gateway.post("LabPort", work("echo", "x"), message_id(MESSAGE_ID))
        assert "IRMEXTN" not in "\n".join(lines)
