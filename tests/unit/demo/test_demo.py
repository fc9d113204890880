"""The demonstration, run as people run it."""

import os
import re
import signal
import socket
import subprocess
import sys

import psutil
import pytest
import requests

from gateway.demo.home import example_home
from gateway.demo.outside import CALLOUTS
from gateway.demo.steps import ATTACKS, CALLS
from tests.fixtures.ports import free_ports
from tests.fixtures.running_gateway import ENDED_WITH_US, REPOSITORY, wait_until

SECONDS = 90
COUNT = len(CALLS) + len(ATTACKS) + len(CALLOUTS)
OPTIONS = (
    "--port",
    "--admin-port",
    "--standin-port",
    "--callout-port",
    "--partner-port",
    "--partner-certificate-port",
)


@pytest.fixture
def demo(tmp_path):
    """Start `imsgw demo` on free ports; it ends with the test."""
    running = []

    def start(*arguments, ports=None):
        chosen = zip(OPTIONS, ports or free_ports(len(OPTIONS)), strict=True)
        options = [*(word for pair in chosen for word in pair), *arguments]
        with (tmp_path / "output").open("wb") as written:
            process = subprocess.Popen(
                [*ENDED_WITH_US, sys.executable, "-m", "gateway", "demo", *map(str, options)],
                env={**os.environ, "PYTHONPATH": str(REPOSITORY), "TMPDIR": str(tmp_path), "COLUMNS": "200"},
                cwd=tmp_path,
                stdin=subprocess.DEVNULL,
                stdout=written,
                stderr=subprocess.STDOUT,
            )
        running.append(process)
        return process

    yield start
    for process in running:
        process.terminate()
        process.wait(SECONDS)


@pytest.fixture
def output(tmp_path):
    return (tmp_path / "output").read_text


def test_once_shows_every_call_and_ends_with_0_and_leaves_nothing_behind(demo, output, tmp_path):
    process = demo("--once")
    assert process.wait(SECONDS) == 0, output()
    assert f"{COUNT} of {COUNT} calls ended as they should" in output()
    assert "FIRST1" in output()
    assert "WHOAMI by ALICE" in output()
    assert "FAILED" not in output()
    assert [path.name for path in tmp_path.iterdir()] == ["output"], "the home was removed"


def test_it_stays_up_for_calls_of_one_s_own_until_ctrl_c(demo, output, tmp_path):
    ports = free_ports(len(OPTIONS))
    https = ports[0]
    process = demo(ports=ports)
    wait_until(lambda: "Ctrl-C stops everything" in output(), "all calls", SECONDS)
    (ca,) = tmp_path.glob("imsgw-demo-*/keystores/ca.pem")
    assert f"--ca {ca}" in output(), "the line to copy names the authority"
    assert status(output()).startswith("serve 1: configuration 1 "), (
        "commands find the home by the line to copy"
    )
    call = [sys.executable, "-m", "gateway", "call", "PhoneBookPort", "WhoAmI", "--ca", str(ca)]
    done = subprocess.run(
        [*call, "--server", f"https://localhost:{https}"],
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    assert '"GWUSER"' in done.stdout, done.stderr
    assert "phonebook" in overview(output(), ca), "the console shows the calls"
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == 0
    assert "Traceback" not in output()
    assert not psutil.wait_procs(family, timeout=SECONDS)[1], "no process stays"
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


def status(told):
    """Do what the demonstration says for another shell: check the home, secrets and all; return what runs."""
    (settings,) = re.findall("^  (export .+)$", told, re.MULTILINE)
    script = f"{settings}\n{sys.executable} -m gateway check && {sys.executable} -m gateway status"
    env = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    done = subprocess.run(
        ["sh", "-c", script], env=env, capture_output=True, text=True, timeout=SECONDS, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout[done.stdout.index("serve 1") :]


def overview(told, ca):
    """Sign in at the console as the demonstration says, and return the first page."""
    found = re.search(r"Console: (https://\S+), name (\S+), password (\S+)", told)
    assert found is not None, told
    url, name, password = found.groups()
    with requests.Session() as browser:
        browser.verify, browser.trust_env = str(ca), False
        fields = {"name": name, "password": password}
        return browser.post(f"{url}signin", fields, headers={"Origin": url.rstrip("/")}, timeout=SECONDS).text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_stopped_before_the_end_it_ends_with_1_and_takes_the_gateway_along(demo, output, tmp_path, number):
    process = demo("--once")
    wait_until(psutil.Process(process.pid).children, "the gateway's start")
    family = psutil.Process(process.pid).children(recursive=True)
    process.send_signal(number)
    assert process.wait(SECONDS) == 1
    assert "Stopped before the end" in output()
    assert "Traceback" not in output()
    assert not psutil.wait_procs(family, timeout=SECONDS)[1], "no process stays"
    assert [path.name for path in tmp_path.iterdir()] == ["output"]


@pytest.mark.parametrize("which", range(len(OPTIONS)))
def test_a_port_in_use_is_named_and_ends_with_1(demo, output, which):
    ports = free_ports(len(OPTIONS))
    with socket.create_server(("127.0.0.1", ports[which])):
        assert demo("--once", ports=ports).wait(SECONDS) == 1
    assert f"Port {ports[which]} is in use; see --help" in output()
    assert "Traceback" not in output()


def test_ports_that_are_the_same_are_told_and_end_with_1(demo, output):
    first, *others = free_ports(len(OPTIONS) - 1)
    assert demo("--once", ports=(first, *others, first)).wait(SECONDS) == 1
    assert "must differ; see --help" in output()


def test_in_a_checkout_the_example_home_is_its_root():
    assert example_home() == REPOSITORY
    assert (example_home() / "gateway.toml").is_file()
