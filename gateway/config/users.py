"""`identity/users.toml`: which name in a token is which RACF user.

The file is a list of tables, so it is read row by row; every row has a model like any other table.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Annotated, Any, Self

from pydantic import AfterValidator, BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from gateway.config.pattern import Pattern
from gateway.config.strict import Fault, survey, validate
from gateway.config.values import (
    MisfitError,
    Name8,
    Name8Needed,
    RefusalError,
    Resolver,
    Senders,
    Settings,
    Words,
)

_USER = re.compile(r"(?:[A-Za-z0-9@#$]|\\[1-9])+")
_GROUP = re.compile(r"\\([1-9])")
_ID: TypeAdapter[str] = TypeAdapter(Name8Needed)
_SENDERS: TypeAdapter[tuple[str, ...]] = TypeAdapter(Senders)


def _pattern(value: Any) -> Pattern | None:
    if value is None or isinstance(value, Pattern):
        return value
    if not isinstance(value, str) or not value:
        raise ValueError("not a text")
    try:
        return Pattern(value)
    except ValueError as error:
        raise RefusalError(str(error)) from None


def _certificate(value: str) -> str:
    try:
        _SENDERS.validate_python([value] if value else [])
    except ValidationError:
        raise ValueError("names no certificate") from None
    return value


def _user(value: str) -> str:
    if not _USER.fullmatch(value) or (len(value) > 8 and "\\" not in value):
        raise ValueError("not a user id")
    return value


def _deny(value: Any) -> frozenset[str]:
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    return frozenset(_denied(number, item) for number, item in enumerate(value, start=1))


def _denied(number: int, item: Any) -> str:
    try:
        return _ID.validate_python(item, strict=True)
    except ValidationError:
        raise RefusalError(f"entry {number} is no user id of 1 to 8 characters of A-Z 0-9 @ # $") from None


def _rows(value: Any) -> tuple[Any, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(row, Mapping) for row in value):
        raise ValueError("not a list of tables")
    return tuple(value)


PatternText = Annotated[
    Pattern | None,
    BeforeValidator(_pattern),
    Words("a regular expression of RE2, for example '([A-Z0-9]+)@bank\\.example'"),
]
CertificateName = Annotated[
    str,
    AfterValidator(_certificate),
    Words(
        "a certificate by name: a subject like CN=web1,O=Bank, dns:NAME, uri:URI, email:ADDRESS or "
        "sha256:FINGERPRINT"
    ),
]
UserTemplate = Annotated[
    str,
    AfterValidator(_user),
    Words(
        "a user id of 1 to 8 characters of A-Z 0-9 @ # $, with a pattern also \\1 to \\9 for what its "
        "groups matched"
    ),
]


class UserRow(Settings):
    """One `[[users]]` table: what must be so, and who it is then."""

    name: str = Field(default="", description="The name in the token, exactly as it is written there.")
    pattern: PatternText = Field(
        default=None, description="Regular expression (RE2) that the whole name must match; case counts."
    )
    certificate: CertificateName = Field(
        default="",
        description="Who vouches, by the certificate of the message signature or of the TLS client; written as "
        "in `senders` of a service.",
    )
    issuer: str = Field(
        default="", description="Issuer of the assertion, exactly; empty: any, or no assertion."
    )
    qualifier: str = Field(default="", description="NameQualifier of the name, exactly; empty: any or none.")
    attribute: str = Field(
        default="",
        description="Name of a SAML attribute whose value takes the place of the name; the assertion must have "
        "it once, with one value.",
    )
    attribute_namespace: str | None = Field(
        default=None,
        description="AttributeNamespace (SAML 1.1) or NameFormat (2.0) of `attribute`, exactly; absent: any.",
    )
    user: UserTemplate = Field(description="RACF user.")
    group: Name8 = Field(default="", description="RACF group; empty: the user's default group.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        named = bool(self.name) or self.pattern is not None
        groups = self.pattern.groups if self.pattern is not None else 0
        used = max((int(number) for number in _GROUP.findall(self.user)), default=0)
        has = f"{groups} group{'' if groups == 1 else 's'}"
        MisfitError.check(
            {
                "name": "is missing: a row needs name, pattern or certificate"
                if not named and not self.certificate
                else None,
                "pattern": "cannot stand beside name" if self.name and self.pattern is not None else None,
                "attribute": "needs name or pattern, which its value is held against"
                if self.attribute and not named
                else None,
                "attribute_namespace": "goes with attribute only"
                if self.attribute_namespace is not None and not self.attribute
                else None,
                "user": f"refers to group {used}, and the pattern has {has}"
                if used > groups and self.pattern is not None
                else "refers to a group, and there is no pattern"
                if used > groups
                else None,
            }
        )
        return self


class _Top(Settings):
    """The file as a whole, before its rows are looked at."""

    deny: Annotated[frozenset[str], BeforeValidator(_deny), Words("a list of user ids")] = Field(
        default=frozenset(), description="RACF users that nobody becomes here, whatever a row says."
    )
    users: Annotated[
        tuple[Any, ...], BeforeValidator(_rows), Words("a list of tables, each headed [[users]]")
    ] = Field(default=(), description="The rows; the first that fits wins.")


@dataclass(frozen=True, slots=True)
class UsersTable:
    """The whole file."""

    rows: tuple[UserRow, ...] = ()
    deny: frozenset[str] = frozenset()
    """RACF users, upper case."""


def read_users(raw: Mapping[str, Any], resolver: Resolver) -> tuple[UsersTable | None, tuple[Fault, ...]]:
    """Return the table, None when something is wrong with it, and every fault. Rows count from 1."""
    kept, noticed = survey(_Top, raw, resolver)
    top, wrong = validate(_Top, kept, resolver)
    found = [*noticed, *wrong]
    rows: list[UserRow] = []
    for number, row in enumerate(_tables(kept.get("users")), start=1):
        settings, faults = _row(row, resolver)
        found += _placed(faults, number)
        rows += [settings] if settings else []
    if top is None or any(not fault.warning for fault in found):
        return None, tuple(found)
    return UsersTable(tuple(rows), top.deny), tuple(found)


def _tables(value: Any) -> list[Mapping[str, Any]]:
    """Return the rows that can be looked at, whatever else is wrong with the file."""
    return [row for row in value if isinstance(row, Mapping)] if isinstance(value, list) else []


def _row(row: Mapping[str, Any], resolver: Resolver) -> tuple[UserRow | None, tuple[Fault, ...]]:
    kept, noticed = survey(UserRow, row, resolver)
    settings, wrong = validate(UserRow, kept, resolver)
    return settings, (*noticed, *wrong)


def _placed(faults: tuple[Fault, ...], number: int) -> Iterator[Fault]:
    return (replace(fault, path=("users", number, *fault.path)) for fault in faults)
