"""A message is taken once, however many gateways, threads and restarts there are."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from gateway import runtime
from gateway.config.read import read_home
from tests.attacks.wss.catalogue import NOW, Sent
from tests.attacks.wss.honest import HONEST
from tests.attacks.wss.target import ClockAtNow, Target
from tests.fixtures.in_process import EventList, InProcess, snapshot_of
from tests.forge.assertions import instant
from tests.forge.message import Message, timestamp

ONCE = ("saml20-one-str", "saml11-one-direct", "saml20-sts", "saml20-mtls")


@pytest.fixture
def second_worker(target):
    """Build one more gateway of the same home."""
    sink = EventList()
    snapshot = snapshot_of(read_home(target.gateway.home, environ={"IMS1_PASSWORD": "GWPASS1"}))
    built = runtime.build(snapshot, sink=sink, clock=ClockAtNow())
    yield Target(target.pki, InProcess(target.gateway.home, built, sink), target.standin)
    built.close()


@pytest.mark.parametrize("name", ONCE)
def test_of_one_message_sent_many_times_at_once_one_goes_through(target, name):
    honest = HONEST[name]
    sent = honest.build(target.pki)
    with ThreadPoolExecutor(8) as pool:
        replies = list(pool.map(lambda _n: target.send(honest.service, sent), range(24)))
    assert sorted(reply.status for reply in replies) == [200] + [500] * 23
    assert {reply.fault_code for reply in replies if reply.status != 200} == {"InvalidSecurity"}
    assert len(target.standin.seen) == 1


@pytest.mark.parametrize("name", ONCE)
def test_what_one_worker_took_no_other_takes(target, second_worker, name):
    honest = HONEST[name]
    sent = honest.build(target.pki)
    assert target.send(honest.service, sent).status == 200
    assert second_worker.send(honest.service, sent).fault_code == "InvalidSecurity"
    assert target.send(honest.service, sent).fault_code == "InvalidSecurity"


def test_what_was_refused_is_not_remembered(target):
    """Or anybody could use up a message that is on its way, by sending it changed or from elsewhere."""
    honest = HONEST["saml20-one-str"]
    sent = honest.build(target.pki)
    changed = sent.content.replace(b"whoAmI", b"notify")
    assert target.gateway.send("Saml20OnePort", changed).fault_code == "FailedCheck"
    assert target.send(honest.service, sent).status == 200


def test_an_assertion_of_an_sts_comes_many_times_under_signatures_of_its_sender(target):
    """Clients keep such tokens; the message signature is what comes once."""
    message = Message("saml20", sts=target.pki.sts, signed_by=target.pki.sender)
    for seconds in (1, 2):
        created = instant(NOW - timedelta(seconds=seconds))
        stamp = timestamp(created, instant(NOW + timedelta(seconds=60)))
        sent = Sent(message.but(timestamp=stamp).build(NOW))
        assert target.send("saml20-sts-signed", sent).status == 200, target.reason
