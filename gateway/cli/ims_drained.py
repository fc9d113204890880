"""Where the messages of a tpipe go: a file, a folder or standard output. What is kept is on the disk.

A message is acknowledged after `keep` has returned, so `keep` returns when the message is safe, or raises and
leaves nothing half done behind.
"""

import errno
import os
import stat
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final, Protocol, Self

import typer

_NO_SYNC: Final = frozenset({errno.EINVAL, errno.ENOTSUP, errno.EROFS})
"""What fsync says of pipes and terminals, which keep nothing."""


class Keeper(Protocol):
    """Something that keeps messages."""

    def keep(self, message: bytes) -> str:
        """Keep one message and say where, empty for standard output. Raises OSError; then it is not kept."""
        ...

    def close(self) -> None:
        """Close what is open."""
        ...


class Stream:
    """A file that messages are appended to, or standard output."""

    def __init__(self, descriptor: int, name: str, *, own: bool) -> None:
        self._descriptor = descriptor
        self._name = name
        self._own = own
        self._regular = stat.S_ISREG(os.fstat(descriptor).st_mode)

    @classmethod
    def appending(cls, path: Path) -> Self:
        """Open a file to append to; made, readable by its owner only, where it is not there."""
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC
        made = not path.exists()
        descriptor = os.open(path, flags, 0o600)
        if made:
            _sync_folder(path.parent)
        return cls(descriptor, str(path), own=True)

    def keep(self, message: bytes) -> str:
        """Append a message; when that fails, cut the file back to where it was."""
        start = os.fstat(self._descriptor).st_size if self._regular else 0
        try:
            _write(self._descriptor, message)
        except BaseException:
            if self._regular:
                with suppress(OSError):
                    os.ftruncate(self._descriptor, start)
            raise
        return self._name

    def close(self) -> None:
        """Close the file; standard output stays open."""
        if self._own:
            os.close(self._descriptor)


class Folder:
    """A folder that gets a file for each message, numbered behind those that are there."""

    def __init__(self, path: Path, prefix: str, suffix: str) -> None:
        """Make the folder where it is not there."""
        self._path = path
        self._prefix = prefix
        self._suffix = suffix
        self._number = 0
        path.mkdir(parents=True, exist_ok=True)

    def keep(self, message: bytes) -> str:
        """Write a file under another name, and give it its own when it is whole; none is overwritten."""
        descriptor, name = tempfile.mkstemp(dir=self._path, prefix=".", suffix=".part")
        try:
            try:
                _write(descriptor, message)
            finally:
                os.close(descriptor)
            target = self._named(name)
            _sync_folder(self._path)
        finally:
            os.unlink(name)  # noqa: PTH108  a name, not a path
        return str(target)

    def _named(self, name: str) -> Path:
        while True:
            self._number += 1
            target = self._path / f"{self._prefix}-{self._number:06}{self._suffix}"
            with suppress(FileExistsError):
                os.link(name, target)
                return target

    def close(self) -> None:
        """Nothing is open."""


class Echo:
    """Standard output that is no file of the system, as in tests."""

    def keep(self, message: bytes) -> str:
        """Print a message."""
        typer.echo(message.decode(), nl=False)
        sys.stdout.flush()
        return ""

    def close(self) -> None:
        """Nothing is open."""


def keeper(into: str, tpipe: str, suffix: str) -> Keeper:
    """Return what keeps messages there: a folder, which exists or ends in a slash, a file, or standard output.

    Raises OSError for what cannot be made or written.
    """
    if into in {"", "-"}:
        return _standard_output()
    path = Path(into)
    return Folder(path, tpipe, suffix) if into.endswith("/") or path.is_dir() else Stream.appending(path)


def _standard_output() -> Keeper:
    try:
        descriptor = sys.stdout.fileno()
    except (OSError, ValueError):
        return Echo()
    sys.stdout.flush()
    return Stream(descriptor, "", own=False)


def _write(descriptor: int, data: bytes) -> None:
    """Write all of `data` and see it on the disk."""
    left = memoryview(data)
    while left:
        left = left[os.write(descriptor, left) :]
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise


def _sync_folder(path: Path) -> None:
    """See the names in a folder on the disk."""
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno not in _NO_SYNC:
            raise
    finally:
        os.close(descriptor)
