import errno
import json
import os
import signal
import stat
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from gateway.audit.anchor import anchor_path
from gateway.audit.chain import Hasher
from gateway.audit.file_target import FileSettings, FileTarget
from gateway.audit.formats import FORMATS
from gateway.audit.rotation import appended, full_files
from gateway.audit.target import AuditUnavailableError
from gateway.audit.turn import Turn, lock_path
from gateway.audit.verify import trail_of, verify
from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret

KEY = Secret("k" * 16)


def target_at(path: Path, **settings) -> FileTarget:
    return FileTarget(FileSettings(path, **settings), FORMATS["json"].chained, SYSTEM_CLOCK)


def all_lines(path: Path) -> list[str]:
    return [line for file in [*full_files(path), path] for line in file.read_text().splitlines()]


def test_lines_stand_in_the_file_in_their_order_and_only_the_owner_reads_it(tmp_path):
    path = tmp_path / "new/folder/audit.log"
    target = target_at(path)

    target.write("one")
    target.write("zwei ä")

    assert path.read_text() == "one\nzwei ä\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


def test_the_group_may_read_where_that_is_said_whatever_the_umask(tmp_path):
    before = os.umask(0o077)
    try:
        target_at(tmp_path / "a", group_read=True).write("one")
    finally:
        os.umask(before)

    assert stat.S_IMODE((tmp_path / "a").stat().st_mode) == 0o640


def test_a_file_that_would_be_too_long_is_put_aside_and_the_oldest_go(tmp_path):
    path = tmp_path / "audit.log"
    target = target_at(path, max_bytes=20, keep_files=2)

    for number in range(10):
        target.write(f"line {number:03}")

    assert [file.name for file in full_files(path)] == ["audit.log.000003", "audit.log.000004"]
    assert all_lines(path) == [f"line {number:03}" for number in range(4, 10)]


def test_another_process_that_has_put_the_file_aside_is_noticed(tmp_path):
    path = tmp_path / "audit.log"
    one, other = target_at(path, max_bytes=20), target_at(path, max_bytes=20)

    for number in range(6):
        (one if number % 2 else other).write(f"line {number:03}")

    assert all_lines(path) == [f"line {number:03}" for number in range(6)]
    assert len(full_files(path)) == 2


@pytest.mark.parametrize("change", ["renamed", "deleted"])
def test_a_file_that_somebody_has_taken_away_begins_anew(tmp_path, change):
    path = tmp_path / "audit.log"
    target = target_at(path)
    target.write("one")
    path.rename(tmp_path / "elsewhere") if change == "renamed" else path.unlink()

    target.write("two")

    assert path.read_text() == "two\n"


def test_a_line_that_was_torn_gets_an_end_before_the_next_one(tmp_path):
    path = tmp_path / "audit.log"
    path.write_bytes(b"one\ntor")

    target_at(path).write("two")

    assert path.read_text() == "one\ntor\ntwo\n"


def test_a_torn_line_is_told_and_taken_away_by_the_next_writer_of_a_chain(tmp_path):
    path = tmp_path / "audit.log"
    target_at(path, chain=True, chain_key=KEY).write('{"a":1}')
    before = path.read_bytes()
    with path.open("a") as file:
        file.write('{"a":2,"to')

    torn = verify(trail_of([path]), Hasher(KEY))
    target_at(path, chain=True, chain_key=KEY).write('{"a":3}')
    after = verify(trail_of([path]), Hasher(KEY))

    assert (torn.broken, after.broken) == (None, None)
    assert "the last line is torn" in torn.notes[0]
    assert (after.notes, after.last) == ((), 2)
    assert path.read_bytes().startswith(before + b'{"a":3,')


def test_a_line_that_was_written_and_not_noted_is_in_the_chain(tmp_path):
    """The process was killed between the two writes: of the line, and of the anchor."""
    path = tmp_path / "audit.log"
    target = target_at(path, chain=True, chain_key=KEY)
    target.write('{"a":1}')
    anchor = anchor_path(path).read_bytes()
    target.write('{"a":2}')
    anchor_path(path).write_bytes(anchor)

    target_at(path, chain=True, chain_key=KEY).write('{"a":3}')
    told = verify(trail_of([path]), Hasher(KEY))

    assert (told.broken, told.last, told.notes) == (None, 3, ())


