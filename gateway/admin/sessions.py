"""Sessions of browsers: kept here, so that they can be ended here; the browser has nothing but a random id.

Of the id only the hash is kept: who reads the file can take over nobody's session. A session ends by idleness,
by age, at sign-out, and as soon as the account behind it has another hash or role, or is gone.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Final

from gateway.admin.roles import How, Person, Role
from gateway.admin.store import Store, one_row
from gateway.clock import Clock
from gateway.config.model import AdminSettings

ID_BYTES: Final = 32
MOST: Final = 2000
"""Sessions that are kept; the oldest give way. Each began with a sign-in that was right."""
SEEN_EVERY_SECONDS: Final = 20.0
"""How exactly it is noted when a session was used last: not every look at a page need write to the disk."""


@dataclass(frozen=True, slots=True)
class Session:
    """One that goes on."""

    person: Person
    csrf: str = field(repr=False)
    """What every request that changes something must show, beside the cookie."""


class Sessions:
    """Begins, finds and ends sessions, for all workers of the machine. Thread-safe; raises StoreError."""

    def __init__(
        self,
        store: Store,
        settings: Callable[[], AdminSettings],
        stamp: Callable[[Person], str | None],
        clock: Clock,
    ) -> None:
        """`stamp` gives what the account of a person is like now, None when there is none any more."""
        self._store = store
        self._settings = settings
        self._stamp = stamp
        self._clock = clock

    def begin(self, person: Person, stamp: str) -> str:
        """Begin a session under an id of its own, which is returned: for the cookie, and nowhere else.

        `stamp`: of the account as it was when the person was recognised.
        """
        value = secrets.token_urlsafe(ID_BYTES)
        now = self._now()
        row = (_hashed(value), person.name, person.role.value, person.how.value, stamp, now, now)
        with self._store.transaction() as database:
            limits = (now - self._longest, now - self._idle)
            database.execute("DELETE FROM sessions WHERE begun <= ? OR seen <= ?", limits)
            database.execute("INSERT INTO sessions VALUES (?, ?, ?, ?, ?, ?, ?)", row)
            database.execute(
                "DELETE FROM sessions WHERE id IN"
                " (SELECT id FROM sessions ORDER BY begun DESC LIMIT -1 OFFSET ?)",
                (MOST,),
            )
        return value

    def find(self, value: str, *, used: bool = True) -> Session | None:
        """Return the session of a cookie, which counts as used now where it says so; None: there is none."""
        key, now = _hashed(value), self._now()
        with self._store.transaction() as database:
            row = one_row(
                database, "SELECT name, role, how, stamp, begun, seen FROM sessions WHERE id = ?", (key,)
            )
            if row is None:
                return None
            name, role, how, stamp, begun, seen = row
            person = Person(name, Role(role), How(how))
            current = self._stamp(person)
            same = current is not None and hmac.compare_digest(current.encode(), stamp.encode())
            if not same or begun <= now - self._longest or seen <= now - self._idle:
                database.execute("DELETE FROM sessions WHERE id = ?", (key,))
                return None
            if used and now - seen >= SEEN_EVERY_SECONDS:
                database.execute("UPDATE sessions SET seen = ? WHERE id = ?", (now, key))
        return Session(person, _csrf(value))

    def end(self, value: str) -> None:
        """End the session of a cookie, if there is one."""
        with self._store.transaction() as database:
            database.execute("DELETE FROM sessions WHERE id = ?", (_hashed(value),))

    @property
    def _idle(self) -> float:
        return timedelta(minutes=self._settings().idle_minutes).total_seconds()

    @property
    def _longest(self) -> float:
        return timedelta(hours=self._settings().session_hours).total_seconds()

    def _now(self) -> float:
        return self._clock.now().timestamp()


def _hashed(value: str) -> bytes:
    return hashlib.sha256(value.encode()).digest()


def _csrf(value: str) -> str:
    """Derive the token from the session's id: whoever cannot read the cookie cannot know it."""
    made = hmac.digest(value.encode(), b"csrf", "sha256")
    return base64.urlsafe_b64encode(made).rstrip(b"=").decode()
