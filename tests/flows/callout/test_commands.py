"""`imsgw callout` as operators have it: real processes, real commands, real signals."""

import json
import signal
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.fixtures.callout import ANSWER_SECONDS, GOOD, code, contract, rating
from tests.fixtures.hostile_service import Rating
from tests.fixtures.running_gateway import wait_until

TWO_TPIPES = {"tpipes": ["PIPE1", "PIPE2"], "requests": "synchronous", "retry_seconds": 0.05}


@pytest.fixture
def rates(service):
    """The service outside: answers, but for customers that are held."""
    service.behave = Rating()
    return service.behave


@pytest.fixture
def deployed(lab, service):
    lab.bundle(callout=TWO_TPIPES)
    # callouts may wait as long as a test wants
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 60_000})
    return lab


def listed(process, *options):
    result = process.command("list", "--json", *options)
    assert result.returncode == 0, result.stderr
    return json.loads(result.stdout)["instances"]


def states(process):
    """Return the state of each listener. The command runs in this process, as waiting tests look often."""
    result = process.command_here("list", "--json")
    assert result.exit_code == 0, result.stderr
    (instance,) = json.loads(result.stdout)["instances"]
    return {f"{each['bundle']}/{each['tpipe']}": each["state"] for each in instance["listeners"]}


def wait_state(process, listener, state):
    wait_until(lambda: states(process).get(listener) == state, f"{listener} {state}")


def put(path, text):
    """Exchange a file as a whole: a process that was held up must not read half of it."""
    new = path.with_name(f".{path.name}.new")
    new.write_text(text)
    new.replace(path)


def in_work(service, customer):
    """Wait until the service has got a call for a customer."""
    wait_until(
        lambda: any(each.text("customer") == customer for each in service.heard), f"the call for {customer}"
    )


# -- list, start, stop ----------------------------------------------------------------------------------------


def test_list_shows_the_listeners_and_what_they_have_done(deployed, rates):
    process = deployed.spawn()
    assert code(deployed.call(rating())) == GOOD
    result = process.command("list")
    assert result.returncode == 0
    first, _, *rows = result.stdout.splitlines()
    assert first == f"instance 1 (process {process.pid}): ready"
    assert [row.split()[:2] for row in rows] == [["ims1/PIPE1", "listening"], ["ims1/PIPE2", "listening"]]
    (instance,) = listed(process)
    assert [each["received"] for each in instance["listeners"]] == [1, 0]


def test_a_stopped_listener_leaves_its_messages_with_ims_until_it_is_started(deployed, rates):
    process = deployed.spawn()
    assert process.command("stop", "ims1/PIPE1").returncode == 0
    wait_state(process, "ims1/PIPE1", "stopped")
    waiting = deployed.ical(rating("STOPPED"), "D1", timeout_seconds=ANSWER_SECONDS)
    assert code(deployed.call(rating("OTHER"), "D2")) == GOOD
    assert not waiting.done()
    assert process.is_ready()
    result = process.command("start", "ims1/PIPE1")
    assert result.returncode == 0
    assert code(waiting.result(ANSWER_SECONDS)) == GOOD
    assert set(states(process).values()) == {"listening"}


def test_a_stop_finishes_what_is_in_work(deployed, service, rates):
    rates.hold("HELD")
    process = deployed.spawn()
    waiting = deployed.ical(rating("HELD"), timeout_seconds=ANSWER_SECONDS)
    in_work(service, "HELD")
    assert process.command("stop", "--all").returncode == 0
    wait_state(process, "ims1/PIPE1", "stopped")
    rates.let_go("HELD")
    assert code(waiting.result(ANSWER_SECONDS)) == GOOD


def test_a_listener_that_there_is_not_changes_nothing(deployed, rates):
    process = deployed.spawn()
    result = process.command("stop", "ims1/PIPE1", "ims1/PIPE9")
    assert (result.returncode, result.stdout) == (1, "")
    assert "there is no listener ims1/PIPE9; there are: ims1/PIPE1, ims1/PIPE2" in result.stderr
    assert set(states(process).values()) == {"listening"}


def test_all_listeners_of_a_bundle_are_stopped_and_started_by_its_name(deployed, rates):
    process = deployed.spawn()
    result = process.command("stop", "ims9")
    assert (result.returncode, result.stdout) == (1, "")
    assert "there is no bundle ims9 with listeners; there are: ims1" in result.stderr
    assert set(states(process).values()) == {"listening"}
    assert process.command("stop", "ims1").returncode == 0
    for listener in ("ims1/PIPE1", "ims1/PIPE2"):
        wait_state(process, listener, "stopped")
    assert process.command("start", "ims1").returncode == 0
    for listener in ("ims1/PIPE1", "ims1/PIPE2"):
        wait_state(process, listener, "listening")