def test_lines_without_a_chain_are_not_taken_into_one(tmp_path):
    path = tmp_path / "audit.log"
    target_at(path).write('{"a":1}')

    with pytest.raises(AuditUnavailableError, match="holds lines without a chain; move it away"):
        target_at(path, chain=True).write('{"a":2}')


def test_another_key_is_not_taken_for_the_chain_s(tmp_path):
    path = tmp_path / "audit.log"
    target_at(path, chain=True, chain_key=KEY).write('{"a":1}')

    for key in (Secret(""), Secret("another key of the chain")):
        with pytest.raises(AuditUnavailableError, match="move it and the files of the trail away"):
            target_at(path, chain=True, chain_key=key).write('{"a":2}')


@pytest.mark.parametrize("what", ["folder", "pipe", "link", "no folder"])
def test_what_is_no_file_is_unavailable_and_never_waited_for(tmp_path, what):
    path = tmp_path / "audit.log"
    if what == "folder":
        path.mkdir()
    elif what == "pipe":
        os.mkfifo(path)
    elif what == "link":
        path.symlink_to("/dev/null")
    else:
        (tmp_path / "file").touch()
        path = tmp_path / "file/audit.log"

    with pytest.raises(AuditUnavailableError):
        target_at(path).write("one")


def test_who_holds_the_lock_for_too_long_makes_it_unavailable(tmp_path):
    path = tmp_path / "audit.log"
    busy = pytest.raises(AuditUnavailableError, match="another process is still writing")
    with Turn(lock_path(path), SYSTEM_CLOCK, 1).held(), busy:
        target_at(path, wait_seconds=0.05).write("one")
    target_at(path, wait_seconds=0.05).write("two")


def test_a_closed_target_takes_nothing(tmp_path):
    target = target_at(tmp_path / "a")
    target.close()

    with pytest.raises(AuditUnavailableError):
        target.write("one")


def test_a_disk_that_is_full_in_the_middle_of_a_line_leaves_nothing_of_it(tmp_path, monkeypatch):
    path = tmp_path / "audit.log"
    target = target_at(path, chain=True)
    target.write('{"a":1}')
    before, real = path.read_bytes(), os.write

    def full(descriptor, data):
        if len(data) > 10 and b'{"a":2}'[:5] == data[:5]:
            return real(descriptor, data[:10])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr("gateway.audit.rotation.os.write", full)
    with pytest.raises(AuditUnavailableError, match="No space left"):
        target.write('{"a":2}')
    monkeypatch.undo()

    assert path.read_bytes() == before
    target.write('{"a":3}')
    assert verify(trail_of([path]), Hasher()).broken is None


def test_all_of_a_line_is_written_where_the_system_takes_a_part_at_a_time(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr("gateway.audit.rotation.os.write", lambda fd, data: real(fd, data[:3]))
    descriptor = os.open(tmp_path / "a", os.O_RDWR | os.O_CREAT | os.O_APPEND)
    appended(descriptor, b"0123456789\n", 0)
    os.close(descriptor)

    assert (tmp_path / "a").read_bytes() == b"0123456789\n"


def start(path: Path, name: str, count: int, chain: str = "chain") -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tests.unit.audit.file_writer", str(path), name, str(count), chain]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True)


@pytest.mark.parametrize("chain", ["chain", "plain"])
def test_processes_share_a_file_through_rotations_and_a_kill_and_lose_nothing_that_was_confirmed(
    tmp_path, chain
):
    path = tmp_path / "audit.log"
    victim, *others = processes = [start(path, name, 400, chain) for name in ("victim", "a", "b")]
    try:
        confirmed = [victim.stdout.readline() for _ in range(100)]
        victim.send_signal(signal.SIGKILL)
        confirmed += victim.stdout.readlines()
        for other in others:
            assert len(other.stdout.readlines()) == 400
    finally:
        for process in processes:
            process.kill()
            process.wait()
            process.stdout.close()

    whole = []
    for line in all_lines(path):
        try:
            whole.append(json.loads(line))
        except ValueError:
            continue  # the one that was torn
    counts = Counter(one["process"] for one in whole)
    assert (counts["a"], counts["b"]) == (400, 400)
    assert counts["victim"] >= sum(line.endswith("\n") for line in confirmed)
    if chain == "chain":
        assert verify(trail_of([path]), Hasher(KEY)).broken is None
