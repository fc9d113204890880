"""The places at RACF: how many sign-ons of a user, and from a peer, may fail in a window. One file a machine.

A place is taken before a password is tried and turns into a failure, or is given back, when the outcome is
known. Taking is one transaction, so however many workers look at once, no more places are given than there are.
"""

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.config.model import SignOnSettings
from gateway.errors import SecurityError

_BUSY_SECONDS: Final = 5.0

_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS sign_on (
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    peer TEXT NOT NULL,
    failed INTEGER NOT NULL,  -- 0: under way, its outcome is not known yet
    until REAL NOT NULL       -- seconds since 1970; the row counts up to here
);
CREATE INDEX IF NOT EXISTS sign_on_user ON sign_on (user, until);
CREATE INDEX IF NOT EXISTS sign_on_peer ON sign_on (peer, until);
"""

_COUNT: Final = """
SELECT
    coalesce(sum(user = :user AND failed), 0), coalesce(sum(user = :user), 0),
    coalesce(sum(peer = :peer AND failed), 0), coalesce(sum(peer = :peer), 0)
FROM sign_on WHERE (user = :user OR peer = :peer) AND until > :now
"""


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is held."""

    id: int
    user: str
    peer: str


class Places:
    """Gives out places. Thread-safe."""

    def __init__(self, folder: Path, settings: SignOnSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            folder / "sign_on.sqlite3", isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def take(self, user: str, peer: str, within_seconds: float) -> Place | None:
        """Return a place for a sign-on that is over within the given time, None while all are held.

        Raises SecurityError when user or peer has used up its failures.
        """
        now = self._now()
        with self._lock, _Transaction(self._database):
            self._database.execute("DELETE FROM sign_on WHERE until <= ?", (now,))
            with closing(self._database.execute(_COUNT, {"user": user, "peer": peer, "now": now})) as rows:
                user_failed, user_all, peer_failed, peer_all = rows.fetchone()
            if user_failed >= self._settings.failures_per_user:
                raise SecurityError.sign_on(f"user {user} is held back after {user_failed} failed sign-ons")
            if peer_failed >= self._settings.failures_per_peer:
                raise SecurityError.sign_on(f"peer {peer} is held back after {peer_failed} failed sign-ons")
            if user_all >= self._settings.failures_per_user or peer_all >= self._settings.failures_per_peer:
                return None
            return Place(self._insert(user, peer, failed=False, until=now + within_seconds), user, peer)

    def give_back(self, place: Place) -> None:
        """Give a place back: the outcome says nothing of the password."""
        with self._lock, _Transaction(self._database):
            self._database.execute("DELETE FROM sign_on WHERE id = ?", (place.id,))

    def forgive(self, place: Place) -> None:
        """Give a place back and forget the user's failures, as RACF does when a password was right."""
        with self._lock, _Transaction(self._database):
            self._database.execute(
                "DELETE FROM sign_on WHERE id = ? OR (user = ? AND failed)", (place.id, place.user)
            )

    def fail(self, user: str, peer: str, place: Place | None) -> None:
        """Count a failure for the window; `place` is the one that was held for it, if any."""
        until = self._now() + self._settings.window_seconds
        with self._lock, _Transaction(self._database):
            if place is not None:
                self._database.execute("DELETE FROM sign_on WHERE id = ?", (place.id,))
            self._insert(user, peer, failed=True, until=until)

    def _insert(self, user: str, peer: str, *, failed: bool, until: float) -> int:
        row = (user, peer, failed, until)
        cursor = self._database.execute(
            "INSERT INTO sign_on (user, peer, failed, until) VALUES (?, ?, ?, ?)", row
        )
        assert cursor.lastrowid is not None, "a row was inserted"
        return cursor.lastrowid

    def _now(self) -> float:
        return self._clock.now().timestamp()


class _Transaction:
    """One write transaction: takes SQLite's write lock at once, so that look and change are one step."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")
