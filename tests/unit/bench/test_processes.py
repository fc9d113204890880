"""CPU time and memory are those of all processes of a server, and of nobody else."""

import sys
import time

import pytest

from bench.comparison import processes
from bench.comparison.contestants import CONTESTANTS
from bench.comparison.processes import BenchError
from tests.fixtures.ports import free_port
from tests.fixtures.running_gateway import wait_until

BURN = "import time\nwhile time.process_time() < {seconds}: pass\n"
LISTEN = "import socket, time\ns = socket.create_server(('127.0.0.1', {port}))\n"


@pytest.fixture
def run(tmp_path):
    started = []

    def start(script, port=0):
        made = processes.start("server", port, tmp_path / "log", [sys.executable, "-c", script], {})
        started.append(made)
        return made

    yield start
    for server in started:
        server.stop()


def test_the_time_of_a_child_counts_while_it_lives_and_when_it_is_gone(run):
    child = f"subprocess.run([sys.executable, '-c', {BURN.format(seconds=0.3)!r}])"
    server = run(f"import subprocess, sys, time\n{child}\nprint('done', flush=True)\ntime.sleep(60)")
    wait_until(lambda: "done" in server.tail(), "the child's end")
    assert 0.25 < server.cpu_seconds() < 3


def test_a_server_that_does_nothing_uses_nothing(run):
    server = run("import time\nprint('up', flush=True)\ntime.sleep(60)")
    wait_until(lambda: "up" in server.tail(), "its start")
    before, ours = server.cpu_seconds(), time.process_time()
    while time.process_time() < ours + 0.1:
        pass
    assert server.cpu_seconds() - before < 0.05


def test_a_server_is_waited_for(run):
    port = free_port()
    run(f"{LISTEN.format(port=port)}time.sleep(60)", port).wait()


def test_a_server_that_ends_says_why(run):
    with pytest.raises(BenchError, match="no keys here"):
        run("raise SystemExit('no keys here')", free_port()).wait()


def test_memory_that_a_process_holds_is_seen(run):
    server = run("data = bytearray(b'x' * 30_000_000)\nimport time\nprint('up', flush=True)\ntime.sleep(60)")
    wait_until(lambda: "up" in server.tail(), "its start")
    (worker,) = server.workers()
    assert processes.proportional_memory(worker.pid) > 30_000_000


def test_a_tool_that_is_missing_is_named_with_its_package(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    named = {each.name: each.missing() for each in CONTESTANTS}
    assert named["gateway"] == named["spyne"] == []
    assert "node (Debian: nodejs)" in named["node"]
    assert "mvn (Debian: maven)" in named["wss4j"]
    assert "soapcpp2 (Debian: gsoap)" in named["gsoap"]
