"""Rows of the file of accounts written and removed, at once and with everything else of the file kept."""

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final, Literal

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import AoT, Table

from gateway.config.accounts import AccountsTable, read_accounts
from gateway.config.document import read_toml
from gateway.config.secrets import HomeFiles
from gateway.config.words import shown
from gateway.errors import ConfigError
from gateway.manage.installation import Installation
from gateway.manage.lock import changing
from gateway.manage.results import ManageError, Why
from gateway.manage.writing import put_file, sweep, told

Kind = Literal["accounts", "tokens"]

_MODE: Final = 0o600
_NEW: Final = b"# Who may use console and management API. Written by imsgw admin.\n"


@dataclass(frozen=True, slots=True)
class AccountFile:
    """The file that `[admin] accounts` names. Every method raises ManageError, and ConfigError: it is wrong."""

    installation: Installation
    file: str
    """Relative to the home."""

    @property
    def path(self) -> Path:
        """Where it is."""
        return self.installation.home / self.file

    def table(self) -> AccountsTable:
        """Return what stands in it; nobody where there is none."""
        return self._read(read_toml(self.path, shown(self.file))) if self.path.exists() else AccountsTable({})

    def put_account(self, name: str, role: str, password_hash: str | None) -> None:
        """Write an account, in place of one of that name; None leaves the password as it is."""
        row = {"name": name, "role": role} | ({"hash": password_hash} if password_hash is not None else {})
        if password_hash is None and name not in self.table().accounts:
            raise ManageError(Why.NOT_FOUND, f"there is no account {shown(name)}")
        self._edit(lambda document: _put(document, "accounts", row))

    def put_token(self, name: str, role: str, digest: str, expires: datetime | None) -> None:
        """Write a token, in place of one of that name."""
        row: dict[str, Any] = {"name": name, "role": role, "sha256": digest}
        if expires is not None:
            row["expires"] = expires
        self._edit(lambda document: _put(document, "tokens", row))

    def remove(self, kind: Kind, name: str) -> None:
        """Take a row out."""
        table = self.table()
        names = table.accounts if kind == "accounts" else {row.name for row in table.tokens}
        if name not in names:
            raise ManageError(Why.NOT_FOUND, f"there is no {kind[:-1]} {shown(name)}")
        self._edit(lambda document: _take(document, kind, name))

    def _edit(self, edit: Callable[[tomlkit.TOMLDocument], None]) -> None:
        with changing(self.installation):
            with told(self.file):
                self.path.parent.mkdir(mode=0o755, parents=True, exist_ok=True)
                before = self.path.read_bytes() if self.path.exists() else _NEW
            sweep(self.path.parent)
            self.table()
            try:
                document = tomlkit.parse(before.decode("utf-8-sig"))
                edit(document)
                after = tomlkit.dumps(document).rstrip("\n") + "\n"
            except (TOMLKitError, TypeError, ValueError, AttributeError) as error:
                text = f"{self.file} is written in a way that cannot be edited; change it by hand"
                raise ManageError(Why.WRONG, text) from error
            self._read(tomllib.loads(after))
            with told(self.file):
                put_file(self.path, after.encode(), None if self.path.exists() else _MODE)

    def _read(self, raw: Mapping[str, Any]) -> AccountsTable:
        table, faults = read_accounts(raw, HomeFiles(self.installation.home, {}))
        if table is None:
            raise ConfigError(tuple(fault.problem(self.file) for fault in faults))
        return table


def _rows(document: tomlkit.TOMLDocument, kind: Kind) -> AoT:
    rows = document.get(kind)
    if rows is None:
        rows = tomlkit.aot()
        document.append(kind, rows)
    if not isinstance(rows, AoT):
        raise TypeError(kind)
    return rows


def _put(document: tomlkit.TOMLDocument, kind: Kind, values: Mapping[str, Any]) -> None:
    rows = _rows(document, kind)
    for row in rows:
        if row["name"] == values["name"]:
            _set(row, values, kind)
            return
    table = tomlkit.table()
    table.update(values)
    rows.append(table)


def _set(row: Table, values: Mapping[str, Any], kind: Kind) -> None:
    for key, value in values.items():
        row[key] = value
    if kind == "tokens" and "expires" not in values:
        row.pop("expires", None)


def _take(document: tomlkit.TOMLDocument, kind: Kind, name: str) -> None:
    rows = _rows(document, kind)
    index = next(number for number, row in enumerate(rows) if row["name"] == name)
    if len(rows) == 1:
        document.remove(kind)
    else:
        del rows[index]
