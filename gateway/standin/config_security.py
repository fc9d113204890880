"""Configuration of who may do what: users, RACF, profiles, OTMA's checks, and TLS on the port."""

from datetime import date, datetime
from typing import Annotated, Any, Final, Literal, Self

from pydantic import BeforeValidator, Field, PlainValidator, field_validator, model_validator

from gateway.config.bundle import PassTicketKey, TrustedUser
from gateway.config.model import KeyStore, Settings, TrustStore
from gateway.config.values import MisfitError, Name8, Name8Needed, RefusalError, SecretValue, Words
from gateway.standin.config_values import Names, as_tuple
from gateway.standin.saf import PASSWORD_CHARACTERS
from gateway.standin.saf_certificates import CertificateFilter

MAX_PASSWORD: Final = 8
"""IRM_RACF_PW has eight bytes and takes no phrase."""

OtmaSecurity = Literal["none", "check", "full", "join", "profile"]
ClientAuthentication = Literal["none", "full", "required", "safcheck"]
Texts = Annotated[tuple[str, ...], BeforeValidator(as_tuple), Words("a list of texts")]


def _since(value: Any) -> Any:
    if isinstance(value, bool) or (isinstance(value, date) and not isinstance(value, datetime)):
        return value
    raise ValueError("neither")


Since = Annotated[
    bool | date, PlainValidator(_since), Words("true, false or a date such as 2026-01-31, without quotes")
]
"""Whether something is so, or the day from which on it is."""


class TlsSettings(Settings):
    """`tls` of `[ims_connect]`: TLS on the port, as AT-TLS gives it to IMS Connect."""

    keystore: KeyStore = Field(description="Key and certificate of the port.")
    client_truststore: TrustStore | None = Field(
        default=None, description="Authorities of client certificates; set: a client certificate is required."
    )
    client_authentication: ClientAuthentication | None = Field(
        default=None,
        description="ClientAuthType of AT-TLS: `none`; `full`: a certificate is verified if the client shows "
        "one; `required`; `safcheck`: required, and it must be that of a user. Default: `required` with a "
        "client_truststore, `none` without.",
    )
    min_version: Literal["1.2", "1.3"] = Field(default="1.2", description="Oldest version of TLS.")
    crypto_policy: Literal["modern", "sp800-131a"] = Field(
        default="modern", description="As `crypto_policy` of the gateway."
    )

    @model_validator(mode="after")
    def _has_authorities(self) -> Self:
        wanted = self.authentication != "none"
        MisfitError.check(
            {
                "client_truststore": "must be set: client_authentication verifies certificates"
                if wanted and self.client_truststore is None
                else None
            }
        )
        return self

    @property
    def authentication(self) -> ClientAuthentication:
        """What is asked of clients; a truststore alone means that a certificate is required."""
        return self.client_authentication or ("required" if self.client_truststore else "none")


class SecurityKeys(Settings):
    """The keys of `[ims_connect]` that are about RACF and OTMA's checks."""

    tls: TlsSettings | None = Field(default=None, description="TLS on the port; absent: plain TCP.")
    racf: bool = Field(default=False, description="RACF=: whether IMS Connect verifies user ids.")
    racfid: Name8 = Field(default="", description="RACFID=: user id for messages that carry none.")
    racfid_without_password: bool = Field(
        default=False,
        description="Whether, with RACF=Y, a message with neither user id nor password runs as RACFID; "
        "otherwise it gets 8/53.",
    )
    racfgenrc: bool = Field(
        default=False, description="RACFGENRC=Y: one generic code in place of RACF's return code in RSM_RACFRC."
    )
    racf_codes: bool = Field(
        default=True,
        description="Whether RSM_RACFRC tells RACF's return code, as from IMS 12 on. Protocol level 3 always "
        "does.",
    )
    application: Name8 = Field(
        default="",
        description="APPL= of the DATASTORE statement: what PassTickets are for, and what users must be "
        "permitted to, where IRM_APPL_NM is blank.",
    )
    trusted_user: TrustedUser | None = Field(
        default=None,
        description="What the exits HWSSMPL0 and HWSSMPL1 take as the mark of a trusted user: RACF is then not "
        "asked for the password.",
    )
    security_exit: str = Field(
        default="", description="`package.module:callable` of an exit like IMSLSECX; empty: none is called."
    )
    pswdmc: Literal["N", "Y", "R"] | None = Field(
        default=None,
        description="PSWDMC=: `N` folds passwords to upper case, `Y` does not, `R` does as RACF is set. "
        "Absent: by mixed_case.",
    )
    mixed_case: bool = Field(
        default=False,
        description="PSWDMC=Y and RACF's own mixed case in one: passwords keep their case; otherwise they are "
        "folded to upper.",
    )
    max_bad_passwords: int = Field(
        default=3, ge=0, le=254, description="RACF revokes a user after so many in a row; 0: never."
    )
    otma_security: OtmaSecurity = Field(
        default="none", description="OTMASE=: `none`, `check`, `full`, `join` or `profile`."
    )

    @property
    def case_rule(self) -> Literal["N", "Y", "R"]:
        """PSWDMC= as it works."""
        return self.pswdmc or ("Y" if self.mixed_case else "N")


