"""The trace in a file: one line after the other, behind what the file already holds."""

import sys
from pathlib import Path
from typing import BinaryIO, Self


class Transcript:
    """A file that lines are appended to; each is on its way to the disk when `write` returns.

    Raises OSError when the file cannot be opened. When it cannot be written to later, for example on a full
    disk, that is said once on standard error and the stand-in goes on without a transcript.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        # no buffer: a line goes out with one write, so that whoever follows the file never sees half of it
        self._file: BinaryIO | None = path.open("ab", buffering=0)

    def write(self, line: str) -> None:
        """Append a line."""
        if self._file is None:
            return
        try:
            self._file.write(f"{line}\n".encode(errors="replace"))
        except OSError as error:
            self.close()
            sys.stderr.write(f"no more transcript, {self._path}: {error.strerror or error}\n")

    def close(self) -> None:
        """Close the file."""
        if self._file is not None:
            self._file.close()
            self._file = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
