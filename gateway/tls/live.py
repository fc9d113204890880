"""Truststores that are read again when their files change, without a restart.

Replace a file by renaming a new one over it, so that nobody reads half of it. A new file that cannot be read
changes nothing: what was trusted stays trusted, and the log says why.
"""

import logging
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock
from typing import Final

from gateway.clock import Clock
from gateway.config.model import TrustStore
from gateway.tls.crl import read_crls
from gateway.tls.stores import StoreError, read_truststore
from gateway.tls.trusted import TrustedKeys
from gateway.tls.unreadable import UNREADABLE

LOOK_SECONDS: Final = 1.0
"""How often the files are looked at, at most."""

log = logging.getLogger("gateway.tls")

_Mark = tuple[str, int, int, int]
"""Path, time of change in nanoseconds, size in bytes, inode; numbers are -1 where nothing is."""


def read_trusted(store: TrustStore | None, crl: Path | None) -> TrustedKeys:
    """Read a truststore and its revocation lists; without a store nothing is trusted. Raises StoreError."""
    if store is None:
        return TrustedKeys.none()
    certificates = read_truststore(store)
    lists = read_crls(crl) if crl is not None else ()
    try:
        return TrustedKeys(certificates, lists, revocation=crl is not None)
    except UNREADABLE as error:
        raise StoreError(crl or store.path, "holds a revocation list that cannot be read") from error


class LiveTrust:
    """The truststore and revocation lists of one service, as they are now. For many threads."""

    def __init__(self, store: TrustStore | None, crl: Path | None, clock: Clock) -> None:
        """Read everything once. Raises StoreError."""
        self._store = store
        self._crl = crl
        self._clock = clock
        self._paths = tuple(path for path in (store.path if store else None, crl) if path is not None)
        self._lock = Lock()
        self._looked = clock.monotonic()
        self._seen = marks_of(self._paths)
        self._keys = read_trusted(store, crl)
        self._told = ""

    def current(self) -> TrustedKeys:
        """Return the snapshot; looks at the files first, at most once a second and in one thread at a time."""
        due = self._clock.monotonic() - self._looked >= LOOK_SECONDS
        if due and self._lock.acquire(blocking=False):
            try:
                self._look()
            finally:
                self._lock.release()
        return self._keys

    def _look(self) -> None:
        self._looked = self._clock.monotonic()
        marks = marks_of(self._paths)  # taken before reading: what changes meanwhile shows next time
        if marks == self._seen:
            return
        try:
            keys = read_trusted(self._store, self._crl)
        except StoreError as error:
            self._complain(str(error))
            return
        self._keys, self._seen, self._told = keys, marks, ""
        log.info(
            "read %s anew: %d certificates, %d revocation lists",
            ", ".join(map(str, self._paths)),
            len(keys.certificates),
            len(keys.crls),
        )

    def _complain(self, reason: str) -> None:
        if reason == self._told:
            return
        self._told = reason
        log.error("the truststore has changed and cannot be used, so the one before stays in use: %s", reason)


def marks_of(paths: Iterable[Path]) -> tuple[_Mark, ...]:
    """Return what changes when files, or folders of them, change. Does not raise."""
    return tuple(mark for path in paths for mark in _marks_in(path))


def _marks_in(path: Path) -> Iterator[_Mark]:
    yield _mark(path)
    if path.is_dir():
        try:
            entries = sorted(path.iterdir())
        except OSError:
            return  # reading it will say why
        yield from (_mark(entry) for entry in entries)


def _mark(path: Path) -> _Mark:
    try:
        found = path.stat()  # follows links, as volumes of secrets have them
    except OSError:
        return str(path), -1, -1, -1
    return str(path), found.st_mtime_ns, found.st_size, found.st_ino
