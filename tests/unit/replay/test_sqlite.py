"""The SQLite store: bounds, expiry, what kills it and what it survives."""

import os
import sqlite3
import subprocess
import sys
import textwrap
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from gateway.replay.backend import StoreDownError
from gateway.replay.sqlite import SqliteStore
from gateway.wss.replay import Remembered
from tests.unit.replay.entries import NOW, later, once

NEW, SEEN, FULL = Remembered.NEW, Remembered.SEEN, Remembered.FULL
ROOT = Path(__file__).parents[3]


@pytest.fixture
def file(tmp_path):
    return tmp_path / "state" / "replay.sqlite"


@pytest.fixture
def open_file(file, clock):
    opened = []

    def make(max_entries=1000, timeout_seconds=2.0):
        opened.append(SqliteStore(file, max_entries, timeout_seconds, clock))
        return opened[-1]

    yield make
    for store in opened:
        store.close()


def bring(store, count):
    for n in range(count):
        store.remember([once(f"new {n}"), once(f"new {n} too")], NOW)


def rows(file):
    with closing(sqlite3.connect(file)) as database:
        (count,) = database.execute("SELECT count(*) FROM entries").fetchone()
        (size,) = database.execute("SELECT entries FROM size").fetchone()
    assert size == count
    return count


# -- bounds ---------------------------------------------------------------------------------------------------


def test_a_full_store_takes_nothing_and_forgets_nothing_that_counts(open_file, file):
    store = open_file(max_entries=10)
    assert [store.remember([once(f"{n}")], NOW) for n in range(11)] == [NEW] * 10 + [FULL]
    assert store.remember([once("9")], NOW) is SEEN
    assert rows(file) == 10


def test_a_message_with_two_entries_finds_no_room_for_one(open_file, file):
    store = open_file(max_entries=10)
    for n in range(9):
        store.remember([once(f"{n}")], NOW)
    assert store.remember([once("x"), once("y")], NOW) is FULL
    assert rows(file) == 9
    assert store.remember([once("x")], NOW) is NEW


def test_a_full_store_makes_room_of_what_no_longer_counts(open_file, clock):
    store = open_file(max_entries=10)
    for n in range(10):
        store.remember([once(f"{n}", seconds=10 if n < 2 else 100)], NOW)
    clock.move(10)
    assert store.remember([once("x"), once("y")], later(10)) is NEW
    assert store.remember([once("z")], later(10)) is FULL


def test_what_has_expired_goes_a_bounded_number_at_a_time(open_file, file, clock):
    store = open_file(max_entries=1000)
    for n in range(200):
        store.remember([once(f"{n}", seconds=10)], NOW)
    clock.move(1000)
    left = []
    for n in range(32):
        store.remember([once(f"x{n}", seconds=10_000)], later(1000))
        left.append(rows(file))
    steps = [before - after for before, after in zip([200, *left], left, strict=False)]
    assert max(steps) < 100
    assert left[-1] == 32


@pytest.mark.parametrize("first", [0, 1])
def test_replays_between_do_not_keep_what_has_expired_from_going(open_file, file, clock, first):
    store = open_file(max_entries=1000)
    for n in range(200):
        store.remember([once(f"{n}", seconds=10)], NOW)
    clock.move(1000)
    again = [once("again", seconds=10_000)]
    store.remember(again, later(1000))
    for n in range(first, first + 64):
        if n % 2:
            assert store.remember(again, later(1000)) is SEEN
        else:
            assert store.remember([once(f"x{n}", seconds=10_000)], later(1000)) is NEW
    assert rows(file) == 33


def test_what_was_seen_stays_seen_when_the_clock_is_set_ahead_and_back(open_file, file):
    store = open_file()
    for n in range(50):
        store.remember([once(f"{n}")], NOW)
    for n in range(10):
        assert store.remember([once(f"ahead {n}", now=later(3600))], later(3600)) is NEW
    assert rows(file) == 60
    assert [store.remember([once(f"{n}")], NOW) for n in range(50)] == [SEEN] * 50


