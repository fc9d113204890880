"""What becomes of messages while the store cannot be used, and who is told."""

import logging
import threading
import time
from datetime import datetime

import pytest

from gateway.config.model import ReplaySettings
from gateway.replay import GuardedStore, open_store
from gateway.replay.backend import StoreDownError
from gateway.wss.replay import Remembered
from tests.fixtures.clock import SetClock
from tests.unit.replay.entries import NOW, once

WAIT_SECONDS = 20
NEW, SEEN, FULL = Remembered.NEW, Remembered.SEEN, Remembered.FULL
FAILED, UNPROTECTED = Remembered.FAILED, Remembered.UNPROTECTED


class Scripted:
    """A backend that works or not as a test says."""

    def __init__(self):
        self.failure: Exception | None = None
        self.answer = NEW
        self.words = ""
        self.asked: list[tuple[int, datetime]] = []
        self.closed = False

    def remember(self, entries, now):
        self.asked.append((len(entries), now))
        if self.failure:
            raise self.failure
        return self.answer

    def advice(self):
        if self.words == "raise":
            raise RuntimeError("no advice")
        return self.words

    def close(self):
        self.closed = True


@pytest.fixture
def backend():
    return Scripted()


@pytest.fixture
def guard(backend):
    opened = []

    def make(*, accept=False, probe_seconds=3600.0, observer=None):
        opened.append(
            GuardedStore(backend, SetClock(), accept=accept, probe_seconds=probe_seconds, observer=observer)
        )
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def wait_until(true):
    deadline = time.monotonic() + WAIT_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def test_what_the_store_says_is_passed_on(guard, backend):
    store = guard()
    for answer in (NEW, SEEN, FULL):
        backend.answer = answer
        assert store.remember([once("a")], NOW) is answer
    assert backend.asked[-1] == (1, NOW)


def test_nothing_to_remember_is_new_whatever_the_store_does(guard, backend):
    store = guard()
    backend.failure = StoreDownError("gone")
    store.remember([once("a")], NOW)
    assert store.remember([], NOW) is NEW


@pytest.mark.parametrize(("accept", "answer"), [(False, FAILED), (True, UNPROTECTED)])
def test_without_the_store_the_policy_decides(guard, backend, accept, answer):
    store = guard(accept=accept)
    backend.failure = StoreDownError("gone")
    assert [store.remember([once("a")], NOW) for _ in range(3)] == [answer] * 3
    assert store.failures == 3
    assert store.accepted_unprotected == (3 if accept else 0)
    assert store.down
    assert store.ready is accept


@pytest.mark.parametrize("error", [RuntimeError("bug"), TypeError(), MemoryError()])
def test_whatever_goes_wrong_the_judge_gets_an_answer(guard, backend, error):
    store = guard()
    backend.failure = error
    assert store.remember([once("a")], NOW) is FAILED


def test_a_store_that_is_down_is_not_asked_for_each_message(guard, backend):
    store = guard()
    backend.failure = StoreDownError("gone")
    store.remember([once("a")], NOW)
    asked = len(backend.asked)
    for _ in range(10):
        assert store.remember([once("a")], NOW) is FAILED
    assert len(backend.asked) == asked


def test_it_comes_back_by_itself_without_a_message(guard, backend):
    store = guard(probe_seconds=0.01)
    backend.failure = StoreDownError("gone")
    assert store.remember([once("a")], NOW) is FAILED
    backend.failure = None
    wait_until(lambda: store.ready)
    assert store.remember([once("a")], NOW) is NEW
    assert store.failures == 1


def test_a_store_that_is_down_from_the_start_is_no_error(guard, backend):
    backend.failure = StoreDownError("gone")
    store = guard(probe_seconds=0.01)
    assert not store.ready
    assert store.remember([once("a")], NOW) is FAILED
    backend.failure = None
    wait_until(lambda: store.ready)


def test_losses_and_returns_are_told_once(guard, backend, caplog):
    caplog.set_level(logging.INFO, "gateway.replay")
    store = guard(accept=True, probe_seconds=0.01)
    for _ in range(2):
        backend.failure = StoreDownError("no route to it")
        for _ in range(5):
            store.remember([once("a")], NOW)
        backend.failure = None
        wait_until(lambda: store.remember([once("a")], NOW) is NEW)
    said = [record.getMessage().split(":")[0].split(";")[0] for record in caplog.records]
    lost = "replay store lost, messages are accepted WITHOUT protection"
    assert said == [lost, "replay store back", lost, "replay store back"]
    assert "no route to it" in caplog.text


def test_a_full_store_is_told_once_and_stays_ready(guard, backend, caplog):
    store = guard()
    backend.answer = FULL
    for _ in range(3):
        store.remember([once("a")], NOW)
    assert store.ready
    assert store.refused_full == 3
    backend.answer = SEEN
    store.remember([once("a")], NOW)
    store.remember([once("a")], NOW)
    assert [record.getMessage().split(":")[0].split(";")[0] for record in caplog.records] == [
        "replay store is full",
        "replay store has room again",
    ]


