"""Files of the new home: made aside, then moved into place; secrets readable by their owner alone."""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

_SECRET, _PUBLIC = 0o600, 0o644


class TargetError(ValueError):
    """The new home cannot be written where it should be. The text says why."""


@dataclass(frozen=True, slots=True)
class Folder:
    """A folder of ours alone, in which the home is made."""

    path: Path

    def write(self, name: str, data: bytes, *, secret: bool = False) -> None:
        """Write a file; a secret one is never there with more rights than its owner's."""
        path = self._inside(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        if secret and path.parent.name == "secrets":
            path.parent.chmod(0o700)
        path.unlink(missing_ok=True)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW
        with os.fdopen(os.open(path, flags, _SECRET), "wb") as file:
            os.fchmod(file.fileno(), _SECRET if secret else _PUBLIC)
            file.write(data)

    def remove(self, name: str) -> None:
        """Take a file or a folder away, here and among what is set aside."""
        for top in ("", "set-aside/"):
            path = self._inside(f"{top}{name}")
            if path.is_dir():
                shutil.rmtree(path)
            else:
                path.unlink(missing_ok=True)

    def names(self) -> list[str]:
        """Return every file in it, sorted."""
        found = (path for path in self.path.rglob("*") if path.is_file())
        return sorted(path.relative_to(self.path).as_posix() for path in found)

    def _inside(self, name: str) -> Path:
        pure = PurePosixPath(name)
        if pure.is_absolute() or ".." in pure.parts or not pure.parts:
            raise TargetError(f"{name!r} leads out of the home")
        return self.path / pure


def check_target(source: Path, target: Path, *, force: bool) -> None:
    """Refuse a target that holds something, or that is in the installation. Raises TargetError."""
    if target.resolve() == source.resolve() or target.resolve().is_relative_to(source.resolve()):
        raise TargetError(f"{target} lies in the installation, which is never changed")
    if not os.path.lexists(target):
        return
    if not target.is_dir():
        raise TargetError(f"{target} is no folder")
    if any(target.iterdir()) and not force:
        raise TargetError(
            f"{target} is not empty; --force writes into it, and replaces files of the same names"
        )


@contextmanager
def aside(target: Path | None) -> Iterator[Folder]:
    """Make a folder beside the target, so that what is ready can be moved; None: elsewhere."""
    parent = None
    if target is not None:
        parent = target.absolute().parent
        parent.mkdir(parents=True, exist_ok=True)
    try:
        made = Path(tempfile.mkdtemp(prefix=".imsgw-migrate-", dir=parent))
    except OSError as error:
        raise TargetError(f"{parent} cannot be written: {error.strerror}") from None
    try:
        yield Folder(made)
    finally:
        shutil.rmtree(made, ignore_errors=True)


def move_into(folder: Folder, source: Path, target: Path) -> list[str]:
    """Move what is ready into the target; return the files that were there before. Raises TargetError.

    A target that is not there, or empty, gets everything at once.
    """
    try:
        if not target.exists() or not any(target.iterdir()):
            mode = target.stat().st_mode & 0o777 if target.exists() else 0o755
            folder.path.chmod(mode)
            folder.path.rename(target.resolve())
            return []
        return [name for name in folder.names() if _move(folder.path / name, target / name, source)]
    except OSError as error:
        raise TargetError(f"{target} cannot be written: {error.strerror}") from None


def _move(made: Path, place: Path, source: Path) -> bool:
    """Move one file; return whether another was there. A link is replaced, not followed."""
    place.parent.mkdir(parents=True, exist_ok=True)
    if place.parent.resolve().is_relative_to(source.resolve()):
        raise TargetError(f"{place} lies in the installation, which is never changed")
    if place.parent.name == "secrets":
        place.parent.chmod(0o700)
    there = os.path.lexists(place)
    made.replace(place)
    return there
