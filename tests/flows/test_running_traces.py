"""Traces of a gateway that runs, at a collector: context in, parents and children, what is left out."""

import re
import secrets

import pytest
import requests

from gateway.standin import RunningStandin
from tests.fixtures.collector import collecting
from tests.fixtures.in_process import envelope, username_token, work
from tests.fixtures.running_gateway import wait_until
from tests.fixtures.standin import USERS, standin_config

pytestmark = pytest.mark.xdist_group("running_traces")

SPAN = "b7ad6b7169203331"
PARTS = 10
"""Spans of a call that was answered: of the request, of seven parts, and of two within the call of IMS."""


@pytest.fixture(scope="module")
def away():
    """A collector whose answers can be switched off."""
    with collecting() as collector:
        yield collector


@pytest.fixture(scope="module")
def gateway(module_gateway_factory, away):
    settings = {
        "server.workers": 2,
        "telemetry.traces": away.url,
        "telemetry.interval_seconds": 0.05,
        "telemetry.attributes": ["deployment.environment.name=test"],
        "telemetry.secret": "Bearer M4RK3R",
    }
    config = standin_config(
        ims_connect={"racf": True, "otma_security": "check", "max_bad_passwords": 0}, users=USERS
    )
    with RunningStandin(config) as standin:
        yield module_gateway_factory(standin, settings)


@pytest.fixture
def post(gateway):
    with requests.Session() as session:
        session.trust_env = False
        session.verify = str(gateway.ca)

        def send(port, body, header="", **headers):
            url = f"{gateway.https_url}/imssoap/services/{port}"
            content = {"Content-Type": "text/xml; charset=utf-8", **headers}
            return session.post(url, envelope(body, header), headers=content, timeout=30)

        yield send


def by_name(spans):
    assert len({span.span_id for span in spans}) == len(spans)
    return {span.name: span for span in spans}


def test_a_call_is_a_child_of_its_callers_span_and_its_parts_are_within_it(post, away):
    trace = secrets.token_hex(16)
    reply = post(
        "LabPort", work("sleep", milliseconds=30), traceparent=f"00-{trace}-{SPAN}-01", tracestate="rojo=1"
    )
    assert reply.status_code == 200
    assert reply.headers["X-Tracking-Id"] == trace
    found = by_name(away.trace(trace, PARTS))
    server, ims = found["POST /imssoap/services/LabPort"], found["ims.transaction SLEEP"]
    assert (server.parent_id, server.kind, server.remote_parent, server.state) == (
        SPAN,
        "server",
        True,
        "rojo=1",
    )
    assert server.attributes["http.response.status_code"] == 200
    assert server.attributes["ims_gateway.tracking_id"] == trace
    for name in ("ims.pool", "ims.round_trip"):
        assert found[name].within(ims), name
    assert found["ims.round_trip"].end - found["ims.round_trip"].start >= 30_000_000
    order = ["soap.parse", "wss.validate", "transform.request", ims.name, "transform.response"]
    assert all(found[name].within(server) for name in order)
    starts = [found[name].start for name in order]
    assert starts == sorted(starts)
    assert ims.kind == "client"
    assert (ims.attributes["ims.transaction"], ims.attributes["ims.datastore"]) == ("SLEEP", "IMS1")
    assert server.resource["deployment.environment.name"] == "test"


def test_without_a_context_the_trace_is_that_of_the_request_id_in_the_log(gateway, post, away):
    reply = post("LabPort", work("echo", "x"))
    own = reply.headers["X-Tracking-Id"]
    assert re.fullmatch("[0-9a-f]{32}", own)
    found = by_name(away.trace(own, PARTS))
    assert found["POST /imssoap/services/LabPort"].parent_id == ""
    assert gateway.request(own)["tracking_id"] == own


def test_a_traceparent_that_is_none_is_as_good_as_absent(post, away):
    reply = post("LabPort", work("echo", "x"), traceparent=f"00-{'0' * 32}-{SPAN}-01", tracestate="rojo=1")
    server = by_name(away.of(reply.headers["X-Tracking-Id"]))["POST /imssoap/services/LabPort"]
    assert (server.parent_id, server.state) == ("", "")


def test_a_refused_caller_is_no_error_and_ims_s_own_refusal_is(post, away):
    reply = post("SecureLabPort", work("echo"), username_token("ALICE", "WR0NG"))
    assert reply.status_code == 500
    refused = by_name(away.of(reply.headers["X-Tracking-Id"]))
    server = refused["POST /imssoap/services/SecureLabPort"]
    assert (server.error, server.attributes["error.type"]) == ("", "IGW1304E")
    assert "ims.sign_on_guard" in refused
    assert "ALICE" not in str(refused)
    assert "WR0NG" not in str(refused)
    reply = post("LabPort", work("abend"))
    failed = by_name(away.of(reply.headers["X-Tracking-Id"]))
    assert failed["POST /imssoap/services/LabPort"].error == "IGW2009E"
    assert failed["ims.transaction ABEND"].attributes["ims.dfs"] == "DFS555"


def test_the_secret_reaches_the_collector_and_nothing_else(gateway, post, away):
    post("LabPort", work("echo", "x"))
    wait_until(lambda: away.headers)
    assert "Bearer M4RK3R" in {one.get("authorization") for one in away.headers}
    assert "M4RK3R" not in gateway.log


def test_while_the_collector_refuses_requests_are_answered_and_the_loss_is_counted(gateway, post, away):
    away.status = 503
    try:
        for _ in range(5):
            assert post("LabPort", work("echo", "x")).status_code == 200
        # a batch is tried again for as long as timeout_seconds says: the end of the outage comes within it
    finally:
        away.status = 200
    reply = post("LabPort", work("echo", "x"))
    away.trace(reply.headers["X-Tracking-Id"], PARTS)
    page = gateway.fetch(f"{gateway.admin_url}/metrics").decode()
    assert re.search(r'imsgw_traces_total\{outcome="sent"\} [1-9]', page)


def test_what_waits_is_sent_when_the_gateway_ends(module_gateway_factory, gateway, away):
    late = module_gateway_factory(
        gateway.standin,
        {"server.workers": 1, "telemetry.traces": away.url, "telemetry.interval_seconds": 60.0},
    )
    with requests.Session() as session:
        session.trust_env = False
        reply = session.post(
            f"{late.https_url}/imssoap/services/LabPort",
            envelope(work("echo", "x")),
            headers={"Content-Type": "text/xml"},
            verify=str(late.ca),
            timeout=30,
        )
    own = reply.headers["X-Tracking-Id"]
    assert own not in {span.trace_id for span in away.spans}
    assert late.stop() == 0
    assert len(away.trace(own, PARTS)) == PARTS
