"""Taking turns at a file among threads and processes, for a bounded time."""

import fcntl
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from gateway.clock import Clock

SUFFIX: Final = ".lock"
_FIRST_PAUSE: Final = 0.0005
_LONGEST_PAUSE: Final = 0.02


def lock_path(file: Path) -> Path:
    """Return the lock of a file: the file itself is renamed when it is full."""
    return file.with_name(f"{file.name}{SUFFIX}")


class Turn:
    """A lock on a file that is there for nothing else. Thread-safe; made in the process that uses it."""

    def __init__(self, path: Path, clock: Clock, seconds: float) -> None:
        """`seconds`: how long to wait. Nothing is opened yet."""
        self._path = path
        self._clock = clock
        self._seconds = seconds
        self._mine = threading.Lock()
        self._pause = threading.Event()
        self._descriptor = -1
        self._opened = (0, 0)
        """Number and device of the file behind it: while it is open they stay, so they are asked once."""

    @contextmanager
    def held(self) -> Iterator[int]:
        """Hold it, and give its descriptor. Raises OSError; TimeoutError where others do not let it go."""
        deadline = self._clock.monotonic() + self._seconds
        if not self._mine.acquire(timeout=self._seconds):
            raise TimeoutError("another thread of this process is still writing")
        try:
            descriptor = self._locked(deadline)
            try:
                yield descriptor
            finally:
                self._unlock()
        finally:
            self._mine.release()

    def close(self) -> None:
        """Let go of the file."""
        with self._mine:
            self._forget()

    def _locked(self, deadline: float) -> int:
        while True:
            if self._descriptor < 0:
                self._descriptor = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
                self._opened = _identity(os.fstat(self._descriptor))
            self._wait(deadline)
            if self._is_the_one():
                return self._descriptor
            self._forget()  # somebody has removed it: others lock another one

    def _wait(self, deadline: float) -> None:
        pause = _FIRST_PAUSE
        while True:
            try:
                fcntl.flock(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                if self._clock.monotonic() >= deadline:
                    raise TimeoutError("another process is still writing") from None
            else:
                return
            self._pause.wait(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _is_the_one(self) -> bool:
        try:
            return _identity(self._path.stat()) == self._opened
        except FileNotFoundError:
            return False

    def _unlock(self) -> None:
        if self._descriptor >= 0:
            fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def _forget(self) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _identity(file: os.stat_result) -> tuple[int, int]:
    return file.st_ino, file.st_dev
