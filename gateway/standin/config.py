"""The configuration of the stand-in as frozen values. `docs/stand-in.md` explains every table."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, Self

from pydantic import AfterValidator, BeforeValidator, Field, field_validator, model_validator

from gateway.codepage import CodePage
from gateway.config.bundle import PassTicketKey, TrustedUser
from gateway.config.model import KeyStore, Settings, TrustStore
from gateway.config.read import read_toml, settle
from gateway.config.secrets import HomeFiles
from gateway.config.values import (
    ListenAddress,
    MisfitError,
    Name8,
    Name8Needed,
    RefusalError,
    Resolver,
    SecretValue,
    Words,
)
from gateway.errors import ConfigError, Problem
from gateway.imsconnect.wire import Exit
from gateway.standin.faults import Fault

MAX_PASSWORD: Final = 8
"""IRM_RACF_PW has eight bytes and takes no phrase."""

OtmaSecurity = Literal["none", "check", "full", "join", "profile"]


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _ccsid(value: int) -> int:
    try:
        CodePage.of(value)
    except ValueError as error:
        raise RefusalError(str(error)) from None
    return value


def _named(value: Any) -> Any:
    """Check the names of tables here, where the message can say which one it is."""
    if isinstance(value, Mapping):
        MisfitError.check({str(name): _misnamed(str(name)) for name in value})
    return value


def _misnamed(name: str) -> str | None:
    right = name.isascii() and 1 <= len(name) <= 8 and not name.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789@#$")
    return None if right else "the name of the table must be 1 to 8 characters of A-Z 0-9 @ # $"


Names = Annotated[
    tuple[Name8Needed, ...],
    BeforeValidator(_tuple),
    Words("a list of names of 1 to 8 characters of A-Z 0-9 @ # $"),
]
ExitNames = Annotated[
    tuple[Literal["HWSSMPL0", "HWSSMPL1", "HWSSOAP1"], ...],
    BeforeValidator(_tuple),
    Words('a list of "HWSSMPL0", "HWSSMPL1", "HWSSOAP1"', ("HWSSMPL0", "HWSSMPL1", "HWSSOAP1")),
]
Ccsid = Annotated[int, AfterValidator(_ccsid)]


class TlsSettings(Settings):
    """`tls` of `[ims_connect]`: TLS on the port, as AT-TLS gives it to IMS Connect."""

    keystore: KeyStore = Field(description="Key and certificate of the port.")
    client_truststore: TrustStore | None = Field(
        default=None, description="Authorities of client certificates; set: a client certificate is required."
    )


class ImsConnectPort(Settings):
    """`[ims_connect]`: the port, RACF as IMS Connect uses it, and the way OTMA checks."""

    listen: ListenAddress = Field(default="127.0.0.1:9999", description="Address; port 0: any free port.")
    tls: TlsSettings | None = Field(default=None, description="TLS on the port; absent: plain TCP.")
    datastore: Name8Needed = Field(default="IMS1", description="ID= of the DATASTORE statement.")
    exits: ExitNames = Field(
        default=("HWSSMPL0", "HWSSMPL1", "HWSSOAP1"),
        description="EXIT= of the TCPIP statement. A message for another exit is met with a bare disconnect.",
    )
    racf: bool = Field(default=False, description="RACF=: whether IMS Connect verifies user ids.")
    racfid: Name8 = Field(default="", description="RACFID=: user id for messages that carry none.")
    racfid_without_password: bool = Field(
        default=False,
        description="Whether, with RACF=Y, a message with neither user id nor password runs as RACFID; "
        "otherwise it gets 8/53.",
    )
    application: Name8 = Field(
        default="",
        description="APPL= of the DATASTORE statement: what PassTickets are for where IRM_APPL_NM is blank.",
    )
    trusted_user: TrustedUser | None = Field(
        default=None,
        description="What the exits HWSSMPL0 and HWSSMPL1 take as the mark of a trusted user: RACF is then not "
        "asked for the password.",
    )
    mixed_case: bool = Field(
        default=False, description="PSWDMC=Y: passwords keep their case; otherwise they are folded to upper."
    )
    max_bad_passwords: int = Field(
        default=3, ge=0, le=254, description="RACF revokes a user after so many in a row; 0: never."
    )
    otma_security: OtmaSecurity = Field(
        default="none", description="OTMASE=: `none`, `check`, `full`, `join` or `profile`."
    )
    maxsoc: int = Field(
        default=10_000,
        ge=1,
        le=65_535,
        description="MAXSOC=: connections at a time. IMS Connect's default is 50.",
    )
    timeout_seconds: float = Field(
        default=30.0,
        ge=0,
        le=86_400,
        description="TIMEOUT= of the TCPIP statement: for the first input of a connection, and for IMS when "
        "IRM_TIMER is X'00'. 0: wait for ever.",
    )
    idle_seconds: float = Field(
        default=0.0, ge=0, le=86_400, description="IDLETO=: idle persistent sockets are closed. 0: never."
    )
    ackto_seconds: float = Field(
        default=120.0,
        gt=0,
        le=255,
        description="ACKTO= of the DATASTORE statement: OTMA's wait for ACK or NAK.",
    )
    reroute_name: Name8 = Field(default="", description="RRNAME= of the DATASTORE statement; empty: HWS$DEF.")
    max_message_bytes: int = Field(
        default=10_000_000, ge=1024, le=100_000_000, description="MAXSIZE=: longest input message."
    )
    deallocate_return_code: Annotated[Literal[4, 8, 12], Words("4, 8 or 12")] = Field(
        default=4, description="Return code beside reason codes 97 and 98."
    )
    protocol_level: int = Field(
        default=2, ge=0, le=3, description="CSM_PRLVLFLG. ACK with NO_WAIT is honoured from 2 on."
    )
    adapter_exits: ExitNames = Field(
        default=("HWSSOAP1",), description="Exits whose messages may name an XML adapter."
    )
    keep_seen: int = Field(
        default=10_000, ge=0, description="How many inputs the record of what was seen keeps."
    )

    @property
    def loaded_exits(self) -> frozenset[Exit]:
        """The exits as the codec knows them."""
        return frozenset(Exit[name] for name in self.exits)


class User(Settings):
    """`[users.NAME]`: a RACF user."""

    password: SecretValue | None = Field(
        default=None, description="At most 8 characters. Absent: no password opens this user."
    )
    groups: Names = Field(default=(), description="Groups the user is connected to.")
    revoked: bool = Field(default=False, description="Access revoked.")
    expired: bool = Field(default=False, description="The password has expired.")

    @field_validator("password")
    @classmethod
    def _fits_the_field(cls, value: Any) -> Any:
        if value is not None and not 1 <= len(value.reveal()) <= MAX_PASSWORD:
            raise RefusalError("a password has 1 to 8 characters (IRM_RACF_PW takes no phrase)")
        return value


class PassTicketProfile(PassTicketKey):
    """`[passtickets.APPLICATION]`: a profile of class PTKTDATA."""

    replay_protection: bool = Field(
        default=True, description="Whether a PassTicket is good once. False: APPLDATA('NO REPLAY PROTECTION')."
    )
    timeout_seconds: int = Field(
        default=600, ge=1, le=86_400, description="How far from now the time of a PassTicket may be."
    )


class TransactionSettings(Settings):
    """`[transactions.NAME]`: who may run a transaction, and which program answers."""

    permit: Names | None = Field(
        default=None, description="Users and groups that may run it. Absent: no profile, so everybody may."
    )
    program: str = Field(
        default="", description="`package.module:Class` of a plug-in; empty: the built-in of this name."
    )
    ccsid: Ccsid = Field(default=1208, description="Encoding of the XML this program reads and writes.")
    stopped: bool = Field(default=False, description="The transaction is stopped: DFS065.")


class ConverterSettings(Settings):
    """`[converters.NAME]`: a converter of the XML adapter."""

    program: str = Field(min_length=1, description="`package.module:Class` of a plug-in.")


class TpipeSettings(Settings):
    """`[tpipes.NAME]`: who may ask for the output of a tpipe. RESUME TPIPE itself is refused."""

    permit: Names | None = Field(default=None, description="Users and groups that may read it.")


class DescriptorSettings(Settings):
    """`[descriptors.NAME]`: an OTMA destination descriptor. Callouts are not made."""

    tpipe: Name8Needed = Field(description="Tpipe of the destination.")


class StandinConfig(Settings):
    """The whole configuration of a stand-in."""

    ims_connect: ImsConnectPort = Field(default_factory=ImsConnectPort)
    users: Annotated[Mapping[str, User], BeforeValidator(_named)] = Field(default_factory=dict)
    passtickets: Annotated[Mapping[str, PassTicketProfile], BeforeValidator(_named)] = Field(
        default_factory=dict
    )
    transactions: Annotated[Mapping[str, TransactionSettings], BeforeValidator(_named)] = Field(
        default_factory=dict
    )
    converters: Annotated[Mapping[str, ConverterSettings], BeforeValidator(_named)] = Field(
        default_factory=dict
    )
    tpipes: Annotated[Mapping[str, TpipeSettings], BeforeValidator(_named)] = Field(default_factory=dict)
    descriptors: Annotated[Mapping[str, DescriptorSettings], BeforeValidator(_named)] = Field(
        default_factory=dict
    )
    faults: Annotated[tuple[Fault, ...], Words("a list of tables, each written [[faults]]")] = ()

    @model_validator(mode="after")
    def _permits_name_somebody(self) -> Self:
        known = set(self.users) | {group for user in self.users.values() for group in user.groups}
        for table in (self.transactions, self.tpipes):
            for settings in table.values():
                for who in settings.permit or ():
                    if who not in known:
                        raise RefusalError(f"permit names {who}, which is neither a user nor the group of one")
        return self

    @property
    def not_acted_on(self) -> tuple[str, ...]:
        """The tables that are read and have no effect, because what they are for is refused."""
        return tuple(name for name in ("tpipes", "descriptors") if getattr(self, name))


def load(path: Path, environ: Mapping[str, str] | None = None) -> StandinConfig:
    """Read a configuration file; paths in it count from its folder.

    `environ` answers `{ env }`, the process's own when None. Raises ConfigError with every problem found.
    """
    file = path.name
    raw = read_toml(path, file)
    files = HomeFiles(path.parent.absolute(), os.environ if environ is None else environ)
    faults, problems = _faults(raw.pop("faults", []), file, files)
    try:
        config = settle(StandinConfig, raw, file, files)
    except ConfigError as error:
        problems += error.problems
    if problems:
        raise ConfigError(tuple(problem for problem in problems if not problem.warning))
    return config.model_copy(update={"faults": faults})


def _faults(raw: Any, file: str, files: Resolver) -> tuple[tuple[Fault, ...], list[Problem]]:
    """Read `[[faults]]`; the nth table is called faults[n] in problems, from 1."""
    if not isinstance(raw, list) or not all(isinstance(item, dict) for item in raw):
        return (), [Problem(file, "faults", "must be a list of tables, each written [[faults]]")]
    right: list[Fault] = []
    problems: list[Problem] = []
    for number, item in enumerate(raw, 1):
        try:
            right.append(settle(Fault, item, file, files))
        except ConfigError as error:
            problems += [
                Problem(file, f"faults[{number}].{problem.key}".rstrip("."), problem.text)
                for problem in error.problems
            ]
    return tuple(right), problems
