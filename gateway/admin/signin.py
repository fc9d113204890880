"""Signing in: by password, by token, or as single sign-on says; and the session that begins with it."""

from dataclasses import dataclass, field
from uuid import uuid4

from gateway.admin.accounts import Accounts, stamp_of
from gateway.admin.attempts import Attempts
from gateway.admin.desk import Desk
from gateway.admin.passwords import BusyError, Passwords, decoy
from gateway.admin.roles import How, Person, Role
from gateway.admin.sessions import Session, Sessions
from gateway.admin.store import Store
from gateway.audit.auditor import NotAuditedError
from gateway.exchange import Secret
from gateway.observe.admin_events import AdminLog, SignInEnded

REFUSED = "Name or password is wrong, or there were too many tries: wait a little"
"""The one text for every failure: whether an account exists is nobody's business."""
_LONGEST_NAME = 64


class SignInError(Exception):
    """Nobody was signed in; the text may be shown."""


@dataclass(frozen=True, slots=True)
class Recognised:
    """Somebody who has shown who it is, and what that rests on: the session ends when this changes."""

    person: Person
    stamp: str = field(repr=False)


class SignIn:
    """All of it for one worker. Thread-safe; raises StoreError, UnusableError, BusyError, NotAuditedError."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self.store = Store(desk.state)
        self.accounts = Accounts(desk.home, lambda: desk.settings.accounts, desk.clock)
        self._sessions = Sessions(self.store, lambda: desk.settings, self._stamp, desk.clock)
        self._attempts = Attempts(self.store, desk.clock)
        self._passwords = Passwords()
        self._log = AdminLog()

    def close(self) -> None:
        """Close the file."""
        self.store.close()

    def possible(self) -> bool:
        """Tell whether there is anybody who could sign in."""
        table = self.accounts.table()
        return bool(table.accounts or table.tokens) or self._desk.settings.sso is not None

    def by_password(self, name: str, password: Secret, peer: str) -> Recognised:
        """Return who has this name and password; an unknown name takes as long. Raises SignInError."""
        row = self.accounts.table().accounts.get(name)
        stand_in = decoy()
        attempt = self._attempts.begin(name, peer)
        if attempt is None:
            self._tell(name, How.ACCOUNT, peer, "refused", "too early after wrong passwords")
            raise SignInError(REFUSED)
        try:
            right = self._passwords.verify(row.hash if row else stand_in, password)
        except BusyError:
            self._attempts.undone(attempt)
            raise
        if row is None or not right:
            self._tell(name, How.ACCOUNT, peer, "refused", "wrong password" if row else "no such account")
            raise SignInError(REFUSED)
        self._attempts.right(attempt)
        return Recognised(Person(row.name, Role(row.role), How.ACCOUNT), stamp_of(row))

    def by_token(self, token: str) -> Person | None:
        """Return who shows a token; None for one that is unknown or has expired."""
        return self.accounts.of_token(token)

    def begin(self, recognised: Recognised, peer: str, old: str) -> str:
        """Begin a session and return what the cookie holds; the session of the old cookie, if any, ends."""
        self._desk.audit.require()
        if old:
            self._sessions.end(old)
        value = self._sessions.begin(recognised.person, recognised.stamp)
        person = recognised.person
        try:
            self._tell(person.name, person.how, peer, "signed in", "")
        except NotAuditedError:
            self._sessions.end(value)
            raise
        return value

    def session(self, value: str, *, used: bool = True) -> Session | None:
        """Return the session of a cookie; None when there is none any more.

        `used`: whether somebody does something, and not a page that looks again by itself.
        """
        return self._sessions.find(value, used=used) if value else None

    def end(self, value: str, peer: str) -> None:
        """Sign out."""
        session = self.session(value)
        if session is not None:
            self._sessions.end(value)
            self._tell(session.person.name, session.person.how, peer, "signed out", "")

    def refused(self, name: str, how: How, peer: str, reason: str) -> None:
        """Tell the log of somebody who was not let in: by single sign-on, which is judged elsewhere."""
        self._tell(name, how, peer, "refused", reason)

    def _stamp(self, person: Person) -> str | None:
        if person.how is How.ACCOUNT:
            return self.accounts.stamp(person.name)
        sso = self._desk.settings.sso
        return sso.stamp if person.how is How.SSO and sso is not None else None

    def _tell(self, name: str, how: How, peer: str, outcome: str, reason: str) -> None:
        shown = "".join(char if char.isprintable() else "?" for char in name[:_LONGEST_NAME])
        event = SignInEnded(uuid4().hex, shown, how.value, peer, outcome, reason)
        self._log.signed_in(event)
        self._desk.audit.signed_in(event)
