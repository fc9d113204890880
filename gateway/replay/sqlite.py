"""The store of one machine: one SQLite file that its workers share.

Looking and inserting are one write transaction, so of many callers at once one gets NEW. The write-ahead log
makes a transaction whole or absent whatever kills the process. `synchronous = NORMAL`: the death of a process
loses nothing; of a machine that loses power the last seconds may be gone, which a sync at each message would
prevent at the price of one disk write a message for all workers in turn (see docs/replay.md).
"""

import os
import sqlite3
import threading
import time
from collections.abc import Sequence
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.replay.backend import CLOCK_MARGIN, StoreDownError, by_key, microseconds
from gateway.replay.forgetting import Forgetting
from gateway.wss.replay import Once, Remembered

FILE_NAME: Final = "replay.sqlite"

_VERSION: Final = 1
_PURGE_EVERY: Final = 8
"""One call in so many that add entries removes expired ones, too."""
_PURGE: Final = 96
"""How many: more than so many calls add, so the rest shrinks; no call is slow."""
_PURGE_FULL: Final = 1000
"""The same when there is no room."""
_ATTEMPT_SECONDS: Final = 0.01
_LOG_PAGES: Final = 4_000
"""Pages of the write-ahead log (16 MB) that are carried over into the file at once, which ends with a sync of
the disk in some message's time. Under load SQLite's own 1,000 are reached each second, by the same pages."""

_SCHEMA: Final = (
    """CREATE TABLE entries (
        key BLOB PRIMARY KEY,   -- SHA-256, see gateway.wss.replay.Once
        until INTEGER NOT NULL  -- microseconds since 1970; the entry counts before
    ) WITHOUT ROWID""",
    "CREATE INDEX entries_until ON entries (until)",
    # counting a million rows at each message would take too long
    "CREATE TABLE size (entries INTEGER NOT NULL)",
    "INSERT INTO size VALUES (0)",
    f"PRAGMA user_version = {_VERSION}",
)
_EXPIRED: Final = (
    "DELETE FROM entries WHERE key IN (SELECT key FROM entries WHERE until <= ? ORDER BY until LIMIT ?)"
)
_ADD: Final = "INSERT INTO entries VALUES {} ON CONFLICT (key) DO NOTHING"
_COUNT: Final = "UPDATE size SET entries = entries + ? WHERE entries + ? <= ?"
_INSERT: Final = (
    "INSERT INTO entries VALUES (?, ?) ON CONFLICT (key) DO UPDATE SET until = max(until, excluded.until)"
)


class SqliteStore:
    """Thread-safe: the threads of a worker take turns at one connection. Open it after the fork."""

    def __init__(
        self, file: Path, max_entries: int, timeout_seconds: float, clock: Clock = SYSTEM_CLOCK
    ) -> None:
        """Nothing is opened before the first call, so a file that cannot be used is no error yet.

        A call waits at most `timeout_seconds` for other threads, and as long for other processes.
        """
        self._file = file
        self._max_entries = max_entries
        self._timeout_seconds = timeout_seconds
        self._forgetting = Forgetting(clock)
        self._lock = threading.Lock()
        self._opened: _Opened | None = None
        self._added = 0
        """Calls that added entries without further ado."""

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._let_go()

    def remember(self, entries: Sequence[Once], now: datetime) -> Remembered:
        """Insert all entries unless one of them is there, see `Backend`."""
        if not self._lock.acquire(timeout=self._timeout_seconds):
            raise StoreDownError(f"{self._file}: the other threads are still waiting for it")
        try:
            return self._remember(by_key(entries), now)
        except (sqlite3.Error, OSError) as error:
            self._let_go()  # what was begun is rolled back
            raise StoreDownError(f"{self._file}: {_reason(error)}") from error
        finally:
            self._lock.release()

    def advice(self) -> str:
        """Say nothing: there is nothing to be careless about."""
        return ""

    def _remember(self, entries: dict[bytes, int], now: datetime) -> Remembered:
        if self._opened is None:
            self._opened = _Opened.open(self._file, self._timeout_seconds)
        self._opened.require_same(self._file)
        database = self._opened.database
        forgotten = self._forgetting.until(now)
        database.execute("BEGIN IMMEDIATE")
        if not self._add(database, entries, forgotten):
            database.execute("ROLLBACK")
            return self._weigh(database, entries, now, forgotten)
        database.execute("COMMIT")
        return Remembered.NEW

    def _add(self, database: sqlite3.Connection, entries: dict[bytes, int], forgotten: datetime) -> bool:
        """Add entries of which none is there and for which there is room, as nearly always; False: not all."""
        rows = ", ".join(["(?, ?)"] * len(entries))
        values = [value for row in entries.items() for value in row]
        if database.execute(_ADD.format(rows), values).rowcount != len(entries):
            return False
        change = len(entries)
        if self._added % _PURGE_EVERY == 0:
            change -= database.execute(_EXPIRED, (microseconds(forgotten - CLOCK_MARGIN), _PURGE)).rowcount
        self._added += 1
        return database.execute(_COUNT, (change, change, self._max_entries)).rowcount == 1

    def _weigh(
        self, database: sqlite3.Connection, entries: dict[bytes, int], now: datetime, forgotten: datetime
    ) -> Remembered:
        """Answer for entries of which some may be there, counting or expired, or may have no room."""
        database.execute("BEGIN IMMEDIATE")
        count = _one(database, "SELECT entries FROM size")
        result, change = self._insert(database, entries, count, now, forgotten)
        database.execute("UPDATE size SET entries = entries + ?", (change,))
        database.execute("COMMIT")
        return result

    def _insert(
        self,
        database: sqlite3.Connection,
        entries: dict[bytes, int],
        count: int,
        now: datetime,
        forgotten: datetime,
    ) -> tuple[Remembered, int]:
        """Return the answer, and by how many the number of entries has changed."""
        there = {key: until for key in entries if (until := _until(database, key)) is not None}
        if any(until > microseconds(now) for until in there.values()):
            return Remembered.SEEN, 0
        change = 0
        more = len(entries) - len(there)
        if count + more > self._max_entries:
            change = -database.execute(_EXPIRED, (microseconds(forgotten), _PURGE_FULL)).rowcount
            more = sum(_until(database, key) is None for key in entries)
            if count + change + more > self._max_entries:
                return Remembered.FULL, change
        database.executemany(_INSERT, entries.items())
        return Remembered.NEW, change + more

    def _let_go(self) -> None:
        if self._opened is not None and self._opened.ours:
            self._opened.database.close()
            self._opened = None


