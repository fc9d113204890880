"""Sign-on guard: failed passwords are held back here, before RACF would revoke the user id.

RACF revokes a user after a few wrong passwords (SETROPTS PASSWORD(REVOKE(n))), whoever sent them; so anybody
who reaches the gateway could lock out a user. The guard lets at most `failures_per_user` wrong passwords
through in a window, counted over all workers in one SQLite file.

Counting after the answer would let a burst of parallel guesses through. So a sign-on with a password
that is not known to be good takes a place *before* the call, and the place turns into a failure or is given
back after it. When all places are taken by sign-ons still under way, others wait for their outcome. A password
that worked lately needs no place: a busy technical user is not slowed down, and somebody else's wrong guesses
do not shut out who is already at work.
"""

import hmac
import secrets
import sqlite3
import threading
from collections import OrderedDict
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from gateway.clock import Clock
from gateway.config.model import SignOnSettings
from gateway.errors import GatewayError, M, SecurityError
from gateway.exchange import Secret

_KNOWN_GOOD: Final = 10_000
_POLL_SECONDS: Final = 0.05
_BUSY_MS: Final = 5000

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

Outcome = Literal["good", "wrong", "unknown"]


@dataclass(frozen=True, slots=True)
class Attempt:
    """A sign-on under way. Say how it ended exactly once."""

    user: str
    peer: str
    place: int | None
    """Row of the place taken; None for a password that is known to be good."""
    _key: bytes
    _settle: Callable[["Attempt", Outcome], None]

    def good(self) -> None:
        """Say that the password was accepted: the user's failures are forgotten, as RACF forgets them."""
        self._settle(self, "good")

    def wrong(self) -> None:
        """Say that the sign-on was refused: it counts as a failure for the window."""
        self._settle(self, "wrong")

    def unknown(self) -> None:
        """Say that the call ended without a word about the password."""
        self._settle(self, "unknown")

    @property
    def key(self) -> bytes:
        """Keyed digest of user and password; means nothing outside this process."""
        return self._key


class SignOnGuard:
    """Counts failed sign-ons by user and by peer. Thread-safe; one file serves all workers."""

    def __init__(
        self, folder: Path, settings: SignOnSettings, clock: Clock, sleep: Callable[[float], None]
    ) -> None:
        """Keep the count in `folder`; `sleep` waits between looks at places that are taken."""
        self._settings = settings
        self._clock = clock
        self._sleep = sleep
        self._secret = secrets.token_bytes(32)
        self._good: OrderedDict[bytes, float] = OrderedDict()
        self._lock = threading.Lock()
        folder.mkdir(parents=True, exist_ok=True)
        self._database = sqlite3.connect(
            folder / "sign_on.sqlite3", isolation_level=None, check_same_thread=False, timeout=_BUSY_MS / 1000
        )
        self._database.execute("PRAGMA journal_mode = WAL")
        self._database.execute("PRAGMA synchronous = NORMAL")
        self._database.executescript(_SCHEMA)

    def close(self) -> None:
        """Close the file."""
        with self._lock:
            self._database.close()

    def begin(self, user: str, password: Secret, peer: str, within_seconds: float) -> Attempt:
        """Start a sign-on that will be over within the given time.

        Raises SecurityError when user or peer is held back, GatewayError(M.BUSY) when the outcome of
        earlier sign-ons does not become known in time.
        """
        key = hmac.digest(self._secret, f"{user}\0{password.reveal()}".encode(), "sha256")
        if self._is_known_good(key):
            return Attempt(user, peer, None, key, self._end)
        deadline = self._clock.monotonic() + within_seconds
        while True:
            place = self._take_place(user, peer, within_seconds)
            if place is not None:
                return Attempt(user, peer, place, key, self._end)
            if self._clock.monotonic() >= deadline:
                raise GatewayError(M.BUSY, private=f"sign-ons of {user} from {peer} are still under way")
            self._sleep(_POLL_SECONDS)

    def _take_place(self, user: str, peer: str, within_seconds: float) -> int | None:
        now = self._clock.now().timestamp()
        with self._lock, _transaction(self._database):
            self._database.execute("DELETE FROM sign_on WHERE until <= ?", (now,))
            with closing(self._database.execute(_COUNT, {"user": user, "peer": peer, "now": now})) as rows:
                user_failed, user_all, peer_failed, peer_all = rows.fetchone()
            if user_failed >= self._settings.failures_per_user:
                raise SecurityError.sign_on(f"user {user} is held back after {user_failed} failed sign-ons")
            if peer_failed >= self._settings.failures_per_peer:
                raise SecurityError.sign_on(f"peer {peer} is held back after {peer_failed} failed sign-ons")
            if user_all >= self._settings.failures_per_user or peer_all >= self._settings.failures_per_peer:
                return None
            cursor = self._database.execute(
                "INSERT INTO sign_on (user, peer, failed, until) VALUES (?, ?, 0, ?)",
                (user, peer, now + within_seconds),
            )
            return cursor.lastrowid

    def _is_known_good(self, key: bytes) -> bool:
        now = self._clock.monotonic()
        with self._lock:
            return self._good.get(key, 0.0) > now

    def _end(self, attempt: Attempt, outcome: Outcome) -> None:
        with self._lock:
            if outcome == "good":
                self._good[attempt.key] = self._clock.monotonic() + self._settings.window_seconds
                self._good.move_to_end(attempt.key)
                if len(self._good) > _KNOWN_GOOD:
                    self._good.popitem(last=False)
            elif outcome == "wrong":
                self._good.pop(attempt.key, None)
            self._record(attempt, outcome)

    def _record(self, attempt: Attempt, outcome: Outcome) -> None:
        if attempt.place is None and outcome != "wrong":
            return
        with _transaction(self._database):
            self._database.execute("DELETE FROM sign_on WHERE id = ?", (attempt.place,))
            if outcome == "good":
                self._database.execute("DELETE FROM sign_on WHERE user = ? AND failed", (attempt.user,))
            elif outcome == "wrong":
                until = self._clock.now().timestamp() + self._settings.window_seconds
                self._database.execute(
                    "INSERT INTO sign_on (user, peer, failed, until) VALUES (?, ?, 1, ?)",
                    (attempt.user, attempt.peer, until),
                )


class _transaction:  # noqa: N801  reads as a statement
    """One write transaction: takes SQLite's write lock at once, so that look and change are one step."""

    def __init__(self, database: sqlite3.Connection) -> None:
        self._database = database

    def __enter__(self) -> None:
        self._database.execute("BEGIN IMMEDIATE")

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        self._database.execute("COMMIT" if kind is None else "ROLLBACK")
