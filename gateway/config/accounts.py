"""`identity/admin.toml`: local accounts and tokens of console and management API.

Like `identity/users.toml` the file is a list of tables, so it is read row by row.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, TypeVar

from argon2 import Type, extract_parameters
from argon2.exceptions import InvalidHashError
from pydantic import AfterValidator, BeforeValidator, Field

from gateway.config.strict import Fault, survey, validate
from gateway.config.values import RefusalError, Resolver, Settings, Words

LEAST_KIB: Final = 7168
"""OWASP's Password Storage Cheat Sheet: the least memory of its choices for Argon2id."""
MOST_KIB: Final = 262_144
MOST_PASSES: Final = 16
MOST_LANES: Final = 8

_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._@-]{0,63}")
_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def hash_complaint(text: str) -> str | None:
    """Say what is wrong with the hash of a password; None: nothing."""
    try:
        found = extract_parameters(text)
    except InvalidHashError:
        return "must be an argon2id hash; imsgw admin account makes one"
    if found.type is not Type.ID:
        return "must be an argon2id hash, not one of another kind; imsgw admin account makes one"
    if not LEAST_KIB <= found.memory_cost <= MOST_KIB:
        return f"must have a memory cost of {LEAST_KIB} to {MOST_KIB} KiB, not {found.memory_cost}"
    if found.time_cost > MOST_PASSES or found.parallelism > MOST_LANES:
        return f"must take at most {MOST_PASSES} passes and {MOST_LANES} lanes"
    return None


def _name(value: str) -> str:
    if not _NAME.fullmatch(value):
        raise ValueError("not a name")
    return value


def _hash(value: str) -> str:
    if text := hash_complaint(value):
        raise RefusalError(text)
    return value


def _sha256(value: str) -> str:
    if not _SHA256.fullmatch(value):
        raise ValueError("not a digest")
    return value


def _moment(value: Any) -> datetime | None:
    if value is None:
        return None
    if isinstance(value, datetime) and value.tzinfo is not None:
        return value
    if isinstance(value, datetime | date):
        raise RefusalError("must say its zone, for example 2027-01-31T00:00:00Z")
    raise ValueError("not a time")


def _rows(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise ValueError("not a list of tables")
    return tuple(value)


AccountName = Annotated[
    str,
    AfterValidator(_name),
    Words("a name of 1 to 64 characters of A-Z a-z 0-9 . _ @ - that begins with a letter or digit"),
]
PasswordHash = Annotated[str, AfterValidator(_hash), Words("an argon2id hash")]
TokenDigest = Annotated[
    str, AfterValidator(_sha256), Words("the SHA-256 of a token: 64 hexadecimal digits in lower case")
]
Moment = Annotated[
    datetime | None, BeforeValidator(_moment), Words("a date with time and zone, like 2027-01-31T00:00:00Z")
]


class _Row(Settings):
    """What both kinds of row have."""

    name: AccountName = Field(description="Name to sign in with, or of the program; case counts.")
    role: Literal["viewer", "operator"] = Field(description="`viewer` looks, `operator` also changes.")


class AccountRow(_Row):
    """One `[[accounts]]` table: somebody who signs in with a password."""

    hash: PasswordHash = Field(description="argon2id hash of the password.", repr=False)


class TokenRow(_Row):
    """One `[[tokens]]` table: a program that shows a token to the management API."""

    sha256: TokenDigest = Field(description="SHA-256 of the token.", repr=False)
    expires: Moment = Field(default=None, description="From when on the token is refused; absent: never.")


Row = TypeVar("Row", bound=_Row)


class _Top(Settings):
    """The file as a whole, before its rows are looked at."""

    accounts: Annotated[
        tuple[Any, ...],
        BeforeValidator(_rows),
        Words("a list of tables, each [[accounts]]"),
    ] = Field(default=(), description="Who signs in with a password.")
    tokens: Annotated[tuple[Any, ...], BeforeValidator(_rows), Words("a list of tables, each [[tokens]]")] = (
        Field(default=(), description="Programs that use the management API.")
    )


@dataclass(frozen=True, slots=True)
class AccountsTable:
    """The whole file."""

    accounts: Mapping[str, AccountRow]
    """By name."""
    tokens: tuple[TokenRow, ...] = ()


def read_accounts(raw: Mapping[str, Any], resolver: Resolver) -> tuple[AccountsTable | None, tuple[Fault, ...]]:
    """Return the table, None when something is wrong with it, and every fault. Rows count from 1."""
    kept, noticed = survey(_Top, raw, resolver)
    top, wrong = validate(_Top, kept, resolver)
    accounts, account_faults = _tables(AccountRow, kept, "accounts", resolver)
    tokens, token_faults = _tables(TokenRow, kept, "tokens", resolver)
    found = (*noticed, *wrong, *account_faults, *token_faults, *_twice(accounts, "accounts"))
    found = (*found, *_twice(tokens, "tokens"))
    if top is None or any(not fault.warning for fault in found):
        return None, found
    return AccountsTable({row.name: row for row in accounts}, tuple(tokens)), found


def _tables(
    model: type[Row], kept: Mapping[str, Any], key: str, resolver: Resolver
) -> tuple[list[Row], list[Fault]]:
    """Return the rows that are right, and what is wrong with the others."""
    right: list[Row] = []
    faults: list[Fault] = []
    rows = kept.get(key)
    for number, row in enumerate(rows if isinstance(rows, list) else [], start=1):
        if not isinstance(row, Mapping):
            continue
        inner, noticed = survey(model, row, resolver)
        settings, wrong = validate(model, inner, resolver)
        faults += [replace(fault, path=(key, number, *fault.path)) for fault in (*noticed, *wrong)]
        right += [settings] if settings else []
    return right, faults


def _twice(rows: Sequence[_Row], key: str) -> Iterator[Fault]:
    seen: set[str] = set()
    for number, row in enumerate(rows, start=1):
        if row.name in seen:
            yield Fault((key, number, "name"), f"{row.name} is there twice")
        seen.add(row.name)
