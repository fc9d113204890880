"""Callout put together: what a home leads to, and what stays in the journal that it does not speak of."""

import pytest

from gateway.callout.journal import open_journal, outage
from gateway.callout.journal.entries import NewEntry
from gateway.callout.journal.sqlite import FILE_NAME
from gateway.callout.state import ListenerState
from gateway.callout.values import Source
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
from gateway.observe.callout_events import ListenerChanged
from tests.fixtures.callout import contract, rating
from tests.fixtures.journal import keep
from tests.fixtures.running_gateway import wait_until


@pytest.fixture
def lab(lab, service):
    lab.gateway(journal={"lease_seconds": 1.0})
    lab.service(contract("rating", service.origin))
    return lab


def test_callouts_of_a_tpipe_that_the_home_no_more_names_are_told_once_and_stay(lab, caplog):
    home = read_home(lab.home, environ={})
    home.state.mkdir(parents=True)
    journal = open_journal(home.gateway.journal, home.state, SYSTEM_CLOCK)
    gone = Source("ims1", "GONE")
    for _ in range(2):
        keep(journal, NewEntry(gone, b"event", SYSTEM_CLOCK.now()))
    running = lab.start()

    def told():
        return [one for one in caplog.messages if one.startswith("2 asynchronous callouts of ims1/GONE wait")]

    wait_until(told, "it is told", 30)
    assert lab.call(rating()).good
    assert len(told()) == 1
    running.close()
    assert [entry.new.data for entry in journal.claim(gone, 10)] == [b"event"] * 2
    journal.close()


def test_listeners_are_those_of_the_bundles_with_callout(lab):
    lab.bundle(callout={"tpipes": ["PIPE1", "PIPE2"]})
    running = lab.start()
    assert list(running.states()) == ["ims1/PIPE1", "ims1/PIPE2"]
    running.wait_listening()
    assert running.runtime.ready
    with pytest.raises(KeyError):
        running.runtime.stop_listeners([Source("ims1", "PIPE3")])


def test_a_journal_that_cannot_be_used_is_told_once_for_all_tpipes_and_once_when_it_is_back(
    lab, caplog, monkeypatch
):
    monkeypatch.setattr(outage, "QUIET_SECONDS", 0.5)
    home = read_home(lab.home, environ={})
    in_the_way = home.state / FILE_NAME
    in_the_way.mkdir(parents=True)
    lab.bundle(callout={"tpipes": ["PIPE1", "PIPE2"], "requests": "both", "retry_seconds": 0.05})
    running = lab.start()
    wait_until(lambda: set(running.states().values()) == {ListenerState.TROUBLE}, "trouble", 30)
    assert not running.runtime.ready

    def told():
        return [one for one in caplog.messages if "journal" in one]

    assert len(told()) == 1
    assert told()[0].startswith("the journal cannot be used: ")
    in_the_way.rmdir()
    running.wait_listening()
    wait_until(lambda: len(told()) > 1, "its end", 30)
    assert told()[1].startswith("the journal can be used again, after ")
    assert len(told()) == 2
    assert {one.state for one in running.records.of(ListenerChanged)} == {"listening"}