def test_a_full_store_forgets_nothing_because_its_clock_was_set_ahead(open_file):
    store = open_file(max_entries=10)
    for n in range(10):
        store.remember([once(f"{n}")], NOW)
    assert store.remember([once("ahead", now=later(3600))], later(3600)) is FULL
    assert [store.remember([once(f"{n}")], NOW) for n in range(10)] == [SEEN] * 10


def test_an_entry_that_comes_again_after_its_time_is_counted_once(open_file, file):
    store = open_file()
    for seconds in (0, 20, 40):
        assert store.remember([once("a", 10, now=later(seconds))], later(seconds)) is NEW
    assert rows(file) == 1


# -- the file -------------------------------------------------------------------------------------------------


def test_the_file_and_those_beside_it_are_for_us_alone(open_file, file):
    old = os.umask(0)
    try:
        open_file().remember([once("a")], NOW)
    finally:
        os.umask(old)
    modes = {path.name: path.stat().st_mode & 0o777 for path in file.parent.iterdir()}
    assert modes == {"replay.sqlite": 0o600, "replay.sqlite-wal": 0o600, "replay.sqlite-shm": 0o600}
    assert file.parent.stat().st_mode & 0o777 == 0o700


def test_the_file_holds_digests_and_times_only(open_file, file):
    open_file().remember([once("a-nonce-to-find")], NOW)
    assert not any(b"a-nonce-to-find" in path.read_bytes() for path in file.parent.iterdir())


def test_entries_outlive_the_process(open_file):
    store = open_file()
    assert store.remember([once("a")], NOW) is NEW
    store.close()
    assert open_file().remember([once("a")], NOW) is SEEN


def test_nothing_is_opened_before_it_is_used(open_file, file):
    open_file()
    assert not file.parent.exists()


@pytest.mark.parametrize("damage", ["no database", "header", "pages", "tables", "empty size", "folder"])
def test_a_damaged_file_is_a_store_that_is_down(open_file, file, damage):
    store = open_file()
    for n in range(200):
        store.remember([once(f"{n}")], NOW)
    store.close()
    break_file(file, damage)
    store = open_file()
    with pytest.raises(StoreDownError, match=r"replay\.sqlite"):
        bring(store, 200)


def break_file(file, damage):
    content = file.read_bytes()
    match damage:
        case "no database":
            file.write_bytes(b"no database, and long enough to look at" * 200)
        case "header":
            file.write_bytes(b"x" * 100 + content[100:])
        case "pages":
            file.write_bytes(content[:4096] + b"\xff" * (len(content) - 4096))
        case "tables":
            with closing(sqlite3.connect(file)) as database:
                database.execute("DROP TABLE entries")
        case "empty size":
            with closing(sqlite3.connect(file, isolation_level=None)) as database:
                database.execute("DELETE FROM size")
        case "folder":
            file.unlink()
            file.mkdir()


def test_a_file_of_another_version_is_left_alone(open_file, file):
    open_file().remember([once("a")], NOW)
    with closing(sqlite3.connect(file, isolation_level=None)) as database:
        database.execute("PRAGMA user_version = 2")
    with pytest.raises(StoreDownError, match="another version"):
        open_file().remember([once("b")], NOW)


def test_a_file_that_was_replaced_while_in_use_is_not_used_on(open_file, file):
    store = open_file()
    store.remember([once("a")], NOW)
    for path in file.parent.iterdir():
        path.unlink()
    with pytest.raises(StoreDownError, match="removed or replaced"):
        store.remember([once("a")], NOW)
    other = open_file()
    other.remember([once("b")], NOW)
    with pytest.raises(StoreDownError, match="removed or replaced"):
        store.remember([once("b")], NOW)


def test_after_a_repair_it_goes_on_without_a_new_start(open_file, file):
    file.parent.mkdir()
    file.write_bytes(b"no database, and long enough to look at" * 200)
    store = open_file()
    with pytest.raises(StoreDownError):
        store.remember([once("a")], NOW)
    file.unlink()
    assert store.remember([once("a")], NOW) is NEW


