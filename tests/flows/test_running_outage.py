"""IMS Connect dies or freezes under load and comes back; the gateway stays up through all of it."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import pytest

from tests.fixtures.calling import Background, Caller, text_of
from tests.fixtures.in_process import SoapReply, work
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import ENDED_WITH_US, REPOSITORY, wait_until

CALLERS = 24
TIMEOUTS = {"operations.Sleep.execution_timeout_ms": 3000, "operations.Sleep.socket_timeout_ms": 4000}
TIMEOUT = 25.0
"""What a caller allows for connect_seconds, socket_timeout_ms and the wait for a socket, with much to spare
for a slow machine: longer than this would be a hang."""
OUTAGE = {"IGW2001E", "IGW2002E", "IGW2003E", "IGW2004E", "IGW2006E"}
"""Unreachable, no socket, lost after sending, too late: all that an outage may be told as."""


class StandinProcess:
    """A stand-in that can be killed as a machine or a region dies."""

    host = "127.0.0.1"

    def __init__(self, folder) -> None:
        (self.port,) = free_ports(1)
        self._config = folder / "standin.toml"
        self._config.write_text(
            f'[ims_connect]\nlisten = "127.0.0.1:{self.port}"\nracf = true\n'
            '[users.GWUSER]\npassword = "GWPASS1"\ngroups = ["GWGROUP"]\n'
        )
        self._output = (folder / "standin.log").open("ab")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [*ENDED_WITH_US, sys.executable, "-m", "gateway", "standin", "--config", str(self._config)],
            cwd=REPOSITORY,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            stderr=subprocess.STDOUT,
        )

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()

    def close(self) -> None:
        self.kill()
        self._output.close()


@dataclass
class Load:
    """Callers that repeat one call each, every text their own, until told to stop."""

    url: str
    ca: Path

    def __post_init__(self) -> None:
        self.going = threading.Event()
        self.going.set()
        self.replies: list[list[tuple[str, SoapReply]]] = [[] for _ in range(CALLERS)]
        self.background = Background(partial(self._repeat, number) for number in range(CALLERS))

    def _repeat(self, number: int) -> None:
        with Caller(self.url, self.ca, timeout=TIMEOUT) as caller:
            while self.going.is_set():
                text = f"caller {number} call {len(self.replies[number])}"
                reply = caller.post("LabPort", work("sleep", text, 20))
                self.replies[number].append((text, reply))
                if reply.status != 200:
                    time.sleep(0.05)

    def counts(self) -> list[int]:
        return [len(of_one) for of_one in self.replies]

    def every_caller(self, since: list[int], *, succeeds: bool) -> bool:
        """Tell whether each caller has had such an answer to a call after those."""
        return all(
            any((reply.status == 200) == succeeds for _, reply in of_one[count:])
            for of_one, count in zip(self.replies, since, strict=True)
        )

    def stop(self) -> list[tuple[str, SoapReply]]:
        self.going.clear()
        self.background.results()  # raises where a caller got no answer: a timeout, a connection cut off
        return [each for of_one in self.replies for each in of_one]


@pytest.fixture
def standin(tmp_path):
    process = StandinProcess(tmp_path)
    yield process
    process.close()


@pytest.fixture
def gateway(gateway_factory, standin):
    settings = {"server.workers": 2, "server.threads": CALLERS, "server.keepalive_seconds": 60}
    bundle = {"ims_connect.pool": {"size": CALLERS, "connect_seconds": 2, "wait_seconds": 2}}
    return gateway_factory(standin, settings, bundle, {"lab": TIMEOUTS})


def judge(replies):
    """Each caller got the answer to its own call, or a fault that tells of the outage."""
    faults = Counter()
    for text, reply in replies:
        if reply.status == 200:
            assert text_of(reply) == text, "an answer went to the wrong caller"
        else:
            faults[reply.message_id] += 1
            assert (reply.status, reply.fault_code) in {(500, "Server"), (503, "Server")}
    assert faults.keys() <= OUTAGE, faults
    return faults


def test_ims_connect_killed_under_load_and_started_again_costs_answers_but_no_wrong_one(gateway, standin):
    workers = gateway.workers
    load = Load(gateway.https_url, gateway.ca)
    try:
        for _ in range(2):
            before = load.counts()
            wait_until(lambda before=before: load.every_caller(before, succeeds=True), "a success of each")
            standin.kill()
            down = load.counts()
            wait_until(lambda down=down: load.every_caller(down, succeeds=False), "a fault for each")
            standin.start()
        back = load.counts()
        wait_until(lambda: load.every_caller(back, succeeds=True), "a success of each caller after the restart")
    finally:
        replies = load.stop()
    faults = judge(replies)
    assert faults["IGW2001E"], "the port was closed for a while"
    assert gateway.workers == workers
    assert "Traceback" not in gateway.log


def test_ims_connect_that_freezes_and_thaws_gives_no_late_reply_to_anybody_else(gateway, standin):
    workers = gateway.workers
    load = Load(gateway.https_url, gateway.ca)
    try:
        before = load.counts()
        wait_until(lambda: load.every_caller(before, succeeds=True), "a success of each")
        standin.send(signal.SIGSTOP)
        frozen = load.counts()
        wait_until(lambda: load.every_caller(frozen, succeeds=False), "a fault for each", 60)
        standin.send(signal.SIGCONT)
        thawed = load.counts()
        wait_until(lambda: load.every_caller(thawed, succeeds=True), "a success of each after the thaw", 60)
    finally:
        replies = load.stop()
    faults = judge(replies)
    assert faults["IGW2004E"], "some requests were on their way when it froze"
    assert gateway.workers == workers
    assert "Traceback" not in gateway.log


def test_a_gateway_started_before_ims_connect_serves_once_it_is_there(gateway_factory, standin):
    standin.kill()
    gateway = gateway_factory(standin, {"server.workers": 1})
    with Caller(gateway.https_url, gateway.ca) as caller:
        reply = caller.post("LabPort", work("echo", "early"))
        assert (reply.status, reply.message_id) == (500, "IGW2001E")
        standin.start()
        wait_until(lambda: caller.post("LabPort", work("echo", "now")).status == 200, "a success")
        assert text_of(caller.post("LabPort", work("echo", "then"))) == "then"
