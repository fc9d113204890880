"""The kinds of edit a change is made of."""

from dataclasses import dataclass, field
from pathlib import Path

from gateway.exchange import Secret
from gateway.manage.writing import put_file, sync_folder, told


@dataclass(slots=True)
class _Before:
    data: bytes | None = None
    mode: int = 0


@dataclass(frozen=True, slots=True)
class PutFile:
    """A file with new content; made, with its folder, where there is none."""

    home: Path
    file: str
    data: bytes | Secret
    """A secret is written as UTF-8 with a line end, as editors do."""
    mode: int | None = None
    _before: _Before = field(default_factory=_Before, repr=False)

    def do(self) -> None:
        """Write it."""
        path = self.home / self.file
        with told(self.file):
            if path.exists():
                self._before.data, self._before.mode = path.read_bytes(), path.stat().st_mode & 0o777
            else:
                path.parent.mkdir(mode=0o755, exist_ok=True)
            data = self.data
            put_file(path, f"{data.reveal()}\n".encode() if isinstance(data, Secret) else data, self.mode)

    def undo(self) -> None:
        """Write what was there, or remove it."""
        path = self.home / self.file
        with told(self.file):
            if self._before.data is None:
                path.unlink(missing_ok=True)
                sync_folder(path.parent)
            else:
                put_file(path, self._before.data, self._before.mode)

    def finish(self) -> None:
        """Forget what was there."""
        self._before.data = None


@dataclass(frozen=True, slots=True)
class RemoveFile:
    """A file that goes."""

    home: Path
    file: str
    _before: _Before = field(default_factory=_Before, repr=False)

    def do(self) -> None:
        """Remove it, or the link that it is."""
        path = self.home / self.file
        with told(self.file):
            self._before.data, self._before.mode = path.read_bytes(), path.stat().st_mode & 0o777
            path.unlink()
            sync_folder(path.parent)

    def undo(self) -> None:
        """Write it again."""
        if self._before.data is not None:
            with told(self.file):
                put_file(self.home / self.file, self._before.data, self._before.mode)

    def finish(self) -> None:
        """Forget what was there."""
        self._before.data = None
