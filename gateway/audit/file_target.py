"""The target behind `to = "file:PATH"`: whole lines in one file, which the processes of a home share."""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.audit.chain import Hasher
from gateway.audit.links import Chained, Links, Plain
from gateway.audit.rotation import TrailFile, appended, full_files
from gateway.audit.target import AuditUnavailableError
from gateway.audit.turn import Turn, lock_path
from gateway.clock import Clock
from gateway.exchange import Secret

log = logging.getLogger("gateway.audit")

_OWNER: Final = 0o600
_GROUP: Final = 0o640


@dataclass(frozen=True, slots=True)
class FileSettings:
    """How a trail is kept in files."""

    path: Path
    """Absolute."""
    max_bytes: int = 100_000_000
    """A file that would become longer is put aside."""
    keep_files: int = 10
    """So many files are kept that were put aside."""
    group_read: bool = False
    chain: bool = False
    chain_key: Secret = field(default_factory=lambda: Secret(""))
    wait_seconds: float = 5
    """Longest wait for others to let go of the file."""


class FileTarget:
    """One a process, made after any fork; processes take turns by a lock beside the file.

    A record is safe when the operating system has it: it survives the end of every process, no loss of power.
    """

    def __init__(self, settings: FileSettings, put: Callable[[str, str], str], clock: Clock) -> None:
        """`put` puts the link of a chain at the end of a line. Nothing is opened yet."""
        path = settings.path
        self._settings = settings
        self._file = TrailFile(path, _GROUP if settings.group_read else _OWNER)
        self._turn = Turn(lock_path(path), clock, settings.wait_seconds)
        self._links: Links = (
            Chained(path, Hasher(settings.chain_key), put, log.error) if settings.chain else Plain()
        )
        self._closed = False

    def write(self, line: str) -> None:
        """See `Target.write`: the record is safe when it is in the file."""
        if self._closed:
            raise AuditUnavailableError(f"{self._settings.path} was closed")
        try:
            self._write(line)
        except FileNotFoundError:
            self._write_in_new_folder(line)
        except OSError as error:
            raise self._unavailable(error) from error

    def close(self) -> None:
        """Let go of the files."""
        self._closed = True
        with suppress(OSError), self._turn.held():
            self._file.close()
            self._links.close()
        self._turn.close()

    def _write(self, line: str) -> None:
        with self._turn.held():
            self._append(line)

    def _write_in_new_folder(self, line: str) -> None:
        try:
            self._settings.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._write(line)
        except OSError as error:
            raise self._unavailable(error) from error

    def _unavailable(self, error: OSError) -> AuditUnavailableError:
        return AuditUnavailableError(f"{self._settings.path}: {error.strerror or error}")

    def _append(self, line: str) -> None:
        descriptor, size = self._opened()
        data = self._links.encoded(line)
        if size and size + len(data) > self._settings.max_bytes:
            self._rotate()
            descriptor, size = self._opened()
            data = self._links.encoded(line)
        appended(descriptor, data, size)
        self._links.written(size + len(data))

    def _opened(self) -> tuple[int, int]:
        """Return descriptor and size of the current file, which ends with a whole line."""
        descriptor, size = self._file.opened()
        return descriptor, self._links.mended(descriptor, size)

    def _rotate(self) -> None:
        full = self._file.next_full()
        self._links.to_put_aside(full)
        self._file.rename(full)
        self._links.rotated()
        log.info("audit: %s is full and put aside as %s", self._settings.path, full.name)
        files = self._links.known(full_files(self._settings.path))
        for old in files[: max(0, len(files) - self._settings.keep_files)]:
            self._links.to_delete(old)
            old.unlink()
