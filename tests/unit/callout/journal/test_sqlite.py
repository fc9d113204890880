"""The journal in a file: who may read it, what kills it and what it survives."""

import os
import random
import re
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from gateway.callout.journal import NoJournalError, open_journal
from gateway.callout.journal.entries import JournalError, State
from gateway.callout.journal.keeper import SqlJournal
from gateway.callout.journal.sqlite import SqliteStore
from gateway.callout.journal.store import SECOND
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.journal import keep
from tests.unit.callout.journal.worlds import HERE, message

ROOT = Path(__file__).parents[4]
KILLS = 15


@pytest.fixture
def world(sqlite_world):
    return sqlite_world


def process(command, world) -> Any:
    return subprocess.Popen(
        [sys.executable, "-m", "tests.unit.callout.journal.putting", command, str(world.state())],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def say(child, text):
    child.stdin.write(f"{text}\n")
    child.stdin.flush()


def hear(child):
    line = child.stdout.readline()
    assert line.endswith("\n")
    return line[:-1]


# -- the file -------------------------------------------------------------------------------------------------


def test_nobody_else_may_read_it(world):
    before = os.umask(0)
    try:
        journal = world.open()
        keep(journal, message(world))
    finally:
        os.umask(before)
    files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in world.state().iterdir()}
    assert files == {"journal.db": 0o600, "journal.db-wal": 0o600, "journal.db-shm": 0o600}
    assert stat.S_IMODE(world.state().stat().st_mode) == 0o700


def test_a_file_that_others_could_read_is_closed_to_them(world):
    """As `cp` and restores make it; the files beside it would be made alike."""
    keep(world.open(), message(world))
    world.close()
    for path in world.state().iterdir():
        path.chmod(0o644)
    keep(world.open(), message(world))
    modes = {stat.S_IMODE(path.stat().st_mode) for path in world.state().iterdir()}
    assert modes == {0o600}


def test_without_create_none_is_made(world):
    journal = open_journal(world.settings(), world.state(), world.clock, create=False)
    for use in (journal.letters, journal.counts, lambda: journal.replay(["0" * 32])):
        with pytest.raises(NoJournalError, match="no journal yet"):
            use()
    assert not world.state().exists()
    id_ = keep(world.open(), message(world))
    found = journal.letters(State.WAITING)
    assert [letter.id for letter in found] == [id_]
    journal.close()


def synced(journal, use):
    """Return what `synchronous` is at each commit: 2 is FULL, 1 is NORMAL."""
    seen = []
    engines = (journal._store._durable, journal._store._quick)

    def commits(connection):
        seen.append(connection.exec_driver_sql("PRAGMA synchronous").scalar())

    for engine in engines:
        event.listen(engine, "commit", commits)
    use()
    for engine in engines:
        event.remove(engine, "commit", commits)
    return seen[-1]


def test_what_must_outlive_a_loss_of_power_is_synced(world):
    journal = world.open()
    keep(journal, message(world))
    (entry,) = journal.claim(HERE, 1)
    dead = journal.bury(message(world), 1006, "no XML")
    for use in (
        lambda: journal.take(message(world)),
        lambda: journal.bury(message(world), 1006, "no XML"),
        lambda: journal.answered(entry, b"answer"),
        lambda: journal.replay([dead]),
        lambda: journal.discard([dead]),
    ):
        assert synced(journal, use) == 2
    for quick in (
        lambda: journal.claim(HERE, 1),
        journal.beat,
        lambda: journal.delivered(entry),
    ):
        assert synced(journal, quick) == 1
    assert world.sql("PRAGMA journal_mode") == [("wal",)]


def test_a_file_that_was_removed_is_not_written_to(world):
    journal = world.open()
    keep(journal, message(world))
    world.file.unlink()
    for use in (lambda: keep(journal, message(world)), journal.letters, lambda: journal.claim(HERE, 1)):
        with pytest.raises(JournalError, match="removed while in use"):
            use()
    assert not world.file.exists()


def test_a_file_that_was_replaced_is_not_written_to(world):
    journal = world.open()
    keep(journal, message(world))
    shutil.copy(world.file, world.state() / "copy")
    (world.state() / "copy").replace(world.file)
    with pytest.raises(JournalError, match="replaced while in use"):
        keep(journal, message(world))


