"""The spool on the disk: bounded, whole after a kill, adopted after a death, refusing when there is no room."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from gateway.audit.spool import Spool
from gateway.audit.spool_outlet import Outlet
from gateway.audit.spool_queue import QueueFolder, adopt, create, queue_paths, segment_paths
from gateway.audit.spool_record import encode
from gateway.audit.target import AuditUnavailableError
from tests.interop.outside import lack
from tests.unit.audit.spooling import BALLAST, FILE_BYTES

MIB = 1024 * 1024
HEADER = b"imsgw audit spool 1, settled to 0000000042\n"


def opened(folder: Path, clock, spool_bytes: int = 16 * MIB, *, sync: bool = False) -> Spool:
    return Spool(folder / "spool", clock, spool_bytes, sync=sync)


def segments(folder: Path) -> list[Path]:
    return [one for queue in queue_paths(folder / "spool") for one in segment_paths(queue)]


def everything(spool: Spool, queue: QueueFolder) -> tuple[list[bytes], int]:
    """Read a queue to its end: its messages, and how many damaged places there were."""
    outlet = Outlet(queue, spool.lock)
    messages: list[bytes] = []
    damaged = 0
    while piece := outlet.read():
        messages += piece.messages
        damaged += piece.damaged
    outlet.close()
    return messages, damaged


def fill(spool: Spool) -> tuple[int, str]:
    """Append until that is refused: how many records it took, and why no more."""
    for kept in range(MIB):
        try:
            spool.append(b"x" * 10_000)
        except AuditUnavailableError as error:
            return kept, str(error)
    raise AssertionError("the spool has no bound")


def adopted(spool: Spool) -> QueueFolder:
    queue = spool.adopt()
    assert queue is not None
    return queue


def run(command: str, folder: Path) -> subprocess.Popen[bytes]:
    arguments = [sys.executable, "-m", "tests.unit.audit.spooling", command, str(folder / "spool")]
    return subprocess.Popen(arguments, stdout=subprocess.PIPE)


def test_a_segment_begins_with_what_is_settled_and_holds_records(tmp_path, clock):
    spool = opened(tmp_path, clock)
    spool.append(b"123456789")
    (segment,) = segments(tmp_path)
    # 43 octets of header, CBF43926 is the check value of CRC-32
    assert segment.read_bytes() == b"imsgw audit spool 1, settled to 0000000043\n\x1ecbf43926 9 123456789\n"
    assert segment.stat().st_mode & 0o777 == 0o600
    assert segment.parent.name.startswith(f"20261122T120000.000000-{os.getpid()}-")
    assert segment.name == "00000001.spool"


def test_nothing_is_on_the_disk_before_the_first_record(tmp_path, clock):
    spool = opened(tmp_path, clock)
    spool.close()
    assert list(tmp_path.iterdir()) == []


def test_a_full_segment_is_followed_by_another_one(tmp_path, clock):
    spool = opened(tmp_path, clock)
    messages = [b"%d" % number + b"x" * 60_000 for number in range(5)]
    for message in messages:
        spool.append(message)
    assert [one.name for one in segments(tmp_path)] == ["00000001.spool", "00000002.spool", "00000003.spool"]
    assert everything(spool, spool.own) == (messages, 0)


def test_a_full_spool_keeps_what_it_has_and_refuses_what_comes(tmp_path, clock):
    spool = opened(tmp_path, clock, MIB)
    kept, reason = fill(spool)
    assert reason.endswith("is full: 1048576 bytes (spool_bytes)")
    assert sum(one.stat().st_size for one in segments(tmp_path)) <= MIB
    assert kept > 90
    assert len(everything(spool, spool.own)[0]) == kept


def test_a_full_spool_takes_records_again_when_some_are_settled(tmp_path, clock):
    spool = opened(tmp_path, clock, MIB)
    fill(spool)
    outlet = Outlet(spool.own, spool.lock)
    while outlet.read():
        outlet.settle_all()
    with pytest.raises(AuditUnavailableError):  # looked at a moment ago
        spool.append(b"x" * 10_000)
    clock.move(0.2)
    spool.append(b"x" * 10_000)
    outlet.close()


def test_the_bound_is_that_of_all_processes(tmp_path, clock):
    first, second = opened(tmp_path, clock, MIB), opened(tmp_path, clock, MIB)
    for spool in (first, second):
        fill(spool)
    assert sum(one.stat().st_size for one in segments(tmp_path)) <= MIB


def test_processes_that_come_and_go_take_no_more_room_than_their_records(tmp_path, clock):
    for number in range(20):  # of 8 segments
        spool = opened(tmp_path, clock, MIB)
        spool.append(b"%d" % number)
        spool.close()
        clock.move(1)
    assert len(segments(tmp_path)) == 20


def test_a_released_queue_is_adopted_whole_and_the_oldest_first(tmp_path, clock):
    for text in (b"one", b"two"):
        spool = opened(tmp_path, clock)
        spool.append(text)
        spool.append(text)
        spool.close()
        clock.move(1)
    heir = opened(tmp_path, clock)
    first, second = adopted(heir), adopted(heir)
    assert heir.adopt() is None
    assert (first.taken, everything(heir, first)) == (2, ([b"one", b"one"], 0))
    assert everything(heir, second) == ([b"two", b"two"], 0)


def test_a_queue_whose_process_lives_is_left_alone(tmp_path, clock):
    spool, other = opened(tmp_path, clock), opened(tmp_path, clock)
    spool.append(b"mine")
    assert other.adopt() is None
    assert spool.adopt() is None


def test_what_is_settled_is_not_adopted(tmp_path, clock):
    spool = opened(tmp_path, clock)
    for text in (b"one", b"two", b"three"):
        spool.append(text)
    outlet = Outlet(spool.own, spool.lock)
    piece = outlet.read()
    place = 43 + len(encode(b"one")) + len(encode(b"two"))
    outlet.settle(piece.segment, place, 2)
    outlet.close()
    spool.close()
    heir = opened(tmp_path, clock)
    assert everything(heir, adopted(heir)) == ([b"three"], 0)


def test_an_orderly_end_with_all_settled_leaves_nothing(tmp_path, clock):
    spool = opened(tmp_path, clock)
    for _ in range(30):
        spool.append(b"x" * 10_000)
    outlet = Outlet(spool.own, spool.lock)
    while outlet.read():
        pass
    outlet.settle_all()
    outlet.close()
    spool.close()
    assert list((tmp_path / "spool").iterdir()) == []
    with pytest.raises(AuditUnavailableError, match="closed"):
        spool.append(b"late")


@pytest.mark.parametrize("header", [b"", b"imsgw", b"imsgw audit spool 9, settled to 0000000042\n", b"\0" * 43])
def test_a_segment_with_a_damaged_beginning_is_read_from_there(tmp_path, clock, header):
    spool = opened(tmp_path, clock)
    spool.append(b"one")
    spool.close()
    (segment,) = segments(tmp_path)
    segment.write_bytes(header + segment.read_bytes()[len(header) :])
    heir = opened(tmp_path, clock)
    assert everything(heir, adopted(heir)) == ([b"one"], 0)


@pytest.mark.parametrize("octets", [0, 1, 42, 43, 50])
def test_a_segment_of_any_length_can_be_adopted(tmp_path, clock, octets):
    spool = opened(tmp_path, clock)
    spool.append(b"one")
    spool.close()
    (segment,) = segments(tmp_path)
    os.truncate(segment, octets)
    heir = opened(tmp_path, clock)
    messages, damaged = everything(heir, adopted(heir))
    assert messages == []
    assert damaged == (1 if octets > 43 else 0)


def test_damage_longer_than_what_is_read_at_once_blocks_nothing(tmp_path, clock):
    spool = opened(tmp_path, clock)
    spool.append(b"one")
    spool.close()
    (segment,) = segments(tmp_path)
    with segment.open("ab") as file:
        file.write(b"\x1e" + b"x" * 600_000 + encode(b"two") + b"\x1etorn")
    heir = opened(tmp_path, clock)
    messages, damaged = everything(heir, adopted(heir))
    assert messages == [b"one", b"two"]
    assert damaged > 1


def test_a_segment_that_cannot_be_read_is_skipped_and_counted(tmp_path, clock):
    spool = opened(tmp_path, clock)
    for text in (b"a", b"b", b"c"):
        spool.append(text * 60_000)
        spool.append(text * 60_000)
    segments(tmp_path)[1].unlink()
    messages, damaged = everything(spool, spool.own)
    assert [message[:1] for message in messages] == [b"a", b"a", b"c", b"c"]
    assert damaged == 1


def test_for_want_of_descriptors_nothing_is_given_up(tmp_path, clock, monkeypatch):
    spool = opened(tmp_path, clock)
    spool.append(b"one")
    dead = opened(tmp_path, clock)
    dead.append(b"two")
    dead.close()
    outlet = Outlet(spool.own, spool.lock)
    with monkeypatch.context() as patched:
        patched.setattr(os, "open", _exhausted)
        patched.setattr(Path, "open", _exhausted)
        with pytest.raises(OSError, match="Too many open files"):
            outlet.read()
        assert spool.adopt() is None
    assert outlet.read().messages == (b"one",)
    assert everything(spool, adopted(spool)) == ([b"two"], 0)
    outlet.close()


def test_for_want_of_descriptors_a_queue_is_left_as_it_is(tmp_path, clock, monkeypatch):
    dead = opened(tmp_path, clock)
    dead.append(b"one")
    dead.close()
    spool = opened(tmp_path, clock)
    with monkeypatch.context() as patched:
        patched.setattr(Path, "open", _exhausted)  # after the lock was taken
        assert spool.adopt() is None
    assert everything(spool, adopted(spool)) == ([b"one"], 0)


def _exhausted(*_arguments: object, **_named: object) -> int:
    raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))


def test_what_the_disk_cannot_read_is_kept_aside(tmp_path, clock, monkeypatch):
    spool = opened(tmp_path, clock)
    spool.append(b"one")
    with monkeypatch.context() as patched:
        patched.setattr(os, "pread", _broken)
        assert everything(spool, spool.own) == ([], 1)
    assert [one.name for one in spool.own.path.iterdir() if one.name != "lock"] == ["00000001.unreadable"]
    spool.append(b"two")
    assert everything(spool, spool.own) == ([b"two"], 0)


def test_how_many_records_wait_in_a_large_spool_is_estimated(tmp_path, clock, monkeypatch):
    monkeypatch.setattr("gateway.audit.spool_segment._COUNTED", 100_000)
    spool = opened(tmp_path, clock)
    for number in range(1000):
        spool.append(b"%04d" % number + b"x" * 1000)
    assert len(segments(tmp_path)) > 6
    spool.close()
    assert adopted(opened(tmp_path, clock)).taken == pytest.approx(1000, rel=0.02)


def test_a_spool_that_somebody_removed_is_made_again(tmp_path, clock):
    spool = opened(tmp_path, clock)
    spool.append(b"x" * 100_000)
    shutil.rmtree(tmp_path / "spool")
    spool.append(b"y" * 100_000)
    assert everything(spool, spool.own) == ([b"y" * 100_000], 0)


def test_what_a_dying_process_left_half_made_is_removed(tmp_path, clock):
    hidden = tmp_path / "spool" / ".20261122T120000.000000-1-abcdef"
    hidden.mkdir(parents=True)
    other = hidden.with_name(".20261122T120000.000000-2-abcdef")
    other.mkdir()
    (other / "lock").touch()
    left = tmp_path / "spool" / "20261122T120000.000000-3-abcdef"
    left.mkdir()  # its lock was removed already
    spool = opened(tmp_path, clock)
    assert spool.adopt() is None
    assert list((tmp_path / "spool").iterdir()) == []


def test_a_queue_that_cannot_get_its_name_leaves_no_descriptor(tmp_path, clock, monkeypatch):
    def refused(_path: Path, _target: Path) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "rename", refused)
    spool = opened(tmp_path, clock)
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(20):
        with pytest.raises(AuditUnavailableError, match="No space left"):
            spool.append(b"one")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_lock_that_was_removed_while_we_took_it_is_none(tmp_path, clock, monkeypatch):
    queue = create(tmp_path / "spool", clock.now())
    queue.next_path().write_bytes(HEADER)
    queue.release()
    lock = queue.path / "lock"
    flock = fcntl.flock

    def too_late(descriptor: int, kind: int) -> None:
        flock(descriptor, kind)
        lock.unlink()  # by a process that had it before, and whoever comes next makes another one
        lock.touch()

    with monkeypatch.context() as patched:
        patched.setattr(fcntl, "flock", too_late)
        assert adopt(queue.path) is None
    assert adopt(queue.path) is not None


def test_of_many_at_once_one_adopts(tmp_path, clock):
    queue = create(tmp_path / "spool", clock.now())
    queue.next_path().write_bytes(HEADER)
    queue.release()
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(adopt, [queue.path] * 8))
    assert sum(one is not None for one in found) == 1


def test_threads_lose_no_record(tmp_path, clock):
    spool = opened(tmp_path, clock)

    def put(thread: int) -> None:
        for number in range(300):
            spool.append(b"%d %d " % (thread, number) + b"x" * 500)

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(4)))
    messages, damaged = everything(spool, spool.own)
    assert damaged == 0
    assert {bytes(message.split(b" x")[0]) for message in messages} == {
        b"%d %d" % (thread, number) for thread in range(4) for number in range(300)
    }
    assert len(messages) == 1200


def test_a_folder_that_cannot_be_written_is_no_place(tmp_path, clock):
    (tmp_path / "spool").write_text("a file")
    with pytest.raises(AuditUnavailableError, match="audit spool"):
        opened(tmp_path, clock).append(b"x")


def test_with_sync_each_record_is_on_the_disk_before_it_counts(tmp_path, clock, monkeypatch):
    synced: list[int] = []
    monkeypatch.setattr(os, "fdatasync", lambda descriptor: synced.append(os.fstat(descriptor).st_size))
    opened(tmp_path, clock, sync=True).append(b"123456789")
    assert synced == [43, 43 + len(b"\x1ecbf43926 9 123456789\n")]


def test_a_disk_that_fails_to_sync_refuses_the_record_and_keeps_no_part(tmp_path, clock, monkeypatch):
    spool = opened(tmp_path, clock, sync=True)
    spool.append(b"one")
    monkeypatch.setattr(os, "fdatasync", _broken)
    with pytest.raises(AuditUnavailableError, match="Input/output error"):
        spool.append(b"two")
    monkeypatch.undo()
    spool.append(b"three")
    assert everything(spool, spool.own) == ([b"one", b"three"], 0)


def _broken(*_arguments: object) -> bytes:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.fixture
def half_written(monkeypatch):
    """Whether a write reaches its end; where it does not, half of it is on the disk."""
    write = os.pwrite

    def half(descriptor: int, data: bytes, offset: int) -> int:
        return int(write(descriptor, data[: len(data) // 2], offset))

    monkeypatch.setattr(os, "pwrite", half)
    return monkeypatch


@pytest.fixture
def filled(tmp_path, clock):
    spool = opened(tmp_path, clock)
    spool.append(b"one")
    return spool


def test_half_a_record_is_taken_back(filled, half_written, tmp_path, clock):
    with pytest.raises(AuditUnavailableError, match="No space left on device"):
        filled.append(b"x" * 500)
    filled.close()
    heir = opened(tmp_path, clock)
    assert everything(heir, adopted(heir)) == ([b"one"], 0)


def test_half_a_record_that_cannot_be_taken_back_is_written_over(filled, half_written, tmp_path, clock):
    half_written.setattr(os, "ftruncate", _broken)
    with pytest.raises(AuditUnavailableError, match="No space left on device"):
        filled.append(b"x" * 500)
    half_written.undo()
    filled.append(b"two")
    assert everything(filled, filled.own) == ([b"one", b"two"], 0)
    filled.close()
    heir = opened(tmp_path, clock)
    assert everything(heir, adopted(heir)) == ([b"one", b"two"], 1)


def test_a_killed_process_leaves_every_confirmed_record_to_its_heir(tmp_path, clock):
    process = run("put", tmp_path)
    for _ in range(500):
        process.stdout.readline()
    heir = opened(tmp_path, clock)
    assert heir.adopt() is None, "it lives"
    process.send_signal(signal.SIGKILL)
    told = process.communicate()[0].splitlines()
    confirmed = int(told[-1]) if told else 499
    messages, damaged = everything(heir, adopted(heir))
    assert damaged <= 1
    assert len(messages) > confirmed
    assert messages == [b"record %d" % number for number in range(len(messages))]


def test_a_file_that_may_not_grow_refuses_records_and_is_whole(tmp_path, clock):
    process = run("fill", tmp_path)
    kept, reason, done = process.communicate(timeout=60)[0].decode().splitlines()
    assert process.returncode == 0
    assert "No space left on device" in reason or "File too large" in reason
    assert done == "done"
    assert int(kept) > 300
    heir = opened(tmp_path, clock)
    messages, damaged = everything(heir, adopted(heir))
    assert messages == [*(b"record %d" % number for number in range(int(kept))), b"after"]
    assert damaged == 0
    assert segments(tmp_path)[0].stat().st_size > FILE_BYTES


@pytest.fixture
def small_disk(tmp_path):
    """A file system of 256 KiB in memory."""
    disk = tmp_path / "disk"
    disk.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(disk)]
    mounted = shutil.which("mount") and subprocess.run(mount, capture_output=True, check=False)
    if not mounted or mounted.returncode:
        lack("a file system can be mounted by root only")
    yield disk
    subprocess.run(["umount", "-l", str(disk)], check=True)


def test_a_full_disk_refuses_records_and_takes_them_again_when_there_is_room(small_disk, clock):
    (small_disk / BALLAST).write_bytes(b"x" * 100_000)
    process = run("disk", small_disk)
    kept, reason, done = process.communicate(timeout=60)[0].decode().splitlines()
    assert "No space left on device" in reason
    assert done == "done"
    assert int(kept) > 1000
    heir = opened(small_disk, clock)
    messages, damaged = everything(heir, adopted(heir))
    assert messages == [*(b"record %d" % number for number in range(int(kept))), b"after"]
    assert damaged == 0
