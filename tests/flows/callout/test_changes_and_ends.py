"""Changes of the home, drains, ends: each while something is in work that must not be lost or stuck."""

import threading

import pytest

from gateway.callout import deliverer
from gateway.callout.journal.entries import JournalError, NewEntry
from gateway.callout.state import ListenerState
from gateway.callout.values import Source
from gateway.clock import SYSTEM_CLOCK
from gateway.observe.callout_events import CalloutEnded, LateAnswer
from tests.fixtures.callout import GOOD, code, contract, event, rating
from tests.fixtures.journal import keep
from tests.fixtures.running_gateway import wait_until

ONE, TWO = Source("ims1", "PIPE1"), Source("ims1", "PIPE2")


@pytest.fixture
def deployed(lab, service):
    lab.service(contract("rating", service.origin), operations={"timeout_ms": 60_000})
    lab.service(contract("events", service.origin), "events")
    return lab


def threads_named(name):
    return [thread for thread in threading.enumerate() if thread.name == name]


def test_a_bundle_that_was_away_for_a_while_serves_as_before(deployed):
    running = deployed.start()
    assert code(deployed.call(rating())) == GOOD
    file = deployed.home / "bundles/ims1.toml"
    written = file.read_text()
    file.unlink()
    deployed.bundle("ims2", callout={"tpipes": ["PIPE4"]})
    for name in ("rating", "events"):
        correlator = deployed.home / "wsdl" / name / "correlator.toml"
        correlator.write_text(correlator.read_text().replace("ims1", "ims2"))
    running.reload()
    wait_until(lambda: not threads_named("callout-end-ims1/PIPE1"), "the end of the old one")
    file.write_text(written)
    for name in ("rating", "events"):
        correlator = deployed.home / "wsdl" / name / "correlator.toml"
        correlator.write_text(correlator.read_text().replace("ims2", "ims1"))
    running.reload()
    assert code(deployed.call(rating())) == GOOD


def test_what_has_ended_is_not_started_again(deployed):
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"]})
    running = deployed.start()
    running.wait_listening()
    gone = running.runtime._stations.of([TWO])[0]
    deployed.bundle(callout={"tpipes": ["PIPE1"]})
    running.reload()
    assert not gone.listen()
    assert running.runtime.drain(20)
    with pytest.raises(KeyError):
        running.runtime.start_listeners([ONE])
    assert running.states() == {"ims1/PIPE1": ListenerState.STOPPED}


def test_behind_a_drain_a_changed_home_starts_nothing(deployed):
    running = deployed.start()
    assert running.runtime.drain(20)
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"]})
    running.reload()
    assert running.states() == {"ims1/PIPE1": ListenerState.STOPPED}


def test_a_drain_waits_for_what_a_reload_has_ended(deployed, service):
    service.rating.hold("SLOW")
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"]})
    running = deployed.start()
    waiting = deployed.ical(rating("SLOW"), "D2", timeout_seconds=60)
    wait_until(lambda: service.heard, "the call")
    deployed.bundle(callout={"tpipes": ["PIPE1"]})
    running.reload()
    assert running.runtime.drain(0.1) is False
    service.rating.let_go()
    assert running.runtime.drain(20) is True
    assert code(waiting.result(20)) == GOOD


def test_from_the_beginning_of_a_drain_no_tpipe_begins_anything(deployed, service):
    service.rating.hold("SLOW")
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"]})
    running = deployed.start()
    waiting = deployed.ical(rating("SLOW"), timeout_seconds=60)
    wait_until(lambda: service.heard, "the call")
    drained = []
    draining = threading.Thread(target=lambda: drained.append(running.runtime.drain(60)))
    draining.start()
    wait_until(lambda: not threads_named("deliver-ims1/PIPE2"), "nothing of PIPE2 being delivered")
    keep(running.runtime.journal, NewEntry(TWO, event(1), SYSTEM_CLOCK.now()))
    service.rating.let_go()
    draining.join(30)
    assert drained == [True]
    assert code(waiting.result(20)) == GOOD
    assert len(service.heard) == 1


