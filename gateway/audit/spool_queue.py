"""One process's part of the spool: a folder with its segments, and a lock that says whether the process lives.

    STATE/audit/spool/<when it began>-<process>-<random>/lock
                                                         00000001.spool ...

The lock is an flock: the system drops it when the process ends, whatever ends it. Whoever gets it then owns the
folder and sends what is in it, in order.
"""

import contextlib
import fcntl
import os
import secrets
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.audit.spool_segment import Segment, found, records_in

_LOCK: Final = "lock"
_SUFFIX: Final = ".spool"
_HIDDEN: Final = "."
"""Before the name of a folder that is not a queue yet."""
_ATTEMPTS: Final = 10


class QueueFolder:
    """A folder whose lock we hold."""

    def __init__(self, path: Path, lock: int, segments: list[Segment], waiting: int) -> None:
        self.path = path
        self._lock = lock
        self.segments = segments
        """In order, what is done with is gone. Changed under the lock of the queue's `Spool`."""
        self.taken = waiting
        """Records: those that were there at first, and those that came."""
        self._number = max((_number(one.path) for one in segments), default=0)

    def next_path(self) -> Path:
        """Return the path of the segment after the last one."""
        self._number += 1
        return self.path / f"{self._number:08}{_SUFFIX}"

    def release(self) -> None:
        """Leave the folder to whoever wants it; without segments it is removed."""
        with contextlib.suppress(OSError):
            if not any(segment_paths(self.path)):
                (self.path / _LOCK).unlink()
                self.path.rmdir()
        os.close(self._lock)


def create(spool: Path, now: datetime) -> QueueFolder:
    """Make a queue of our own. Raises OSError.

    It is made under a hidden name, so that nobody finds it before its lock is held; who tidies up may remove it
    in between, and then it is made again.
    """
    for attempt in range(_ATTEMPTS):
        name = f"{now:%Y%m%dT%H%M%S.%f}-{os.getpid()}-{secrets.token_hex(3)}"
        hidden, path = spool / f"{_HIDDEN}{name}", spool / name
        hidden.mkdir(mode=0o700, parents=True)
        try:
            lock = _locked(hidden / _LOCK, os.O_CREAT)
            if lock is not None:
                _named(hidden, path, lock)
                return QueueFolder(path, lock, [], 0)
        except FileNotFoundError:
            if attempt == _ATTEMPTS - 1:
                raise
    raise FileNotFoundError(f"{spool}: others remove what is made there")


def _named(hidden: Path, path: Path, lock: int) -> None:
    """Give a queue its name; without it, its lock is let go. Raises OSError."""
    try:
        hidden.rename(path)
    except OSError:
        os.close(lock)
        raise


def adopt(path: Path) -> QueueFolder | None:
    """Take over the queue of a process that has ended; None: it lives, or another one was faster."""
    try:
        # made again where it is missing: a process that removed its queue may have died on the way
        lock = _locked(path / _LOCK, os.O_CREAT)
    except OSError:
        return None
    if lock is None:
        return None
    try:
        segments = [found(one) for one in segment_paths(path)]
        queue = QueueFolder(path, lock, segments, records_in(segments))
    except OSError:  # for want of descriptors, say: another time
        segments, queue = [], QueueFolder(path, lock, [], 0)
    if not segments:
        queue.release()
        return None
    return queue


def queue_paths(spool: Path) -> list[Path]:
    """Return all queues, the oldest first; what a process left half made is removed by the way."""
    paths: list[Path] = []
    with contextlib.suppress(OSError):
        for path in sorted(spool.iterdir()):
            if path.name.startswith(_HIDDEN):
                _tidy(path)
            else:
                paths.append(path)
    return paths


def segment_paths(queue: Path) -> Iterator[Path]:
    """Return the segments of a queue in order."""
    with contextlib.suppress(OSError):
        yield from sorted(path for path in queue.iterdir() if path.suffix == _SUFFIX)


def is_owned(queue: Path) -> bool:
    """Whether a process holds a queue."""
    try:
        lock = _locked(queue / _LOCK, 0, fcntl.LOCK_SH)
    except OSError:
        return False
    if lock is None:
        return True
    os.close(lock)
    return False


def _tidy(hidden: Path) -> None:
    """Remove a folder that its maker left before it had a lock, or before it had its name."""
    with contextlib.suppress(OSError):
        lock = _locked(hidden / _LOCK, 0) if (hidden / _LOCK).exists() else None
        if lock is not None:
            try:
                (hidden / _LOCK).unlink()
            finally:
                os.close(lock)
        hidden.rmdir()  # not while there is a lock in it


def _locked(path: Path, flags: int, kind: int = fcntl.LOCK_EX) -> int | None:
    """Return the descriptor of a lock that is ours now; None: it is somebody else's. Raises OSError."""
    lock = os.open(path, os.O_RDWR | os.O_CLOEXEC | flags, 0o600)
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
        if path.stat().st_ino == os.fstat(lock).st_ino:
            return lock
    except BlockingIOError:
        pass
    except BaseException:
        os.close(lock)
        raise
    os.close(lock)
    return None


def _number(segment: Path) -> int:
    return int(segment.stem) if segment.stem.isascii() and segment.stem.isdigit() else 0
