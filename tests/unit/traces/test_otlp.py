"""Spans on the wire, decoded by OpenTelemetry's own definitions; TLS; collectors that are away or refuse."""

import logging
import os
import socket
import ssl
from dataclasses import replace

import pytest
import requests

from gateway import __version__
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import TelemetrySettings
from gateway.errors import ConfigError
from gateway.exchange import Secret
from gateway.traces.opening import open_traces
from gateway.traces.otlp import Exporter
from gateway.traces.requests import spans_of
from tests.fixtures.collector import collecting
from tests.fixtures.pki import PASSWORD, keystore, truststore
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import wait_until
from tests.unit.traces.test_outbox import Counts
from tests.unit.traces.test_requests import EVENT, OWN, PARENT, T0, numbered


def settings(url, **keys):
    return TelemetrySettings.model_construct(
        **{
            **TelemetrySettings().model_dump(),
            "traces": url,
            "interval_seconds": 0.01,
            "timeout_seconds": 5.0,
            **keys,
        }
    )


@pytest.fixture
def sending():
    made = []

    def make(*args, **keys):
        made.append(Exporter(settings(*args, **keys), "host:1"))
        return made[-1]

    yield make
    for one in made:
        one.close()


def spans(event=EVENT):
    return list(spans_of(event, numbered))


def test_a_span_arrives_as_it_was_said(collector, sending):
    event = replace(EVENT, traceparent=str(PARENT), tracestate="rojo=1,congo=2")
    exporter = sending(
        collector.url, service_name="gateway-a", attributes=("deployment.environment.name=test",)
    )
    assert exporter.send(spans(event)) == ""
    first, *others = collector.spans
    assert (first.name, first.kind) == ("POST /imssoap/services/PhoneBookPort", "server")
    assert (first.trace_id, first.span_id, first.parent_id) == (PARENT.trace_id, f"{1:016x}", PARENT.span_id)
    assert (first.start, first.end, first.state) == (T0, T0 + 36_000_000, "rojo=1,congo=2")
    assert (first.remote_parent, {one.remote_parent for one in others}) == (True, {False})
    assert first.attributes["http.response.status_code"] == 200
    assert first.attributes["ims_gateway.tracking_id"] == "urn:m1"
    assert first.resource == {
        "service.name": "gateway-a",
        "service.version": __version__,
        "service.instance.id": "host:1",
        "deployment.environment.name": "test",
    }
    assert first.scope == "ims-gateway"
    assert len(others) == 9
    assert [one.name for one in others if one.kind == "client"] == ["ims.transaction IVTNO"]


def test_an_error_has_its_id_for_a_status(collector, sending):
    failed = replace(EVENT, outcome="refused", message_id="IGW2006E", status=500)
    assert sending(collector.url).send(spans(failed)) == ""
    assert collector.spans[0].error == "IGW2006E"


def test_a_secret_goes_in_its_header(collector, sending):
    exporter = sending(collector.url, secret=Secret("Bearer M4RK3R"), secret_header="X-Api-Key")
    assert exporter.send(spans()) == ""
    assert collector.headers[0]["x-api-key"] == "Bearer M4RK3R"
    assert "M4RK3R" not in repr(exporter)


@pytest.mark.parametrize("name", ["OTEL_EXPORTER_OTLP_HEADERS", "OTEL_EXPORTER_OTLP_TRACES_HEADERS"])
def test_headers_of_the_environment_are_not_sent(collector, sending, monkeypatch, name):
    theirs = "authorization=Basic%20M4RK3R,x-api-key=theirs,content-type=text/plain,x-more=M4RK3R"
    monkeypatch.setenv(name, theirs)
    assert sending(collector.url, secret=Secret("ours"), secret_header="X-Api-Key").send(spans()) == ""
    assert sending(collector.url).send(spans()) == ""
    with_secret, without = ({key.lower(): value for key, value in one.items()} for one in collector.headers)
    own = {"host", "accept-encoding", "content-type", "content-length", "user-agent"}
    assert set(without) == own
    assert set(with_secret) == own | {"x-api-key"}
    assert (with_secret["x-api-key"], without["content-type"]) == ("ours", "application/x-protobuf")
    assert len(collector.spans) == 2 * len(spans())


def test_a_header_of_the_environment_that_cannot_be_read_is_not_quoted_in_the_log(
    collector, sending, monkeypatch, caplog
):
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_HEADERS", "Bearer M4RK3R")
    assert sending(collector.url).send(spans()) == ""
    assert "M4RK3R" not in caplog.text


def test_nothing_to_send_is_not_sent(collector, sending):
    assert sending(collector.url).send([]) == ""
    assert collector.headers == []


@pytest.mark.parametrize("status", [400, 401, 404, 500])
def test_a_collector_that_refuses_is_told_by_its_status_and_not_asked_again(collector, sending, status):
    collector.status = status
    assert str(status) in sending(collector.url).send(spans())


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirection_is_trouble_and_nothing_goes_where_it_leads(collector, sending, status):
    with collecting() as elsewhere:
        collector.status, collector.location = status, elsewhere.url
        exporter = sending(
            collector.url, secret=Secret("M4RK3R"), secret_header="X-Api-Key", timeout_seconds=0.5
        )
        assert exporter.send(spans()) == f"the collector answers {status}"
        assert elsewhere.headers == []


