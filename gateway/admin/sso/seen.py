"""Assertions that were used: each signs in once, on whichever worker of the machine it comes."""

import hashlib
from datetime import datetime
from typing import Final

from gateway.admin.store import Store

_TABLE: Final = """
CREATE TABLE IF NOT EXISTS assertions (
    what BLOB PRIMARY KEY,  -- SHA-256 of issuer and id
    until REAL NOT NULL     -- seconds since 1970: from then on it is not accepted anyhow
) WITHOUT ROWID
"""


class Seen:
    """Thread-safe; raises StoreError."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def is_new(self, issuer: str, id_: str, until: datetime, now: datetime) -> bool:
        """Remember an assertion; False: it was used before."""
        what = hashlib.sha256(f"{issuer}\0{id_}".encode()).digest()
        with self._store.transaction() as database:
            database.execute(_TABLE)
            database.execute("DELETE FROM assertions WHERE until <= ?", (now.timestamp(),))
            added = database.execute(
                "INSERT OR IGNORE INTO assertions VALUES (?, ?)", (what, until.timestamp())
            )
            return added.rowcount == 1
