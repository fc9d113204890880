"""Where hold queues are kept: in memory alone, or in an SQLite file that outlives the process.

A message is on disk when `insert` returns and gone when `delete` returns (``synchronous = FULL``), so the
caller tells a client only afterwards. What was being delivered when the process died is still there: IMS
too sends again what was not acknowledged. One process at a time has the file.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from threading import RLock
from typing import Final, Protocol

from gateway.errors import ConfigError, Problem
from gateway.standin.held import HeldOutput, HoldQueueError

_VERSION: Final = 1
_SCHEMA: Final = f"""
CREATE TABLE held (
    ims TEXT NOT NULL,         -- the data store whose IMS has it
    seq INTEGER NOT NULL,      -- order of the messages of that IMS
    tpipe TEXT NOT NULL,       -- where it belongs when it is not delivered
    segments BLOB NOT NULL,    -- each with its length in four bytes in front
    mod_name TEXT NOT NULL,
    transaction_code TEXT NOT NULL,
    netuid TEXT NOT NULL,
    netsid TEXT NOT NULL,
    PRIMARY KEY (ims, seq)
) WITHOUT ROWID;
PRAGMA user_version = {_VERSION};
"""
_LENGTH: Final = 4


class HeldStore(Protocol):
    """Keeps asynchronous output by its place in the order of all messages."""

    def load(self) -> list[tuple[int, str, HeldOutput]]:
        """Return place, tpipe and output of all that is kept, oldest first."""
        ...

    def insert(self, seq: int, tpipe: str, output: HeldOutput) -> None:
        """Keep an output. Raises HoldQueueError when it cannot be."""
        ...

    def delete(self, seq: int) -> None:
        """Drop an output; one that is not there is no error. Raises HoldQueueError."""
        ...

    def move(self, seq: int, new_seq: int, tpipe: str, output: HeldOutput) -> None:
        """Put an output elsewhere, at once or not at all. Raises HoldQueueError."""
        ...

    def clear(self) -> None:
        """Drop everything. Raises HoldQueueError."""
        ...


class InMemory:
    """Keeps nothing beside the queues themselves."""

    def load(self) -> list[tuple[int, str, HeldOutput]]:
        """Return nothing."""
        return []

    def insert(self, seq: int, tpipe: str, output: HeldOutput) -> None:
        """Do nothing."""

    def delete(self, seq: int) -> None:
        """Do nothing."""

    def move(self, seq: int, new_seq: int, tpipe: str, output: HeldOutput) -> None:
        """Do nothing."""

    def clear(self) -> None:
        """Do nothing."""


class QueueFile:
    """An SQLite file with the hold queues of every IMS of a stand-in."""

    def __init__(self, path: Path) -> None:
        """Open or make the file. Raises ConfigError when it cannot be used or another process has it."""
        database: sqlite3.Connection | None = None
        try:
            database = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=0)
            _prepare(database)
        except sqlite3.Error as error:
            if database is not None:
                database.close()
            raise ConfigError((Problem("", "state.path", f"{path.name}: {_reason(error)}"),)) from error
        self._database: sqlite3.Connection | None = database
        self._name = path.name
        self.lock = RLock()

    def of(self, ims: str) -> "InSqlite":
        """Return the part of one IMS, by the name of its data store."""
        return InSqlite(self, ims)

    def execute(self, sql: str, parameters: tuple[object, ...] = ()) -> sqlite3.Cursor:
        """Run one statement, which commits unless a transaction was begun. Raises HoldQueueError."""
        with self.lock:
            if self._database is None:
                raise HoldQueueError(f"{self._name}: the hold queues are closed")
            try:
                return self._database.execute(sql, parameters)
            except sqlite3.Error as error:
                raise HoldQueueError(f"{self._name}: {_reason(error)}") from error

    def close(self) -> None:
        """Close the file."""
        database, self._database = self._database, None
        if database is not None:
            database.close()


class InSqlite:
    """The queues of one IMS in a file."""

    def __init__(self, file: QueueFile, ims: str) -> None:
        self._file = file
        self._ims = ims

    def load(self) -> list[tuple[int, str, HeldOutput]]:
        """Return what is kept, oldest first."""
        rows = self._file.execute(
            "SELECT seq, tpipe, segments, mod_name, transaction_code, netuid, netsid FROM held"
            " WHERE ims = ? ORDER BY seq",
            (self._ims,),
        )
        return [(seq, tpipe, HeldOutput(tuple(_cut(packed)), *names)) for seq, tpipe, packed, *names in rows]

    def insert(self, seq: int, tpipe: str, output: HeldOutput) -> None:
        """Write an output; it is on disk afterwards."""
        names = (output.mod_name, output.transaction, output.netuid, output.netsid)
        self._file.execute(
            "INSERT INTO held VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
            (self._ims, seq, tpipe, _pack(output.segments), *names),
        )

    def delete(self, seq: int) -> None:
        """Delete an output; it is off the disk afterwards."""
        self._file.execute("DELETE FROM held WHERE ims = ? AND seq = ?", (self._ims, seq))

    def move(self, seq: int, new_seq: int, tpipe: str, output: HeldOutput) -> None:
        """Write an output under another place and tpipe, in one transaction."""
        with self._file.lock:
            self._file.execute("BEGIN IMMEDIATE")
            try:
                self.delete(seq)
                self.insert(new_seq, tpipe, output)
                self._file.execute("COMMIT")
            except BaseException:
                self._file.execute("ROLLBACK")
                raise

    def clear(self) -> None:
        """Delete everything of this IMS."""
        self._file.execute("DELETE FROM held WHERE ims = ?", (self._ims,))


def _prepare(database: sqlite3.Connection) -> None:
    # exclusive before the first read: another stand-in on the same file would deliver everything twice
    database.execute("PRAGMA locking_mode = EXCLUSIVE")
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute("BEGIN EXCLUSIVE")
    version = database.execute("PRAGMA user_version").fetchone()[0]
    tables = database.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
    database.execute("COMMIT")
    if version == 0 and tables == 0:
        database.executescript(f"BEGIN EXCLUSIVE; {_SCHEMA} COMMIT;")
    elif version != _VERSION:
        raise sqlite3.DatabaseError("is a database of something else, or of another release")


def _reason(error: sqlite3.Error) -> str:
    return "another process has it" if "locked" in str(error) else str(error)


def _pack(segments: tuple[bytes, ...]) -> bytes:
    return b"".join(len(segment).to_bytes(_LENGTH) + segment for segment in segments)


def _cut(packed: bytes) -> Iterator[bytes]:
    position = 0
    while position < len(packed):
        end = position + _LENGTH + int.from_bytes(packed[position : position + _LENGTH])
        yield packed[position + _LENGTH : end]
        position = end
