"""Rows of tables of users that nobody who calls can fit, or that never have their turn."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import product
from pathlib import Path
from typing import Final, NamedTuple

from gateway.config.catalogue import trust as found
from gateway.config.checks.places import takes_token
from gateway.config.model import Home, Service, UserRow, UsersTable
from gateway.errors import Problem


class _Callers(NamedTuple):
    """What the callers of a service can show: rows that ask for more fit none of them."""

    assertion: bool
    certificate: bool
    issuers: frozenset[str]
    """Empty: any."""


@dataclass(frozen=True, slots=True)
class _Shared:
    """A table with all who use it."""

    file: str
    table: UsersTable
    callers: set[_Callers]


def rows(home: Home) -> Iterator[Problem]:
    """Name rows that fit nobody at any service of the table, that come too late, that lead to a denied user."""
    for shared in _tables(home):
        earlier: set[tuple[object, ...]] = set()
        for number, row in enumerate(shared.table.rows, start=1):
            key = f"users.{number}"
            if text := _never(row, shared.callers):
                yield found.ROW_NEVER.at(shared.file, key, text)
            elif _marks(row) & earlier:
                text = "a row before it fits whomever this one fits: it never has its turn"
                yield found.ROW_SHADOWED.at(shared.file, key, text)
            earlier.add((_named(row), row.issuer, row.qualifier, row.certificate))
            if row.user in shared.table.deny:
                text = f"{row.user} stands on the list deny: whom this row fits is refused"
                yield found.ROW_DENIED.at(shared.file, f"{key}.user", text)


def _tables(home: Home) -> Iterable[_Shared]:
    """Return each table once, with what the callers of its services can show."""
    tables: dict[Path, _Shared] = {}
    for service in home.services.values():
        settings = service.settings.security.users
        if settings is None or service.users is None or not takes_token(service):
            continue
        path = settings.path
        file = str(path.relative_to(home.path) if path.is_relative_to(home.path) else path)
        shared = tables.setdefault(path, _Shared(file, service.users, set()))
        shared.callers.add(_callers(service))
    return tables.values()


def _callers(service: Service) -> _Callers:
    security = service.settings.security
    by_network = not security.signed and security.unsigned_senders == "network"
    by_https = security.signed and security.signed_by == "sts" and security.sts_body == "https"
    known = security.saml and not by_network and not by_https
    return _Callers(security.saml, known, frozenset(security.issuers) if security.saml else frozenset())


def _never(row: UserRow, callers: set[_Callers]) -> str:
    """Say why a row can fit nobody; empty: it can."""
    of_assertions = [name for name in ("issuer", "qualifier", "attribute") if getattr(row, name)]
    if of_assertions and not any(one.assertion for one in callers):
        return f"{of_assertions[0]} is there in assertions only, and tokens here are user names: it fits nobody"
    if row.certificate and not any(one.certificate for one in callers):
        return "nobody shows a certificate here by which he could vouch: it fits nobody"
    takes = [one for one in callers if one.assertion]
    if row.issuer and takes and all(one.issuers and row.issuer not in one.issuers for one in takes):
        return f"{row.issuer} is not among security.issuers, so that its assertions are refused: it fits nobody"
    return ""


_Named = tuple[str, str, str, str | None]
_ANYBODY: Final[_Named] = ("", "", "", None)
"""Of a row that asks for a certificate only."""


def _named(row: UserRow) -> _Named:
    pattern = row.pattern.text if row.pattern is not None else ""
    return row.name, pattern, row.attribute, row.attribute_namespace


def _marks(row: UserRow) -> set[tuple[object, ...]]:
    """Return what the row asks for, and every way to ask for less: such a row fits whomever this one fits."""
    choices = ({one, ""} for one in (row.issuer, row.qualifier, row.certificate))
    return set(product({_named(row), _ANYBODY}, *choices))
