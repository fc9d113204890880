"""Which second a PassTicket is made for: never one twice, never one out of reach."""

import multiprocessing
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from gateway.config.model import ReplaySettings
from gateway.errors import GatewayError, M
from gateway.identity.seconds import REACH_SECONDS, TRIES, Seconds
from gateway.replay import open_store
from gateway.wss.replay import Once, Remembered
from tests.fixtures.clock import SetClock

NOW = datetime(2026, 11, 22, 12, 0, 0, 250_000, tzinfo=UTC)
WHOLE = NOW.replace(microsecond=0)
PATIENCE = 60


class Memory:
    """A store that answers by the rules, or what it is told to."""

    def __init__(self, always: Remembered | None = None) -> None:
        self.always = always
        self.until: dict[bytes, datetime] = {}
        self.asked = 0

    def remember(self, entries: Sequence[Once], now: datetime) -> Remembered:
        self.asked += 1
        if self.always:
            return self.always
        if any(self.until.get(entry.key, now) > now for entry in entries):
            return Remembered.SEEN
        self.until |= {entry.key: entry.until for entry in entries}
        return Remembered.NEW


def used_up(seconds: Seconds, now: datetime = NOW) -> list[datetime]:
    """Take seconds of TOM until there are none; return them."""
    taken = []
    while True:
        try:
            taken.append(seconds.take("IMSAPPL", "TOM", now))
        except GatewayError:
            return taken


@pytest.fixture
def store():
    return Memory()


@pytest.fixture
def seconds(store):
    return Seconds(store)


def test_the_first_call_of_a_second_gets_that_second(seconds, store):
    assert seconds.take("IMSAPPL", "TOM", NOW) == WHOLE
    assert store.asked == 1


def test_other_users_and_applications_have_seconds_of_their_own(seconds):
    for application, user in (("IMSAPPL", "TOM"), ("IMSAPPL", "TOMMY"), ("IMSAPP", "LTOM"), ("OTHER", "TOM")):
        assert seconds.take(application, user, NOW) == WHOLE


def test_the_calls_of_one_second_get_seconds_nearby(seconds):
    taken = [seconds.take("IMSAPPL", "TOM", NOW) for _ in range(5)]
    assert len(set(taken)) == 5
    assert max(abs(second - WHOLE) for second in taken) <= timedelta(seconds=64)


def test_a_burst_gets_distinct_seconds_within_reach(seconds):
    taken = [seconds.take("IMSAPPL", "TOM", NOW) for _ in range(300)]
    assert len(set(taken)) == 300
    assert max(abs(second - WHOLE) for second in taken) <= timedelta(seconds=REACH_SECONDS)


def test_when_the_reach_is_used_up_callers_are_told_to_come_back(seconds, store):
    taken = used_up(seconds)
    assert REACH_SECONDS < len(taken) == len(set(taken)) <= 2 * REACH_SECONDS + 1
    store.always = Remembered.SEEN
    before = store.asked
    with pytest.raises(GatewayError) as caught:
        seconds.take("IMSAPPL", "TOM", NOW)
    assert caught.value.message is M.BUSY
    assert "TOM" in caught.value.private
    assert "TOM" not in caught.value.text
    assert store.asked - before == TRIES


def test_time_brings_new_seconds(seconds):
    """Three calls a second are more than RACF takes for ever, but a minute of it is no burst worth refusing."""
    taken = [
        seconds.take("IMSAPPL", "TOM", NOW + timedelta(seconds=second))
        for second in range(60)
        for _ in range(3)
    ]
    assert len(set(taken)) == 180


@pytest.mark.parametrize("back", [1, 3600])
def test_a_clock_that_is_set_back_gives_no_second_again(seconds, back):
    taken = [seconds.take("IMSAPPL", "TOM", NOW) for _ in range(50)]
    taken += [seconds.take("IMSAPPL", "TOM", NOW - timedelta(seconds=back)) for _ in range(50)]
    assert len(set(taken)) == 100


def test_a_second_is_remembered_as_long_as_it_is_within_reach(store):
    latest = WHOLE + timedelta(seconds=REACH_SECONDS)
    assert max(used_up(Seconds(store, choose=lambda below: below - 1))) == latest
    taken = used_up(Seconds(store, choose=lambda _: 0), latest + timedelta(seconds=REACH_SECONDS))
    assert min(taken) > latest


@pytest.mark.parametrize("answer", [Remembered.FULL, Remembered.FAILED])
def test_a_store_that_cannot_say_gives_no_second(answer):
    with pytest.raises(GatewayError) as caught:
        Seconds(Memory(answer)).take("IMSAPPL", "TOM", NOW)
    assert caught.value.message is M.BUSY
    assert answer.value in caught.value.private


def test_a_store_that_may_be_done_without_is(store):
    assert Seconds(Memory(Remembered.UNPROTECTED)).take("IMSAPPL", "TOM", NOW) == WHOLE


def _take(state: Path, count: int) -> list[datetime]:
    store = open_store(ReplaySettings(timeout_seconds=20.0), state, SetClock())
    try:
        seconds = Seconds(store)
        with ThreadPoolExecutor(4) as threads:
            return list(threads.map(lambda _: seconds.take("IMSAPPL", "TOM", NOW), range(count)))
    finally:
        store.close()


def test_the_workers_of_a_machine_share_the_seconds(tmp_path):
    """300 calls of one user in one second, from threads of three processes."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Pool(3) as workers:
        told = workers.starmap_async(_take, [(tmp_path, 100)] * 3).get(PATIENCE)
    taken = [second for seconds in told for second in seconds]
    assert len(set(taken)) == 300
    assert max(abs(second - WHOLE) for second in taken) <= timedelta(seconds=REACH_SECONDS)
