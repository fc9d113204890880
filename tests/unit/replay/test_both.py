"""What both stores promise, on each of them."""

from contextlib import ExitStack
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.config.model import ReplaySettings
from gateway.replay import open_store
from gateway.replay.backend import CLOCK_MARGIN
from gateway.replay.sqlite import SqliteStore
from gateway.replay.valkey import KEY_PREFIX, ValkeyStore
from gateway.wss.replay import Once, OnceKind, Remembered
from tests.fixtures.clock import SetClock
from tests.unit.replay.entries import NOW, later, once
from tests.unit.replay.racing import RUNNERS, race

NEW, SEEN = Remembered.NEW, Remembered.SEEN


@pytest.fixture(params=["sqlite", "valkey"])
def replay_settings(request, shared_valkey_or_none):
    if request.param == "sqlite":
        return ReplaySettings()
    return shared_valkey_or_none().settings()


@pytest.fixture
def shared_valkey_or_none(request):
    """Start the server only for the tests that use it."""

    def start():
        server = request.getfixturevalue("shared_valkey")
        server.command("FLUSHALL")
        return server

    return start


@pytest.fixture
def store(replay_settings, tmp_path):
    opened = open_store(replay_settings, tmp_path, SetClock())
    yield opened
    opened.close()


def test_what_is_new_is_seen_from_then_on(store):
    assert [store.remember([once("a")], NOW) for _ in range(3)] == [NEW, SEEN, SEEN]


def test_what_was_told_once_to_one_is_known_to_the_other(store, replay_settings, tmp_path):
    assert store.remember([once("a")], NOW) is NEW
    other = open_store(replay_settings, tmp_path, SetClock())
    try:
        assert other.remember([once("a")], NOW) is SEEN
        assert other.remember([once("b")], NOW) is NEW
    finally:
        other.close()
    assert store.remember([once("b")], NOW) is SEEN


def test_of_several_entries_none_is_inserted_when_one_is_there(store):
    assert store.remember([once("a")], NOW) is NEW
    assert store.remember([once("b"), once("a"), once("c")], NOW) is SEEN
    assert store.remember([once("b"), once("c")], NOW) is NEW


def test_the_same_entry_twice_in_one_message_is_one_entry(store):
    assert store.remember([once("a"), once("a")], NOW) is NEW
    assert store.remember([once("a")], NOW) is SEEN


def test_kinds_do_not_meet(store):
    assert store.remember([once("a")], NOW) is NEW
    assert store.remember([once("a", kind=OnceKind.SIGNATURE)], NOW) is NEW


def test_an_entry_counts_until_its_time_and_no_longer(store):
    assert store.remember([once("a", 10)], NOW) is NEW
    assert store.remember([once("a", 20)], later(9.999999)) is SEEN
    assert store.remember([once("a", 20)], later(10)) is NEW
    assert store.remember([once("a", 20)], later(19)) is SEEN


def test_an_entry_counts_again_where_the_clock_was_set_back(store):
    assert store.remember([once("a", 10)], NOW) is NEW
    for number in range(40):  # each call may clean up
        assert store.remember([once(f"b{number}")], later(30)) is NEW
    assert store.remember([once("a", 10)], later(5)) is SEEN


def test_of_processes_that_bring_the_same_at_once_one_gets_new(replay_settings, tmp_path):
    told = race(replay_settings, tmp_path)
    for turn in zip(*told, strict=True):
        assert sorted(turn) == ["new"] + ["seen"] * (RUNNERS - 1)
    store = open_store(replay_settings, tmp_path, SetClock())
    try:  # what the losers brought beside it was not inserted, what the winners brought was
        own = [
            [store.remember([once(f"{t} of {n}")], NOW).value for t in range(len(told[n]))]
            for n in range(RUNNERS)
        ]
    finally:
        store.close()
    other = {"new": "seen", "seen": "new"}
    assert own == [[other[word] for word in words] for words in told]


NAMES = st.sampled_from("abcdef")
STEPS = st.lists(
    st.tuples(st.lists(st.tuples(NAMES, st.integers(1, 40)), max_size=3), st.integers(0, 30)), max_size=25
)


@given(STEPS)
@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_it_does_what_a_dictionary_would(backend_factory, steps):
    known: dict[bytes, object] = {}
    with ExitStack() as stack:
        backend = stack.enter_context(backend_factory())
        now = NOW
        for step, (brought, seconds) in enumerate(steps):
            now += timedelta(seconds=seconds)
            entries = [once(name, life, now=now) for name, life in brought]
            seen = any(known.get(entry.key, now) > now for entry in entries)
            if entries:
                assert backend.remember(entries, now) is (SEEN if seen else NEW), step
            if not seen:
                for key in {entry.key for entry in entries}:
                    known[key] = max(entry.until for entry in entries if entry.key == key)


@pytest.fixture(params=["sqlite", "valkey"])
def backend_factory(request, tmp_path, shared_valkey_or_none):
    from contextlib import closing

    server = shared_valkey_or_none() if request.param == "valkey" else None
    number = iter(range(1_000_000))

    def make():
        if server is None:
            return closing(SqliteStore(tmp_path / f"{next(number)}.sqlite", 1000, 2.0))
        server.command("FLUSHALL")
        return closing(ValkeyStore(server.settings()))

    return make


def test_keys_of_the_layout_say_its_version_and_share_a_slot():
    assert KEY_PREFIX.startswith("imsgw:replay:1:")
    assert "{" in KEY_PREFIX.rstrip(":")
    assert timedelta(seconds=60) <= CLOCK_MARGIN
    assert len(Once.of(OnceKind.NONCE, [b"x"], NOW).key) == 32
