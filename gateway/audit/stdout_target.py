"""The target behind `to = "stdout"`: for containers, whose runtime keeps what a process prints.

Nobody may be made to wait for ever by a reader that does not read. The descriptor is shared with others, so it
is not made non-blocking; instead each piece is no longer than what a pipe that is ready takes at once
(PIPE_BUF), and processes take turns by a lock, so that nobody fills the pipe in between.
"""

import os
import select
import socket
import stat
from contextlib import suppress
from pathlib import Path
from typing import Final

from gateway.audit.target import AuditUnavailableError
from gateway.audit.turn import Turn
from gateway.clock import Clock

STDOUT: Final = 1
_PIECE: Final = select.PIPE_BUF
_GONE: Final = select.POLLERR | select.POLLHUP | select.POLLNVAL
_TORN: Final = b"T"
"""Content of the lock's file while half a line stands at the end of what was printed."""


class StdoutTarget:
    """One a process, made after any fork. `lock`: a file that all processes of the home share."""

    def __init__(self, lock: Path, clock: Clock, wait_seconds: float, descriptor: int = STDOUT) -> None:
        """`wait_seconds`: the longest that a record may take."""
        self._lock = lock
        self._turn = Turn(lock, clock, wait_seconds)
        self._clock = clock
        self._seconds = wait_seconds
        self._descriptor = descriptor
        self._closed = False
        self._poll = select.poll()
        self._poll.register(descriptor, select.POLLOUT)
        self._socket: bool | None = None
        """Whether the output is a socket; None: not asked yet. A process keeps the output it began with."""

    def write(self, line: str) -> None:
        """See `Target.write`: the record is safe when who reads our output has it, or its pipe."""
        if self._closed:
            raise AuditUnavailableError("standard output: the trail was closed")
        data = f"{line}\n".encode("utf-8", "replace")
        try:
            try:
                self._in_turn(data)
            except FileNotFoundError:  # of the lock's folder: nothing is printed yet
                self._lock.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                self._in_turn(data)
        except OSError as error:
            raise AuditUnavailableError(f"standard output: {error.strerror or error}") from error

    def close(self) -> None:
        """Let go of the lock; the output stays as it is."""
        self._closed = True
        with suppress(OSError):
            self._turn.close()

    def _in_turn(self, data: bytes) -> None:
        with self._turn.held() as note:
            self._print(data, note)

    def _print(self, data: bytes, note: int) -> None:
        """Print a line whole, or note that half of one is there.

        Of a line that takes several pieces that is noted before the first: a process may be killed in between.
        """
        torn = os.pread(note, 1, 0) == _TORN
        whole = b"\n" + data if torn else data
        done = 0
        noted = torn or len(whole) > _PIECE
        if noted and not torn:
            os.pwrite(note, _TORN, 0)
        deadline = self._clock.monotonic() + self._seconds
        try:
            while done < len(whole):
                done += self._piece(whole[done : done + _PIECE], deadline)
        finally:
            half = done < len(whole) if done else torn
            if half and not noted:
                os.pwrite(note, _TORN, 0)
            elif noted and not half:
                os.ftruncate(note, 0)

    def _piece(self, data: bytes, deadline: float) -> int:
        """Write a piece when the reader has room for it. Raises OSError."""
        left = max(0.0, deadline - self._clock.monotonic())
        events = self._poll.poll(left * 1000)  # by one thread at a time, the one that has the turn
        if not events:
            raise TimeoutError("nobody reads it")
        if events[0][1] & _GONE:
            raise BrokenPipeError("nobody reads it any more")
        if self._socket is None:
            self._socket = stat.S_ISSOCK(os.fstat(self._descriptor).st_mode)
        if self._socket:
            with socket.socket(fileno=os.dup(self._descriptor)) as there:
                return there.send(data, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)
        return os.write(self._descriptor, data)
