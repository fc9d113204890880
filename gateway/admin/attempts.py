"""Passwords that are guessed at: each wrong one makes the next wait longer, whichever worker it reaches.

Counted by account and by peer. A peer at which an account has signed in before is counted apart for it, so that
a stranger who guesses does not shut out who is at the usual place. A try is counted before the password is
looked at, and forgotten when it was right: so many at once gain nothing.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from datetime import timedelta
from ipaddress import IPv6Address, IPv6Network, ip_address
from typing import Final

from gateway.admin.store import Store, one_row
from gateway.clock import Clock

FREE_OF_ACCOUNT: Final = 4
"""Wrong passwords for an account that cost no wait: people mistype."""
FREE_OF_PEER: Final = 20
LONGEST_SECONDS: Final = 300.0
REMEMBERED: Final = timedelta(hours=2).total_seconds()
"""How long wrong tries count."""
KNOWN: Final = timedelta(days=60).total_seconds()
"""How long a peer counts as one where an account is used."""
_MOST: Final = 50_000
"""Rows of each table; names are made up by strangers."""


@dataclass(frozen=True, slots=True)
class Attempt:
    """A try that is under way."""

    account: bytes
    place: bytes
    peer: bytes


class Attempts:
    """Thread-safe; raises StoreError."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock

    def begin(self, name: str, peer: str) -> Attempt | None:
        """Count a try with a password; None: it is too early for another, and the password is not looked at."""
        now = self._clock.now().timestamp()
        where = _neighbourhood(peer)
        place = _key("place", name, where)
        with self._store.transaction() as database:
            _forget(database, now)
            known = one_row(database, "SELECT last FROM known WHERE what = ?", (place,)) is not None
            account = place if known else _key("account", name)
            attempt = Attempt(account, place, _key("peer", where))
            for what, free in ((attempt.account, FREE_OF_ACCOUNT), (attempt.peer, FREE_OF_PEER)):
                if _early(database, what, free, now):
                    return None
            for what in (attempt.account, attempt.peer):
                database.execute(
                    "INSERT INTO tries VALUES (?, 1, ?)"
                    " ON CONFLICT (what) DO UPDATE SET failed = failed + 1, last = excluded.last",
                    (what, now),
                )
        return attempt

    def right(self, attempt: Attempt) -> None:
        """Forget the account's wrong tries, and this one of the peer: the password was right."""
        now = self._clock.now().timestamp()
        with self._store.transaction() as database:
            database.execute("DELETE FROM tries WHERE what = ?", (attempt.account,))
            database.execute("UPDATE tries SET failed = failed - 1 WHERE what = ?", (attempt.peer,))
            database.execute("INSERT OR REPLACE INTO known VALUES (?, ?)", (attempt.place, now))

    def undone(self, attempt: Attempt) -> None:
        """Forget a try whose password was not looked at."""
        with self._store.transaction() as database:
            for what in (attempt.account, attempt.peer):
                database.execute("UPDATE tries SET failed = failed - 1 WHERE what = ?", (what,))


def wait_seconds(failed: int, free: int) -> float:
    """Return how long after the last of so many wrong tries the next may come."""
    beyond = failed - free
    return 0.0 if beyond <= 0 else min(LONGEST_SECONDS, 2.0 ** min(beyond, 16))


def _early(database: sqlite3.Connection, what: bytes, free: int, now: float) -> bool:
    row = one_row(database, "SELECT failed, last FROM tries WHERE what = ?", (what,))
    return row is not None and now < row[1] + wait_seconds(row[0], free)


def _forget(database: sqlite3.Connection, now: float) -> None:
    """Forget what is old, and the oldest of what would be too much."""
    database.execute("DELETE FROM tries WHERE last <= ?", (now - REMEMBERED,))
    database.execute("DELETE FROM known WHERE last <= ?", (now - KNOWN,))
    row = one_row(database, "SELECT count(*) FROM tries", ())
    if row is not None and row[0] > _MOST:
        database.execute(
            "DELETE FROM tries WHERE what IN (SELECT what FROM tries ORDER BY last LIMIT ?)", (row[0] - _MOST,)
        )


def _key(*parts: str) -> bytes:
    return hashlib.sha256("\0".join(parts).encode()).digest()


def _neighbourhood(peer: str) -> str:
    """Return what one household or machine has of addresses: of IPv6 the first 64 bits."""
    try:
        address = ip_address(peer)
    except ValueError:
        return peer
    return str(IPv6Network((address, 64), strict=False)) if isinstance(address, IPv6Address) else peer