def test_not_even_a_plain_request_on_our_session_follows_a_redirection(collector, sending):
    with collecting() as elsewhere:
        collector.status, collector.location = 307, elsewhere.url
        session = sending(collector.url)._way.session()
        headers = {"Content-Type": "application/x-protobuf", "X-Api-Key": "M4RK3R"}
        with pytest.raises(requests.TooManyRedirects):
            session.post(collector.url, b"", headers=headers)
        assert elsewhere.headers == []


def test_the_library_says_nothing_in_the_log_of_its_own(sending, caplog):
    (port,) = free_ports(1)
    exporter = sending(f"http://127.0.0.1:{port}/v1/traces", timeout_seconds=0.5)
    assert "refused" in exporter.send(spans())
    assert caplog.records == []


class TestTls:
    @pytest.fixture
    def secure(self, pki):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(pki.pem(pki.keys.server))
        context.load_verify_locations(pki.keys.ca)
        return context

    def test_a_collector_of_our_authority_is_sent_to(self, pki, secure, sending):
        with collecting(secure) as collector:
            assert sending(collector.url, truststore=pki.truststore()).send(spans()) == ""
            assert len(collector.spans) == 10

    def test_one_of_another_authority_is_not_whatever_the_environment_says(
        self, pki, secure, sending, monkeypatch
    ):
        for name in ("REQUESTS_CA_BUNDLE", "OTEL_EXPORTER_OTLP_CERTIFICATE", "SSL_CERT_FILE"):
            monkeypatch.setenv(name, str(pki.keys.ca))
        with collecting(secure) as collector:
            stranger = sending(collector.url, truststore=truststore(pki.other.ca), timeout_seconds=0.5)
            assert "certificate verify failed" in stranger.send(spans())
            assert collector.spans == []

    def test_one_of_another_name_is_not(self, pki, secure, sending):
        with collecting(secure) as collector:
            elsewhere = collector.url.replace("127.0.0.1", "127.0.0.2")
            assert sending(elsewhere, truststore=pki.truststore(), timeout_seconds=0.5).send(spans()) != ""

    def test_our_certificate_is_shown_to_one_that_asks(self, pki, secure, sending):
        secure.verify_mode = ssl.CERT_REQUIRED
        with collecting(secure) as collector:
            mine = keystore(pki.keys.client, PASSWORD)
            assert sending(collector.url, truststore=pki.truststore(), timeout_seconds=0.5).send(spans()) != ""
            assert sending(collector.url, truststore=pki.truststore(), keystore=mine).send(spans()) == ""

    def test_a_store_that_does_not_open_is_an_error_of_the_configuration(self, pki):
        wrong = keystore(pki.keys.client, Secret("wrong"))
        with pytest.raises(ConfigError, match="telemetry"):
            open_traces(settings("https://127.0.0.1:1/v1/traces", keystore=wrong), Counts(), SYSTEM_CLOCK)


class TestProcess:
    """Records in, spans out: what a worker has."""

    @pytest.fixture
    def traces_of(self):
        made = []

        def make(url, counts, **keys):
            made.append(open_traces(settings(url, **keys), counts, SYSTEM_CLOCK))
            return made[-1]

        yield make
        for one in made:
            one.close()

    def test_without_an_address_there_is_nothing(self):
        assert open_traces(TelemetrySettings(), Counts(), SYSTEM_CLOCK) is None

    def test_records_that_are_traced_arrive_and_say_of_which_process(self, collector, traces_of):
        counts = Counts()
        traces = traces_of(collector.url, counts, sample=0.5)
        traces.emit(replace(EVENT, request_id=OWN[:18] + "00" * 7))
        traces.emit(replace(EVENT, request_id=OWN[:18] + "ff" * 7))
        wait_until(lambda: counts.get("sent") == 1)
        assert {span.trace_id for span in collector.spans} == {OWN[:18] + "ff" * 7}
        assert collector.spans[0].resource["service.instance.id"] == f"{socket.gethostname()}:{os.getpid()}"

    def test_a_collector_that_is_away_costs_nobody_anything_and_is_told_once(self, traces_of, caplog):
        caplog.set_level(logging.INFO)
        (port,) = free_ports(1)
        counts = Counts()
        traces = traces_of(f"http://127.0.0.1:{port}/v1/traces", counts, timeout_seconds=0.2)
        for _ in range(2):
            before = counts.get("lost", 0)
            traces.emit(EVENT)
            wait_until(lambda before=before: counts.get("lost", 0) > before)
        with collecting(port=port) as collector:
            traces.emit(EVENT)
            wait_until(lambda: counts.get("sent") == 1)
            assert len(collector.spans) == 10
        told = [record for record in caplog.records if record.name.startswith(("gateway", "opentelemetry"))]
        assert [record.levelname for record in told] == ["WARNING", "INFO"]

    def test_the_end_sends_what_waits(self, collector, traces_of):
        traces = traces_of(collector.url, Counts(), interval_seconds=60.0)
        traces.emit(EVENT)
        traces.close()
        assert len(collector.spans) == 10


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    import sys

    monkeypatch.delitem(sys.modules, "gateway.traces.sinks", raising=False)
    monkeypatch.setitem(sys.modules, "gateway.traces.otlp", None)
    with pytest.raises(ConfigError, match=r"pip install .ims-gateway\[telemetry\]"):
        open_traces(settings("http://127.0.0.1:1/v1/traces"), Counts(), SYSTEM_CLOCK)
