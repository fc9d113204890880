"""The places at RACF: how many sign-ons of a user, and from a peer, may fail in a window. One file a machine.

A place is taken before a password is tried and turns into a failure, or is given back, when the outcome is
known. Taking is one transaction, so however many workers look at once, no more places are given than there are.
"""

import os
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
CREATE TABLE IF NOT EXISTS tries (
    id INTEGER PRIMARY KEY,
    user TEXT NOT NULL,
    bundle TEXT NOT NULL,     -- whose RACF looks at the password
    peer TEXT NOT NULL,
    failed INTEGER NOT NULL,  -- 0: under way, its outcome is not known yet
    until REAL NOT NULL       -- seconds since 1970; the row counts up to here
);
CREATE INDEX IF NOT EXISTS tries_user ON tries (user, until);
CREATE INDEX IF NOT EXISTS tries_peer ON tries (peer, until);
CREATE INDEX IF NOT EXISTS tries_until ON tries (until);
"""

_COUNT: Final = """
SELECT
    coalesce(sum(user = :user AND failed), 0), coalesce(sum(user = :user), 0),
    coalesce(sum(peer = :peer AND failed), 0), coalesce(sum(peer = :peer), 0)
FROM tries WHERE (user = :user OR peer = :peer) AND until > :now
"""


def own_peer(bundle: str, peer: str = "") -> str:
    """Return what stands for the peer where a bundle shows what is its own; no address looks so.

    That is its password, or a PassTicket that it makes for a user who calls from `peer`.
    """
    return f"bundle {bundle}" + (f" for {peer}" if peer else "")


@dataclass(frozen=True, slots=True)
class SignOn:
    """Who signs on where, and from where."""

    user: str
    bundle: str
    peer: str

    @property
    def own(self) -> bool:
        """Whether what is shown is the bundle's own: then nobody guesses."""
        return self.peer.startswith(own_peer(self.bundle))


@dataclass(frozen=True, slots=True)
class Place:
    """A place that is held."""

    id: int
    sign_on: SignOn


class Places:
    """Gives out places. Thread-safe."""

    def __init__(self, folder: Path, settings: SignOnSettings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = threading.Lock()
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        file = folder / "sign_on.sqlite3"
        # names and addresses are nobody else's business; SQLite gives the files beside it the same mode
        os.close(os.open(file, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._database = sqlite3.connect(
            file, isolation_level=None, check_same_thread=False, timeout=_BUSY_SECONDS
        )
        try:
            self._database.execute("PRAGMA journal_mode = WAL")
            self._database.execute("PRAGMA synchronous = NORMAL")
            self._database.executescript(_SCHEMA)
        except BaseException:
            self._database.close()
            raise

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def take(self, sign_on: SignOn, within_seconds: float) -> Place | None:
        """Return a place for a sign-on that is over within the given time, None while all are held.

        Failures of a user count whatever the bundle, as several may share one RACF. Raises SecurityError when
        user or peer has used up its failures.
        """
        user, peer, now = sign_on.user, sign_on.peer, self._now()
        with self._lock, _Transaction(self._database):
            self._database.execute("DELETE FROM tries WHERE until <= ?", (now,))
            with closing(self._database.execute(_COUNT, {"user": user, "peer": peer, "now": now})) as rows:
                user_failed, user_all, peer_failed, peer_all = rows.fetchone()
            if user_failed >= self._settings.failures_per_user:
                raise SecurityError.sign_on(f"user {user} is held back after {user_failed} failed sign-ons")
            if peer_failed >= self._settings.failures_per_peer:
                raise SecurityError.sign_on(f"peer {peer} is held back after {peer_failed} failed sign-ons")
            if user_all >= self._settings.failures_per_user or peer_all >= self._settings.failures_per_peer:
                return None
            return Place(self._insert(sign_on, failed=False, until=now + within_seconds), sign_on)

    def give_back(self, place: Place) -> None:
        """Give a place back: the outcome says nothing of the password."""
        with self._lock, _Transaction(self._database):
            self._database.execute("DELETE FROM tries WHERE id = ?", (place.id,))

    def forgive(self, place: Place) -> None:
        """Give a place back and forget the user's failures at the bundle, as its RACF does."""
        row = (place.id, place.sign_on.user, place.sign_on.bundle)
        with self._lock, _Transaction(self._database):
            self._database.execute(
                "DELETE FROM tries WHERE id = ? OR (user = ? AND bundle = ? AND failed)", row
            )

    def fail(self, sign_on: SignOn, place: Place | None) -> None:
        """Count a failure for the window; `place` is the one that was held for it, if any."""
        until = self._now() + self._settings.window_seconds
        with self._lock, _Transaction(self._database):
            if place is not None:
                self._database.execute("DELETE FROM tries WHERE id = ?", (place.id,))
            self._insert(sign_on, failed=True, until=until)

    def _insert(self, sign_on: SignOn, *, failed: bool, until: float) -> int:
        row = (sign_on.user, sign_on.bundle, sign_on.peer, failed, until)
        cursor = self._database.execute(
            "INSERT INTO tries (user, bundle, peer, failed, until) VALUES (?, ?, ?, ?, ?)", row
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
