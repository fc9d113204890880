"""Limits of a gateway that runs: a flood of one service, of one client, of silence; rates that many count."""

import re
import socket
from collections import Counter
from contextlib import ExitStack, suppress
from functools import partial

import pytest

from gateway.standin import RunningStandin
from tests.fixtures.calling import PATIENCE, Background, Caller, callers_by_worker, header_of, once, text_of
from tests.fixtures.holding import HOLD
from tests.fixtures.in_process import SOAP11, SOAP12, work
from tests.fixtures.running_gateway import deploy_lab, gateways, wait_until
from tests.fixtures.standin import standin_config

pytestmark = pytest.mark.xdist_group("running limits")

PLACES = 300
FLOOD = 60
HALF = b"POST /imssoap/services/LabPort HTTP/1.1\r\nHost: localhost\r\nX-Slow: "
HEALTH = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n"


@pytest.fixture(scope="module")
def standin():
    with RunningStandin(standin_config(transactions={"HOLD": HOLD})) as running:
        yield running


@pytest.fixture(scope="module")
def started(tmp_path_factory):
    with gateways(tmp_path_factory.mktemp("limits")) as factory:
        yield factory


@pytest.fixture(scope="module")
def gateway(started, standin):
    """One worker of few threads and places; its service "quiet" is a second lab."""
    settings = {
        "server.workers": 1,
        "server.threads": 16,
        "server.waiting": 16,
        "server.waiting_seconds": 60.0,
        "server.worker_connections": PLACES,
    }
    one = started(
        standin,
        settings,
        {"ims_connect.pool": {"size": 16}},
        {"lab": {"operations.Sleep.transaction": "HOLD"}},
        prepare=lambda home: deploy_lab(home, "quiet", "QuietPort"),
    )
    with Caller(one.https_url, one.ca) as caller:  # the bundle's password is proven
        assert text_of(caller.post("QuietPort", work("echo", "first"))) == "first"
    return one


def limited(gateway):
    """Return how often each limit has refused somebody, by kind and service."""
    page = gateway.fetch(f"{gateway.admin_url}/metrics").decode()
    found = re.findall(r'^imsgw_limited_total\{limit="(\w+)",service="(\w*)"\} (\S+)$', page, re.MULTILINE)
    return Counter({(kind, service): int(float(count)) for kind, service, count in found})


def test_a_flood_of_one_service_leaves_the_others_served(gateway, hold):
    before = limited(gateway)
    calls = Background(
        once(Caller(gateway.https_url, gateway.ca), partial(lambda text, c: c.post("LabPort", text), text))
        for text in [work("sleep", "held")] * FLOOD
    )
    wait_until(lambda: hold.running == 14 and len(calls.done) == FLOOD - 28, "the flood to be full")
    with Caller(gateway.https_url, gateway.ca) as caller:
        for number in range(20):
            assert text_of(caller.post("QuietPort", work("echo", f"{number}"))) == f"{number}"
        assert caller.get("/imssoap/services/QuietPort?wsdl").status == 200
        for soap, code in ((SOAP11, "Server"), (SOAP12, "Receiver")):
            refused = caller.post("LabPort", work("echo", "x"), soap=soap)
            assert (refused.status, refused.fault_code, refused.message_id) == (503, code, "IGW1006E")
            assert int(header_of(refused.headers, "retry-after")) > 0
    assert limited(gateway) - before == {("queue", "lab"): FLOOD - 28 + 2}
    hold.go.set()
    assert Counter(reply.status for reply in calls.results()) == {200: 28, 503: FLOOD - 28}


def test_some_hundred_clients_that_drip_their_headers_leave_the_others_served(gateway):
    before = limited(gateway)
    with ExitStack() as stack:
        for number in range(500):
            port = (gateway.http_port, gateway.https_port)[number % 2]
            slow = stack.enter_context(
                socket.create_connection(("127.0.0.1", port), PATIENCE, ("127.0.0.2", 0))
            )
            with suppress(ConnectionError):
                slow.sendall(HALF if port == gateway.http_port else b"\x16\x03\x01\x02\x00\x01")
        for number in range(10):
            with Caller(gateway.https_url, gateway.ca, source="127.0.0.3") as caller:
                assert text_of(caller.post("QuietPort", work("echo", f"{number}"))) == f"{number}"
    ended = limited(gateway) - before
    assert ended["handshakes", ""] + ended["connections", ""] >= 500 - PLACES * 7 // 8
    assert ended["handshakes", ""]
    assert not ended["queue", "quiet"]


def test_one_client_address_cannot_take_all_connections(gateway):
    before = limited(gateway)
    with ExitStack() as stack:
        kept = 0
        for _ in range(PLACES):
            sock = stack.enter_context(
                socket.create_connection(("127.0.0.1", gateway.http_port), PATIENCE, ("127.0.0.4", 0))
            )
            with suppress(ConnectionError):
                sock.sendall(HEALTH)
                kept += sock.recv(12) == b"HTTP/1.1 200"
        assert PLACES * 6 // 8 <= kept <= PLACES * 7 // 8 + 1
        with Caller(gateway.https_url, gateway.ca, source="127.0.0.5") as caller:
            assert text_of(caller.post("QuietPort", work("echo", "other"))) == "other"
    assert (limited(gateway) - before)["connections", ""] == PLACES - kept


def test_of_a_rate_in_memory_each_worker_gives_its_share(started, standin):
    gateway = started(standin, {"server.workers": 2}, services={"lab": {"limits.rate": "10/day"}})
    with callers_by_worker(gateway) as callers:
        for each in callers.values():
            replies = [each[0].post("LabPort", work("echo", "x")) for _ in range(7)]
            assert [reply.status for reply in replies] == [200] * 5 + [429] * 2
            assert replies[-1].message_id == "IGW1012E"
            assert int(header_of(replies[-1].headers, "retry-after")) > 0


def test_two_gateways_count_one_rate_in_valkey_and_go_on_without_it_when_it_dies(
    started, standin, valkey_server
):
    store = valkey_server.settings().store
    settings = {"server.workers": 2, "limits.store": store, "limits.rate_per_address": "40/day"}
    both = [started(standin, settings) for _ in range(2)]

    def call(gateway, source):
        with Caller(gateway.https_url, gateway.ca, source=source) as caller:
            return caller.post("LabPort", work("echo", "x"))

    calls = Background(partial(call, both[n % 2], "127.0.0.6") for n in range(60))
    assert Counter(reply.status for reply in calls.results()) == {200: 40, 429: 20}
    assert call(both[0], "127.0.0.7").status == 200
    valkey_server.stop()
    assert [call(gateway, "127.0.0.8").status for gateway in both * 4] == [200] * 8
    metrics = both[0].fetch(f"{both[0].admin_url}/metrics").decode()
    assert re.search(r"^imsgw_limits_store_up 0", metrics, re.MULTILINE)
    assert re.search(r"^imsgw_limits_store_uncounted_total [1-9]", metrics, re.MULTILINE)
    valkey_server.start()  # it has forgotten, and counts again

    def counted_again():
        return all(call(gateway, "127.0.0.6").status == 429 for gateway in both)

    wait_until(counted_again, "the rate to be counted again")
