"""Files and folders of a home, put in place at once: a reader sees the old or the new, never a half.

What is being written has a hidden name beside its place, `.NAME.imsgw-RANDOM`, which a home passes over. A
process that is killed leaves such a name behind; the next change sweeps it away.
"""

import errno
import os
import secrets
import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

from gateway.manage.results import ManageError, Why

_MARK: Final = ".imsgw-"
_FILE_MODE: Final = 0o644
_READ_ONLY: Final = frozenset({errno.EROFS, errno.EACCES, errno.EPERM})
_NO_ROOM: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})


@contextmanager
def told(what: str) -> Iterator[None]:
    """Put what the operating system says into words. Raises ManageError with CANNOT_WRITE."""
    try:
        yield
    except OSError as error:
        raise ManageError(Why.CANNOT_WRITE, f"{what} cannot be written: {_words(error)}") from error


def _words(error: OSError) -> str:
    reason = error.strerror or str(error)
    if error.errno in _READ_ONLY:
        return (
            f"{reason}. The home is read-only here: change the files where they come from (image, volume, "
            "ConfigMap), then imsgw reload"
        )
    if error.errno in _NO_ROOM:
        return f"{reason}; nothing was changed"
    return reason


def aside(path: Path) -> Path:
    """Return a hidden name that is free, beside a path."""
    return path.with_name(f".{path.name}{_MARK}{secrets.token_hex(8)}")


def put_file(path: Path, data: bytes, mode: int | None = None) -> None:
    """Put a file in place at once. One that is there keeps its mode; `mode` is that of a new or changed one.

    Through a symbolic link, which stays. Raises OSError; nothing is changed then.
    """
    target = path.resolve()
    if mode is None:
        mode = target.stat().st_mode & 0o777 if target.exists() else _FILE_MODE
    beside = aside(target)
    try:
        descriptor = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        beside.replace(target)
    except BaseException:
        with suppress(OSError):
            beside.unlink()
        raise
    sync_folder(target.parent)


def sync_folder(folder: Path) -> None:
    """Have a folder's names on the disk. Raises OSError."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sweep(folder: Path) -> None:
    """Remove the files that killed writers left in a folder, for whoever holds the lock."""
    with suppress(OSError):
        for entry in folder.iterdir():
            if is_aside(entry.name) and not entry.is_dir():
                remove(entry)


def is_aside(name: str) -> bool:
    """Tell whether a name is one that `aside` gives."""
    return name.startswith(".") and _MARK in name


def meant_by(name: str) -> str:
    """Return the name that was to be put in place, of one that `aside` gave."""
    return name[1:].rpartition(_MARK)[0]


def remove(path: Path) -> None:
    """Remove a file or a whole folder; a link itself, not what it leads to. What cannot go stays."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        with suppress(OSError):
            path.unlink()
