"""Callout in the configuration: `[callout]` of a bundle and of `gateway.toml`."""

from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, TypeAdapter, ValidationError, model_validator

from gateway.config.ccsids import HostCcsid
from gateway.config.outside import BasicAuthentication, Origins, ProxyAddress
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.values import (
    AT_START,
    ListenAddress,
    MisfitError,
    Name8Needed,
    RefusalError,
    Settings,
    Words,
)

_NAME: Final[TypeAdapter[str]] = TypeAdapter(Name8Needed)


def tpipe_name(value: Any) -> str:
    """Return the name of a tpipe in upper case. ValueError: it is none."""
    try:
        return _NAME.validate_python(value, strict=True)
    except ValidationError:
        raise ValueError("not the name of a tpipe") from None


def _tpipes(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    if not value:
        raise RefusalError("is empty: it names one tpipe at least")
    found: list[str] = []
    for number, item in enumerate(value, start=1):
        try:
            name = tpipe_name(item)
        except ValueError:
            text = f"entry {number} is no tpipe: a name of 1 to 8 characters of A-Z 0-9 @ # $"
            raise RefusalError(text) from None
        if name in found:
            raise RefusalError(f"names {name} twice")
        found.append(name)
    return tuple(found)


Tpipes = Annotated[
    tuple[str, ...], BeforeValidator(_tpipes), Words('a list of names of tpipes, for example ["RATING"]')
]


class BundleCallout(Settings):
    """Callout over this bundle: which tpipes are listened to, and how web services outside are called."""

    tpipes: Tpipes = Field(
        description="Names of the tpipes (TPIPE= of the OTMA descriptors) that are listened to, a listener "
        "each.",
    )
    requests: Literal["both", "synchronous", "asynchronous"] = Field(
        default="both",
        description="What is asked for: synchronous callouts (ICAL), asynchronous ones (ISRT to an alternate "
        "PCB), or both. Better keep them on tpipes of their own, which takes two bundles.",
    )
    concurrency: int = Field(
        default=16,
        ge=1,
        le=1024,
        description="Callouts in work per tpipe; retrieval pauses while there are so many.",
    )
    basic: BasicAuthentication | None = Field(default=None, description="For all services of this bundle.")
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
        description="How long one RESUME TPIPE waits for a message before it is sent again. IRM_TIMER knows "
        "whole seconds up to 60, minutes beyond that.",
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
        description="What is said to IMS of a synchronous callout that cannot be read. `discard`: a NAK that "
        "ends the ICAL (status 1004, 1006). `reroute`: a NAK that ends the ICAL and keeps the RESUME TPIPE "
        "(1005, 1007). `retain`: a NAK that leaves it on the tpipe until the ICAL times out. An asynchronous "
        "one becomes a dead letter whatever stands here.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        idle = self.requests == "asynchronous" and self.nak != "discard"
        MisfitError.check({"nak": "goes with synchronous callouts only" if idle else None})
        return self


class CalloutSettings(Settings):
    """The process behind `imsgw callout`."""

    listen: ListenAddress = Field(
        default="127.0.0.1:9444",
        description="Address for `/healthz`, `/readyz` and `/metrics` of the callout process, HTTPS with the "
        "server's keystore, plain where there is none; empty: none. `IMSGW_LISTEN_HOST` gives the default "
        "another host.",
        json_schema_extra=AT_START,
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
