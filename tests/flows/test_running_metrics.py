"""Metrics of a gateway of two workers while its replay store is lost: all counts, whoever is asked."""

import os
import signal

import pytest

from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.calling import Caller, callers_by_worker
from tests.fixtures.running_gateway import wait_until
from tests.flows.wss.scene import with_nonce

pytestmark = pytest.mark.xdist_group("running metrics")

PORT = "/imssoap/services/SecurePhoneBookPort"
FAILURES, UNPROTECTED, FULL, UP = (
    f"imsgw_replay_store_{name}" for name in ("failures_total", "unprotected_total", "full_total", "up")
)
REFUSED = 'imsgw_requests_refused_total{rule="replay.new"}'


def post(caller, message=None):
    """Send a message that must come only once; returns the HTTP status."""
    data = message or with_nonce().build(SYSTEM_CLOCK.now())
    return caller.request("POST", PORT, data, {"Content-Type": "text/xml; charset=utf-8"}).status


def shown(gateway):
    """Return all values, read from the text by hand."""
    page = gateway.fetch(f"{gateway.admin_url}/metrics").decode()
    lines = [line.rsplit(" ", 1) for line in page.splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in lines}


def replaced(gateway, victim):
    """Kill a worker; return once another has taken its place."""
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: victim not in gateway.workers and len(gateway.workers) == 2, "another worker")


@pytest.fixture
def start(gateway_factory, session_standin):
    def started(on_failure):
        settings = {"server.workers": 2, "replay.on_failure": on_failure}
        return gateway_factory(session_standin, settings)

    return started


def lose_store(gateway):
    """Remove the file of the SQLite store: workers that had it open cannot use it any more."""
    for file in (gateway.home / "var").glob("replay.sqlite*"):
        file.unlink()


def test_counts_of_all_workers_are_shown_and_outlive_them(start):
    gateway = start("refuse")
    with callers_by_worker(gateway) as callers:
        first, second = callers  # both have opened the store by now
        wait_until(lambda: shown(gateway).get(UP) == 1, "both workers")
        assert [shown(gateway)[name] for name in (FAILURES, UNPROTECTED, FULL)] == [0, 0, 0]
        lose_store(gateway)
        for count, (caller,) in zip((2, 3), callers.values(), strict=True):
            assert [post(caller) for _ in range(count)] == [500] * count
    for _ in range(10):  # over new connections, so that each worker is asked
        assert [shown(gateway)[name] for name in (FAILURES, UNPROTECTED, UP)] == [5, 0, 0]
        assert shown(gateway)[REFUSED] == 5

    replaced(gateway, first)
    assert shown(gateway)[FAILURES] == 5
    assert shown(gateway)[UP] == 0, "the other worker has lost its file still"
    replaced(gateway, second)
    wait_until(lambda: shown(gateway).get(UP) == 1, "two new workers with a store")
    with callers_by_worker(gateway) as callers:
        assert [post(caller) for (caller,) in callers.values()] == [200, 200]
    assert [shown(gateway)[name] for name in (FAILURES, REFUSED)] == [5, 5]
    assert "Traceback" not in gateway.log


def test_what_is_accepted_without_protection_is_counted(start):
    gateway = start("accept")
    with callers_by_worker(gateway) as callers:
        ((caller,), _) = callers.values()
        lose_store(gateway)
        message = with_nonce().build(SYSTEM_CLOCK.now())
        assert [post(caller, message), post(caller, message)] == [200, 200]
    assert [shown(gateway)[name] for name in (FAILURES, UNPROTECTED, UP)] == [2, 2, 0]


def test_metrics_are_shown_on_the_admin_listener_alone_and_only_read(running_gateway):
    gateway = running_gateway
    for url in (gateway.https_url, gateway.http_url):
        with Caller(url, gateway.ca) as caller:
            for method in ("GET", "HEAD", "POST"):
                assert caller.request(method, "/metrics").status == 404
    with Caller(gateway.admin_url, gateway.ca) as caller:
        reply = caller.get("/metrics")
        assert reply.status == 200
        assert reply.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
        assert UP.encode() in reply.body
        head = caller.request("HEAD", "/metrics")
        assert (head.status, head.body) == (200, b"")
        assert caller.request("POST", "/metrics").status == 405