@pytest.mark.parametrize("content", [b"no database at all" * 1000, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_file_that_is_none_of_ours_is_told_and_left_alone(world, content):
    world.state().mkdir()
    world.file.write_bytes(content)
    with pytest.raises(JournalError, match=r"journal\.db: .*(no SQLite database|damaged)"):
        keep(world.open(), message(world))
    assert world.file.read_bytes() == content


def test_a_damaged_file_is_told(world):
    journal = world.open()
    for _ in range(200):
        keep(journal, message(world, b"x" * 1000))
    journal.close()
    data = bytearray(world.file.read_bytes())
    data[4096 : len(data)] = b"\xa5" * (len(data) - 4096)  # all but the first page
    world.file.write_bytes(data)
    with pytest.raises(JournalError, match="damaged"):
        world.open().claim(HERE, 10)


def test_a_folder_that_cannot_be_made_is_told(world):
    world.state().write_text("a file")
    journal = world.open()
    for _ in range(2):
        with pytest.raises(JournalError, match=r"journal\.db: File exists|Not a directory"):
            keep(journal, message(world))
    world.state().unlink()
    assert keep(journal, message(world))  # what was in the way is gone


def test_a_file_that_may_not_be_written_is_told(world):
    keep(world.open(), message(world))
    journal = world.open()
    event.listen(journal._store._durable, "begin", lambda c: c.exec_driver_sql("PRAGMA query_only = 1"))
    with pytest.raises(JournalError, match="read-only"):
        keep(journal, message(world))


def short_waiting(world):
    store = SqliteStore(world.file, world.clock, wait_seconds=0.05)
    return SqlJournal(store, world.settings(), world.clock)


def test_a_file_that_somebody_keeps_locked_is_told_and_works_afterwards(world):
    keep(world.open(), message(world))
    journal = short_waiting(world)
    with closing(sqlite3.connect(world.file, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(JournalError, match="another process keeps it locked"):
            keep(journal, message(world))
        assert len(journal.letters(State.WAITING)) == 1  # who reads waits for nobody
        other.execute("ROLLBACK")
    keep(journal, message(world))
    journal.close()


def test_threads_do_not_wait_for_each_other_for_ever(world):
    journal = short_waiting(world)
    keep(journal, message(world))
    with journal._store._turn, pytest.raises(JournalError, match="other threads"):
        keep(journal, message(world))
    keep(journal, message(world))
    journal.close()


def test_an_error_holds_no_data(world):
    keep(world.open(), message(world))
    world.sql("CREATE TRIGGER t BEFORE INSERT ON imsgw_journal_entries BEGIN SELECT raise(ABORT, 'no'); END")
    with pytest.raises(JournalError) as caught:
        keep(world.open(), message(world, b"SECRET", operation="SECRET"))
    assert str(caught.value).endswith("journal.db: no")
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__


# -- clocks ---------------------------------------------------------------------------------------------------


def test_a_wall_clock_that_is_set_takes_nothing_from_anybody(world):
    one, other = world.open(), world.open()
    keep(one, message(world))
    one.claim(HERE, 1)
    for seconds in (86_400, -2 * 86_400):
        world.clock._now += timedelta(seconds=seconds)
        other.beat()
        assert other.claim(HERE, 1) == []


def test_a_heartbeat_of_before_a_restart_of_the_machine_is_lost(world):
    one, other = world.open(), world.open()
    keep(one, message(world))
    one.claim(HERE, 1)
    world.crash(one)
    world.sql(f"UPDATE imsgw_journal_instances SET heartbeat = {10**6 * SECOND}")
    other.beat()
    assert len(other.claim(HERE, 1)) == 1


# -- processes ------------------------------------------------------------------------------------------------


def test_kill_9_loses_nothing_of_what_was_returned_from(world):
    dice = random.Random(5)  # the moments differ anyway
    printed = set()
    with process("take", world) as parent:
        for _ in range(KILLS):
            say(parent, "go")
            pid = int(hear(parent))
            printed |= {hear(parent) for _ in range(dice.randrange(60))}
            os.kill(pid, signal.SIGKILL)
            while (line := hear(parent)) != "gone":
                printed.add(line)
        parent.stdin.close()
    journal = open_journal(world.settings(), world.state(), SYSTEM_CLOCK)
    kept = {letter.id for letter in journal.letters(State.WORKING, limit=1_000_000)}
    assert printed <= kept
    assert len(kept - printed) <= KILLS  # kept, but killed before it was said
    assert world.sql("PRAGMA integrity_check") == [("ok",)]
    world.sql(f"UPDATE imsgw_journal_instances SET heartbeat = {10**6 * SECOND}")  # long ago
    journal.beat()
    assert {entry.id for entry in journal.claim(HERE, len(kept))} == kept
    journal.close()


def test_two_processes_that_claim_at_once_never_get_the_same(world):
    journal = open_journal(world.settings(), world.state(), SYSTEM_CLOCK)
    kept = sorted(keep(journal, message(world)) for _ in range(60))
    journal.close()
    children = [process("claim", world) for _ in range(2)]
    assert [hear(child) for child in children] == ["ready", "ready"]
    for child in children:
        say(child, "go")
    taken = [id_ for child in children for id_ in child.communicate(timeout=60)[0].split()]
    assert sorted(taken) == kept


def test_on_a_full_disk_nothing_is_lost_and_it_works_again_when_there_is_room(world):
    out = process("fill", world).communicate(timeout=60)[0].splitlines()
    (failed,) = (line for line in out if line.startswith("failed: "))
    assert re.search("the disk is full|the disk refuses", failed)
    at = out.index(failed)
    assert at > 10
    assert len(out) == at + 4
    journal = world.open()
    assert {letter.id for letter in journal.letters(State.WAITING, limit=10_000)} == {*out} - {failed}
    assert world.sql("PRAGMA integrity_check") == [("ok",)]
