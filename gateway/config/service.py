"""`wsdl/<service>/correlator.toml`: which transaction stands behind which operation."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.config.ccsids import EBCDIC, MIXED_NAMES, Ccsid, HostCcsid
from gateway.config.limits import ServiceLimits
from gateway.config.options import Options
from gateway.config.stores import TrustStore
from gateway.config.values import (
    ROLE,
    CommitModeNumber,
    ExistingFile,
    MisfitError,
    Name8,
    Name8Needed,
    OptionalPath,
    RefusalError,
    Senders,
    Settings,
    SyncLevelName,
    Texts,
    UndeliverableName,
    Words,
)
from gateway.exchange import CommitMode, SyncLevel, Undeliverable

DEFAULTS = "*"
"""Name of the operations table whose values stand in where a named one has none."""


class UsersFile(Settings):
    """Where the table of users is."""

    path: ExistingFile = Field(description="TOML file, relative to the home.")


class SecuritySettings(Settings):
    """The token that every request must carry, and what makes it believed."""

    token: Literal["none", "username", "saml11", "saml20"] = Field(
        default="none",
        description="`none`: no token, IMS sees the bundle's identity. `username`: UsernameToken with "
        "PasswordText. `saml11`, `saml20`: a SAML assertion with sender-vouches confirmation. With a token the "
        "service is served over HTTPS only.",
    )
    signed: bool = Field(default=False, description="Whether a SAML assertion must come signed.")
    signed_by: Literal["sender", "sts", "either"] = Field(
        default="sender",
        description="With `signed`. `sender`: the message signature covers body, assertion and Timestamp. "
        "`sts`: the assertion carries the signature of whoever issued it. `either`: one of "
        "the two.",
    )
    sts_body: Literal["sender-signature", "tls-client", "https"] = Field(
        default="tls-client",
        description="What protects the body of a message whose assertion an STS signed. "
        "`sender-signature`: a message signature over it. `tls-client`: the TLS client "
        "certificate of the sender. `https`: nothing but the channel, whoever opened it; "
        "shown as a warning.",
    )
    trust: Literal["any", "one", "chain"] = Field(
        default="one",
        description="With `signed`: which certificates are believed. `one`: those that stand, byte for "
        "byte, in `truststore`. `chain`: those that chain to an authority there. `any`: every "
        "certificate that is itself valid; shown as a warning.",
    )
    truststore: TrustStore | None = Field(
        default=None, description='Certificates of signers, with `trust = "one"` or `"chain"`.'
    )
    crl: OptionalPath = Field(
        default=None,
        description="Revocation list (PEM or DER file, or a folder of them), with `truststore`. With one, "
        "every signer must be covered by a current list.",
    )
    unsigned_senders: Literal["mtls", "network"] = Field(
        default="mtls",
        description="Without `signed`: who may vouch for a user. `mtls`: whoever shows a TLS client "
        "certificate, see `senders`. `network`: anyone who can connect; shown as a warning.",
    )
    senders: Senders = Field(
        default=(),
        description="Who may vouch, by certificate: subject (RFC 4514), subject alternative name (`dns:`, "
        "`uri:`, `email:`) or `sha256:FINGERPRINT`. Empty: any certificate that is trusted, "
        "shown as a warning.",
    )
    issuer_certificates: Senders = Field(
        default=(),
        description="With `signed_by` `sts` or `either`: whose certificate may sign assertions, written like "
        "`senders`. Empty: any that `trust` believes, shown as a warning unless `trust` is `one`.",
    )
    issuers: Texts = Field(default=(), description="Issuers of assertions that are accepted; empty: any.")
    audiences: Texts = Field(
        default=(), description="Audiences that mean us; empty: an assertion that names one is refused."
    )
    clock_skew_seconds: int = Field(
        default=60, ge=0, le=600, description="How far the clocks of client and gateway may differ."
    )
    max_age_seconds: int = Field(
        default=300, ge=1, le=86_400, description="Oldest Timestamp and Created that is accepted."
    )
    max_assertion_seconds: int = Field(
        default=86_400, ge=1, le=86_400, description="Longest lifetime of an assertion that is accepted."
    )
    reuse_assertions: bool = Field(
        default=False,
        description="Accept the same assertion in many messages although no signature covers the body. "
        "Only the TLS client certificate stops a replay then. An assertion for one-time use "
        "is accepted once whatever stands here, and one under a sender's signature many "
        "times: the message signature comes once.",
    )
    legacy_algorithms: bool = Field(
        default=False,
        description="Also accept SHA-1 in signatures and RSA keys from 1024 bits, for partners that cannot do "
        "better; shown as a warning.",
    )
    users: UsersFile | None = Field(
        default=None,
        description="Table of who is which RACF user; without one the name in the token is the user id.",
    )
    authenticator: str = Field(
        default="",
        description="Custom authentication module: `package.module:Name`, or the name of an entry point of the "
        "group `imsgw.authenticators`, or `ldap`, which comes with the gateway.",
    )
    authenticator_options: Options = Field(
        default=None,
        description="Table for the authentication module; see [identity](identity.md). A value of the form "
        "`{ env }` or `{ file }` is a secret there, too.",
    )

    @property
    def saml(self) -> bool:
        """Whether the token is an assertion."""
        return self.token in {"saml11", "saml20"}

    @model_validator(mode="after")
    def _fits(self) -> Self:
        signed = self.saml and self.signed
        MisfitError.check(
            {
                "signed": f'cannot be with token = "{self.token}": signatures go with assertions'
                if self.signed and not self.saml
                else None,
                "authenticator_options": "goes with authenticator only"
                if self.authenticator_options is not None and not self.authenticator
                else None,
                "truststore": f'is missing: trust = "{self.trust}" needs it'
                if signed and self.trust != "any" and self.truststore is None
                else None,
                "trust": '"any" leaves nothing that protects a message with sts_body = "https"'
                if signed and self.trust == "any" and self.signed_by != "sender" and self.sts_body == "https"
                else None,
            }
        )
        return self


class OperationSettings(Settings):
    """What one operation does in IMS."""

    transaction: Name8Needed = Field(description="Transaction code.")
    adapter: Literal["none", "xml"] = Field(
        default="none",
        description="`none`: the program gets the XML as it is. `xml`: the XML adapter in IMS Connect converts "
        "it to the program's structures and back.",
    )
    adapter_name: Name8Needed = Field(
        default="HWSXMLA0", description='Name of the adapter in IMS Connect, with `adapter = "xml"`.'
    )
    converter: Name8 = Field(
        default="", description='Converter driver, with `adapter = "xml"`, for example IVTNOD.'
    )
    execution_timeout_ms: int = Field(
        default=5000,
        ge=1,
        le=3_600_000,
        description="How long IMS may take. IRM_TIMER cannot express every value: `imsgw check` names the "
        "one that is sent.",
    )
    socket_timeout_ms: int = Field(
        default=10_000,
        ge=1,
        le=3_700_000,
        description="How long IMS Connect may take; longer than `execution_timeout_ms`.",
    )
    lterm: Name8 = Field(default="", description="LTERM override, put into the I/O PCB.")
    commit_mode: CommitModeNumber = Field(
        default=CommitMode.SEND_THEN_COMMIT, description="Commit mode of OTMA."
    )
    sync_level: SyncLevelName = Field(
        default=SyncLevel.NONE,
        description="`confirm`: IMS commits once the gateway has acknowledged the output. Commit mode 0 is "
        "always confirmed.",
    )
    undeliverable: UndeliverableName = Field(
        default=Undeliverable.PURGE,
        description="What becomes of commit-then-send output that cannot be delivered.",
    )
    reroute_name: Name8 = Field(
        default="",
        description='Tpipe for such output, with `undeliverable = "reroute"`; empty: IMS Connect\'s default.',
    )
    host_ccsid: HostCcsid = Field(
        default=1140,
        description=f"Code page of IMS: transaction code, DFS messages. One of {EBCDIC}. Those with "
        f"characters of two bytes ({MIXED_NAMES}) need the gconv modules of glibc.",
    )
    inbound_ccsid: Ccsid = Field(
        default=1208, description="Encoding of the XML sent to IMS: 1208 (UTF-8) or one of those above."
    )
    outbound_ccsid: Ccsid = Field(default=1208, description="Encoding of the XML that IMS sends, likewise.")

    @model_validator(mode="after")
    def _fits(self) -> Self:
        late = self.socket_timeout_ms <= self.execution_timeout_ms
        MisfitError.check(
            {
                "converter": 'is missing; adapter = "xml" needs it'
                if self.adapter == "xml" and not self.converter
                else None,
                "socket_timeout_ms": f"must be longer than execution_timeout_ms ({self.execution_timeout_ms}), "
                "or nobody learns that IMS was late"
                if late
                else None,
                "reroute_name": 'goes with undeliverable = "reroute" only'
                if self.reroute_name and self.undeliverable is not Undeliverable.REROUTE
                else None,
            }
        )
        return self


def _operations(value: Mapping[str, OperationSettings]) -> Mapping[str, OperationSettings]:
    if not value:
        raise RefusalError('needs a table: [operations."*"] or [operations.NAME]')
    return MappingProxyType(dict(value))


class ProviderSettings(Settings):
    """`wsdl/<service>/correlator.toml` of a provider: a web service in front of IMS transactions."""

    role: Annotated[Literal["provider"], ROLE] = Field(description="`provider`: SOAP clients call IMS.")
    wsdl: str = Field(min_length=1, description="WSDL file, relative to the service's folder and inside it.")
    bundle: str = Field(
        min_length=1, description="Connection bundle: name of a file in bundles/, without .toml."
    )
    enabled: bool = Field(
        default=True,
        description="Whether it is served. `false`: requests get a fault that says it is stopped, its WSDL can "
        "be read. `imsgw service start` and `stop` write it.",
    )
    validate_body: bool = Field(
        default=True, alias="validate", description="Check the request body against the WSDL's schema."
    )
    security: SecuritySettings = Field(default_factory=SecuritySettings, description="WS-Security.")
    limits: ServiceLimits = Field(default_factory=ServiceLimits, description="How much may be asked of it.")
    operations: Annotated[
        Mapping[str, OperationSettings],
        AfterValidator(_operations),
        Words('tables [operations."*"] or [operations.NAME]'),
    ] = Field(description='By operation; `[operations."*"]` gives defaults for all.')
