"""The life of the processes: graceful stops finish what is in flight, and a dead worker is replaced."""

import http.client
import os
import signal
import socket
import ssl
from functools import partial

import psutil
import pytest

from tests.fixtures.calling import (
    Background,
    Caller,
    callers_by_worker,
    closed,
    header_of,
    text_of,
    trusting,
)
from tests.fixtures.holding import HOLD
from tests.fixtures.in_process import work
from tests.fixtures.running_gateway import wait_until

CALLS_OF_EACH = 2
HELD = {"lab": {"operations.Sleep.transaction": "HOLD"}}
LOST = (http.client.HTTPException, OSError)


@pytest.fixture
def standin(standin_factory, hold):
    return standin_factory(transactions={"HOLD": HOLD})


@pytest.fixture
def gateway(gateway_factory, standin):
    keepalive = {"server.keepalive_seconds": 600}  # what closes an idle connection here is the stop
    return gateway_factory(standin, keepalive, services=HELD)


@pytest.fixture
def callers(gateway):
    """Connections, known to be with each of the two workers, whose bundle's password was accepted already.

    Until that is known the sign-on guard lets one request go ahead and the others wait for it.
    """
    with callers_by_worker(gateway, CALLS_OF_EACH) as found:
        for of_one in found.values():
            assert text_of(of_one[0].post("LabPort", work("echo", "warm"))) == "warm"
        yield found


def held_calls(callers):
    """Start a call on each connection that IMS answers once it is let go; the texts are the numbers."""

    def call(number, caller):
        return caller.post("LabPort", work("sleep", f"{number}"))

    return Background(partial(call, number, caller) for number, caller in enumerate(callers))


def connect(port):
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def refused(gateway):
    """Tell whether all three listeners refuse connections."""
    for port in (gateway.https_port, gateway.http_port, gateway.admin_port):
        try:
            connect(port).close()
        except ConnectionRefusedError:
            continue
        except ConnectionResetError:  # accepted by the kernel in the moment the listener was closed
            return False
        return False
    return True


def alive(pid):
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False


def to_master(gateway, number):
    gateway.send(number)


def to_all(gateway, number):
    """Send a signal as a terminal does: to every process of the group."""
    os.killpg(gateway.pid, number)


@pytest.mark.parametrize(
    ("send", "number"),
    [(to_master, signal.SIGTERM), (to_master, signal.SIGINT), (to_all, signal.SIGINT)],
    ids=["SIGTERM", "SIGINT", "Ctrl-C"],
)
def test_a_graceful_stop_finishes_the_calls_in_flight_and_leaves_nothing_behind(
    gateway, callers, hold, send, number
):
    processes = {gateway.pid, *gateway.workers}
    calls = held_calls([caller for of_one in callers.values() for caller in of_one])
    wait_until(lambda: hold.running == 2 * CALLS_OF_EACH, "all calls at IMS")
    with trusting(gateway.ca).wrap_socket(connect(gateway.https_port), server_hostname="localhost") as idle:
        idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(65_536).startswith(b"HTTP/1.1 200 ")
        send(gateway, number)
        assert closed(idle) == b"", "a connection without a request is closed at once"
    wait_until(lambda: refused(gateway), "no new connections")
    assert gateway.exit_code is None
    assert not calls.done, "nobody was sent away"
    hold.go.set()
    for n, reply in enumerate(calls.results()):
        assert (reply.status, text_of(reply)) == (200, f"{n}")
        assert header_of(reply.headers, "connection") == "close"
    assert gateway.wait() == 0
    assert not [pid for pid in processes if alive(pid)]
    assert "Traceback" not in gateway.log


def test_calls_longer_than_stop_seconds_are_cut_off_and_the_log_says_so(gateway_factory, standin, hold):
    gateway = gateway_factory(standin, {"server.workers": 1, "server.stop_seconds": 0.3}, services=HELD)
    processes = {gateway.pid, *gateway.workers}
    with Caller(gateway.https_url, gateway.ca) as caller:
        calls = held_calls([caller])
        wait_until(lambda: hold.running == 1, "the call at IMS")
        gateway.send(signal.SIGTERM)
        (outcome,) = calls.outcomes()
    assert isinstance(outcome, LOST), "no answer, and no wrong one"
    assert gateway.wait() == 0
    assert "1 requests were cut off" in gateway.log
    assert not [pid for pid in processes if alive(pid)]


def test_a_killed_worker_costs_its_own_calls_only_and_is_replaced(gateway, callers, standin, hold):
    (victim, lost), (survivor, kept) = callers.items()
    calls = held_calls([*lost, *kept])
    wait_until(lambda: hold.running == 2 * CALLS_OF_EACH, "all calls at IMS")
    before = standin.connections
    os.kill(victim, signal.SIGKILL)
    wait_until(lambda: standin.connections < before, "its sockets to IMS Connect closed")
    wait_until(lambda: len(gateway.workers - {victim}) == 2, "a new worker")
    assert survivor in gateway.workers
    hold.go.set()
    outcomes = calls.outcomes()
    assert all(isinstance(outcome, LOST) for outcome in outcomes[:CALLS_OF_EACH])
    for number, reply in enumerate(outcomes[CALLS_OF_EACH:], CALLS_OF_EACH):
        assert (reply.status, text_of(reply)) == (200, f"{number}")
    with callers_by_worker(gateway) as found:
        for pid, (caller,) in found.items():
            assert text_of(caller.post("LabPort", work("echo", f"{pid}"))) == f"{pid}"
    assert gateway.stop() == 0


def test_when_a_worker_is_killed_the_tls_contexts_of_its_successor_are_the_same(gateway):
    for victim in gateway.workers:
        os.kill(victim, signal.SIGKILL)
    wait_until(lambda: len(gateway.workers) == 2, "new workers")
    context = trusting(gateway.ca)
    context.minimum_version = ssl.TLSVersion.TLSv1_3
    with Caller(gateway.https_url, context) as caller:
        assert text_of(caller.post("LabPort", work("echo", "served"))) == "served"
    assert gateway.exit_code is None
