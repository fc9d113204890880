"""Folders of services: put in place, replaced and taken out at once.

A new folder is made under a hidden name beside its place, with a mark in it, and then renamed. One that is
there is exchanged with it (renameat2(2), RENAME_EXCHANGE), so that there is no moment without. What is taken
out is kept below `state/undeployed/`.
"""

import ctypes
import errno
import os
import shutil
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.manage.installation import Installation
from gateway.manage.results import ManageError, Why
from gateway.manage.writing import aside, is_aside, meant_by, put_file, remove, sync_folder, told

KEPT: Final = "undeployed"
"""Folder below the state where services that were taken out are kept."""
_STAGED: Final = ".imsgw-staged"
"""Name of a file in a folder that is not in place yet."""
_AT_FDCWD: Final = -100
_RENAME_EXCHANGE: Final = 2
_NOT_HERE: Final = frozenset({errno.ENOSYS, errno.EINVAL, errno.ENOTSUP, errno.EXDEV})


@dataclass(slots=True)
class _Kept:
    at: Path | None = None
    """Where the folder is that was there before."""


@dataclass(frozen=True, slots=True)
class PutFolder:
    """A service's folder with new content."""

    installation: Installation
    file: str
    """The folder, relative to the home."""
    content: Mapping[str, bytes]
    """Files by name, with slashes."""
    _old: _Kept = field(default_factory=_Kept, repr=False)

    def do(self) -> None:
        """Make it aside and put it in place."""
        path = self.installation.home / self.file
        with told(self.file):
            path.parent.mkdir(mode=0o755, exist_ok=True)
            staged = aside(path)
            _unmark(path)
            try:
                _make(staged, self.content)
                if path.exists() or path.is_symlink():
                    self._old.at = _exchange(staged, path)
                else:
                    staged.rename(path)
            except BaseException:
                remove(staged)
                raise
            _unmark(path)
            sync_folder(path.parent)

    def undo(self) -> None:
        """Put back what was there, or nothing."""
        path, old = self.installation.home / self.file, self._old.at
        with told(self.file):
            if old is None:
                gone = aside(path)
                path.rename(gone)
            else:
                gone = _exchange(old, path)
                self._old.at = None
            remove(gone)
            sync_folder(path.parent)

    def finish(self) -> None:
        """Keep what was there below the state folder."""
        self.kept()

    def kept(self) -> Path | None:
        """Return where the old folder is kept; moves it there the first time."""
        if self._old.at is not None and is_aside(self._old.at.name):
            self._old.at = keep(self.installation, self._old.at)
        return self._old.at


@dataclass(frozen=True, slots=True)
class TakeFolder:
    """A service's folder that goes."""

    installation: Installation
    file: str
    forget: bool
    """Remove it for good in the end."""
    _old: _Kept = field(default_factory=_Kept, repr=False)

    def do(self) -> None:
        """Take it out, at once."""
        path = self.installation.home / self.file
        with told(self.file):
            gone = aside(path)
            _unmark(path)
            path.rename(gone)
            self._old.at = gone
            sync_folder(path.parent)

    def undo(self) -> None:
        """Put it back."""
        path = self.installation.home / self.file
        if self._old.at is not None:
            with told(self.file):
                self._old.at.rename(path)
                sync_folder(path.parent)

    def finish(self) -> None:
        """Remove it, or keep it below the state folder."""
        if self._old.at is None:
            return
        if self.forget:
            remove(self._old.at)
            self._old.at = None
        else:
            self._old.at = keep(self.installation, self._old.at)

    def kept(self) -> Path | None:
        """Return where it is kept; None: nowhere."""
        return self._old.at


def keep(installation: Installation, folder: Path) -> Path:
    """Move a folder that was taken out below the state; return where. Where that cannot be it stays, hidden."""
    root = installation.state / KEPT
    stem = f"{meant_by(folder.name)}-{installation.clock.now():%Y%m%dT%H%M%SZ}"
    names = (stem if number == 1 else f"{stem}-{number}" for number in range(1, 1000))
    try:
        root.mkdir(mode=0o700, exist_ok=True)
        target = next(root / name for name in names if not (root / name).exists())
        shutil.move(folder, target)
    except (OSError, shutil.Error):
        return folder
    return target


def recover(installation: Installation) -> tuple[str, ...]:
    """Clear up after a command that was killed, for whoever holds the lock; return what was done, in words."""
    done: list[str] = []
    home = installation.home / "wsdl"
    with suppress(OSError):
        for entry in [one for one in home.iterdir() if is_aside(one.name)]:
            if (entry / _STAGED).exists() or not entry.is_dir():
                remove(entry)
            elif not (home / meant_by(entry.name)).exists():
                entry.rename(home / meant_by(entry.name))
                done.append(
                    f"put back wsdl/{meant_by(entry.name)}, which a command that was killed had taken out"
                )
            else:
                done.append(f"kept what a command that was killed left: {keep(installation, entry)}")
    return tuple(done)


def _make(folder: Path, content: Mapping[str, bytes]) -> None:
    folder.mkdir(mode=0o755)
    put_file(folder / _STAGED, b"")
    for name, data in content.items():
        path = folder / name
        path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
        put_file(path, data)


def _unmark(folder: Path) -> None:
    """Take the mark out of a folder that is in place: what lies aside with one is removed by `recover`."""
    (folder / _STAGED).unlink(missing_ok=True)


def _exchange(new: Path, path: Path) -> Path:
    """Put a folder in the place of another; return where that is now. Raises OSError: all is as it was."""
    if _renameat2(new, path):
        return new
    # a file system that cannot exchange: for a moment there is none, and `recover` knows what a kill leaves
    old = aside(path)
    path.rename(old)
    try:
        new.rename(path)
    except BaseException:
        old.rename(path)
        raise
    return old


def _renameat2(one: Path, other: Path) -> bool:
    """Exchange two names; False: this system does not do that. Raises OSError."""
    function = getattr(ctypes.CDLL(None, use_errno=True), "renameat2", None)
    if function is None:
        return False
    if not function(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _RENAME_EXCHANGE):
        return True
    number = ctypes.get_errno()
    if number in _NOT_HERE:
        return False
    raise OSError(number, os.strerror(number))


def carried_over(folder: Path) -> dict[str, bytes]:
    """Return the files of a service's folder that belong to no contract: they stay when that is replaced."""
    found: dict[str, bytes] = {}
    try:
        for path in sorted(folder.rglob("*")):
            name = path.relative_to(folder).as_posix()
            if path.is_file() and path.suffix.lower() not in {".wsdl", ".xsd"} and name != _STAGED:
                found[name] = path.read_bytes()
    except OSError as error:
        raise ManageError(Why.CANNOT_WRITE, f"{folder} cannot be read: {error.strerror}") from error
    return found
