"""Callout in the configuration: `[callout]` of a bundle, `[callout]` and `[journal]` of `gateway.toml`."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.config.ccsids import HostCcsid
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.values import (
    ListenAddress,
    MisfitError,
    Name8Needed,
    RefusalError,
    SecretValue,
    Settings,
    Words,
)
from gateway.exchange import Secret

_ORIGIN = re.compile(
    r"(?:(?P<scheme>https?)://)?(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}|\*))?/?"
)


def _origins(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    for number, item in enumerate(value, start=1):
        match = _ORIGIN.fullmatch(item) if isinstance(item, str) else None
        port = match["port"] if match else None
        if match is None or (port not in {None, "*"} and not 0 < int(port or 0) < 65_536):
            text = 'is no host; one reads "rating.example.com", "https://rating.example.com:8443" or "host:*"'
            raise RefusalError(f"entry {number} {text}")
    return tuple(value)


Origins = Annotated[
    tuple[str, ...],
    BeforeValidator(_origins),
    Words('a list of hosts, for example ["rating.example.com", "http://10.1.2.3:8080"]'),
]


def _proxy(value: str) -> str:
    if value and not re.fullmatch(r"https?://[^\s/?#@]+/?", value):
        raise RefusalError('must be an address like "http://proxy.example.com:3128", without user and password')
    return value


ProxyAddress = Annotated[
    str, AfterValidator(_proxy), Words('an address like "http://proxy.example.com:3128", or empty')
]


def _journal_store(value: str) -> str:
    if value == "sqlite":
        return value
    match = re.fullmatch(r"postgresql://(?:[^\s@/]+@)?[^\s@/]+(?:/[^\s@]*)?", value)
    if match is None:
        raise ValueError("neither sqlite nor an address")
    if ":" in value.removeprefix("postgresql://").rpartition("@")[0]:
        raise RefusalError("must not hold a password: it goes into journal.password")
    return value


JournalStoreAddress = Annotated[
    str,
    AfterValidator(_journal_store),
    Words('"sqlite" or an address like "postgresql://user@host:5432/database"'),
]


class BasicAuthentication(Settings):
    """HTTP Basic, for a web service that asks for it."""

    user: str = Field(min_length=1, description="User name.")
    password: SecretValue = Field(description="Password.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        colon = ":" in self.user
        MisfitError.check({"user": "must not hold a colon: HTTP Basic cannot say it" if colon else None})
        return self


class BundleCallout(Settings):
    """`[callout]` of a bundle: which tpipes are listened to, and how web services outside are called."""

    tpipes: tuple[Name8Needed, ...] = Field(
        min_length=1,
        strict=False,
        description="Names of the tpipes (TPIPE= of the OTMA descriptors) that are listened to, a listener each.",
    )
    requests: Literal["both", "synchronous", "asynchronous"] = Field(
        default="both",
        description="What is asked for: synchronous callouts (ICAL), asynchronous ones (ISRT to an alternate PCB), "
        "or both. Keep them on tpipes of their own.",
    )
    concurrency: int = Field(
        default=16,
        ge=1,
        le=1024,
        description="Callouts in work per tpipe; retrieval pauses while there are so many.",
    )
    basic: BasicAuthentication | None = Field(
        default=None, description="HTTP Basic for the services of this bundle."
    )
    truststore: TrustStore | None = Field(
        default=None,
        description="Authorities that may have signed a service's certificate; absent: the operating system's.",
    )
    keystore: KeyStore | None = Field(
        default=None, description="Our key and certificate for services that ask for a TLS client certificate."
    )
    crypto_policy: Literal["modern", "sp800-131a"] = Field(
        default="modern", description="As `server.crypto_policy`, for connections to web services."
    )
    proxy: ProxyAddress = Field(
        default="",
        description="HTTP proxy on the way to the services; empty: none, whatever the environment says.",
    )
    allowed_hosts: Origins = Field(
        default=(),
        description="Hosts that the control data of an ICAL may name beyond the addresses of the WSDL. "
        '"host" means https on port 443, "host:PORT" https on that port, "host:*" https on any; a plain one is '
        'spelled "http://host:PORT". Nothing else is ever called.',
    )
    host_ccsid: HostCcsid = Field(
        default=1140,
        description="Code page of messages that are EBCDIC. UTF-8 is recognised by the first byte.",
    )
    wait_seconds: float = Field(
        default=60.0,
        ge=1,
        le=3600,
        description="How long one RESUME TPIPE waits for a message before it is sent again.",
    )
    retry_seconds: float = Field(
        default=3.0,
        gt=0,
        le=600,
        description="Pause of a listener after an error before it goes on (thread poll interval).",
    )
    stop_on_error: bool = Field(
        default=False,
        description="Stop a listener that met an error while it retrieved a message or read one, until it is "
        "started by `imsgw callout start`.",
    )
    nak: Literal["discard", "reroute", "retain"] = Field(
        default="discard",
        description="What is said to IMS of a synchronous callout that cannot be read. `discard`: a NAK that ends "
        "the ICAL (status 1004, 1006). `reroute`: a NAK that ends the ICAL and keeps the RESUME TPIPE (1005, 1007). "
        "`retain`: a NAK that leaves it on the tpipe until the ICAL times out. An asynchronous one becomes a dead "
        "letter whatever stands here.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        double = next((name for name in self.tpipes if self.tpipes.count(name) > 1), None)
        MisfitError.check({"tpipes": f"names {double} twice" if double else None})
        return self


class CalloutSettings(Settings):
    """`[callout]` of `gateway.toml`: the process behind `imsgw callout`."""

    listen: ListenAddress = Field(
        default="127.0.0.1:9444",
        description="Address for `/healthz`, `/readyz` and `/metrics` of the callout process, HTTPS with the server's "
        "keystore, plain where there is none; empty: none. `IMSGW_LISTEN_HOST` gives the default another host.",
    )
    watch_seconds: float = Field(
        default=5.0,
        ge=0,
        le=3600,
        description="How often the home is looked at for changes: new services and tpipes start by themselves; "
        "0: never. A change with a mistake is told and leaves everything as it is.",
    )
    drain_seconds: float = Field(
        default=30.0, ge=0, le=3600, description="How long a graceful stop waits for callouts in work."
    )


class JournalSettings(Settings):
    """`[journal]`: where asynchronous callouts are kept from the moment IMS is told that we have them."""

    store: JournalStoreAddress = Field(
        default="sqlite",
        description="`sqlite`: a file under `state`, for this machine. `postgresql://user@host/database` when several "
        "machines share the work; needs the extra `postgresql`.",
    )
    password: SecretValue = Field(default=Secret(""), description="Password of the PostgreSQL user.")
    truststore: TrustStore | None = Field(
        default=None,
        description="Authorities for the PostgreSQL server's certificate, a PEM file; with one, TLS is demanded and "
        "the name checked.",
    )
    lease_seconds: float = Field(
        default=30.0,
        ge=1,
        le=3600,
        description="An instance that has not been heard of for so long has lost what it was delivering to the others.",
    )
    max_entries: int = Field(
        default=1_000_000,
        ge=1,
        le=1_000_000_000,
        description="Most messages that wait for delivery; when there are so many, no more are retrieved from IMS.",
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
