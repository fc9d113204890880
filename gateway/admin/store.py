"""The file that the workers of one machine share: sessions, and failed sign-ons. SQLite, for us alone."""

import os
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

FILE: Final = "admin.sqlite3"
BUSY_SECONDS: Final = 5.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sessions (
    id BLOB PRIMARY KEY,    -- SHA-256 of what the cookie holds
    name TEXT NOT NULL,
    role TEXT NOT NULL,
    how TEXT NOT NULL,
    stamp TEXT NOT NULL,    -- of the account as it was; the session ends when that changes
    begun REAL NOT NULL,    -- seconds since 1970, as in every column of time
    seen REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS sessions_begun ON sessions (begun);
CREATE TABLE IF NOT EXISTS tries (
    what BLOB PRIMARY KEY,  -- SHA-256 of an account, an account at a peer, or a peer
    failed INTEGER NOT NULL,
    last REAL NOT NULL
) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS tries_last ON tries (last);
CREATE TABLE IF NOT EXISTS known (
    what BLOB PRIMARY KEY,  -- SHA-256 of an account at a peer that has signed in
    last REAL NOT NULL
) WITHOUT ROWID;
"""


class StoreError(Exception):
    """The file cannot be used now; its text is for the log."""


class Store:
    """One connection, which the threads of a worker take turns at. Opened at first use, after the fork."""

    def __init__(self, state: Path) -> None:
        self._file = state / FILE
        self._lock = threading.Lock()
        self._database: sqlite3.Connection | None = None
        self._mark = (-1, -1)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._let_go()

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """Look and change in one step: all of it happens, or none. Raises StoreError."""
        with self._lock:
            try:
                database = self._opened()
                database.execute("BEGIN IMMEDIATE")
                try:
                    yield database
                except BaseException:
                    database.execute("ROLLBACK")
                    raise
                database.execute("COMMIT")
            except (sqlite3.Error, OSError) as error:
                self._let_go()
                raise StoreError(f"{self._file}: {error}") from error

    def _opened(self) -> sqlite3.Connection:
        """Return the connection; a file that was removed or replaced is opened anew, as other workers do."""
        if self._database is not None and self._mark != self._look():
            self._let_go()
        return self._database or self._open()

    def _look(self) -> tuple[int, int]:
        try:
            found = self._file.stat()
        except FileNotFoundError:
            return -1, -1
        return found.st_dev, found.st_ino

    def _open(self) -> sqlite3.Connection:
        self._file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        # SQLite gives the files beside it the same mode
        os.close(os.open(self._file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(
            self._file, isolation_level=None, check_same_thread=False, timeout=BUSY_SECONDS
        )
        try:
            database.execute("PRAGMA journal_mode = WAL")
            database.execute("PRAGMA synchronous = NORMAL")
            database.executescript(_SCHEMA)
        except BaseException:
            database.close()
            raise
        self._database, self._mark = database, self._look()
        return database

    def _let_go(self) -> None:
        if self._database is not None:
            self._database.close()
            self._database = None


def one_row(database: sqlite3.Connection, statement: str, values: tuple[Any, ...]) -> tuple[Any, ...] | None:
    """Return the first row, None when there is none."""
    with closing(database.execute(statement, values)) as rows:
        row: tuple[Any, ...] | None = rows.fetchone()
    return row
