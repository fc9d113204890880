"""One file of the spool: a line that says how far it is settled, then records.

The process that owns it appends; the sender reads and settles. Each has its own descriptor and its own place in
the file, so they share nothing but `Segment.size`. What is settled needs never be sent again: a process that
dies leaves its successor to begin there.
"""

import contextlib
import errno
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from gateway.audit.spool_record import Scan, count, scan

_HEADER: Final = b"imsgw audit spool 1, settled to %010d\n"
_HEADER_READ: Final = re.compile(rb"imsgw audit spool 1, settled to ([0-9]{10})\n")
BEGIN: Final = len(_HEADER % 0)
"""Where the first record is."""
CHUNK: Final = 256 * 1024
"""Octets that are read at once; more than the longest record."""
_COUNTED: Final = 16 * 1024 * 1024
"""Octets in which records are counted one by one."""
_MODE: Final = 0o600


class Segment:
    """What is known of one file; `size` only grows, in steps of whole records."""

    __slots__ = ("gone", "path", "sealed", "settled", "size")

    def __init__(self, path: Path, size: int, settled: int, *, sealed: bool) -> None:
        self.path = path
        self.size = size
        """Up to here records are whole and confirmed."""
        self.settled = settled
        self.sealed = sealed
        """Nothing is appended any more."""
        self.gone = False
        """The sender cannot read it, so nothing may be appended."""

    @property
    def is_done(self) -> bool:
        """Whether nobody needs the file any more."""
        return self.sealed and self.settled >= self.size

    def settle(self, offset: int) -> None:
        """Remember, on the disk too, that records before this place are done with."""
        self.settled = offset
        # where this cannot be written, records are sent again after a crash, nothing worse
        with contextlib.suppress(OSError), self.path.open("r+b") as file:
            file.write(_HEADER % offset)


def found(path: Path) -> Segment:
    """Return a segment that another process left. Faults of the disk are met when it is read.

    Raises OSError for what may pass, such as want of descriptors.
    """
    size = path.stat().st_size
    match = _HEADER_READ.fullmatch(_beginning(path))
    settled = min(max(int(match[1]), BEGIN), size) if match else min(BEGIN, size)
    return Segment(path, size, settled, sealed=True)


def _beginning(path: Path) -> bytes:
    with path.open("rb") as file:
        try:
            return file.read(BEGIN)
        except OSError:
            return b""


def records_in(segments: Iterable[Segment]) -> int:
    """Return how many records of segments wait; of many megabytes, an estimate. Raises OSError."""
    records = looked_at = waiting = 0
    for segment in segments:
        octets = segment.size - segment.settled
        waiting += octets
        if looked_at < _COUNTED:
            looked_at += octets
            with segment.path.open("rb") as file, contextlib.suppress(OSError):
                file.seek(segment.settled)
                records += sum(count(data) for data in iter(lambda: file.read(CHUNK), b""))
    return records * waiting // looked_at if looked_at else 0


class SegmentWriter:
    """Appends to a segment of its own."""

    def __init__(self, path: Path, *, sync: bool) -> None:
        """Make the file. Raises OSError, and leaves nothing then."""
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, _MODE)
        self._sync = sync
        self.segment = Segment(path, BEGIN, BEGIN, sealed=False)
        try:
            self._put(_HEADER % BEGIN, 0)
            if sync:
                sync_folder(path.parent)
        except OSError:
            self.close()
            with contextlib.suppress(OSError):
                path.unlink()
            raise

    def append(self, record: bytes) -> None:
        """Add one record: in the page cache when this returns, which a killed process leaves whole.

        Raises OSError; then the file is as it was, or has torn octets at its end that the next record covers.
        """
        end = self.segment.size
        self._put(record, end)
        self.segment.size = end + len(record)

    def close(self) -> None:
        """Append nothing more."""
        self.segment.sealed = True
        os.close(self._descriptor)

    def _put(self, data: bytes, offset: int) -> None:
        try:
            _write_whole(self._descriptor, data, offset)
            if self._sync:
                os.fdatasync(self._descriptor)
        except OSError:
            with contextlib.suppress(OSError):
                os.ftruncate(self._descriptor, offset)
            raise


class SegmentReader:
    """Reads a segment onward from a place."""

    def __init__(self, segment: Segment, offset: int) -> None:
        """Nothing is opened before the first read."""
        self.segment = segment
        self.offset = offset
        self._descriptor: int | None = None

    def read(self) -> Scan:
        """Return the next records; at the end of what is confirmed by now, an empty scan. Raises OSError."""
        wanted = min(CHUNK, self.segment.size - self.offset)
        if self._descriptor is None:
            self._descriptor = os.open(self.segment.path, os.O_RDONLY | os.O_CLOEXEC)
        data = os.pread(self._descriptor, wanted, self.offset)
        if len(data) < wanted:
            raise OSError(errno.EIO, "the file is shorter than it was")
        scanned = scan(data, whole=False)
        if data and not scanned.consumed:
            scanned = scan(data, whole=True)  # no record ends in it: a torn end, or a long stretch of damage
        self.offset += scanned.consumed
        return scanned

    def close(self) -> None:
        """Let the file go."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def _write_whole(descriptor: int, data: bytes, offset: int) -> None:
    """Write all or raise OSError: of a full disk, or a limit of the file's size, the first sign is a part."""
    if os.pwrite(descriptor, data, offset) != len(data):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def sync_folder(folder: Path) -> None:
    """Have the names in a folder on the disk itself. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
