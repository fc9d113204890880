"""`[telemetry]` of `gateway.toml`: traces, and where they go."""

import re
from typing import Annotated, Final, Self

from pydantic import AfterValidator, Field, field_validator, model_validator

from gateway.config.outside import is_host
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.values import MisfitError, RefusalError, SecretValue, Settings, Texts, Words
from gateway.exchange import Secret

_ADDRESS: Final = re.compile(
    r"https?://(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?(?:/[A-Za-z0-9._~/-]*)?"
)
_ATTRIBUTE: Final = re.compile(r"(?P<name>[a-z][a-z0-9_.-]{0,99})=(?P<value>[\x20-\x7e]{1,200})")
_HEADER: Final = re.compile(r"[A-Za-z0-9-]{1,64}")
_OWN_HEADERS: Final = frozenset(
    {"content-type", "content-length", "content-encoding", "host", "transfer-encoding"}
)


def _collector(value: str) -> str:
    if "@" in value:
        raise RefusalError("must not hold user and password: a secret goes into telemetry.secret")
    match = _ADDRESS.fullmatch(value)
    if value and (match is None or not is_host(match["host"]) or not 0 < int(match["port"] or 80) < 65_536):
        raise ValueError("not an address")
    return value


CollectorAddress = Annotated[
    str,
    AfterValidator(_collector),
    Words('an address like "https://collector.example.com:4318/v1/traces", or empty'),
]


class TelemetrySettings(Settings):
    """Traces over OTLP/HTTP; needs the extra `telemetry`."""

    traces: CollectorAddress = Field(
        default="",
        description="Where spans are sent, as OTLP over HTTP in protobuf: the whole address, for example "
        '`"https://collector.example.com:4318/v1/traces"`. Empty: none are made.',
    )
    sample: float = Field(
        default=1.0, ge=0, le=1, description="Share of requests and callouts that are traced, 0 to 1."
    )
    trust_parent: bool = Field(
        default=False,
        description="Whether a caller's `traceparent` decides if its request is traced. `false`: `sample` "
        "does, as anybody can send one; the request becomes part of the caller's trace in any case.",
    )
    secret: SecretValue = Field(
        default=Secret(""),
        description='What the collector asks for, as the value of `secret_header`: for example `"Bearer …"`.',
    )
    secret_header: str = Field(default="Authorization", description="HTTP header that carries `secret`.")
    truststore: TrustStore | None = Field(
        default=None,
        description="Authorities for an `https://` collector; empty: those of the operating system.",
    )
    keystore: KeyStore | None = Field(
        default=None, description="Our own key and certificate, for a collector that asks for one."
    )
    timeout_seconds: float = Field(
        default=10.0, gt=0, le=60, description="Longest time for one batch of spans, tries again included."
    )
    interval_seconds: float = Field(
        default=5.0, gt=0, le=60, description="Longest time that spans wait until a batch is sent."
    )
    queue: int = Field(
        default=2048,
        ge=64,
        le=100_000,
        description="Requests and callouts of a process whose spans may wait to be sent; of more none are "
        "made, and they are counted.",
    )
    stop_seconds: float = Field(
        default=3.0, ge=0, le=30, description="How long a process that ends still sends what waits."
    )
    service_name: str = Field(
        default="ims-gateway",
        min_length=1,
        max_length=200,
        description="Attribute `service.name` of all spans.",
    )
    attributes: Texts = Field(
        default=(),
        description="More attributes of the process that spans come from, for example "
        '`["deployment.environment.name=test"]`.',
    )

    @field_validator("attributes")
    @classmethod
    def _named(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for number, item in enumerate(value, start=1):
            if not _ATTRIBUTE.fullmatch(item):
                raise RefusalError(
                    f'entry {number} is no attribute; one reads "deployment.environment.name=test"'
                )
        return value

    @field_validator("secret_header")
    @classmethod
    def _is_a_header(cls, value: str) -> str:
        if not _HEADER.fullmatch(value):
            raise RefusalError("must be a header name of letters, digits and hyphens")
        if value.lower() in _OWN_HEADERS:
            raise RefusalError(f"{value} is set by the gateway itself")
        return value

    @field_validator("secret")
    @classmethod
    def _can_be_sent(cls, value: Secret) -> Secret:
        if not re.fullmatch(r"[\x20-\x7e]*", value.reveal()):
            raise RefusalError("must be printable ASCII: it goes into an HTTP header")
        return value

    @model_validator(mode="after")
    def _fits(self) -> Self:
        only = "goes with an https:// collector only"
        plain = not self.traces.startswith("https:")
        MisfitError.check(
            {
                "truststore": only if plain and self.truststore is not None else None,
                "keystore": only if plain and self.keystore is not None else None,
            }
        )
        return self

    @property
    def resource(self) -> dict[str, str]:
        """The attributes by name."""
        return dict(item.split("=", 1) for item in self.attributes)
