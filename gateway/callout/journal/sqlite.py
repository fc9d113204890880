"""The journal of one machine: one SQLite file, which several processes may share.

SQLite lets one write at a time, so the threads of a process take turns by a lock of our own, which is fairer
than SQLite's waiting. The write-ahead log makes a transaction whole or absent whatever kills the process. What
must outlive a loss of power is written with `synchronous = FULL`: the log is synced before the commit returns.
The rest (claims, and that something was delivered) goes without: the log keeps the order, so a loss of power
undoes only what came after the last synced transaction, and that is delivered once more, never lost. A
checkpoint syncs in either mode (SQLite, PRAGMA synchronous).
"""

import os
import sqlite3
import stat
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from sqlalchemy import URL, BigInteger, ColumnElement, Connection, Engine, create_engine, event, literal
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

from gateway.callout.journal.entries import JournalError
from gateway.callout.journal.layout import is_there, prepare
from gateway.callout.journal.store import SECOND, NoJournalError, shortened
from gateway.callout.journal.times import microseconds
from gateway.clock import Clock

FILE_NAME: Final = "journal.db"
WAIT_SECONDS: Final = 10.0
"""How long a transaction waits for other processes, and as long for other threads."""
_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_ATTEMPT_SECONDS: Final = 0.01
_READERS: Final = 4
_WRITING: Final = "imsgw_writing"
_AFRESH: Final = "stop the callout process, then start it"