def test_advice_is_told_when_the_store_works(guard, backend, caplog):
    backend.words = "be careful"
    guard()
    assert "replay store: be careful" in caplog.text


def test_a_store_that_gives_no_advice_works_all_the_same(guard, backend):
    backend.words = "raise"
    assert guard().remember([once("a")], NOW) is NEW


def test_closing_stops_the_attempts(guard, backend):
    backend.failure = StoreDownError("gone")
    store = guard(probe_seconds=0.01)
    store.close()
    assert backend.closed
    assert not any(thread.name == "replay-store-probe" for thread in threading.enumerate())
    assert store.remember([once("a")], NOW) is FAILED


def test_what_was_counted_is_told_at_the_end(guard, backend, caplog):
    store = guard(accept=True)
    backend.failure = StoreDownError("gone")
    for _ in range(3):
        store.remember([once("a")], NOW)
    store.close()
    assert "could not be asked for: 3, of these accepted without protection: 3" in caplog.text


def test_where_nothing_went_wrong_nothing_is_told(guard, caplog):
    store = guard()
    store.remember([once("a")], NOW)
    store.close()
    assert caplog.text == ""


def test_many_threads_meet_a_loss_at_once(guard, backend):
    store = guard(probe_seconds=0.01)
    backend.failure = StoreDownError("gone")
    threads = [threading.Thread(target=store.remember, args=([once("a")], NOW)) for _ in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.failures == 16
    assert sum(thread.name == "replay-store-probe" for thread in threading.enumerate()) == 1


class Noted:
    """An observer that keeps what it is told."""

    def __init__(self):
        self.told = []

    def replay_failed(self, *, accepted):
        self.told.append("accepted" if accepted else "refused")

    def replay_full(self):
        self.told.append("full")

    def replay_usable(self, usable):
        self.told.append("up" if usable else "down")


@pytest.mark.parametrize(("accept", "fate"), [(False, "refused"), (True, "accepted")])
def test_an_observer_is_told_of_the_loss_each_message_and_the_return(guard, backend, accept, fate):
    observer = Noted()
    store = guard(accept=accept, probe_seconds=0.01, observer=observer)
    store.remember([once("a")], NOW)
    backend.failure = StoreDownError("gone")
    for _ in range(2):
        store.remember([once("b")], NOW)
    assert observer.told == ["up", "down", fate, fate]
    backend.failure = None
    wait_until(lambda: not store.down)
    assert observer.told == ["up", "down", fate, fate, "up"]


def test_an_observer_is_told_of_a_store_that_is_down_from_the_start(guard, backend):
    backend.failure = StoreDownError("gone")
    observer = Noted()
    guard(observer=observer)
    assert observer.told == ["down"]


def test_an_observer_is_told_of_each_message_without_room_and_of_no_other(guard, backend):
    observer = Noted()
    store = guard(observer=observer)
    for answer in (FULL, NEW, SEEN, FULL, FULL):
        backend.answer = answer
        store.remember([once("a")], NOW)
    assert observer.told == ["up", "full", "full", "full"]


# -- with real stores -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("on_failure", "answer"), [("refuse", FAILED), ("accept", UNPROTECTED)])
def test_a_damaged_file_is_a_failure_and_not_an_exception(tmp_path, on_failure, answer):
    file = tmp_path / "replay.sqlite"
    file.write_bytes(b"no database, and long enough to look at" * 200)
    store = open_store(ReplaySettings(on_failure=on_failure), tmp_path, SetClock())
    try:
        assert store.remember([once("a")], NOW) is answer
    finally:
        store.close()


@pytest.mark.parametrize(("on_failure", "answer"), [("refuse", FAILED), ("accept", UNPROTECTED)])
def test_a_server_that_goes_and_comes_back_is_used_again(valkey_server, tmp_path, on_failure, answer):
    store = open_store(valkey_server.settings(on_failure=on_failure), tmp_path, SetClock())
    try:
        assert [store.remember([once("a")], NOW) for _ in range(2)] == [NEW, SEEN]
        valkey_server.stop()
        assert store.remember([once("b")], NOW) is answer
        valkey_server.start()
        wait_until(lambda: not store.down)
        assert [store.remember([once("b")], NOW) for _ in range(2)] == [NEW, SEEN]
    finally:
        store.close()


def test_the_size_of_the_settings_bounds_the_file(tmp_path):
    store = open_store(ReplaySettings(max_entries=1000), tmp_path, SetClock())
    try:
        told = [store.remember([once(f"{n}")], NOW) for n in range(1001)]
    finally:
        store.close()
    assert told.count(FULL) == 2  # the attempt at the start took a place, too
    assert told[-1] is FULL