class _Opened:
    """An open file."""

    def __init__(self, database: sqlite3.Connection, file: Path) -> None:
        self.database = database
        self._inode = _inode(file)
        self._process = os.getpid()

    @classmethod
    def open(cls, file: Path, timeout_seconds: float) -> "_Opened":
        """Open or make the file. Raises OSError, sqlite3.Error."""
        _create(file)
        database = sqlite3.connect(file, isolation_level=None, check_same_thread=False, timeout=timeout_seconds)
        try:
            _prepare(database, timeout_seconds)
            return cls(database, file)
        except BaseException:
            database.close()
            raise

    @property
    def ours(self) -> bool:
        """Whether this process opened it: its locks do not pass a fork, and not even closing is safe then."""
        return os.getpid() == self._process

    def require_same(self, file: Path) -> None:
        """Raise StoreDownError where going on could forget entries or damage the file."""
        if not self.ours:
            raise StoreDownError(f"{file}: was opened by another process")
        try:
            same = _inode(file) == self._inode
        except FileNotFoundError:
            same = False
        if not same:  # other workers may use another file by now: two that do not know of each other's entries
            raise StoreDownError(f"{file}: was removed or replaced while in use; stop all workers, then start")


def _create(file: Path) -> None:
    """Make an empty file for us alone; SQLite gives the files beside it the same mode.

    One that is there is not opened: closing it again would release the locks of every connection that this
    process has to it (POSIX).
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        return


def _prepare(database: sqlite3.Connection, timeout_seconds: float) -> None:
    """Bring the file into shape. Raises sqlite3.Error."""
    database.execute("PRAGMA synchronous = NORMAL")
    database.execute(f"PRAGMA wal_autocheckpoint = {_LOG_PAGES}")
    _log_ahead(database, attempts=1 + int(timeout_seconds / _ATTEMPT_SECONDS))
    if _one(database, "PRAGMA user_version") == 0:
        database.execute("BEGIN IMMEDIATE")
        if _one(database, "PRAGMA user_version") == 0:  # another worker may have been faster
            for statement in _SCHEMA:
                database.execute(statement)
        database.execute("COMMIT")
    version = _one(database, "PRAGMA user_version")
    if version != _VERSION:
        raise sqlite3.DatabaseError(f"was made by another version of the gateway (schema {version})")


def _log_ahead(database: sqlite3.Connection, attempts: int) -> None:
    """Switch to the write-ahead log, for which SQLite does not wait by itself while others use the file."""
    for attempt in range(attempts):
        try:
            database.execute("PRAGMA journal_mode = WAL")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or attempt == attempts - 1:
                raise
            time.sleep(_ATTEMPT_SECONDS)
        else:
            return


def _one(database: sqlite3.Connection, statement: str) -> int:
    with closing(database.execute(statement)) as rows:
        row = rows.fetchone()
    if row is None or not isinstance(row[0], int):
        raise sqlite3.DatabaseError("is damaged: its number of entries is missing")
    return row[0]


def _until(database: sqlite3.Connection, key: bytes) -> int | None:
    with closing(database.execute("SELECT until FROM entries WHERE key = ?", (key,))) as rows:
        row = rows.fetchone()
    return row[0] if row else None


def _inode(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_dev, found.st_ino


def _reason(error: sqlite3.Error | OSError) -> str:
    return (isinstance(error, OSError) and error.strerror) or str(error)
