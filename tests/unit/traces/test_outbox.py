"""Records on their way: never waited for, bounded, counted, told of once."""

import logging
from threading import Event

import pytest

from gateway.traces.outbox import BATCH, Outbox
from tests.fixtures.running_gateway import wait_until


class Counts(dict[str, int]):
    def traces(self, outcome, count):
        self[outcome] = self.get(outcome, 0) + count


class Collector:
    """Takes batches; holds while it is told to."""

    def __init__(self):
        self.batches = []
        self.reason = ""
        self.begun = Event()
        self.free = Event()
        self.free.set()

    def __call__(self, batch):
        self.begun.set()
        self.free.wait(30)
        if isinstance(self.reason, Exception):
            raise self.reason
        self.batches.append(list(batch))
        return self.reason


@pytest.fixture
def counts():
    return Counts()


@pytest.fixture
def collector():
    return Collector()


@pytest.fixture
def outbox_of(collector, counts):
    made = []

    def make(most=1000, interval=0.01):
        made.append(Outbox(collector, counts, most=most, interval_seconds=interval))
        return made[-1]

    yield make
    collector.free.set()
    for one in made:
        one.close(10)


def test_records_arrive_in_order_and_are_counted(outbox_of, collector, counts):
    outbox = outbox_of()
    for number in range(300):
        outbox.put(number)
    wait_until(lambda: counts.get("sent") == 300)
    assert [one for batch in collector.batches for one in batch] == list(range(300))
    assert max(map(len, collector.batches)) <= BATCH


def test_a_full_batch_does_not_wait_for_the_interval(outbox_of, counts):
    outbox = outbox_of(interval=60)
    for number in range(BATCH):
        outbox.put(number)
    wait_until(lambda: counts.get("sent") == BATCH)


def test_more_than_there_is_room_for_is_dropped_and_counted_while_nobody_waits(outbox_of, collector, counts):
    collector.free.clear()
    outbox = outbox_of(most=10)
    outbox.put("first")
    assert collector.begun.wait(10)
    for number in range(25):
        outbox.put(number)
    assert counts == {"dropped": 15}
    collector.free.set()
    wait_until(lambda: counts.get("sent") == 11)
    assert [one for batch in collector.batches for one in batch] == ["first", *range(10)]


def test_an_outage_is_told_once_and_its_end_once(outbox_of, collector, counts, caplog):
    caplog.set_level(logging.INFO, "gateway.traces")
    outbox = outbox_of()
    collector.reason = "connection refused"
    for number in range(3):
        outbox.put(number)
        wait_until(lambda number=number: counts.get("lost") == number + 1)
    collector.reason = ""
    outbox.put("again")
    wait_until(lambda: counts.get("sent") == 1)
    outbox.put("and again")
    wait_until(lambda: counts.get("sent") == 2)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", "traces cannot be sent, and are lost until they can: connection refused"),
        ("INFO", "traces can be sent again; those of 3 requests and callouts are lost"),
    ]


def test_a_mistake_of_ours_loses_a_batch_and_ends_nothing(outbox_of, collector, counts):
    outbox = outbox_of()
    collector.reason = KeyError("x")
    outbox.put(1)
    wait_until(lambda: counts.get("lost") == 1)
    collector.reason = ""
    outbox.put(2)
    wait_until(lambda: counts.get("sent") == 1)


def test_what_waits_at_the_end_is_sent(outbox_of, collector, counts):
    outbox = outbox_of(interval=60)
    outbox.put(1)
    outbox.close(10)
    assert (collector.batches, counts) == ([[1]], {"sent": 1})
    outbox.put(2)
    assert counts == {"sent": 1, "dropped": 1}


def test_the_end_does_not_wait_for_a_collector_that_hangs(outbox_of, collector, counts):
    collector.free.clear()
    outbox = outbox_of()
    outbox.put(1)
    assert collector.begun.wait(10)
    outbox.put(2)
    outbox.close(0.05)
    assert counts == {"lost": 1}
    collector.free.set()
    wait_until(lambda: counts == {"lost": 1, "sent": 1})
    assert collector.batches == [[1]]
