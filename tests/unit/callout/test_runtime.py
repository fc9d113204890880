"""Callout put together: what a home leads to, and what stays in the journal that it does not speak of."""

import pytest

from gateway.callout.journal import open_journal
from gateway.callout.journal.entries import NewEntry
from gateway.callout.values import Source
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
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
