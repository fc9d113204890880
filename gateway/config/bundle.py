"""`bundles/<bundle>.toml`: a connection bundle, the way to one IMS and who to be there."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, field_validator, model_validator

from gateway.config.addresses import Address, Addresses
from gateway.config.callout import BundleCallout
from gateway.config.limits import BundleLimits
from gateway.config.pool import PoolSettings
from gateway.config.stores import KeyStore, TrustStore
from gateway.config.values import (
    ExtensionId,
    MisfitError,
    Name8,
    Name8Needed,
    RefusalError,
    SecretValue,
    Settings,
    TrackingExtensionId,
    Words,
)
from gateway.exchange import Secret


def _prefix(value: str) -> str:
    upper = value.upper() if value.isascii() else value
    if not re.fullmatch(r"[A-Z0-9@#$]{0,4}", upper):
        raise ValueError("not the beginning of a client id")
    if upper.startswith("HWS"):
        raise RefusalError("names that begin with HWS are IMS Connect's own")
    return upper


ClientIdPrefix = Annotated[
    str, AfterValidator(_prefix), Words("a text of 1 to 4 characters of A-Z 0-9 @ # $, or empty")
]


class BackendTls(Settings):
    """TLS to IMS Connect."""

    truststore: TrustStore = Field(description="Authorities that may have signed IMS Connect's certificate.")
    keystore: KeyStore | None = Field(default=None, description="Our own key and certificate, for mutual TLS.")
    server_name: str = Field(
        default="",
        description="Name expected in IMS Connect's certificate; empty: the host's. With several `hosts` the "
        "certificate of each has to bear it.",
    )
    crypto_policy: Literal["modern", "sp800-131a"] = Field(
        default="modern", description="As `server.crypto_policy`, for connections to IMS Connect."
    )


class ImsConnectSettings(Settings):
    """Which IMS, and the way there."""

    hosts: Addresses = Field(
        default=(),
        description="In place of `host` and `port`: several IMS Connect that lead to the same IMS. Each has "
        "sockets of its own; what could not be sent to one goes to another.",
    )
    policy: Literal["order", "balance"] = Field(
        default="order",
        description="`order`: the first of `hosts` that works; one that comes back is preferred again after "
        "30 s. `balance`: the one with the least requests in work.",
    )
    host: str | None = Field(
        default=None, min_length=1, validate_default=True, description="Host name or address of IMS Connect."
    )
    port: int | None = Field(
        default=None, ge=1, le=65_535, validate_default=True, description="TCP port of IMS Connect."
    )
    datastore: Name8Needed = Field(description="ID= of the DATASTORE statement (IRM_IMSDESTID).")
    exit: Literal["HWSSMPL0", "HWSSMPL1", "HWSSOAP1"] = Field(
        default="HWSSMPL1", description='User message exit. `adapter = "xml"` needs HWSSOAP1.'
    )
    tls: BackendTls | None = Field(default=None, description="Absent: plain TCP.")
    pool: PoolSettings = Field(default_factory=PoolSettings, description="Persistent sockets.")
    maxsoc: int | None = Field(
        default=None,
        ge=2,
        le=65_535,
        description="MAXSOC= of IMS Connect's TCPIP statement, told here so that `imsgw check` can compare. "
        "IMS Connect's own default is 50.",
    )
    client_id_prefix: ClientIdPrefix = Field(
        default="",
        description="What generated client ids (IRM_CLIENTID) begin with, so that displays and tpipes tell "
        "whose they are. The longer it is, the fewer ids there are.",
    )
    network_identity: bool = Field(
        default=False,
        description="Send the distributed identity along (*NETUID*, *NETSID*): who the token names and "
        "who issued it. HWSSMPL0 and HWSSMPL1, IMS 15 and later.",
    )
    tracking_extension: TrackingExtensionId = Field(
        default="",
        description="IRM extension that tells IMS Connect the tracking id of a request, for its traces: "
        "`*TRCKID*`, which HWSSOAP1 knows, or one that the site's exit knows. Empty: it is not told.",
    )
    max_segment_bytes: int = Field(
        default=32_767,
        ge=256,
        le=32_767,
        description="Longest input segment, LL and ZZ included. Lower it to the record size of the IMS message "
        "queue.",
    )
    max_message_bytes: int = Field(
        default=10_000_000,
        ge=1024,
        le=100_000_000,
        description="Longest message, both ways (MAXSIZE= of the HWS statement).",
    )

    @field_validator("policy")
    @classmethod
    def _chooses(cls, value: str, info: ValidationInfo) -> str:
        if info.data.get("hosts", True):
            return value
        raise RefusalError("goes with hosts: one address leaves nothing to choose")

    @field_validator("host")
    @classmethod
    def _one_or_many(cls, value: str | None, info: ValidationInfo) -> str | None:
        hosts = info.data.get("hosts")
        if value is None and hosts == ():
            raise RefusalError("is missing: a text that is not empty; for several addresses, hosts")
        if value is not None and hosts:
            raise RefusalError("and hosts exclude each other")
        return value

    @field_validator("port")
    @classmethod
    def _of_the_host(cls, value: int | None, info: ValidationInfo) -> int | None:
        hosts = info.data.get("hosts")
        if value is None and hosts == ():
            raise RefusalError("is missing: a whole number from 1 to 65535")
        if value is not None and hosts:
            raise RefusalError("and hosts exclude each other: each entry of hosts has its port")
        return value

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Where IMS Connect listens, at least one; in the order of the file."""
        if self.host is None or self.port is None:
            return self.hosts
        return (Address(self.host, self.port),)