class User(Settings):
    """`[users.NAME]`: a RACF user."""

    password: SecretValue | None = Field(
        default=None, description="At most 8 characters. Absent: no password opens this user."
    )
    groups: Names = Field(default=(), description="Groups the user is connected to.")
    default_group: Name8 = Field(
        default="", description="Group of a sign-on that names none; the user is connected to it too."
    )
    revoked_groups: Names = Field(default=(), description="Groups to which the user's connection is revoked.")
    revoked: Since = Field(default=False, description="Access revoked, or the date from which on it is.")
    expired: Since = Field(
        default=False, description="The password has expired, or the date from which on it has."
    )
    certificates: Texts = Field(
        default=(),
        description="Client certificates of this user, for `safcheck`: `sha256:` and 64 hexadecimal digits, "
        "`subject:NAME`, `issuer:NAME`, or `subject:NAME issuer:NAME`.",
    )

    @field_validator("password")
    @classmethod
    def _fits_the_field(cls, value: Any) -> Any:
        if value is None:
            return value
        if not 1 <= len(value.reveal()) <= MAX_PASSWORD:
            raise RefusalError("a password has 1 to 8 characters (IRM_RACF_PW takes no phrase)")
        if not set(value.reveal()) <= PASSWORD_CHARACTERS:
            raise RefusalError(
                "a password has only A-Z a-z 0-9 $ # @ and the special characters that RACF allows"
            )
        return value

    @field_validator("certificates")
    @classmethod
    def _are_filters(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for text in value:
            try:
                CertificateFilter.parse(text)
            except ValueError as error:
                raise RefusalError(f"{text}: {error}") from None
        return value

    @property
    def connected(self) -> frozenset[str]:
        """Every group the user is connected to, revoked or not."""
        default = {self.default_group} if self.default_group else set()
        return frozenset({*self.groups, *self.revoked_groups, *default})


class PassTicketProfile(PassTicketKey):
    """`[passtickets.APPLICATION]`: a profile of class PTKTDATA."""

    replay_protection: bool = Field(
        default=True, description="Whether a PassTicket is good once. False: APPLDATA('NO REPLAY PROTECTION')."
    )
    timeout_seconds: int = Field(
        default=600, ge=1, le=86_400, description="How far from now the time of a PassTicket may be."
    )


class RacfSettings(Settings):
    """`[racf]`: options of RACF itself."""

    active: bool = Field(default=True, description="Whether RACF is active; otherwise every sign-on fails.")
    mixed_case: bool | None = Field(
        default=None,
        description="SETROPTS PASSWORD(MIXEDCASE). Absent: on with mixed_case or PSWDMC=Y, otherwise off.",
    )
    password_history: int = Field(
        default=0, ge=0, le=32, description="SETROPTS PASSWORD(HISTORY): how many old passwords are not taken."
    )
    exit: str = Field(
        default="",
        description="`package.module:callable` of an exit like ICHRIX02, which may fail a verification.",
    )


class PermitSettings(Settings):
    """A profile: `[applications.NAME]` (class APPL), `[commands.VERB]` (CIMS), `[terminals.X]` (TERMINAL)."""

    permit: Names = Field(default=(), description="Users and groups with READ access.")


class OtmaSettings(Settings):
    """`[otma]`: the XCF group, IMS Connect as a member of it, and how OTMA refuses."""

    group: Name8Needed = Field(default="IMSXCFG", description="GROUP= of the DATASTORE statement.")
    member: Name8Needed = Field(default="HWS1", description="MEMBER= of the DATASTORE statement.")
    user: Name8Needed = Field(
        default="HWSUSER", description="The user that the address space of IMS Connect runs under."
    )
    denied: Annotated[Literal["message", "nak"], Words('"message" or "nak"')] = Field(
        default="message",
        description="What a user hears who may not run a transaction or command: DFS1292E as data, or the NAK.",
    )
    resume_tpipe_exit: str = Field(
        default="",
        description="`package.module:callable` of an exit like DFSYRTUX: `(user, group, tpipe, member, "
        "saf_rc)` gives `allow`, `deny` or `keep`.",
    )


class TpipeSettings(Settings):
    """`[tpipes.NAME]`: a tpipe, and who may ask for its output (class RIMS)."""

    permit: Names | None = Field(
        default=None, description="Users and groups that may read it. Absent: no profile, so everybody may."
    )
    exists: bool = Field(
        default=True,
        description="Whether OTMA knows the tpipe from the start. A protected one that it does not know is "
        "refused to everybody.",
    )