def test_a_full_disk_is_a_store_that_is_down_and_nothing_half_done(open_file, file):
    store = open_file(max_entries=1_000_000)
    store.remember([once("a")], NOW)
    store._opened.database.execute("PRAGMA max_page_count = 8")
    with pytest.raises(StoreDownError, match="full"):
        bring(store, 10_000)
    with closing(sqlite3.connect(file)) as database:
        (count,) = database.execute("SELECT count(*) FROM entries").fetchone()
    assert count % 2 == 1
    assert rows(file) == count


# -- others who use it ----------------------------------------------------------------------------------------


def test_of_threads_that_bring_the_same_one_gets_new(open_file):
    stores = [open_file(), open_file()]
    barrier = threading.Barrier(8)

    def worker(number):
        barrier.wait()
        return [stores[number % 2].remember([once(f"{turn}")], NOW) for turn in range(50)]

    with ThreadPoolExecutor(8) as pool:
        told = list(pool.map(worker, range(8)))
    for turn in zip(*told, strict=True):
        assert sorted(answer.value for answer in turn) == ["new"] + ["seen"] * 7


def test_who_waits_too_long_for_another_process_is_told_so(open_file, file):
    store = open_file(timeout_seconds=0.05)
    store.remember([once("a")], NOW)
    with closing(sqlite3.connect(file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(StoreDownError, match="locked"):
            store.remember([once("b")], NOW)
        other.execute("ROLLBACK")
    assert store.remember([once("b")], NOW) is NEW


def test_who_waits_too_long_for_another_thread_is_told_so(open_file):
    store = open_file(timeout_seconds=0.05)
    with store._lock, pytest.raises(StoreDownError, match="other threads"):
        store.remember([once("a")], NOW)


def in_a_process(code, file):
    head = """
        import os, sys
        from pathlib import Path
        from gateway.replay.backend import StoreDownError
        from gateway.replay.sqlite import SqliteStore
        from tests.unit.replay.entries import NOW, once
        store = SqliteStore(Path(sys.argv[1]), 1_000_000, 2.0)
    """
    program = textwrap.dedent(head) + textwrap.dedent(code)
    return subprocess.Popen(
        [sys.executable, "-c", program, str(file)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )


def test_a_connection_from_before_a_fork_is_not_used(file):
    code = """
        assert store.remember([once("a")], NOW).value == "new"
        if os.fork() == 0:
            try:
                store.remember([once("b")], NOW)
            except StoreDownError:
                store.close()
                own = SqliteStore(Path(sys.argv[1]), 1_000_000, 2.0)
                os._exit(3 if own.remember([once("a")], NOW).value == "seen" else 4)
            os._exit(5)
        _, status = os.wait()
        print(os.waitstatus_to_exitcode(status), store.remember([once("a")], NOW).value)
        store.close()
    """
    with in_a_process(code, file) as process:
        assert process.communicate(timeout=60)[0].split() == ["3", "seen"]


def test_a_kill_leaves_whole_messages_only(open_file, file):
    code = """
        for number in range(FIRST, FIRST + 1_000_000):
            store.remember([once(f"{number} one"), once(f"{number} two")], NOW)
            print(number, flush=True)
    """
    done = 0
    for kills in range(3):
        first = kills * 1_000_000
        with in_a_process(code.replace("FIRST", str(first)), file) as process:
            for _ in range(50 + 37 * kills):
                done = int(process.stdout.readline())
            process.kill()
            rest = process.stdout.read().split()
            done = int(rest[-1]) if rest else done
        store = open_file()
        # whatever was answered is known, with both its entries; of the one under way both or none
        answered = [once(f"{n} {part}") for n in range(first, done + 1) for part in ("one", "two")]
        assert all(store.remember([entry], NOW) is SEEN for entry in answered)
        under_way = {store.remember([once(f"{done + 1} {part}")], NOW) for part in ("one", "two")}
        assert len(under_way) == 1
        store.close()
    with closing(sqlite3.connect(file)) as database:
        assert database.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    rows(file)