class Credentials(Settings):
    """Who the clients of services without WS-Security are for IMS."""

    user: Name8 = Field(default="", description="RACF user id.")
    password: SecretValue = Field(
        default=Secret(""),
        description="RACF password of at most 8 characters; a password phrase does not fit IRM_RACF_PW.",
    )
    group: Name8 = Field(default="", description="RACF group.")

    @field_validator("password")
    @classmethod
    def _fits_the_field(cls, value: Secret) -> Secret:
        if len(value.reveal()) > 8:
            raise RefusalError("a password has at most 8 characters: IRM_RACF_PW takes no phrase")
        return value

    @model_validator(mode="after")
    def _has_user(self) -> Self:
        MisfitError.check(
            {
                "password": "needs user" if self.password and not self.user else None,
                "group": "needs user" if self.group and not self.user else None,
            }
        )
        return self


class PassTicketKey(Settings):
    """The key of a profile of class PTKTDATA, and what it is for."""

    key: SecretValue = Field(
        description="The secured sign-on key in hexadecimal: 16 digits for a legacy PassTicket, 64 to 512 "
        "for an enhanced one (HMAC key of at least 256 bits)."
    )
    kind: Literal["legacy", "enhanced", "enhanced-mixed"] = Field(
        default="legacy",
        description="`legacy`: DES. `enhanced`: HMAC-SHA-512, type UPPER. `enhanced-mixed`: the same, "
        "type MIXED.",
    )

    @field_validator("key")
    @classmethod
    def _hexadecimal(cls, value: Secret) -> Secret:
        if not re.fullmatch(r"(?:[0-9A-Fa-f]{2})+", value.reveal()):
            raise RefusalError("a key is hexadecimal digits, two for each byte")
        return value

    @model_validator(mode="after")
    def _key_fits(self) -> Self:
        digits = len(self.key.reveal())
        right = digits == 16 if self.kind == "legacy" else 64 <= digits <= 512
        wanted = "16" if self.kind == "legacy" else "64 to 512"
        MisfitError.check({"key": None if right else f"has {digits} digits; {self.kind} takes {wanted}"})
        return self


class PassTicketSettings(PassTicketKey):
    """PassTickets stand in for the password of users who have none here: SAML, certificates."""

    application: Name8Needed = Field(
        description="Application name: APPL= of the DATASTORE statement, profile of class PTKTDATA."
    )
    replay_protection: bool = Field(
        default=True,
        description="Whether RACF takes a PassTicket only once. One user then gets one a second, and bursts "
        "from the minutes around. `false` goes with APPLDATA('NO REPLAY PROTECTION') in the profile.",
    )


class TrustedUser(Settings):
    """How IMS Connect's exit is told that a user was authenticated here: a mark that the site's exit looks for.

    IBM defines no field for it (Trusted-user support for IMS Connect messages): the exit sets OMUSR_TRSTUSR.
    """

    extension: ExtensionId = Field(
        description="Id of the IRM extension that carries the mark, for example `*TRSTUS*`.",
    )
    value: SecretValue = Field(
        description="What stands in it: a word that the exit knows, of at most 64 characters."
    )

    @field_validator("value")
    @classmethod
    def _is_a_word(cls, value: Secret) -> Secret:
        text = value.reveal()
        if not re.fullmatch(r"[\x20-\x7E]{1,64}", text):
            raise RefusalError("a mark has 1 to 64 characters from blank to tilde (ASCII)")
        return value


class Bundle(Settings):
    """`bundles/<bundle>.toml`: a connection bundle."""

    ims_connect: ImsConnectSettings = Field(description="IMS Connect.")
    credentials: Credentials = Field(
        default_factory=Credentials, description="Identity of services without WS-Security."
    )
    passticket: PassTicketSettings | None = Field(
        default=None,
        description="PassTickets for users without a password, where IMS Connect runs with RACF=Y.",
    )
    trusted_user: TrustedUser | None = Field(
        default=None,
        description="In place of `passticket`: mark users without a password for an exit that trusts us.",
    )
    limits: BundleLimits = Field(default_factory=BundleLimits, description="How much may be asked of it.")
    callout: BundleCallout | None = Field(default=None, description="Absent: no callouts over this bundle.")

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        both = self.passticket is not None and self.trusted_user is not None
        mark = self.trusted_user.extension if self.trusted_user is not None else ""
        same = mark and mark == self.ims_connect.tracking_extension
        one_each = f"is in {mark} already: the tracking id would stand beside the mark" if same else None
        MisfitError.check(
            {
                "trusted_user": "and passticket exclude each other" if both else one_each,
            }
        )
        return self
