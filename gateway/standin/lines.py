"""Lines that leave the process in a thread of their own: whoever writes one never waits for who reads it.

The trace is written from the loop that serves all connections. A pipe that nobody empties would stop the loop
in the middle of a line, and with it every client and the signal that ends the stand-in.
"""

import os
import select
import sys
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Condition, Thread
from typing import Final, Self

KEEP_CHARACTERS: Final = 64_000_000
"""Characters that may wait to be written; lines beyond are lost, and their number is told."""
LAST_SECONDS: Final = 2.0
"""How long the end waits for lines that nobody may take any more."""


class Lines:
    """Hands lines to `write` one after the other, in another thread. An OSError of `write` ends the writing."""

    def __init__(self, write: Callable[[str], None], *, keep: int = KEEP_CHARACTERS) -> None:
        self._write = write
        self._keep = keep
        self._waiting: deque[str] = deque()
        self._characters = 0
        self._lost = 0
        self._closing = False
        self._changed = Condition()
        self._thread = Thread(target=self._run, name="stand-in lines", daemon=True)
        self._thread.start()

    def write(self, line: str) -> None:
        """Have a line written. Never waits; a line for which there is no room is lost."""
        with self._changed:
            if self._characters + len(line) > self._keep:
                self._lost += 1
                return
            self._waiting.append(line)
            self._characters += len(line)
            self._changed.notify()

    def close(self) -> None:
        """Wait until all is written, but not long: nobody may be there to take it."""
        with self._changed:
            self._closing = True
            self._changed.notify()
        self._thread.join(LAST_SECONDS)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        with suppress(OSError):
            while True:
                line, lost = self._next()
                if line is None:
                    return
                self._write(line)
                if lost:
                    self._write(f"{lost} lines are missing here: nobody took them in time")
        with self._changed:
            self._keep = 0
            self._waiting.clear()

    def _next(self) -> tuple[str | None, int]:
        """Return the next line, None at the end, and how many were lost behind it."""
        with self._changed:
            self._changed.wait_for(lambda: self._waiting or self._closing)
            if not self._waiting:
                return None, 0
            line = self._waiting.popleft()
            self._characters -= len(line)
            lost = 0 if self._waiting else self._lost
            self._lost -= lost
            return line, lost


def to_standard_output(line: str) -> None:
    """Write a line to standard output, past Python's buffers, whose lock would outlive a blocked thread.

    Raises OSError when nobody reads it any more.
    """
    data = f"{line}\n".encode(sys.stdout.encoding or "utf-8", errors="replace")
    file = sys.stdout.fileno()
    while data:
        try:
            data = data[os.write(file, data) :]
        except BlockingIOError:
            select.select([], [file], [])
