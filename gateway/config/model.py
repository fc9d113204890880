"""The configuration as frozen values: what stands in `gateway.toml`, a bundle, a correlator.

Every field carries its description; `docs/configuration.md` is generated from here. Reading files,
resolving secrets and saying where a mistake stands is `config.read`'s work: validation gets its help as
the context of pydantic (`Resolver`), so that this module opens nothing itself.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import IPv4Network, IPv6Network, ip_network
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    ValidationInfo,
    WithJsonSchema,
    field_validator,
    model_validator,
)

from gateway.exchange import CommitMode, Secret, SyncLevel, Undeliverable


class Resolver(Protocol):
    """What the models need from outside while they are validated."""

    def secret(self, value: str | Mapping[str, Any]) -> Secret:
        """Return the secret that a literal, `{ env }` or `{ file }` stands for; ValueError says what is wrong."""
        ...

    def path(self, value: str) -> Path:
        """Return the absolute path of a file named relative to the home; ValueError when it is missing."""
        ...


def _resolver(info: ValidationInfo) -> Resolver:
    assert info.context is not None, "models are validated with a resolver as context"
    resolver: Resolver = info.context["resolver"]
    return resolver


def _secret(value: Any, info: ValidationInfo) -> Secret:
    if isinstance(value, Secret):
        return value
    if not isinstance(value, str | Mapping):
        raise ValueError('a secret is a text, { env = "NAME" } or { file = "PATH" }')
    return _resolver(info).secret(value)


def _existing(value: Any, info: ValidationInfo) -> Path:
    if not isinstance(value, str):
        raise ValueError("a path is a text")  # noqa: TRY004  pydantic wants ValueError
    return _resolver(info).path(value)


SecretValue = Annotated[
    Secret,
    BeforeValidator(_secret),
    WithJsonSchema({"type": "string", "title": 'text, `{ env = "NAME" }` or `{ file = "PATH" }`'}),
]
ExistingPath = Annotated[Path, BeforeValidator(_existing), WithJsonSchema({"type": "string", "title": "path"})]

RACF_ALPHABET = r"A-Z0-9@#$"
_NAME_8 = re.compile(rf"[{RACF_ALPHABET}]{{1,8}}")


def _name_8(value: str) -> str:
    upper = value.upper() if value.isascii() else value
    if value and not _NAME_8.fullmatch(upper):
        raise ValueError("1 to 8 characters of A-Z 0-9 @ # $ are needed")
    return upper


def _name_8_needed(value: str) -> str:
    if not value:
        raise ValueError("must not be empty")
    return _name_8(value)


Name8 = Annotated[str, AfterValidator(_name_8)]
"""A name of up to 8 characters of the RACF alphabet, or empty; folded to upper case."""
Name8Needed = Annotated[str, AfterValidator(_name_8_needed)]

_LISTEN = re.compile(r"(?:\[(?P<v6>[0-9a-fA-F:.]+)\]|(?P<host>[^\[\]:\s]+)):(?P<port>\d{1,5})")


def parse_listen(value: str) -> tuple[str, int]:
    """Split ``host:port`` or ``[ipv6]:port``; ValueError when it is neither."""
    match = _LISTEN.fullmatch(value)
    if match is None or int(match["port"]) > 65535:
        raise ValueError('an address reads "host:port", for example "127.0.0.1:8443"')
    return match["v6"] or match["host"], int(match["port"])


def _listen(value: str) -> str:
    if value:
        parse_listen(value)
    return value


ListenAddress = Annotated[str, AfterValidator(_listen)]


def _networks(value: Any) -> tuple[IPv4Network | IPv6Network, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(item, str) for item in value):
        raise ValueError('must be a list of networks, for example ["10.1.0.0/16"]')
    return tuple(ip_network(item) for item in value)


class Settings(BaseModel):
    """Base of every table: unknown keys are errors, values do not change."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, strict=True, arbitrary_types_allowed=True, hide_input_in_errors=True
    )


class KeyStore(Settings):
    """A private key with its certificate chain: PKCS#12, or PEM with both in one file."""

    path: ExistingPath = Field(description="PKCS#12 (.p12, .pfx) or PEM file.")
    password: SecretValue = Field(default=Secret(""), description="Password of the store, if it has one.")


class TrustStore(Settings):
    """Certificates that are trusted: a PEM or PKCS#12 file, or a folder of PEM files."""

    path: ExistingPath = Field(description="PEM or PKCS#12 file, or a folder of PEM files.")
    password: SecretValue = Field(default=Secret(""), description="Password of a PKCS#12 store.")


