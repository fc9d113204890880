"""`[journal]` of `gateway.toml`: where asynchronous callouts are kept until they are delivered."""

import re
from typing import Annotated, Final, Self
from urllib.parse import parse_qsl

from pydantic import AfterValidator, Field, model_validator

from gateway.config.addresses import Address
from gateway.config.outside import is_host
from gateway.config.stores import TrustStore
from gateway.config.values import MisfitError, RefusalError, SecretValue, Settings, Words
from gateway.exchange import Secret

POSTGRESQL: Final = "postgresql://"
_ADDRESS: Final = re.compile(
    r"postgresql://(?:[^\s@/:?#]+@)?(?P<hosts>[A-Za-z0-9._:,\[\]-]+)(?:/[^\s@/?#]*)?(?:\?[^\s@#]*)?"
)
_HOST: Final = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?")
_SECRET: Final = {"password", "sslpassword"}
_PLACES: Final = {"host", "hostaddr", "port", "user", "dbname", "service"}
"""Parameters that would change what the rest of the address says."""


def _store(value: str) -> str:
    if value == "sqlite":
        return value
    rest = value.removeprefix(POSTGRESQL)
    named = {name.lower() for name, _ in parse_qsl(rest.partition("?")[2], keep_blank_values=True)}
    if value.startswith(POSTGRESQL) and (":" in rest.rpartition("@")[0] or named & _SECRET):
        raise RefusalError("must not hold a password: it goes into journal.password")
    if named & _PLACES:
        raise RefusalError("names host, port, user or database before the question mark only")
    if not journal_hosts(value):
        raise ValueError("neither sqlite nor an address")
    return value


def journal_addresses(address: str) -> tuple[Address, ...]:
    """Return host and port of each server of an address; none where it is no address."""
    return tuple(_server(one) for one in _hosts(address))


def journal_hosts(address: str) -> tuple[str, ...]:
    """Return the hosts of an address (PostgreSQL documentation, Specifying Multiple Hosts), IPv6 in brackets.

    None where it is no address.
    """
    return tuple(one["host"] for one in _hosts(address))


def _server(match: re.Match[str]) -> Address:
    return Address(match["host"].strip("[]"), int(match["port"] or 5432))


def _hosts(address: str) -> tuple[re.Match[str], ...]:
    match = _ADDRESS.fullmatch(address)
    found = [_HOST.fullmatch(one) for one in match["hosts"].split(",")] if match else []
    if not all(one and is_host(one["host"]) and 0 < int(one["port"] or 5432) < 65_536 for one in found):
        return ()
    return tuple(one for one in found if one)


JournalStoreAddress = Annotated[
    str,
    AfterValidator(_store),
    Words('"sqlite" or an address like "postgresql://user@host:5432/database"'),
]


class JournalSettings(Settings):
    """Where asynchronous callouts are kept from the moment IMS is told that we have them."""

    store: JournalStoreAddress = Field(
        default="sqlite",
        description="`sqlite`: a file under `state`, for this machine. `postgresql://user@host/database` when "
        "several machines share the work; needs the extra `postgresql`.",
    )
    password: SecretValue = Field(default=Secret(""), description="Password of the PostgreSQL user.")
    truststore: TrustStore | None = Field(
        default=None,
        description="Authorities for the PostgreSQL server's certificate, a PEM file; with one, TLS is "
        "demanded and the name checked.",
    )
    lease_seconds: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="An instance that has not been heard of for so long has lost what it was delivering to the "
        "others.",
    )
    max_entries: int = Field(
        default=1_000_000,
        ge=1,
        le=1_000_000_000,
        description="Most messages that wait for delivery; when there are so many, no more are retrieved from "
        "IMS.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        local = self.store == "sqlite"
        only = "goes with a postgresql:// store only"
        MisfitError.check(
            {
                "password": only if local and self.password else None,
                "truststore": only if local and self.truststore is not None else None,
            }
        )
        return self
