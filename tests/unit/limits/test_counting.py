"""Counting against a rate: each worker's share, and a store that fails."""

import math
import threading

import pytest
import valkey

from gateway.config.limits import LimitsSettings, Rate
from gateway.config.model import ReplaySettings
from gateway.exchange import Secret
from gateway.limits import counting as module
from gateway.limits.counting import RETRY_SECONDS, Counting, StoreAwayError
from gateway.limits.memory import BoundedMemory
from gateway.limits.shared import access_of
from gateway.valkey_pool import Access

ACCESS = Access("valkey://127.0.0.1:1/0", "", Secret("s3cret"), None, 0.25)


class Seen:
    """An observer that remembers."""

    def __init__(self):
        self.usable, self.failed, self.reached = [], [], []

    def limit_reached(self, event):
        self.reached.append(event)

    def limit_store_failed(self, *, accepted):
        self.failed.append(accepted)

    def limit_store_usable(self, usable, /):
        self.usable.append(usable)


class Server(BoundedMemory):
    """Counters elsewhere, which can be away."""

    def __init__(self, clock):
        super().__init__(clock)
        self.down, self.asked = False, 0

    def acquire_sliding_window_entry(self, key, limit, expiry, amount=1):
        self.asked += 1
        if self.down:
            raise valkey.exceptions.TimeoutError("s3cret: timed out")
        return super().acquire_sliding_window_entry(key, limit, expiry, amount)

    def close(self):
        pass


@pytest.fixture
def server(clock, monkeypatch):
    server = Server(clock)
    monkeypatch.setattr(module, "SharedCounters", lambda _access: server)
    return server


def test_in_memory_each_worker_counts_its_part_of_a_rate_rounded_up(clock):
    for workers, part in ((1, 10), (2, 5), (3, 4), (16, 1)):
        counting = Counting(clock, Seen(), None, workers)
        assert [counting.take("k", Rate(10, 60)) for _ in range(part)] == [0] * part
        assert counting.take("k", Rate(10, 60)) > 0


def test_a_shared_store_counts_whole_rates(clock, server):
    counting = Counting(clock, Seen(), ACCESS, 4)
    assert [counting.take("k", Rate(10, 60)) for _ in range(10)] == [0] * 10
    assert counting.take("k", Rate(10, 60)) > 0


def test_who_is_refused_is_told_whole_seconds(clock):
    counting = Counting(clock, Seen(), None, 1)
    assert counting.take("k", Rate(1, 1)) == 0
    assert counting.take("k", Rate(1, 1)) == 1
    minute = 60 - math.fmod(clock.monotonic(), 60)
    assert counting.take("m", Rate(1, 60)) == 0
    assert counting.take("m", Rate(1, 60)) == math.ceil(minute)


def test_a_flood_of_one_key_does_not_go_on_to_the_shared_store(clock, server):
    counting = Counting(clock, Seen(), ACCESS, 1)
    assert counting.take("k", Rate(1, 60)) == 0
    waits = [counting.take("k", Rate(1, 60)) for _ in range(1000)]
    assert len(set(waits)) == 1, "all are told the same"
    assert waits[0] > 1
    assert server.asked == 2
    clock.move(1.001)
    assert counting.take("k", Rate(1, 60)) > 0
    assert server.asked == 3, "it is asked again after a second: the rate may have been cleared"
    assert counting.take("other", Rate(1, 60)) == 0


def test_a_store_that_fails_is_left_alone_for_a_second_and_then_tried_by_one(clock, server, caplog):
    seen = Seen()
    counting = Counting(clock, seen, ACCESS, 1)
    server.down = True
    for _ in range(100):
        with pytest.raises(StoreAwayError):
            counting.take("k", Rate(9, 60))
    assert server.asked == 1
    clock.move(RETRY_SECONDS)
    for _ in range(100):
        with pytest.raises(StoreAwayError):
            counting.take("k", Rate(9, 60))
    assert server.asked == 2
    assert seen.usable == [True, False]
    server.down = False
    with pytest.raises(StoreAwayError):
        counting.take("k", Rate(9, 60))
    clock.move(RETRY_SECONDS)
    assert [counting.take("k", Rate(9, 60)) for _ in range(9)] == [0] * 9
    assert seen.usable == [True, False, True]
    told = [record.getMessage() for record in caplog.records]
    assert len(told) == 2, "each change is told once"
    assert "127.0.0.1:1" in told[0]
    assert "s3cret" not in caplog.text


def test_while_one_tries_the_others_do_not_wait_for_it(clock, server):
    counting = Counting(clock, Seen(), ACCESS, 1)
    server.down = True
    with pytest.raises(StoreAwayError):
        counting.take("k", Rate(9, 60))
    clock.move(RETRY_SECONDS)
    tries, go = threading.Event(), threading.Event()

    def slow(*_args, **_kwargs):
        tries.set()
        assert go.wait(10)
        return True

    server.acquire_sliding_window_entry = slow
    results = []
    trying = threading.Thread(target=lambda: results.append(counting.take("k", Rate(9, 60))))
    trying.start()
    assert tries.wait(10)
    with pytest.raises(StoreAwayError):
        counting.take("k", Rate(9, 60))
    go.set()
    trying.join()
    assert results == [0]


def test_nothing_listens_there_and_that_costs_one_try(clock):
    """The real storage of the library, at a port that nobody listens at."""
    counting = Counting(clock, Seen(), ACCESS, 1)
    for _ in range(50):
        with pytest.raises(StoreAwayError):
            counting.take("k", Rate(9, 60))
    counting.close()


def test_rates_are_counted_where_replays_are_unless_told_otherwise():
    replay = ReplaySettings(store="valkey://replays:6380/1", password=Secret("x"), user="u", timeout_seconds=2)
    found = access_of(LimitsSettings(), replay)
    assert found == Access("valkey://replays:6380/1", "u", Secret("x"), None, 0.25)
    own = LimitsSettings(store="valkey://limits", store_password=Secret("4WHILE"), store_timeout_seconds=1)
    assert access_of(own, replay) == Access("valkey://limits", "", Secret("4WHILE"), None, 1)
    assert access_of(LimitsSettings(store="memory"), replay) is None
    assert access_of(LimitsSettings(), ReplaySettings()) is None
    assert "4WHILE" not in repr(own)
