"""`imsgw reload` and a running `imsgw callout`: asked, waited for, told."""

import json
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.fixtures.callout import ANSWER_SECONDS, GOOD, code, contract, rating
from tests.fixtures.reloading import imsgw
from tests.fixtures.running_gateway import wait_until

TPIPES = {"requests": "synchronous", "retry_seconds": 0.05}


@pytest.fixture
def deployed(lab, service):
    lab.gateway(callout={"watch_seconds": 0})
    lab.bundle(callout={**TPIPES, "tpipes": ["PIPE1"]})
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 60_000})
    return lab


def reload(process):
    """Run `imsgw reload` for a process; return exit code and what it says of each process."""
    done = imsgw("reload", "--home", process.home, "--state", process.state, "--json")
    return done.returncode, json.loads(done.stdout)


def listeners(process):
    done = process.command("list", "--json")
    return {each["tpipe"] for each in json.loads(done.stdout)["instances"][0]["listeners"]}


def metrics(process):
    with build_opener(ProxyHandler({})).open(f"{process.url}/metrics", timeout=10) as response:
        return response.read().decode().splitlines()


def test_a_good_change_is_in_force_when_the_command_returns(deployed):
    process = deployed.spawn()
    assert code(deployed.call(rating())) == GOOD
    deployed.bundle(callout={**TPIPES, "tpipes": ["PIPE2"]})
    deployed.gateway(callout={"watch_seconds": 0}, journal={"lease_seconds": 7})
    exit_code, (told,) = reload(process)
    assert (exit_code, told["process"], told["outcome"], told["number"]) == (0, "callout 1", "in force", 2)
    assert told["restart"] == ["journal"]
    assert "gateway.toml: journal: counts from the next start" in process.log
    assert listeners(process) == {"PIPE2"}
    assert code(deployed.call(rating(), "D2")) == GOOD
    lines = metrics(process)
    assert "imsgw_config_version 2.0" in lines
    assert 'imsgw_reloads_total{outcome="in force"} 1.0' in lines
    assert process.stop() == 0


def test_a_bad_change_is_told_with_file_and_key_and_calls_go_on(deployed):
    process = deployed.spawn()
    path = deployed.home / "bundles/ims1.toml"
    right = path.read_text()
    path.write_text(right.replace('"PIPE1"', '"pipe one"'))
    done = imsgw("reload", "--home", process.home, "--state", process.state)
    assert (done.returncode, done.stdout) == (1, "")
    assert "bundles/ims1.toml: callout.tpipes" in done.stderr
    assert "callout 1: refused; configuration 1 stays in force" in done.stderr
    path.write_text(right)
    wsdl = deployed.home / "wsdl/rating/rating.wsdl"
    contents = wsdl.read_text()
    wsdl.write_text("<no-wsdl/>")
    exit_code, (told,) = reload(process)
    assert (exit_code, told["outcome"]) == (1, "refused")
    assert any(one["file"] == "wsdl/rating/rating.wsdl" for one in told["problems"] if not one["warning"])
    assert code(deployed.call(rating())) == GOOD
    assert listeners(process) == {"PIPE1"}
    lines = metrics(process)
    assert "imsgw_config_version 1.0" in lines
    assert "imsgw_config_last_reload_successful 0.0" in lines
    wsdl.write_text(contents)
    exit_code, (told,) = reload(process)
    assert (exit_code, told["number"]) == (0, 2)
    assert "imsgw_config_last_reload_successful 1.0" in metrics(process)


def test_a_call_in_work_finishes_on_the_home_it_began_with(deployed, service):
    service.rating.hold("SLOW")
    process = deployed.spawn()
    waiting = deployed.ical(rating("SLOW"), timeout_seconds=ANSWER_SECONDS)
    wait_until(lambda: service.heard, "the call")
    deployed.service(contract("rating", "http://127.0.0.1:1"), operations={"timeout_ms": 60_000})
    deployed.bundle(callout={**TPIPES, "tpipes": ["PIPE2"]})
    assert reload(process)[0] == 0
    service.rating.let_go()
    assert code(waiting.result(ANSWER_SECONDS)) == GOOD
