"""`wsdl/<service>/correlator.toml` of a consumer: a web service outside that IMS programs call."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.callout import BasicAuthentication, ProxyAddress
from gateway.config.ccsids import Ccsid
from gateway.config.options import Options
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.values import MisfitError, Name8, RefusalError, SecretValue, Settings, Words
from gateway.exchange import Secret


class ConsumerSecurity(Settings):
    """What goes out with a call, and what makes the other side believed."""

    token: Literal["none", "username", "saml11", "saml20"] = Field(
        default="none",
        description="What every request carries, naming the IMS user of the program that calls. `username`: a "
        "UsernameToken. `saml11`, `saml20`: an unsigned SAML assertion, sender-vouches. Tokens go over HTTPS only. "
        "Synchronous callouts only: of an asynchronous one IMS names no user, unless the authentication module does.",
    )
    issuer: str = Field(default="ims-gateway", min_length=1, description="Issuer of the assertions.")
    audience: str = Field(default="", description="Audience of the assertions; empty: none.")
    name_qualifier: str = Field(default="", description="NameQualifier of the user's name; empty: none.")
    lifetime_seconds: int = Field(default=300, ge=1, le=86_400, description="How long a token is valid.")
    password: SecretValue = Field(
        default=Secret(""), description='Password in the UsernameToken, with `token = "username"`; empty: none.'
    )
    basic: BasicAuthentication | None = Field(default=None, description="HTTP Basic, in place of the bundle's.")
    truststore: TrustStore | None = Field(
        default=None, description="Authorities for the service's certificate, in place of the bundle's."
    )
    keystore: KeyStore | None = Field(
        default=None, description="Our key and certificate, in place of the bundle's."
    )
    authenticator: str = Field(
        default="",
        description="Custom authentication module for calls that leave: `package.module:Name`, or the name of an entry "
        "point of the group `imsgw.callout_authenticators`.",
    )
    authenticator_options: Options = Field(default=None, description="Table for the authentication module.")

    @property
    def saml(self) -> bool:
        """Whether the token is an assertion."""
        return self.token in {"saml11", "saml20"}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        MisfitError.check(
            {
                "password": 'goes with token = "username" only'
                if self.password and self.token != "username"  # noqa: S105  a kind of token
                else None,
                "audience": "goes with an assertion only" if self.audience and not self.saml else None,
                "name_qualifier": "goes with an assertion only"
                if self.name_qualifier and not self.saml
                else None,
                "authenticator_options": "goes with authenticator only"
                if self.authenticator_options is not None and not self.authenticator
                else None,
            }
        )
        return self


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
        description="After so many failures in a row at one address all deliveries to it pause, and one tries it.",
    )


class ConsumerOperation(Settings):
    """What one operation does."""

    timeout_ms: int = Field(
        default=5000,
        ge=10,
        le=3_600_000,
        description="The whole call, from the moment IMS handed the message over; then a synchronous program is told "
        "1001. Shorter than the ICAL's own timeout.",
    )
    late_answer_ms: int = Field(
        default=10_000,
        ge=0,
        le=3_600_000,
        description="How long a call whose program was told 1001 is still listened to, so that the log shows that the "
        "service did answer.",
    )
    acknowledge: bool = Field(
        default=False,
        description="Synchronous: hear from IMS whether it took the response (send-only with acknowledgement).",
    )
    adapter: Literal["none", "xml"] = Field(
        default="none",
        description="`xml`: the XML adapter in IMS Connect converts the response. Needs `exit = HWSSOAP1` or a site's "
        "own.",
    )
    adapter_name: Name8 = Field(default="HWSXMLA0", description="Name of the adapter in IMS Connect.")
    converter: Name8 = Field(
        default="", description="Its converter for the response; control data (DFSCNVTR) replaces it."
    )
    response_ccsid: Ccsid | None = Field(
        default=None, description="Encoding of the response; absent: that of the message it answers."
    )
    response_transaction: Name8 = Field(
        default="",
        description="Asynchronous: transaction that gets the response as its input; empty: the response is dropped. "
        "Use a non-response-mode transaction.",
    )
    response_lterm: Name8 = Field(default="", description="LTERM override for that input.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        MisfitError.check(
            {
                "converter": "is missing: the XML adapter needs one"
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
        description="`body`: XML, the element in the SOAP body. Otherwise bytes that become the text of the body's "
        "element, or of its only child: `text` by the code page, `base64` or `hex` as they are. The response goes "
        "back in the same form.",
    )


def _operations(value: Mapping[str, ConsumerOperation]) -> Mapping[str, ConsumerOperation]:
    if not value:
        raise RefusalError('needs a table: [operations."*"] or [operations.NAME]')
    return MappingProxyType(dict(value))


class ConsumerSettings(Settings):
    """`wsdl/<service>/correlator.toml` of a consumer: IMS programs call a web service."""

    role: Literal["consumer"] = Field(description="`consumer`: IMS programs call a web service outside.")
    wsdl: str = Field(min_length=1, description="WSDL file, relative to the service's folder and inside it.")
    bundles: tuple[str, ...] = Field(
        min_length=1,
        strict=False,
        description="Connection bundles whose tpipes bring calls of this service: names of files in bundles/.",
    )
    validate_body: bool = Field(
        default=False,
        alias="validate",
        description="Check request and response bodies against the WSDL's schema.",
    )
    concurrency: int = Field(
        default=16, ge=1, le=4096, description="Calls in work per address of the service; more wait their turn."
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
    addressing: bool = Field(
        default=True,
        description="Send WS-Addressing headers (Action, To, MessageID). The MessageID of an asynchronous callout is the "
        "same at each delivery, so that the receiver can drop doubles.",
    )
    security: ConsumerSecurity = Field(default_factory=ConsumerSecurity, description="Security of the calls.")
    retry: RetrySettings = Field(default_factory=RetrySettings, description="Asynchronous callouts.")
    raw: Annotated[Mapping[str, RawMessages], Words("tables [raw.TPIPE]")] = Field(
        default_factory=dict, description="By tpipe: messages that are no IOGCallout."
    )
    operations: Annotated[
        Mapping[str, ConsumerOperation],
        AfterValidator(_operations),
        Words('tables [operations."*"] or [operations.NAME]'),
    ] = Field(description='By operation; `[operations."*"]` gives defaults for all.')
