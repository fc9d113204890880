"""The spool: records on the disk until a receiver has them, bounded, shared by the processes of a home.

Every process appends to a queue of its own, so none waits for another. `append` returns when the record is in
the page cache: a process that is killed at once loses nothing, a machine that loses power may lose its last
seconds unless `sync` is on. What waits longest is kept: a full spool refuses new records.
"""

import contextlib
from pathlib import Path
from threading import Lock
from typing import Final

from gateway.audit.spool_queue import QueueFolder, adopt, create, is_owned, queue_paths, segment_paths
from gateway.audit.spool_record import encode
from gateway.audit.spool_segment import SegmentWriter, sync_folder
from gateway.audit.target import AuditUnavailableError
from gateway.clock import Clock

_SEGMENTS: Final = 128
"""In a full spool, so as many processes may share one."""
_LEAST_SEGMENT_BYTES: Final = 128 * 1024
_MOST_SEGMENT_BYTES: Final = 4 * 1024 * 1024
_FULL_SECONDS: Final = 0.1
"""How long a spool that was full is taken to be so: looking at it costs hundreds of microseconds."""


class Spool:
    """This process's way to the spool. `append` is thread-safe; the rest is the sender's."""

    def __init__(self, folder: Path, clock: Clock, spool_bytes: int, *, sync: bool) -> None:
        """Nothing is made before the first record."""
        self._folder = folder
        self._clock = clock
        self._spool_bytes = spool_bytes
        self._segment_bytes = min(max(spool_bytes // _SEGMENTS, _LEAST_SEGMENT_BYTES), _MOST_SEGMENT_BYTES)
        self._sync = sync
        self.lock = Lock()
        """Held for the microseconds of an append, and by the sender when it changes the list of segments."""
        self._writer: SegmentWriter | None = None
        self._full_until = clock.monotonic()
        self._closed = False
        self.appended = 0
        """Records of this process; read by its sender to see whether there is a new one."""
        self.own: QueueFolder | None = None
        """The queue that `append` fills; None before the first record."""

    def append(self, message: bytes) -> None:
        """Return when the message is in the spool. Raises AuditUnavailableError."""
        record = encode(message)
        with self.lock:
            if self._closed:
                raise AuditUnavailableError("the audit spool is closed")
            try:
                queue, writer = self._room(len(record))
                writer.append(record)
            except AuditUnavailableError:
                raise
            except OSError as error:
                raise AuditUnavailableError(f"audit spool {self._folder}: {error.strerror or error}") from error
            queue.taken += 1
            self.appended += 1

    def adopt(self) -> QueueFolder | None:
        """Return the oldest queue whose process has ended, now ours; None: there is none."""
        own = self.own.path if self.own else None
        adopted = (adopt(path) for path in queue_paths(self._folder) if path != own)
        return next((queue for queue in adopted if queue is not None), None)

    def used_bytes(self) -> int:
        """Return what the segments of all processes hold."""
        return sum(_size(one) for queue in queue_paths(self._folder) for one in segment_paths(queue))

    def release(self) -> None:
        """Leave what we have to others; the next record begins another queue."""
        with self.lock:
            self._let_go()

    def close(self) -> None:
        """Take no more records, leave what we have to others."""
        with self.lock:
            self._closed = True
            self._let_go()

    def _let_go(self) -> None:
        if self._writer is not None:
            self._writer.close()
            if self._writer.segment.is_done:
                with contextlib.suppress(OSError):
                    self._writer.segment.path.unlink()
            self._writer = None
        if self.own is not None:
            self.own.release()
            self.own = None

    def _room(self, octets: int) -> tuple[QueueFolder, SegmentWriter]:
        """Return where a record goes: the last segment, or another one when it is full."""
        queue, writer = self.own, self._writer
        if queue is None or writer is None or self._is_full(writer, octets):
            try:
                queue, writer = self._begin_segment()
            except FileNotFoundError:
                self._let_go()  # somebody removed our folder: begin anew
                queue, writer = self._begin_segment()
        return queue, writer

    def _is_full(self, writer: SegmentWriter, octets: int) -> bool:
        segment = writer.segment
        return segment.gone or segment.size + octets > self._segment_bytes

    def _begin_segment(self) -> tuple[QueueFolder, SegmentWriter]:
        if self._clock.monotonic() < self._full_until:
            raise self._full()
        queue = self.own = self.own or self._begin_queue()
        writer = SegmentWriter(queue.next_path(), sync=self._sync)
        if self._claimed() > self._spool_bytes:
            # looked at after it was made, so of two processes that begin one at once neither goes too far
            writer.close()
            writer.segment.path.unlink()
            self._full_until = self._clock.monotonic() + _FULL_SECONDS
            raise self._full()
        if self._writer is not None:
            self._writer.close()
        queue.segments.append(writer.segment)
        self._writer = writer
        return queue, writer

    def _begin_queue(self) -> QueueFolder:
        queue = create(self._folder, self._clock.now())
        if self._sync:
            sync_folder(self._folder)
            sync_folder(self._folder.parent)
        return queue

    def _claimed(self) -> int:
        """Return how large the spool is if every process fills the segment that it has begun."""
        claimed = 0
        for queue in queue_paths(self._folder):
            sizes = [_size(one) for one in segment_paths(queue)]
            if sizes and is_owned(queue):
                sizes[-1] = max(sizes[-1], self._segment_bytes)
            claimed += sum(sizes)
        return claimed

    def _full(self) -> AuditUnavailableError:
        return AuditUnavailableError(
            f"audit spool {self._folder} is full: {self._spool_bytes} bytes (spool_bytes)"
        )


def _size(segment: Path) -> int:
    try:
        return segment.stat().st_size
    except OSError:
        return 0
