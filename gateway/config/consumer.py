"""`wsdl/<service>/correlator.toml` of a consumer: a web service outside that IMS programs call."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, model_validator

from gateway.config.callout import tpipe_name
from gateway.config.ccsids import Ccsid
from gateway.config.consumer_security import ConsumerSecurity
from gateway.config.outside import Origins, ProxyAddress
from gateway.config.values import (
    ROLE,
    MisfitError,
    Name8,
    Name8Needed,
    RefusalError,
    Settings,
    Words,
)
from gateway.config.words import shown


class RetrySettings(Settings):
    """Deliveries of an asynchronous callout that failed but may yet succeed."""

    attempts: int = Field(default=10, ge=1, le=1000, description="Deliveries before it becomes a dead letter.")
    first_seconds: float = Field(
        default=1.0, gt=0, le=3600, description="Pause after the first; each next is twice as long."
    )
    longest_seconds: float = Field(default=300.0, gt=0, le=86_400, description="Longest pause.")
    circuit_failures: int = Field(
        default=5,
        ge=1,
        le=1000,
        description="After so many failures in a row at one address all deliveries to it pause, and one tries "
        "it.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        short = self.longest_seconds < self.first_seconds
        text = f"must not be less than first_seconds ({self.first_seconds:g})"
        MisfitError.check({"longest_seconds": text if short else None})
        return self


class ConsumerOperation(Settings):
    """What one operation does."""

    timeout_ms: int = Field(
        default=5000,
        ge=10,
        le=3_600_000,
        description="The whole call, from the moment IMS handed the message over; then a synchronous program "
        "is told 1001. Shorter than the ICAL's own timeout.",
    )
    late_answer_ms: int = Field(
        default=10_000,
        ge=0,
        le=3_600_000,
        description="How long a call whose program was told 1001 is still listened to, so that the log shows "
        "that the service did answer.",
    )
    acknowledge: bool = Field(
        default=False,
        description="Synchronous: hear from IMS whether it took the response (send-only with acknowledgement).",
    )
    adapter: Literal["none", "xml"] = Field(
        default="none",
        description="`none`: the program gets the response as it is. `xml`: the XML adapter in IMS Connect "
        "converts it to the program's structures. Needs `exit = HWSSOAP1` or a site's own.",
    )
    adapter_name: Name8Needed = Field(
        default="HWSXMLA0", description='Name of the adapter in IMS Connect, with `adapter = "xml"`.'
    )
    converter: Name8 = Field(
        default="",
        description='Converter for the response, with `adapter = "xml"`; control data (DFSCNVTR) replaces it.',
    )
    response_ccsid: Ccsid | None = Field(
        default=None, description="Encoding of the response; absent: that of the message it answers."
    )
    response_transaction: Name8 = Field(
        default="",
        description="Asynchronous: transaction that gets the response as its input; empty: the response is "
        "dropped. Use a non-response-mode transaction.",
    )
    response_lterm: Name8 = Field(default="", description="LTERM override for that input.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        MisfitError.check(
            {
                "converter": 'is missing; adapter = "xml" needs it'
                if self.adapter == "xml" and not self.converter
                else None,
                "response_lterm": "goes with response_transaction only"
                if self.response_lterm and not self.response_transaction
                else None,
            }
        )
        return self


class RawMessages(Settings):
    """Messages of a tpipe that are no IOGCallout: the data itself is what the operation gets."""

    operation: str = Field(min_length=1, description="Operation of the WSDL.")
    port: str = Field(default="", description="Port of the WSDL; empty: its first.")
    form: Literal["body", "text", "base64", "hex"] = Field(
        default="body",
        description="`body`: XML, the element in the SOAP body. Otherwise bytes that become the text of the "
        "body's element, or of its only child: `text` by the code page, `base64` or `hex` as they are. The "
        "response goes back in the same form.",
    )


def _operations(value: Mapping[str, ConsumerOperation]) -> Mapping[str, ConsumerOperation]:
    if not value:
        raise RefusalError('needs a table: [operations."*"] or [operations.NAME]')
    return MappingProxyType(dict(value))


def _by_tpipe(value: Mapping[str, RawMessages]) -> Mapping[str, RawMessages]:
    """Fold the names of tpipes as they are folded elsewhere."""
    found: dict[str, RawMessages] = {}
    for key, settings in value.items():
        try:
            name = tpipe_name(key)
        except ValueError:
            text = "holds a name that no tpipe has: it has 1 to 8 characters of A-Z 0-9 @ # $"
            raise RefusalError(text) from None
        if name in found:
            raise RefusalError(f"names {name} twice")
        found[name] = settings
    return MappingProxyType(found)


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple):
        raise ValueError("not a list")  # noqa: TRY004  pydantic takes a ValueError as a refusal
    wrong = next((n for n, item in enumerate(value, start=1) if not isinstance(item, str) or not item), None)
    if wrong is not None:
        raise RefusalError(f"entry {wrong} is no name of a bundle")
    if not value:
        raise RefusalError("is empty: it names one bundle at least")
    double = next((name for name in value if value.count(name) > 1), None)
    if double is not None:
        raise RefusalError(f"names {shown(double)} twice")
    return tuple(value)


BundleNames = Annotated[
    tuple[str, ...], BeforeValidator(_names), Words('a list of names of bundles, for example ["ims1"]')
]


class ConsumerSettings(Settings):
    """`wsdl/<service>/correlator.toml` of a consumer: IMS programs call a web service."""

    role: Annotated[Literal["consumer"], ROLE] = Field(
        description="`consumer`: IMS programs call a web service outside."
    )
    wsdl: str = Field(min_length=1, description="WSDL file, relative to the service's folder and inside it.")
    bundles: BundleNames = Field(
        description="Connection bundles whose tpipes bring calls of this service: names of files in bundles/.",
    )
    enabled: bool = Field(
        default=True,
        description="Whether it is called. `false`: a synchronous callout gets an error response, an "
        "asynchronous one waits for the start. `imsgw service start` and `stop` write it.",
    )
    validate_body: bool = Field(
        default=False,
        alias="validate",
        description="Check request and response bodies against the WSDL's schema.",
    )
    concurrency: int = Field(
        default=16,
        ge=1,
        le=4096,
        description="Calls in work at one server (scheme, host, port); more wait their turn.",
    )
    connect_timeout_ms: int = Field(
        default=2000,
        ge=10,
        le=600_000,
        description="Longest wait for a connection to the service, TLS included.",
    )
    max_response_bytes: int = Field(
        default=10_000_000, ge=1024, le=100_000_000, description="Longest response that is read."
    )
    proxy: ProxyAddress | None = Field(
        default=None, description="In place of the bundle's; empty: no proxy for this service."
    )
    allowed_hosts: Origins | None = Field(
        default=None,
        description="Hosts that the control data of an ICAL may name for this service, in place of the "
        "bundle's. Absent: those of the bundle; but a service with secrets of its own (`security.password`, "
        "`basic` or `authenticator`) goes to the hosts of its WSDL only.",
    )
    addressing: bool = Field(
        default=True,
        description="Send WS-Addressing headers (Action, To, MessageID). The MessageID of an asynchronous "
        "callout is the same at each delivery, so that the receiver can drop doubles.",
    )
    security: ConsumerSecurity = Field(default_factory=ConsumerSecurity, description="Security of the calls.")
    retry: RetrySettings = Field(default_factory=RetrySettings, description="Asynchronous callouts.")
    raw: Annotated[Mapping[str, RawMessages], AfterValidator(_by_tpipe), Words("tables [raw.TPIPE]")] = Field(
        default_factory=lambda: MappingProxyType({}), description="By tpipe: messages that are no IOGCallout."
    )
    operations: Annotated[
        Mapping[str, ConsumerOperation],
        AfterValidator(_operations),
        Words('tables [operations."*"] or [operations.NAME]'),
    ] = Field(description='By operation; `[operations."*"]` gives defaults for all.')

    def hosts_beyond(self, of_bundle: tuple[str, ...]) -> tuple[str, ...]:
        """Return the hosts that control data may name beyond those of the WSDL; `of_bundle`: its list.

        The list of a bundle stands for all of its services. What one of them alone has been entrusted with is
        not for the hosts of another, whatever a program says.
        """
        if self.allowed_hosts is not None:
            return self.allowed_hosts
        return () if self.security.has_secrets else of_bundle