def test_without_a_process_the_commands_say_so(deployed):
    process = deployed.spawn(ready=False)
    process.kill()
    for command in (("list",), ("stop", "--all"), ("start", "--all"), ("drain",)):
        result = process.command(*command)
        assert (result.returncode, result.stdout) == (1, "")
        assert "no process of callout runs on" in result.stderr


# -- drain, signals -------------------------------------------------------------------------------------------


def test_drain_waits_for_what_is_in_work_and_the_process_then_ends_with_0(deployed, service, rates):
    rates.hold("HELD")
    process = deployed.spawn()
    waiting = deployed.ical(rating("HELD"), timeout_seconds=ANSWER_SECONDS)
    in_work(service, "HELD")
    result = process.command("drain", "--seconds", "0")
    assert (result.returncode, "still in work" in result.stdout) == (1, True)
    assert not process.is_ready()
    rates.let_go("HELD")
    result = process.command("drain")
    assert (result.returncode, "nothing is in work any more" in result.stdout) == (0, True)
    assert code(waiting.result(ANSWER_SECONDS)) == GOOD
    refused = process.command("start", "--all")
    assert (refused.returncode, "the process was drained" in refused.stderr) == (1, True)
    assert process.stop() == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_finishes_what_is_in_work_and_takes_nothing_new(deployed, service, rates, number):
    rates.hold("HELD")
    process = deployed.spawn()
    waiting = deployed.ical(rating("HELD"), timeout_seconds=ANSWER_SECONDS)
    in_work(service, "HELD")
    process.send(number)
    wait_until(lambda: "nothing is retrieved any more" in process.log, "the end has begun")
    wait_until(lambda: set(states(process).values()) == {"stopped"}, "the listeners have ended")
    late = deployed.ical(rating("LATE"), "D2", timeout_seconds=ANSWER_SECONDS)
    assert process.exit_code is None
    rates.let_go("HELD")
    assert code(waiting.result(ANSWER_SECONDS)) == GOOD
    wait_until(lambda: process.exit_code is not None, "the process has ended")
    assert process.exit_code == 0
    assert not late.done()
    # another process takes over what waits
    deployed.spawn(process.state)
    assert code(late.result(ANSWER_SECONDS)) == GOOD


def test_a_second_signal_ends_it_at_once(deployed, service, rates):
    rates.hold("HELD")
    process = deployed.spawn()
    deployed.ical(rating("HELD"), timeout_seconds=ANSWER_SECONDS)
    in_work(service, "HELD")
    process.send(signal.SIGTERM)
    wait_until(lambda: "nothing is retrieved any more" in process.log, "the end has begun")
    process.send(signal.SIGTERM)
    assert process.stop() == 1
    assert "SIGTERM again: what is in work is cut off" in process.log


def test_a_drain_has_an_end_and_what_was_cut_off_shows_in_the_exit_code(deployed, service, rates):
    rates.hold("HELD")
    deployed.gateway(callout={"drain_seconds": 0.2})
    process = deployed.spawn()
    deployed.ical(rating("HELD"), timeout_seconds=ANSWER_SECONDS)
    in_work(service, "HELD")
    assert process.stop() == 1
    assert "1 callouts are still in work after 0.2 s" in process.log


# -- a home that changes --------------------------------------------------------------------------------------


def test_new_bundles_and_services_start_by_themselves(deployed, service, rates):
    deployed.gateway(callout={"watch_seconds": 0.1})
    deployed.bundle(callout={**TWO_TPIPES, "tpipes": ["PIPE1"]})
    process = deployed.spawn()
    deployed.bundle("ims2", callout={**TWO_TPIPES, "tpipes": ["PIPE3"]})
    deployed.service(contract("rating", service.origin), folder="rating2", name="rating2", bundles=["ims2"])
    wait_state(process, "ims2/PIPE3", "listening")
    assert code(deployed.call(rating(wsid="rating2"), "D3")) == GOOD
    assert "is in force (its files have changed): bundles/ims2.toml, wsdl/rating2/" in process.log


def test_a_bundle_that_goes_takes_its_listeners_along(deployed, service, rates):
    deployed.bundle("ims2", callout={**TWO_TPIPES, "tpipes": ["PIPE3"]})
    deployed.gateway(callout={"watch_seconds": 0.1})
    process = deployed.spawn()
    assert "ims2/PIPE3" in states(process)
    (deployed.home / "bundles/ims2.toml").unlink()
    wait_until(lambda: "ims2/PIPE3" not in states(process), "its listener goes")
    assert code(deployed.call(rating())) == GOOD