class ServerSettings(Settings):
    """`[server]`: listeners, TLS, concurrency, bounds of HTTP."""

    https: ListenAddress = Field(
        default="127.0.0.1:8443",
        description="Address of the HTTPS listener; empty: none. The image says 0.0.0.0.",
    )
    http: ListenAddress = Field(
        default="",
        description="Address of the plain listener: services without WS-Security, and health. Empty: none.",
    )
    keystore: KeyStore | None = Field(
        default=None, description="Key and certificate of the HTTPS and admin listeners."
    )
    client_truststore: TrustStore | None = Field(
        default=None, description="Authorities whose client certificates are accepted."
    )
    client_authentication: Literal["none", "optional", "required"] = Field(
        default="none", description="Whether a TLS client certificate is asked for on the HTTPS listener."
    )
    crypto_policy: Literal["modern", "sp800-131a"] = Field(
        default="modern",
        description="TLS 1.2 and 1.3 only in both. `modern`: forward secrecy with AEAD ciphers. "
        "`sp800-131a`: further restricted to AES-GCM, NIST curves and RSA of 2048 bits or more.",
    )
    public_url: str = Field(
        default="",
        description="How clients see the gateway (`https://soap.example.com`), for addresses in WSDLs; "
        "empty: taken from the request.",
    )
    trusted_proxies: Annotated[tuple[IPv4Network | IPv6Network, ...], BeforeValidator(_networks)] = Field(
        default=(),
        description="Networks whose `X-Forwarded-Proto`, `X-Forwarded-For`, `X-Forwarded-Host` and client "
        "certificate header are believed.",
    )
    client_certificate_header: str = Field(
        default="",
        description="Header in which a trusted proxy passes the client certificate (PEM, URL-encoded PEM or "
        "base64 DER). Only with `trusted_proxies`.",
    )
    workers: int = Field(default=2, ge=1, le=256, description="Worker processes.")
    threads: int = Field(default=64, ge=1, le=8192, description="Requests in work per worker.")
    waiting: int = Field(
        default=128, ge=0, le=65536, description="Requests per worker that may wait for a thread; more get 503."
    )
    waiting_seconds: float = Field(
        default=10.0, gt=0, le=600, description="Longest wait for a thread, then 503 with Retry-After."
    )
    worker_connections: int = Field(
        default=2000,
        ge=1,
        le=65536,
        description="Open client connections per worker; more wait in the backlog.",
    )
    max_request_bytes: int = Field(
        default=10_000_000, ge=1024, le=100_000_000, description="Longest request body; more is 413."
    )
    handshake_seconds: float = Field(default=10.0, gt=0, le=600, description="Deadline for a TLS handshake.")
    header_seconds: float = Field(
        default=10.0, gt=0, le=600, description="Deadline for the whole request header, from its first moment."
    )
    body_seconds: float = Field(
        default=30.0,
        gt=0,
        le=3600,
        description="Deadline for the whole request body, from the end of the header.",
    )
    send_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="Deadline for a client to take its whole response."
    )
    keepalive_seconds: float = Field(
        default=15.0, ge=0, le=3600, description="How long an idle connection is kept for the next request."
    )
    stop_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="How long a graceful stop waits for requests in flight."
    )
    state: str = Field(
        default="var",
        description="Folder for what the gateway writes, relative to the home; `IMSGW_STATE` overrides it.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.client_authentication != "none" and self.client_truststore is None:
            raise ValueError(f'client_authentication = "{self.client_authentication}" needs client_truststore')
        if self.client_certificate_header and not self.trusted_proxies:
            raise ValueError("client_certificate_header needs trusted_proxies")
        if not self.https and not self.http:
            raise ValueError("neither https nor http is set: nothing would be served")
        return self

    @field_validator("public_url")
    @classmethod
    def _url(cls, value: str) -> str:
        if value and not re.fullmatch(r"https?://[^\s/?#]+(?:/[^\s?#]*)?", value):
            raise ValueError("must be empty or read like https://soap.example.com")
        return value.rstrip("/")


class ParserSettings(Settings):
    """`[parser]`: bounds of the one XML parser."""

    max_depth: int = Field(default=100, ge=8, le=200, description="Deepest nesting of elements.")
    max_elements: int = Field(default=200_000, ge=100, description="Most elements in one message.")
    max_attributes: int = Field(
        default=64,
        ge=4,
        le=1000,
        description="Most attributes, and most namespace declarations, of one element.",
    )


class SignOnSettings(Settings):
    """`[sign_on]`: password failures before the gateway holds a user or peer back, so that RACF need not."""

    failures_per_user: int = Field(
        default=2,
        ge=1,
        le=1000,
        description="Failed sign-ons of one user in the window before it is held back.",
    )
    failures_per_peer: int = Field(
        default=20, ge=1, le=100_000, description="Failed sign-ons from one address before it is held back."
    )
    window_seconds: int = Field(default=300, ge=1, le=86_400, description="How long a failure counts.")


class AdminSettings(Settings):
    """`[admin]`: the listener for operators."""

    listen: ListenAddress = Field(
        default="127.0.0.1:9443", description="Address of the admin listener (HTTPS); empty: none."
    )


class GatewaySettings(Settings):
    """`gateway.toml`: every key is optional."""

    server: ServerSettings = Field(default_factory=ServerSettings)
    parser: ParserSettings = Field(default_factory=ParserSettings)
    sign_on: SignOnSettings = Field(default_factory=SignOnSettings)
    admin: AdminSettings = Field(default_factory=AdminSettings)


class BackendTls(Settings):
    """`tls` of a bundle: TLS to IMS Connect."""

    truststore: TrustStore = Field(description="Authorities that may have signed IMS Connect's certificate.")
    keystore: KeyStore | None = Field(default=None, description="Our own key and certificate, for mutual TLS.")
    server_name: str = Field(
        default="", description="Name expected in IMS Connect's certificate; empty: the host."
    )


class PoolSettings(Settings):
    """`pool` of a bundle: persistent sockets, per worker."""

    size: int = Field(
        default=32, ge=1, le=16384, description="Sockets per worker; workers x size must stay under MAXSOC."
    )
    wait_seconds: float = Field(
        default=5.0, ge=0, le=600, description="Longest wait for a free socket, then 503."
    )
    connect_seconds: float = Field(default=5.0, gt=0, le=600, description="Deadline to connect, TLS included.")
    idle_seconds: float = Field(
        default=240.0, gt=0, description="An idle socket is closed after this; stay under IMS Connect's IDLETO."
    )


class ImsConnectSettings(Settings):
    """`[ims_connect]` of a bundle: which IMS, and the way there."""

    host: str = Field(min_length=1, description="Host name or address of IMS Connect.")
    port: int = Field(ge=1, le=65535, description="TCP port of IMS Connect.")
    datastore: Name8Needed = Field(description="ID= of the DATASTORE statement (IRM_IMSDESTID).")
    exit: Literal["HWSSMPL0", "HWSSMPL1", "HWSSOAP1"] = Field(
        default="HWSSMPL1", description='User message exit. `adapter = "xml"` needs HWSSOAP1.'
    )
    tls: BackendTls | None = Field(default=None, description="TLS to IMS Connect; absent: plain TCP.")
    pool: PoolSettings = Field(default_factory=PoolSettings)
    max_segment_bytes: int = Field(
        default=32_767,
        ge=256,
        le=32_767,
        description="Longest input segment, LL and ZZ included. Lower it to the IMS message queue's record size.",
    )
    max_message_bytes: int = Field(
        default=10_000_000, ge=1024, le=100_000_000, description="Longest message both ways (MAXSIZE)."
    )


class Credentials(Settings):
    """`[credentials]` of a bundle: who services without WS-Security are."""

    user: Name8 = Field(default="", description="RACF user id.")
    password: SecretValue = Field(
        default=Secret(""), description="RACF password or empty, at most 8 characters."
    )
    group: Name8 = Field(default="", description="RACF group, optional.")

    @field_validator("password")
    @classmethod
    def _fits_the_field(cls, value: Secret) -> Secret:
        if len(value.reveal()) > 8:
            raise ValueError("a password has at most 8 characters (IRM_RACF_PW takes no phrase)")
        return value


class Bundle(Settings):
    """`bundles/<bundle>.toml`: a connection bundle."""

    ims_connect: ImsConnectSettings
    credentials: Credentials = Field(default_factory=Credentials)


class SecuritySettings(Settings):
    """`[security]` of a provider: the token every request must carry."""

    token: Literal["none", "username"] = Field(
        default="none",
        description="`none`: the bundle's identity. `username`: UsernameToken with PasswordText.",
    )
    clock_skew_seconds: int = Field(default=60, ge=0, le=600, description="How far clocks may differ.")
    max_age_seconds: int = Field(default=300, ge=1, le=86_400, description="Oldest Timestamp and Created.")


def _enum_int(value: Any) -> CommitMode:
    if isinstance(value, CommitMode):
        return value
    if value not in {0, 1} or isinstance(value, bool):
        raise ValueError("must be 0 (commit-then-send) or 1 (send-then-commit)")
    return CommitMode(value)


def _sync_level(value: Any) -> SyncLevel:
    try:
        return SyncLevel(value)
    except ValueError:
        raise ValueError('must be "none" or "confirm"') from None


def _undeliverable(value: Any) -> Undeliverable:
    try:
        return Undeliverable(value)
    except ValueError:
        raise ValueError('must be "purge", "reroute" or "hold"') from None


class OperationSettings(Settings):
    """`[operations."*"]` and `[operations.NAME]`: what one operation does in IMS."""

    transaction: Name8Needed = Field(description="Transaction code.")
    adapter: Literal["none", "xml"] = Field(
        default="none",
        description="`none`: the program gets the XML as it is. `xml`: IMS Connect's XML adapter converts.",
    )
    adapter_name: Name8 = Field(
        default="HWSXMLA0", description='Adapter in IMS Connect, with `adapter = "xml"`.'
    )
    converter: Name8 = Field(default="", description='Converter driver, with `adapter = "xml"`, e.g. IVTNOD.')
    execution_timeout_ms: int = Field(
        default=5000,
        ge=1,
        le=3_600_000,
        description="How long IMS may take (IRM_TIMER, rounded as it must be).",
    )
    socket_timeout_ms: int = Field(
        default=10_000, ge=1, le=3_700_000, description="How long IMS Connect may take; longer than the former."
    )
    lterm: Name8 = Field(default="", description="LTERM override, put into the I/O PCB.")
    commit_mode: Annotated[CommitMode, BeforeValidator(_enum_int)] = Field(
        default=CommitMode.SEND_THEN_COMMIT, description="0 commit-then-send, 1 send-then-commit."
    )
    sync_level: Annotated[SyncLevel, BeforeValidator(_sync_level)] = Field(
        default=SyncLevel.NONE, description="`none` or `confirm`; commit mode 0 is always confirmed."
    )
    undeliverable: Annotated[Undeliverable, BeforeValidator(_undeliverable)] = Field(
        default=Undeliverable.PURGE,
        description="Commit mode 0 output that cannot be delivered: `purge`, `reroute` or `hold`.",
    )
    reroute_name: Name8 = Field(
        default="", description="Tpipe for rerouted output; empty: IMS Connect's default."
    )
    host_ccsid: int = Field(default=1140, description="Code page of IMS: transaction code and DFS messages.")
    inbound_ccsid: int = Field(default=1208, description="Encoding of the XML sent to IMS; 1208 is UTF-8.")
    outbound_ccsid: int = Field(default=1208, description="Encoding of the XML that IMS sends.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        if self.adapter == "xml" and not self.converter:
            raise ValueError('adapter = "xml" needs converter')
        if self.socket_timeout_ms <= self.execution_timeout_ms:
            raise ValueError(
                "socket_timeout_ms must be longer than execution_timeout_ms, or nobody learns that IMS was late"
            )
        if self.reroute_name and self.undeliverable is not Undeliverable.REROUTE:
            raise ValueError('reroute_name goes with undeliverable = "reroute" only')
        return self


class ProviderSettings(Settings):
    """`wsdl/<service>/correlator.toml` of a provider: a web service in front of IMS transactions."""

    role: Literal["provider"] = Field(description="`provider`: SOAP clients call IMS.")
    wsdl: str = Field(min_length=1, description="WSDL file, relative to the service's folder.")
    bundle: str = Field(
        min_length=1, description="Connection bundle: name of a file in bundles/, without .toml."
    )
    validate_body: bool = Field(
        default=True, alias="validate", description="Check the request body against the WSDL's schema."
    )
    security: SecuritySettings = Field(default_factory=SecuritySettings)
    operations: Mapping[str, OperationSettings] = Field(
        description='Settings by operation; the table `"*"` gives defaults for all.'
    )


@dataclass(frozen=True, slots=True)
class Service:
    """A deployed provider service."""

    name: str
    """Name of its folder below wsdl/."""
    wsdl: Path
    settings: ProviderSettings

    def operation(self, name: str) -> OperationSettings | None:
        """Return the settings of an operation, those of "*" when it has no table of its own."""
        return self.settings.operations.get(name) or self.settings.operations.get("*")


@dataclass(frozen=True, slots=True)
class Home:
    """The whole configuration: one immutable snapshot of the home folder."""

    path: Path
    state: Path
    """Absolute folder for what the gateway writes."""
    gateway: GatewaySettings
    bundles: Mapping[str, Bundle]
    services: Mapping[str, Service]