class SqliteStore:
    """A `Store`. Not to be taken through a fork."""

    def __init__(
        self, file: Path, clock: Clock, *, create: bool = True, wait_seconds: float = WAIT_SECONDS
    ) -> None:
        """Nothing is opened before the first transaction; `create`: makes the file where there is none."""
        self.name = str(file)
        self.insert = sqlite.insert
        self._file = file
        self._clock = clock
        self._create = create
        self._wait_seconds = wait_seconds
        self._durable = self._engine("FULL", 1)
        self._quick = self._engine("NORMAL", _READERS + 1)
        self._turn = threading.Lock()
        self._opening = threading.Lock()
        self._inode: tuple[int, int] | None = None

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """See `Store`."""
        engine = self._durable if durable else self._quick
        if not self._turn.acquire(timeout=self._wait_seconds):
            raise JournalError(f"{self.name}: the other threads are still waiting for it")
        try:
            with self._told():
                self._open()
                with _transaction(engine, writing=True) as connection:
                    yield connection
        finally:
            self._turn.release()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Store`."""
        with self._told():
            self._open()
            with _transaction(self._quick, writing=False) as connection:
                yield connection

    def now(self) -> ColumnElement[int]:
        """See `Store`."""
        return literal(microseconds(self._clock.now()), BigInteger)

    def beat(self) -> ColumnElement[int]:
        """See `Store`."""
        return literal(int(self._clock.monotonic() * SECOND), BigInteger)

    def alone(self, _connection: Connection) -> bool:
        """See `Store`: there is one who writes."""
        return True

    def close(self) -> None:
        """See `Store`."""
        self._durable.dispose()
        self._quick.dispose()

    def _engine(self, synchronous: str, connections: int) -> Engine:
        engine = create_engine(
            URL.create("sqlite+pysqlite", database=str(self._file)),
            connect_args={
                "timeout": self._wait_seconds,
                "isolation_level": None,  # BEGIN comes from us
                "check_same_thread": False,
            },
            pool_size=connections,
            max_overflow=0,
            pool_timeout=self._wait_seconds,
            hide_parameters=True,
        )

        @event.listens_for(engine, "connect")
        def connected(database: sqlite3.Connection, _record: Any) -> None:
            database.execute(f"PRAGMA synchronous = {synchronous}")

        @event.listens_for(engine, "begin")
        def began(connection: Connection) -> None:
            writing = connection.get_execution_options().get(_WRITING)
            connection.exec_driver_sql("BEGIN IMMEDIATE" if writing else "BEGIN")

        return engine

    def _open(self) -> None:
        """Make file and tables where they are missing; afterwards make sure that it is still the same file."""
        with self._opening:
            if self._inode is not None:
                self._require_same()
                return
            if self._create:
                _make(self._file)
            elif not self._file.exists():
                raise NoJournalError(f"{self.name}: there is no journal yet")
            inode = _inode(self._file)
            _log_ahead(self._durable, attempts=1 + int(self._wait_seconds / _ATTEMPT_SECONDS))
            self._prepare()
            self._inode = inode

    def _prepare(self) -> None:
        """See to the tables; who finds them waits for nobody who writes."""
        with _transaction(self._quick, writing=False) as connection:
            if is_there(connection, self.name):
                return
        with _transaction(self._durable, writing=True) as connection:
            prepare(connection, self.name, create=self._create)

    def _require_same(self) -> None:
        """Raise JournalError where we would write into a file that nobody finds any more."""
        if _inode(self._file) != self._inode:
            raise JournalError(f"{self.name}: was replaced while in use; {_AFRESH}")

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except SQLAlchemyError as error:
            raise JournalError(f"{self.name}: {_reason(getattr(error, 'orig', None) or error)}") from None
        except FileNotFoundError:
            raise JournalError(f"{self.name}: was removed while in use; {_AFRESH}") from None
        except (OSError, sqlite3.Error) as error:
            raise JournalError(f"{self.name}: {_reason(error)}") from None


@contextmanager
def _transaction(engine: Engine, *, writing: bool) -> Iterator[Connection]:
    """One transaction; a connection that failed is not used again."""
    with engine.connect().execution_options(**{_WRITING: writing}) as connection:
        try:
            with connection.begin():
                yield connection
        except DBAPIError:
            connection.invalidate()
            raise


def _make(file: Path) -> None:
    """Make an empty file for us alone; SQLite gives the files beside it the same mode.

    One that is there is not opened: closing it again would release the locks of every connection that this
    process has to it (POSIX).
    """
    file.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    try:
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
    except FileExistsError:
        _close_to_others(file)
        return
    folder = os.open(file.parent, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(folder)  # the name of a new file is on the disk only with its folder
    finally:
        os.close(folder)


def _close_to_others(file: Path) -> None:
    """Take away what others may do with a file of ours, put back from a backup say, and those beside it."""
    for path in (file, *(file.with_name(file.name + end) for end in ("-wal", "-shm"))):
        with suppress(FileNotFoundError):
            found = path.lstat()
            if stat.S_ISREG(found.st_mode) and found.st_uid == os.geteuid() and found.st_mode & _OTHERS:
                path.chmod(stat.S_IMODE(found.st_mode) & ~_OTHERS)


def _inode(file: Path) -> tuple[int, int]:
    found = file.stat()
    return found.st_dev, found.st_ino


def _log_ahead(engine: Engine, attempts: int) -> None:
    """Switch to the write-ahead log, for which SQLite does not wait by itself while others use the file."""
    connection = engine.raw_connection()
    try:
        for attempt in range(attempts):
            try:
                connection.driver_connection.execute("PRAGMA journal_mode = WAL")  # type: ignore[union-attr]
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or attempt == attempts - 1:
                    raise
                time.sleep(_ATTEMPT_SECONDS)
            else:
                return
    finally:
        connection.close()


_WORDS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_BUSY: "another process keeps it locked",
    sqlite3.SQLITE_READONLY: "cannot be written: file or folder is read-only for this user",
    sqlite3.SQLITE_CANTOPEN: "cannot be opened: no permission, or its folder is missing",
    sqlite3.SQLITE_CORRUPT: "is damaged; see docs/journal.md before you remove it",
    sqlite3.SQLITE_NOTADB: "is no SQLite database, or damaged; see docs/journal.md before you remove it",
    sqlite3.SQLITE_IOERR: "the disk refuses: error while reading or writing, or a quota or limit is used up",
}
"""By SQLite's primary result code."""


def _reason(error: BaseException) -> str:
    if isinstance(error, OSError):
        return error.strerror or type(error).__name__
    code = getattr(error, "sqlite_errorcode", None)
    words = _WORDS.get(code & 0xFF) if isinstance(code, int) else None
    return f"{words} ({shortened(error)})" if words else shortened(error)
