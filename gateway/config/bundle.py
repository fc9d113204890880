"""`bundles/<bundle>.toml`: a connection bundle, the way to one IMS and who to be there."""

import re
from typing import Literal, Self

from pydantic import Field, field_validator, model_validator

from gateway.config.server import KeyStore, TrustStore
from gateway.config.values import (
    ExtensionId,
    MisfitError,
    Name8,
    Name8Needed,
    RefusalError,
    SecretValue,
    Settings,
)
from gateway.exchange import Secret


class BackendTls(Settings):
    """TLS to IMS Connect."""

    truststore: TrustStore = Field(description="Authorities that may have signed IMS Connect's certificate.")
    keystore: KeyStore | None = Field(default=None, description="Our own key and certificate, for mutual TLS.")
    server_name: str = Field(
        default="", description="Name expected in IMS Connect's certificate; empty: that of `host`."
    )


class PoolSettings(Settings):
    """Persistent sockets to IMS Connect; the numbers count for each worker."""

    size: int = Field(
        default=32, ge=1, le=16_384, description="Sockets per worker; workers x size must stay under MAXSOC."
    )
    wait_seconds: float = Field(
        default=5.0, ge=0, le=600, description="Longest wait for a free socket, then 503."
    )
    connect_seconds: float = Field(default=5.0, gt=0, le=600, description="Deadline to connect, TLS included.")
    idle_seconds: float = Field(
        default=240.0,
        gt=0,
        le=86_400,
        description="An idle socket is closed after this; stay under IMS Connect's IDLETO.",
    )


class ImsConnectSettings(Settings):
    """Which IMS, and the way there."""

    host: str = Field(min_length=1, description="Host name or address of IMS Connect.")
    port: int = Field(ge=1, le=65_535, description="TCP port of IMS Connect.")
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
    network_identity: bool = Field(
        default=False,
        description="Send the distributed identity along (*NETUID*, *NETSID*): who the token names and "
        "who issued it. HWSSMPL0 and HWSSMPL1, IMS 15 and later.",
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

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        both = self.passticket is not None and self.trusted_user is not None
        MisfitError.check({"trusted_user": "and passticket exclude each other" if both else None})
        return self
