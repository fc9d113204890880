"""A gateway under load whose rsyslog is killed and started again, and one of whose workers is killed.

Whatever a caller was told as a success is in the receiver's file, as LEEF that a strict reader takes.
"""

import http.client
import os
import re
import signal
import threading
from collections import Counter

import psutil
import pytest

from tests.fixtures.calling import Background, Caller
from tests.fixtures.in_process import work
from tests.fixtures.rfc5424 import parse_message
from tests.fixtures.running_gateway import RunningGateway, wait_until
from tests.interop.audit.rsyslog import Rsyslog, need_rsyslog

pytestmark = pytest.mark.xdist_group("rsyslog")
CALLERS = 6
LEEF = re.compile(r"LEEF:2\.0\|IMS Gateway\|imsgw\|[^|]+\|(?P<id>[A-Za-z]{1,255})\|x09\|(?P<pairs>.*)")


class Load:
    """Callers that repeat a call; one that loses its connection to a killed worker goes on with another."""

    def __init__(self, gateway: RunningGateway) -> None:
        self._gateway = gateway
        self._going = threading.Event()
        self._going.set()
        self.told: list[str] = []
        """Tracking ids of the successes."""
        self.cut_off = 0
        self._callers = Background([self._repeat] * CALLERS)

    def _repeat(self) -> None:
        with Caller(self._gateway.https_url, self._gateway.ca) as caller:
            while self._going.is_set():
                try:
                    reply = caller.post("LabPort", work("echo", "audited"))
                except (OSError, http.client.HTTPException):
                    self.cut_off += 1
                    continue
                assert reply.status == 200, reply.body
                self.told.append(reply.headers["x-tracking-id"])

    def wait_for_more(self, count: int = 200) -> None:
        goal = len(self.told) + count
        wait_until(lambda: len(self.told) >= goal or self._callers.done, "more successes")

    def stop(self) -> list[str]:
        self._going.clear()
        self._callers.results()
        return self.told


def connections(pid: int) -> int:
    """Return how many connections a worker has; one without any would be missed by nobody."""
    return sum(one.status == psutil.CONN_ESTABLISHED for one in psutil.Process(pid).net_connections())


def records(receiver: Rsyslog) -> list[dict[str, str]]:
    """Read what the receiver has by the grammars of RFC 5424 and LEEF; it was killed over a line at most."""
    found: list[dict[str, str]] = []
    torn = 0
    for octets in receiver.messages():
        try:
            message = parse_message(octets)
        except ValueError:
            torn += 1
            continue
        assert (message.facility, message.hostname, message.app_name) == (10, "gw1", "imsgw")
        match = LEEF.fullmatch(message.msg.decode())
        if match is None:
            torn += 1
            continue
        pairs = [pair.split("=", 1) for pair in match["pairs"].split("\t")]
        assert len({key for key, _ in pairs}) == len(pairs)
        found.append({"EventID": match["id"], "line": message.msg.decode(), **dict(pairs)})
    assert torn <= 1
    return found


def test_no_success_is_missing_at_a_receiver_that_was_killed_when_a_worker_was_too(
    gateway_factory, standin, tmp_path, pki
):
    need_rsyslog("ossl")
    receiver = Rsyslog(tmp_path, pki)
    receiver.start()
    gateway = gateway_factory(
        standin,
        {
            "server.workers": 2,
            "audit.format": "leef",
            "audit.to": f"syslog+tls://127.0.0.1:{receiver.port}",
            "audit.truststore": {"path": pki.keys.ca},
            "audit.hostname": "gw1",
            "audit.reconnect_seconds": 0.5,
        },
    )
    load = Load(gateway)
    try:
        load.wait_for_more()
        receiver.kill()
        load.wait_for_more()
        victim = max(gateway.workers, key=connections)
        os.kill(victim, signal.SIGKILL)
        load.wait_for_more()
        receiver.start()
        load.wait_for_more()
    finally:
        told = load.stop()
    assert 0 < load.cut_off <= CALLERS
    wanted = set(told)

    def succeeded() -> set[str]:
        return {
            one["trackingId"]
            for one in records(receiver)
            if one["EventID"] == "Invoke" and one["outcome"] == "success"
        }

    wait_until(lambda: wanted <= succeeded(), "the coming of every success")
    assert gateway.stop() == 0
    found = records(receiver)
    kinds = Counter(one["EventID"] for one in found)
    assert kinds["GatewayStarted"] >= 1
    lines = {one["eventId"]: one["line"] for one in found}
    assert all(lines[one["eventId"]] == one["line"] for one in found), "a repeat is the same line"
    assert len(succeeded()) <= len(told) + CALLERS, "those the killed worker had recorded and not answered"
    receiver.kill()
