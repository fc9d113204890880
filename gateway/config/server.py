"""`gateway.toml`: the server itself."""

from typing import Literal, Self

from pydantic import Field, model_validator

from gateway.config.admin import AdminSettings
from gateway.config.audit import AuditSettings
from gateway.config.callout import CalloutSettings
from gateway.config.journal import JournalSettings
from gateway.config.limits import LimitsSettings
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.telemetry import TelemetrySettings
from gateway.config.tracking import TrackingSettings
from gateway.config.values import (
    AT_START,
    HeaderName,
    ListenAddress,
    MisfitError,
    Networks,
    PublicUrl,
    ReplayStoreAddress,
    SecretValue,
    Settings,
)
from gateway.exchange import Secret


class ServerSettings(Settings):
    """Listeners, TLS, concurrency, bounds of HTTP."""

    https: ListenAddress = Field(
        default="127.0.0.1:8443",
        description="Address of the HTTPS listener; empty: none. `IMSGW_LISTEN_HOST` gives the default another "
        "host: the image sets it to 0.0.0.0.",
        json_schema_extra=AT_START,
    )
    http: ListenAddress = Field(
        default="",
        description="Address of the plain listener, for services without WS-Security and for health checks; "
        "empty: none.",
        json_schema_extra=AT_START,
    )
    keystore: KeyStore | None = Field(
        default=None, description="Key and certificate of the HTTPS and admin listeners."
    )
    client_truststore: TrustStore | None = Field(
        default=None, description="Authorities whose client certificates are accepted."
    )
    client_authentication: Literal["none", "optional", "required"] = Field(
        default="none",
        description="Whether the HTTPS listener asks for a TLS client certificate. Needs `client_truststore`.",
    )
    crypto_policy: Literal["modern", "sp800-131a"] = Field(
        default="modern",
        description="TLS 1.2 and 1.3 only in both. `modern`: forward secrecy with AEAD ciphers. "
        "`sp800-131a`: further restricted to AES-GCM, NIST curves and RSA of 2048 bits or more.",
    )
    public_url: PublicUrl = Field(
        default="",
        description="How clients see the gateway, for the addresses in WSDLs; empty: taken from the request.",
    )
    trusted_proxies: Networks = Field(
        default=(),
        description="Networks whose `X-Forwarded-Proto`, `X-Forwarded-For`, `X-Forwarded-Host` and client "
        "certificate header are believed.",
    )
    client_certificate_header: HeaderName = Field(
        default="",
        description="Header in which a trusted proxy passes the client certificate (PEM, URL-encoded PEM or "
        "base64 DER). Only with `trusted_proxies`.",
    )
    workers: int = Field(default=2, ge=1, le=256, description="Worker processes.", json_schema_extra=AT_START)
    threads: int = Field(
        default=64, ge=1, le=8192, description="Requests in work per worker.", json_schema_extra=AT_START
    )
    waiting: int = Field(
        default=128,
        ge=0,
        le=65_536,
        description="Requests per worker that may wait for a thread; more get 503.",
        json_schema_extra=AT_START,
    )
    waiting_seconds: float = Field(
        default=10.0,
        gt=0,
        le=600,
        description="Longest wait for a thread, then 503 with Retry-After.",
        json_schema_extra=AT_START,
    )
    worker_connections: int = Field(
        default=2000,
        ge=1,
        le=65_536,
        description="Open client connections per worker; more wait in the backlog of the listener.",
        json_schema_extra=AT_START,
    )
    max_request_bytes: int = Field(
        default=10_000_000,
        ge=1024,
        le=100_000_000,
        description="Longest request body; a longer one gets 413.",
        json_schema_extra=AT_START,
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
    faults: Literal["precise", "unified"] = Field(
        default="precise",
        description="What a caller learns of a refused security header. `precise`: the fault of the standard, "
        "and the rule where the shape is at fault. `unified`: FailedAuthentication for a UsernameToken, "
        "InvalidSecurity for an assertion, whatever it was; the log has the rule.",
    )
    stop_delay_seconds: float = Field(
        default=0.0,
        ge=0,
        le=600,
        description="How long, when it is told to stop, the gateway still takes requests while `/readyz` says "
        "503: the time that a load balancer needs to notice. `stop_seconds` counts from its end.",
    )
    stop_seconds: float = Field(
        default=30.0, gt=0, le=3600, description="How long a graceful stop waits for requests in flight."
    )
    watch_seconds: float = Field(
        default=0.0,
        ge=0,
        le=3600,
        description="How often the running gateway looks whether files of the home have changed, and reads it "
        "anew then, as `imsgw reload` does; 0: only when told to.",
    )
    state: str = Field(
        default="var",
        min_length=1,
        description="Folder for what the gateway writes, relative to the home; the environment variable "
        "`IMSGW_STATE` overrides it.",
        json_schema_extra=AT_START,
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        asks = self.client_authentication != "none"
        MisfitError.check(
            {
                "client_authentication": f'"{self.client_authentication}" needs client_truststore'
                if asks and self.client_truststore is None
                else None,
                "client_certificate_header": "needs trusted_proxies: nobody else may send it"
                if self.client_certificate_header and not self.trusted_proxies
                else None,
                "https": "is empty, and so is http: nothing would be served"
                if not self.https and not self.http
                else None,
            }
        )
        return self


class ParserSettings(Settings):
    """Bounds of the one XML parser; a message beyond a bound gets a fault that names it."""

    max_depth: int = Field(default=100, ge=8, le=200, description="Deepest nesting of elements.")
    max_elements: int = Field(
        default=200_000, ge=100, le=10_000_000, description="Most elements in one message."
    )
    max_attributes: int = Field(
        default=64,
        ge=4,
        le=1000,
        description="Most attributes, and most namespace declarations, of one element.",
    )


class SignOnSettings(Settings):
    """Password failures before the gateway holds a user or peer back, so that RACF need not revoke the id."""

    failures_per_user: int = Field(
        default=2,
        ge=1,
        le=1000,
        description="Failed sign-ons of one user within the window before it is held back.",
    )
    failures_per_peer: int = Field(
        default=20, ge=1, le=100_000, description="Failed sign-ons from one address before it is held back."
    )
    window_seconds: int = Field(default=300, ge=1, le=86_400, description="How long a failure counts.")


class ReplaySettings(Settings):
    """Where nonces, message signatures and one-time assertions are remembered until they expire."""

    store: ReplayStoreAddress = Field(
        default="sqlite",
        description="`sqlite`: a file under `state`, shared by the workers of this machine. "
        "`valkey://host:6379/0` (`valkeys://` with TLS) when several machines serve.",
    )
    password: SecretValue = Field(
        default=Secret(""), description="Password of the Valkey server, if it asks for one."
    )
    user: str = Field(default="", description="User name at the Valkey server; empty: its default user.")
    truststore: TrustStore | None = Field(
        default=None, description="Authorities for `valkeys://`; empty: those of the operating system."
    )
    timeout_seconds: float = Field(default=2.0, gt=0, le=60, description="Longest wait for the store's answer.")
    max_entries: int = Field(
        default=1_000_000,
        ge=1000,
        le=1_000_000_000,
        description="Most entries of the SQLite store; when it is full, messages are refused as the "
        "gateway is busy.",
    )
    on_failure: Literal["refuse", "accept"] = Field(
        default="refuse",
        description="What becomes of messages while the store cannot be used: `refuse` them, or `accept` them "
        "without this protection.",
    )

    @model_validator(mode="after")
    def _fits(self) -> Self:
        local = self.store == "sqlite"
        only = "goes with a valkey:// or valkeys:// store only"
        MisfitError.check(
            {
                "password": only if local and self.password else None,
                "user": only if local and self.user else None,
                "truststore": "goes with a valkeys:// store only"
                if self.truststore is not None and not self.store.startswith("valkeys:")
                else None,
            }
        )
        return self


class GatewaySettings(Settings):
    """`gateway.toml`: every key is optional, the file is not."""

    server: ServerSettings = Field(default_factory=ServerSettings, description="The server.")
    parser: ParserSettings = Field(default_factory=ParserSettings, description="The XML parser.")
    sign_on: SignOnSettings = Field(
        default_factory=SignOnSettings, description="Failed sign-ons.", json_schema_extra=AT_START
    )
    limits: LimitsSettings = Field(default_factory=LimitsSettings, description="How much may be asked of it.")
    replay: ReplaySettings = Field(
        default_factory=ReplaySettings, description="Protection against replay.", json_schema_extra=AT_START
    )
    tracking: TrackingSettings = Field(
        default_factory=TrackingSettings, description="The id that a request is known by."
    )
    telemetry: TelemetrySettings = Field(
        default_factory=TelemetrySettings,
        description="Traces, and where they are sent.",
        json_schema_extra=AT_START,
    )
    audit: AuditSettings = Field(
        default_factory=AuditSettings, description="The audit trail.", json_schema_extra=AT_START
    )
    admin: AdminSettings = Field(default_factory=AdminSettings, description="The admin listener.")
    callout: CalloutSettings = Field(
        default_factory=CalloutSettings, description="The process that serves callouts."
    )
    journal: JournalSettings = Field(
        default_factory=JournalSettings,
        description="The journal of asynchronous callouts.",
        json_schema_extra=AT_START,
    )