def test_a_mistake_is_told_once_and_changes_nothing(deployed, rates):
    deployed.gateway(callout={"watch_seconds": 0.1})
    process = deployed.spawn()
    path = deployed.home / "bundles/ims1.toml"
    right = path.read_text()
    put(path, right.replace('"PIPE1"', '"PIPE1", "pipe one"'))
    refused = "does not come into force (its files have changed)"
    wait_until(lambda: refused in process.log, "the mistake is told")
    assert code(deployed.call(rating())) == GOOD
    assert set(states(process)) == {"ims1/PIPE1", "ims1/PIPE2"}
    put(path, right.replace('"PIPE2"', '"PIPE4"'))
    wait_until(lambda: set(states(process)) == {"ims1/PIPE1", "ims1/PIPE4"}, "the change is in force")
    told = [line for line in process.log.splitlines() if refused in line]
    assert len(told) == 1, told


def test_sighup_reads_the_home_where_nobody_watches(deployed, rates):
    deployed.gateway(callout={"watch_seconds": 0})
    process = deployed.spawn()
    deployed.bundle(callout={**TWO_TPIPES, "tpipes": ["PIPE3"]})
    process.send(signal.SIGHUP)
    wait_until(lambda: set(states(process)) == {"ims1/PIPE3"}, "the change is in force")


# -- several processes ----------------------------------------------------------------------------------------


def test_two_processes_on_one_state_are_asked_together_or_one_by_one(deployed, rates):
    first = deployed.spawn()
    second = deployed.spawn(first.state)
    assert [each["pid"] for each in listed(first)] == [first.pid, second.pid]
    assert [each["instance"] for each in listed(first)] == [1, 2]
    assert first.command("stop", "--all", "--instance", "2").returncode == 0
    one, two = listed(first)
    assert {each["state"] for each in one["listeners"]} == {"listening"}
    assert {each["state"] for each in two["listeners"]} <= {"stopping", "stopped"}


def test_a_process_that_was_killed_is_forgotten_and_its_number_is_free(deployed, rates):
    first = deployed.spawn()
    second = deployed.spawn(first.state)
    first.kill()
    assert [each["instance"] for each in listed(second)] == [2]
    third = deployed.spawn(first.state)
    assert [each["pid"] for each in listed(second)] == [third.pid, second.pid]


def test_an_address_that_another_process_has_is_told(deployed, rates):
    process = deployed.spawn()
    result = process.command("--listen", process.url.removeprefix("http://"))
    assert result.returncode == 1
    assert "callout.listen: cannot listen on" in result.stderr
    assert "--listen gives this process another" in result.stderr
    assert process.is_ready()


# -- log and metrics ------------------------------------------------------------------------------------------


def test_the_log_tells_of_a_callout_without_its_payload(deployed, service, rates):
    process = deployed.spawn()
    assert code(deployed.call(rating("PAYLOAD"))) == GOOD

    def told():
        return [each for each in process.entries if each["event"] == "callout"]

    wait_until(told, "the entry")
    (entry,) = told()
    assert (entry["outcome"], entry["service"], entry["operation"], entry["user"]) == (
        "answered",
        "rating",
        "Rate",
        "ALICE",
    )
    assert entry["address"] == service.origin
    assert "PAYLOAD" not in process.log


def test_metrics_count_what_the_log_tells(deployed, rates):
    process = deployed.spawn()
    assert code(deployed.call(rating())) == GOOD
    assert code(deployed.call(rating(wsid="nonsense"))) != GOOD

    def page():
        with build_opener(ProxyHandler({})).open(f"{process.url}/metrics", timeout=10) as response:
            return response.read().decode()

    answered = 'kind="synchronous",outcome="answered",service="rating",tpipe="PIPE1"} 1.0'
    wait_until(lambda: f'imsgw_callouts_total{{bundle="ims1",{answered}' in page(), "the count")
    wait_until(lambda: 'imsgw_callout_failures_total{service="-",status="1002"} 1.0' in page(), "the failure")
    assert 'imsgw_callout_messages_total{answer="ack",bundle="ims1",tpipe="PIPE1"} 2.0' in page()
    assert 'imsgw_callout_listener_up{bundle="ims1",tpipe="PIPE2"} 1.0' in page()
    assert "nonsense" not in page()