def test_a_delivery_whose_end_could_not_be_kept_when_its_bundle_changed_is_made_again(
    deployed, service, monkeypatch
):
    """Its claim belongs to an instance that lives on: no lease would ever end it."""
    monkeypatch.setattr(deliverer, "TROUBLE_SECONDS", 0.01)
    deployed.gateway(journal={"lease_seconds": 1}, callout={"drain_seconds": 1})
    running = deployed.start()
    running.wait_listening()
    journal = running.runtime.journal
    refused = threading.Event()

    def away(_entry):
        refused.set()
        raise JournalError("away")

    with monkeypatch.context() as outage:
        outage.setattr(journal, "delivered", away)
        deployed.post(event(1))
        assert refused.wait(30)
        deployed.bundle(callout={"concurrency": 5})
        running.reload()
        wait_until(lambda: not threads_named("callout-end-ims1/PIPE1"), "the end of the old one", 30)
    wait_until(lambda: not journal.counts(), "the journal empty", 30)
    assert len(service.heard) >= 2
    assert len({heard.message_id for heard in service.heard}) == 1


def test_an_answer_reaches_its_program_though_ims_connect_was_away_when_it_came(
    deployed, service, breaking_proxy
):
    """The ICAL waits in IMS, not in IMS Connect."""
    proxy = breaking_proxy(deployed.standin.host, deployed.standin.port)
    deployed.bundle(ims_connect={"host": proxy.host, "port": proxy.port})
    service.rating.hold("SLOW")
    running = deployed.start()
    waiting = deployed.ical(rating("SLOW"), timeout_seconds=60)
    wait_until(lambda: service.heard, "the call")
    way = running.runtime._stations.of([ONE])[0].way
    proxy.refuse()
    proxy.reset()
    service.rating.let_go()
    wait_until(lambda: any(one.connect_failures for one in way.stats()), "a try", 30)
    proxy.listen()
    assert code(waiting.result(30)) == GOOD
    assert [record.outcome for record in running.records.wait(CalloutEnded)] == ["answered"]


def test_a_heartbeat_goes_on_whatever_it_meets(deployed, monkeypatch):
    deployed.gateway(journal={"lease_seconds": 1})
    running = deployed.start()
    beats = []

    def broken():
        beats.append(1)
        raise RuntimeError("of ours")

    monkeypatch.setattr(running.runtime.journal, "beat", broken)
    wait_until(lambda: len(beats) >= 2, "another beat", 30)


def test_whether_it_is_ready_is_known_without_the_journal(deployed, monkeypatch):
    running = deployed.start()
    running.wait_listening()

    def hangs():
        raise AssertionError("the journal was asked")

    monkeypatch.setattr(running.runtime.journal, "counts", hangs)
    assert running.runtime.ready


def test_a_program_whose_bundle_changes_while_it_is_told_1001_is_told(deployed, service, monkeypatch):
    service.rating.hold("SLOW")
    deployed.service(
        contract("rating", service.origin), operations={"timeout_ms": 300, "late_answer_ms": 60_000}
    )
    running = deployed.start()
    running.wait_listening()
    station = running.runtime._stations.of([ONE])[0]
    respond, telling, go_on = station.way.responder.respond, threading.Event(), threading.Event()

    def slow(response):
        telling.set()
        assert go_on.wait(60)
        respond(response)

    monkeypatch.setattr(type(station.way.responder), "respond", lambda _self, response: slow(response))
    waiting = deployed.ical(rating("SLOW"), timeout_seconds=60)
    assert telling.wait(30)
    deployed.bundle(callout={"concurrency": 5})
    running.reload()
    service.rating.let_go()
    running.records.wait(LateAnswer)
    assert threads_named("callout-end-ims1/PIPE1"), "it waits until the program is told"
    go_on.set()
    assert waiting.result(20).extended_reason == 1001
