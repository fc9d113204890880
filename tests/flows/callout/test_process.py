"""`imsgw callout` as it is run: a process, its commands, its log, its end."""

import json
import signal
from urllib.request import ProxyHandler, build_opener

import pytest

from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import GOOD, TIMED_OUT, code, contract, event, rating, text
from tests.fixtures.callout_wire import NAK
from tests.fixtures.running_gateway import wait_until

pytestmark = pytest.mark.slow
SECRET = "partner-secret-4711"


@pytest.fixture
def deployed(lab, service, tap_of):
    """The rating and the events service behind PIPE1; what goes to IMS Connect is written down in `lab.tap`."""
    lab.tap = tap_of(lab.standin)
    lab.gateway(callout={"watch_seconds": 0.1})
    lab.bundle(
        ims_connect={"host": lab.tap.host, "port": lab.tap.port},
        callout={"basic": {"user": "gw", "password": SECRET}},
    )
    lab.service(contract("rating", service.origin))
    lab.service(contract("events", service.origin), "events", retry={"attempts": 1})
    return lab


def letters(process):
    done = process.command("dead-letters", "list", "--json")
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)["letters"]


def test_it_serves_stops_at_sigterm_and_serves_again_without_a_nak(deployed, service):
    process = deployed.spawn()
    assert "<score>3</score>" in text(deployed.call(rating("KUNDE", 100)))
    service.rating.hold("SLOW")
    waiting = deployed.ical(rating("SLOW"), timeout_seconds=60)
    wait_until(lambda: len(service.heard) == 2, "the call")
    process.send(signal.SIGTERM)
    wait_until(lambda: any(entry.get("state") == "stopped" for entry in process.entries), "the listener's end")
    left = deployed.ical(rating("NEXT"), timeout_seconds=60)
    service.rating.let_go()
    assert code(waiting.result(30)) == GOOD, "what is in work is finished"
    assert process.wait() == 0
    assert not left.done()
    process.start()
    assert code(left.result(60)) == GOOD, "what came meanwhile waited for the next start"
    assert all(one.f0 & 0x20 for one in deployed.tap.of(NAK)), "no ICAL was ended by a NAK"
    assert process.stop() == 0
    assert SECRET not in process.log
    assert "KUNDE" not in process.log, "no payload in the log"
    assert service.heard[0].basic == f"gw:{SECRET}"


def test_an_ical_in_work_when_it_is_killed_ends_by_its_own_time_out_and_the_next_is_served(deployed, service):
    service.rating.hold("SLOW")
    process = deployed.spawn()
    waiting = deployed.ical(rating("SLOW"), timeout_seconds=3)
    wait_until(lambda: service.heard, "the call")
    process.kill()
    in_between = deployed.ical(rating("NEXT"), timeout_seconds=60)
    assert code(waiting.result(30)) == TIMED_OUT
    process.start()
    assert code(in_between.result(60)) == GOOD
    assert deployed.tap.of(NAK) == [], "no false NAK behind a restart"


def test_a_new_service_starts_by_itself(deployed, service):
    process = deployed.spawn()
    assert deployed.call(rating(wsid="second")).extended_reason == 1002
    deployed.bundle(
        ims_connect={"host": deployed.tap.host, "port": deployed.tap.port},
        callout={"tpipes": ["PIPE1", "PIPE2"]},
    )
    deployed.service(contract("rating", service.origin), "second")
    assert code(deployed.call(rating(wsid="second"), "D2", timeout_seconds=30)) == GOOD
    (deployed.home / "wsdl/second/second.wsdl").write_text("<no-wsdl/>")
    wait_until(lambda: "second.wsdl" in process.log, "the mistake is told")
    assert code(deployed.call(rating(wsid="second"))) == GOOD, "and leaves everything as it is"


def test_dead_letters_are_listed_shown_replayed_and_discarded(deployed, service):
    service.behave = hostile.fault11("soap:Client", "not this one")
    process = deployed.spawn()
    for number in (1, 2):
        deployed.post(event(number, f"text {number}"))
    wait_until(lambda: len(service.heard) == 2 and deployed.left() == 0, "both events refused")
    first, second = letters(process)
    shown = process.command("dead-letters", "show", first["id"], "--json")
    assert shown.returncode == 0, shown.stderr
    assert "text 1" in shown.stdout
    service.behave = service.rating
    done = process.command("dead-letters", "replay", first["id"])
    assert done.returncode == 0, done.stderr
    wait_until(lambda: len(service.heard) == 3, "the delivery")
    assert service.heard[2].text("id") == "1"
    assert service.heard[2].message_id == service.heard[0].message_id
    done = process.command("dead-letters", "discard", second["id"], "--yes")
    assert done.returncode == 0, done.stderr
    assert letters(process) == []
    assert process.command("dead-letters", "replay", second["id"]).returncode == 1


def test_state_is_in_the_metrics(deployed, service):
    process = deployed.spawn()
    assert code(deployed.call(rating())) == GOOD
    service.behave = hostile.fault11()
    assert deployed.call(rating()).extended_reason == 1002

    def metrics():
        with build_opener(ProxyHandler({})).open(f"{process.url}/metrics") as response:
            return response.read().decode()

    wait_until(lambda: 'outcome="failed"' in metrics(), "both callouts counted")
    lines = [line for line in metrics().splitlines() if line.startswith("imsgw_callouts_total{")]
    counted = {line.partition('outcome="')[2].partition('"')[0]: line.rpartition(" ")[2] for line in lines}
    assert counted["answered"] == "1.0"
    assert counted["failed"] == "1.0"
    assert 'status="1002"' in metrics()
    assert SECRET not in metrics()
