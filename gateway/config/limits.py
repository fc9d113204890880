"""How much one client, one user, one service may ask of the gateway: `[limits]` of all three kinds of files."""

import re
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.stores import TrustStore
from gateway.config.values import (
    AT_START,
    LimitStoreAddress,
    MisfitError,
    RefusalError,
    SecretValue,
    Settings,
    Words,
)
from gateway.exchange import Secret

_UNITS: Final = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400}
_RATE: Final = re.compile(r"([1-9][0-9]{0,8})/(?:([1-9][0-9]{0,3}) )?(second|minute|hour|day)s?")
LONGEST_WINDOW: Final = _UNITS["day"]
"""Seconds. What is counted is kept for two windows, and lost with the store."""


@dataclass(frozen=True, slots=True)
class Rate:
    """So many requests within so many seconds."""

    amount: int
    seconds: int


def parse_rate(text: str) -> Rate | None:
    """Read ``100/second`` or ``600/5 minutes``; None for an empty text. ValueError when it is neither."""
    if not text:
        return None
    match = _RATE.fullmatch(text)
    if match is None:
        raise ValueError("not a rate")
    seconds = int(match[2] or 1) * _UNITS[match[3]]
    if seconds > LONGEST_WINDOW:
        raise RefusalError("counts over more than a day; nothing is remembered for so long")
    return Rate(int(match[1]), seconds)


def _rate(value: str) -> str:
    parse_rate(value)
    return value


RateText = Annotated[str, AfterValidator(_rate), Words('a rate like "100/second" or "600/5 minutes", or empty')]


class ServiceLimits(Settings):
    """What may be asked of one service."""

    rate: RateText = Field(
        default="",
        description="Requests to this service, by all clients together; more get 429. Empty: as "
        "`limits.rate_per_service` of gateway.toml.",
    )
    rate_per_user: RateText = Field(
        default="",
        description="Requests of one user to this service; counts beside `limits.rate_per_user` of "
        "gateway.toml. Empty: no rate of its own.",
    )
    concurrency: int = Field(
        default=0,
        ge=0,
        le=8192,
        description="Threads of a worker that its requests may hold at once; 0: as `limits.concurrency` of "
        "gateway.toml.",
    )


class BundleLimits(Settings):
    """What may be asked of one bundle."""

    concurrency: int = Field(
        default=0,
        ge=0,
        le=8192,
        description="Threads of a worker that requests of all its services together may hold at once; 0: all "
        "but the eighth part that is kept for other bundles, where there are any.",
    )


class LimitsSettings(Settings):
    """What may be asked of the gateway; rates are off unless they are written down."""

    rate_per_address: RateText = Field(
        default="",
        description='Requests of one client address, for example `"100/second"`; more get 429.',
    )
    rate_per_user: RateText = Field(
        default="",
        description="Requests of one user, over all services; only who has proven to be that user counts.",
    )
    rate_per_service: RateText = Field(
        default="", description="Requests to one service, unless its correlator has a rate of its own."
    )
    ipv4_prefix: int = Field(
        default=32, ge=8, le=32, description="Bits of an IPv4 address that make one client."
    )
    ipv6_prefix: int = Field(
        default=64, ge=16, le=128, description="Bits of an IPv6 address that make one client."
    )
    store: LimitStoreAddress = Field(
        default="",
        description="Where rates are counted. `memory`: each worker counts its share, the rate divided by "
        "`server.workers`. `valkey://host:6379/0` (`valkeys://` with TLS): all workers of all gateways "
        "together. Empty: in the Valkey of `replay.store`, if it is one, else in memory.",
        json_schema_extra=AT_START,
    )
    store_user: str = Field(
        default="",
        description="User name at the Valkey server of `store`; empty: its default user.",
        json_schema_extra=AT_START,
    )
    store_password: SecretValue = Field(
        default=Secret(""), description="Password of that server.", json_schema_extra=AT_START
    )
    store_truststore: TrustStore | None = Field(
        default=None,
        description="Authorities for `valkeys://`; empty: those of the operating system.",
        json_schema_extra=AT_START,
    )
    store_timeout_seconds: float = Field(
        default=0.25,
        gt=0,
        le=10,
        description="Longest wait for the store's answer. One that is late is left alone for a second.",
        json_schema_extra=AT_START,
    )
    on_failure: Literal["accept", "refuse"] = Field(
        default="accept",
        description="What becomes of requests that have a rate while the store cannot be used: `accept` them "
        "uncounted, or `refuse` them with 503.",
    )
    concurrency: int = Field(
        default=0,
        ge=0,
        le=8192,
        description="Threads of a worker that requests of one service may hold at once. 0: all but the eighth "
        "part that is kept for other services, where there are any.",
    )
    connections_per_client: int = Field(
        default=0,
        ge=0,
        le=65_536,
        description="Connections of one client address to a worker; one more is closed. 0: all but the eighth "
        "part of `server.worker_connections` that is kept for others. Trusted proxies have no such bound.",
    )
    handshakes: int = Field(
        default=0,
        ge=0,
        le=65_536,
        description="Connections to a worker that have not yet sent the whole header of a first request; "
        "one more ends the oldest of them. 0: all but the eighth part of `server.worker_connections`.",
    )
    body_bytes_per_second: int = Field(
        default=500,
        ge=0,
        le=1_000_000_000,
        description="Slowest body: it has 10 seconds, and one more for each so many bytes that have come, but "
        "`server.body_seconds` at most; 0: always those.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        own = self.store.startswith("valkey")
        only = "goes with a valkey:// or valkeys:// limits.store only"
        MisfitError.check(
            {
                "store_user": only if self.store_user and not own else None,
                "store_password": only if self.store_password and not own else None,
                "store_truststore": "goes with a valkeys:// limits.store only"
                if self.store_truststore is not None and not self.store.startswith("valkeys:")
                else None,
            }
        )
        return self
