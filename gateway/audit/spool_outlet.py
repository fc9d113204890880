"""Reads a queue of the spool from its oldest record on, and again from what is settled."""

import contextlib
import errno
from dataclasses import dataclass
from pathlib import Path
from threading import Lock
from typing import Final

from gateway.audit.spool_queue import QueueFolder
from gateway.audit.spool_segment import Segment, SegmentReader

_LOST: Final = frozenset({errno.ENOENT, errno.EIO, errno.ESTALE})
"""Errors after which a file is not there, or cannot be read, at the next attempt either."""
_UNREADABLE: Final = ".unreadable"


@dataclass(frozen=True, slots=True)
class Piece:
    """Some records, in order, and the place behind them."""

    messages: tuple[bytes, ...]
    damaged: int
    """Places before or between them that could not be read and are met for the first time."""
    segment: Segment
    offset: int


class Outlet:
    """For the sender's thread alone, but for `waiting`. `lock` guards the queue's list of segments."""

    def __init__(self, queue: QueueFolder, lock: Lock) -> None:
        self.queue = queue
        self._lock = lock
        self._reader: SegmentReader | None = None
        self._passed: Path | None = None
        """The last segment that was read to its end."""
        self._read = 0
        self._unsettled = 0
        self.is_at_end = False
        """Whether the last `read` found nothing."""
        self._furthest: tuple[Path, int] = (queue.path, 0)

    @property
    def is_settled(self) -> bool:
        """Whether all that was read is settled."""
        return not self._unsettled

    @property
    def waiting(self) -> int:
        """How many records have yet to be read; near enough where some are damaged."""
        return max(0, self.queue.taken - self._read)

    def read(self) -> Piece | None:
        """Return what comes next; None: nothing at the moment. Raises OSError where it may work later."""
        piece = self._read_on()
        self.is_at_end = piece is None
        if piece is None and self.waiting:
            self._agree()
        return piece

    def _read_on(self) -> Piece | None:
        while reader := self._reader or self._next():
            segment = reader.segment
            try:
                scanned = reader.read()
            except OSError as error:
                if error.errno not in _LOST:
                    raise  # for want of descriptors or memory, say: the records are there
                self._give_up(segment)
                return Piece((), 1, segment, segment.size)
            if scanned.consumed:
                return self._piece(reader, scanned.messages, scanned.damaged)
            if not segment.sealed or reader.offset < segment.size:
                return None
            self._leave(segment)
        return None

    def settle(self, segment: Segment, offset: int, records: int) -> None:
        """Need no record before this place any more, so many of which were not settled before."""
        self._unsettled -= records
        with self._lock:
            before = [one for one in self.queue.segments if one.path < segment.path]
        for one in before:
            self._remove(one)
        segment.settle(offset)
        if segment.is_done:
            self._remove(segment)

    def settle_all(self) -> None:
        """Need nothing that was read."""
        if self._reader is not None:
            self.settle(self._reader.segment, self._reader.offset, self._unsettled)
        elif self._passed is not None:
            with self._lock:
                passed = [one for one in self.queue.segments if one.path <= self._passed]
            for one in passed:
                self._remove(one)
        self._unsettled = 0

    def begin_again(self) -> int:
        """Read again what is not settled; return how many records that is."""
        again, self._unsettled = self._unsettled, 0
        self._read -= again
        self._close_reader()
        self._passed = None
        self.is_at_end = False
        return again

    def close(self) -> None:
        """Let go of the file."""
        self._close_reader()

    def _agree(self) -> None:
        """Put the count right after damage: at the end of all segments nothing waits."""
        with self._lock:
            reader = self._reader
            if reader is None or reader.offset >= reader.segment.size:
                self._read = self.queue.taken

    def _piece(self, reader: SegmentReader, messages: tuple[bytes, ...], damaged: int) -> Piece:
        self._read += len(messages)
        self._unsettled += len(messages)
        place = (reader.segment.path, reader.offset)
        is_new = place > self._furthest
        self._furthest = max(place, self._furthest)
        return Piece(messages, damaged if is_new else 0, reader.segment, reader.offset)

    def _next(self) -> SegmentReader | None:
        """Begin the segment after the last one that was read."""
        with self._lock:
            after = [one for one in self.queue.segments if self._passed is None or one.path > self._passed]
        if after:
            self._reader = SegmentReader(after[0], after[0].settled)
        return self._reader

    def _leave(self, segment: Segment) -> None:
        self._close_reader()
        self._passed = segment.path
        if segment.is_done:
            self._remove(segment)

    def _give_up(self, segment: Segment) -> None:
        """Go on without a segment; what the disk has of it stays beside the others, for people."""
        segment.gone = True
        self._leave(segment)
        with contextlib.suppress(OSError):
            segment.path.rename(segment.path.with_suffix(_UNREADABLE))
        self._forget(segment)

    def _remove(self, segment: Segment) -> None:
        with contextlib.suppress(OSError):
            segment.path.unlink()
        self._forget(segment)

    def _forget(self, segment: Segment) -> None:
        with self._lock, contextlib.suppress(ValueError):
            self.queue.segments.remove(segment)

    def _close_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
