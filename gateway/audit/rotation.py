"""The files of a trail: the current one, and those that were full, under its name with a number.

`audit.log` is current, `audit.log.000007` was full before `audit.log.000008`. Numbers rise and never come again
while one of the files is there.
"""

import os
import re
import stat
from pathlib import Path
from typing import Final

_FLAGS: Final = os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW


def full_files(path: Path) -> list[Path]:
    """Return the files that were full, oldest first. Raises OSError."""
    pattern = re.compile(re.escape(path.name) + r"\.([0-9]{6}|[1-9][0-9]{6,18})")
    found = ((pattern.fullmatch(one.name), one) for one in path.parent.iterdir())
    return [one for _, one in sorted((int(match[1]), one) for match, one in found if match)]


def number_of(full: Path) -> int:
    """Return the number of a file that was full."""
    return int(full.name.rpartition(".")[2])


class TrailFile:
    """The current file, opened. Used while the trail's `Turn` is held."""

    def __init__(self, path: Path, mode: int) -> None:
        """Open nothing yet. `mode`: permissions of a file that is made."""
        self.path = path
        self._mode = mode
        self._descriptor = -1

    def opened(self) -> tuple[int, int]:
        """Return descriptor and size of the current file, which others may have renamed. Raises OSError."""
        if self._descriptor >= 0:
            mine = os.fstat(self._descriptor)
            if mine.st_nlink and self._is_current(mine):
                return self._descriptor, mine.st_size
            self.close()
        self._descriptor = os.open(self.path, _FLAGS, self._mode)
        mine = os.fstat(self._descriptor)
        if not mine.st_size:
            os.fchmod(self._descriptor, self._mode)  # whatever the umask says
        if not stat.S_ISREG(mine.st_mode):
            self.close()
            raise OSError(f"{self.path} is no regular file")
        return self._descriptor, mine.st_size

    def _is_current(self, mine: os.stat_result) -> bool:
        try:
            there = self.path.stat()
        except FileNotFoundError:
            return False
        return (there.st_ino, there.st_dev) == (mine.st_ino, mine.st_dev)

    def next_full(self) -> Path:
        """Return what the current file will be called when it is put aside. Raises OSError."""
        earlier = full_files(self.path)
        number = number_of(earlier[-1]) + 1 if earlier else 1
        return self.path.with_name(f"{self.path.name}.{number:06}")

    def rename(self, full: Path) -> None:
        """Put the current file aside; the next `opened` makes a new one. Raises OSError."""
        self.path.rename(full)
        self.close()

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def appended(descriptor: int, data: bytes, size: int) -> None:
    """Write all of it at the end of a file of this size, or nothing. Raises OSError."""
    written = 0
    try:
        while written < len(data):
            written += os.write(descriptor, data[written:])
    except OSError:
        if written:
            os.ftruncate(descriptor, size)
        raise
