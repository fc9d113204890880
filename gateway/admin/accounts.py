"""The local accounts and tokens as the file has them now: it is looked at whenever somebody is recognised.

A file with a mistake lets nobody in: who was taken out of it must not stay because of a slip elsewhere in it.
"""

import hashlib
import hmac
import logging
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Final

from gateway.admin import tokens
from gateway.admin.roles import How, Person, Role
from gateway.clock import Clock
from gateway.config.accounts import AccountRow, AccountsTable, read_accounts
from gateway.config.document import read_toml
from gateway.config.secrets import HomeFiles
from gateway.config.words import shown
from gateway.errors import ConfigError

log = logging.getLogger("gateway.admin")

_NOBODY: Final = AccountsTable({})

_Mark = tuple[str, int, int, int, int]


def stamp_of(row: AccountRow) -> str:
    """Return what an account's password and role are like, and nothing of the password."""
    return hashlib.sha256(f"{row.role}\0{row.hash}".encode()).hexdigest()


class UnusableError(Exception):
    """The file cannot be used; what is wrong stands in the log."""


class Accounts:
    """Thread-safe."""

    def __init__(self, home: Path, file: Callable[[], str], clock: Clock) -> None:
        """`file` is named relative to the home, as `[admin] accounts` has it."""
        self._home = home
        self._file = file
        self._clock = clock
        self._lock = threading.Lock()
        self._mark: _Mark | None = None
        self._table: AccountsTable | None = None

    def table(self) -> AccountsTable:
        """Return what stands in the file now; nobody where there is no file. Raises UnusableError."""
        with self._lock:
            mark = self._looked()
            if mark != self._mark:
                self._table = self._read()
                self._mark = mark
            if self._table is None:
                raise UnusableError
            return self._table

    def stamp(self, name: str) -> str | None:
        """Return what changes whenever the account's password or role does; None: there is no such account."""
        row = self.table().accounts.get(name)
        return stamp_of(row) if row else None

    def of_token(self, token: str) -> Person | None:
        """Return who shows a token; None for one that is unknown or has expired. Raises UnusableError."""
        digest = tokens.digest(token)
        now = self._clock.now()
        found = None
        for row in self.table().tokens:
            if hmac.compare_digest(row.sha256, digest) and (row.expires is None or now < row.expires):
                found = Person(row.name, Role(row.role), How.TOKEN)
        return found

    def _looked(self) -> _Mark:
        path = self._path
        try:
            seen = path.stat()
        except OSError:
            return str(path), -1, -1, -1, -1
        return str(path), seen.st_mtime_ns, seen.st_ctime_ns, seen.st_size, seen.st_ino

    @property
    def _path(self) -> Path:
        return self._home / self._file()

    def _read(self) -> AccountsTable | None:
        """Return the table, None where the file is wrong."""
        if not self._path.exists():
            return _NOBODY
        name = shown(self._file())
        try:
            table, faults = read_accounts(read_toml(self._path, name), HomeFiles(self._home, {}))
        except ConfigError as error:
            log.error("%s; nobody can sign in", error)  # noqa: TRY400  the text says it all
            return None
        for fault in faults:
            log.log(logging.WARNING if fault.warning else logging.ERROR, "%s", fault.problem(name))
        return table
