"""`imsgw serve --with-callout`: one command, both processes, for as long as it runs."""

import json
import os
import signal

import psutil
import pytest

from tests.fixtures.ports import free_ports
from tests.fixtures.reloading import imsgw
from tests.fixtures.running_gateway import wait_until


@pytest.fixture
def gateway(gateway_factory, standin_factory, request):
    (port,) = free_ports(1)
    settings = {"callout.listen": f"127.0.0.1:{port}", "callout.watch_seconds": 0}  # reloads are ours alone
    running = gateway_factory(standin_factory(), settings, arguments=("--with-callout",))
    running.callout_url = f"https://127.0.0.1:{port}"
    wait_until(lambda: answers(running, "healthz"), "callout lives")
    return running


def answers(gateway, path):
    try:
        gateway.fetch(f"{gateway.callout_url}/{path}")
    except OSError:
        return False
    return True


def child(gateway, command):
    """Return the process of one command."""
    for process in psutil.Process(gateway.pid).children():
        if f" {command} " in " ".join(process.cmdline()):
            return process
    return None


def family(gateway):
    return psutil.Process(gateway.pid).children(recursive=True)


def gone(processes):
    return not any(each.is_running() and each.status() != psutil.STATUS_ZOMBIE for each in processes)


def test_both_run_and_both_stop(gateway):
    processes = family(gateway)
    gateway.fetch(f"{gateway.admin_url}/readyz")
    assert "imsgw_callout_reloads_total" in gateway.fetch(f"{gateway.callout_url}/metrics").decode()
    assert gateway.stop() == 0
    assert gone(processes)
    assert gateway.log.count("bundles/ims1.toml: callout: warning:") == 1, "it concerns both"
    events = [entry["event"] for entry in gateway.entries]
    served = events.index("serve has ended with 0: callout is stopped")
    assert served < events.index("SIGTERM: nothing is retrieved any more, callouts in work are finished")


def test_one_command_tells_of_both(gateway):
    gateway.change("gateway.toml", {"callout.drain_seconds": 7})
    assert imsgw("reload", "--home", gateway.home).returncode == 0
    ended = imsgw("status", "--home", gateway.home, "--json")
    assert ended.returncode == 0
    serve, callout = json.loads(ended.stdout)
    assert (serve["process"], callout["process"]) == ("serve 1", "callout 1")
    assert (serve["number"], serve["digest"]) == (callout["number"], callout["digest"]) == (2, serve["digest"])
    assert callout["last_reload"]["reloaded"]["outcome"] == "in force"
    assert {one["bundle"] for one in callout["listeners"]} == {"ims1"}
    shown = imsgw("status", "--home", gateway.home).stdout
    assert f"callout 1: configuration 2 ({callout['digest']}) since " in shown
    assert shown.count("came into force") == 2


def test_one_command_reloads_both_and_a_mistake_changes_neither(gateway):
    gateway.change("gateway.toml", {"callout.drain_seconds": 7})
    told = json.loads(imsgw("reload", "--home", gateway.home, "--json").stdout)
    assert [(one["process"], one["outcome"], one["number"]) for one in told] == [
        ("serve 1", "in force", 2),
        ("callout 1", "in force", 2),
    ]
    assert len({one["digest"] for one in told}) == 1
    gateway.change("gateway.toml", {"callout.drain_seconds": -7})
    done = imsgw("reload", "--home", gateway.home)
    assert done.returncode == 1
    assert done.stderr.count("gateway.toml: callout.drain_seconds") == 2
    assert "serve 1: refused; configuration 2 stays in force" in done.stderr
    assert "callout 1: refused; configuration 2 stays in force" in done.stderr


def test_callout_that_dies_comes_back_and_serve_goes_on(gateway):
    first, serve = child(gateway, "callout"), child(gateway, "serve")
    first.kill()
    gateway.fetch(f"{gateway.admin_url}/readyz")
    gateway.told("callout has ended with -9: it starts again")
    wait_until(lambda: child(gateway, "callout") not in {None, first}, "another one")
    wait_until(lambda: answers(gateway, "healthz"), "it lives")
    assert serve.is_running()
    assert gateway.stop() == 0


def test_when_it_is_killed_nothing_stays_behind(gateway):
    processes = family(gateway)
    os.kill(gateway.pid, signal.SIGKILL)
    gateway.wait()
    wait_until(lambda: gone(processes), "all have ended")
