"""The configuration of the stand-in as frozen values. `docs/stand-in.md` explains every table."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, model_validator

from gateway.config.model import Settings
from gateway.config.read import read_toml, settle
from gateway.config.secrets import HomeFiles
from gateway.config.values import (
    ListenAddress,
    Name8,
    Name8Needed,
    RefusalError,
    Resolver,
    Words,
)
from gateway.errors import ConfigError, Problem
from gateway.imsconnect.wire import Exit
from gateway.standin.config_ims import DataStoreSettings, TransactionSettings, check_data_stores
from gateway.standin.config_output import DescriptorSettings, StateSettings
from gateway.standin.config_saf import Protected, SafTables
from gateway.standin.config_security import (
    OtmaSecurity,
    PassTicketProfile,
    SecurityKeys,
    TlsSettings,
    TpipeSettings,
    User,
)
from gateway.standin.config_values import as_tuple, named
from gateway.standin.faults import Fault
from gateway.standin.saf import SafClass

__all__ = [
    "DataStoreSettings",
    "DescriptorSettings",
    "OtmaSecurity",
    "PassTicketProfile",
    "StateSettings",
    "TlsSettings",
    "TpipeSettings",
    "TransactionSettings",
    "User",
]


ExitNames = Annotated[
    tuple[Literal["HWSSMPL0", "HWSSMPL1", "HWSSOAP1"], ...],
    BeforeValidator(as_tuple),
    Words('a list of "HWSSMPL0", "HWSSMPL1", "HWSSOAP1"', ("HWSSMPL0", "HWSSMPL1", "HWSSOAP1")),
]


class ImsConnectPort(SecurityKeys):
    """`[ims_connect]`: the port, RACF as IMS Connect uses it, and the way OTMA checks."""

    listen: ListenAddress = Field(default="127.0.0.1:9999", description="Address; port 0: any free port.")
    datastore: Name8Needed = Field(default="IMS1", description="ID= of the DATASTORE statement.")
    exits: ExitNames = Field(
        default=("HWSSMPL0", "HWSSMPL1", "HWSSOAP1"),
        description="EXIT= of the TCPIP statement. A message for another exit is met with a bare disconnect.",
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
    multirtp: bool = Field(
        default=False,
        description="MULTIRTP=: whether several RESUME TPIPEs read a tpipe at a time; otherwise in turn.",
    )
    keep_seen: int = Field(
        default=10_000, ge=0, description="How many inputs the record of what was seen keeps."
    )

    @property
    def loaded_exits(self) -> frozenset[Exit]:
        """The exits as the codec knows them."""
        return frozenset(Exit[name] for name in self.exits)


class ConverterSettings(Settings):
    """`[converters.NAME]`: a converter of the XML adapter."""

    program: str = Field(min_length=1, description="`package.module:Class` of a plug-in.")


class StandinConfig(SafTables):
    """The whole configuration of a stand-in."""

    ims_connect: ImsConnectPort = Field(default_factory=ImsConnectPort)
    transactions: Annotated[Mapping[str, TransactionSettings], BeforeValidator(named)] = Field(
        default_factory=dict
    )
    datastores: Annotated[Mapping[str, DataStoreSettings], BeforeValidator(named)] = Field(default_factory=dict)
    converters: Annotated[Mapping[str, ConverterSettings], BeforeValidator(named)] = Field(default_factory=dict)
    tpipes: Annotated[Mapping[str, TpipeSettings], BeforeValidator(named)] = Field(default_factory=dict)
    descriptors: Annotated[Mapping[str, DescriptorSettings], BeforeValidator(named)] = Field(
        default_factory=dict
    )
    state: StateSettings | None = Field(default=None)
    faults: Annotated[tuple[Fault, ...], Words("a list of tables, each written [[faults]]")] = ()

    def protected(self) -> Mapping[SafClass, Mapping[str, Protected]]:
        """Return the tables with profiles by class."""
        return {**super().protected(), "TIMS": self.transactions, "RIMS": self.tpipes}

    @property
    def known_tpipes(self) -> frozenset[str]:
        """The tpipes that OTMA knows from the start."""
        named = {name for name, tpipe in self.tpipes.items() if tpipe.exists}
        return frozenset(named | {descriptor.tpipe for descriptor in self.descriptors.values()})

    @model_validator(mode="after")
    def _permits_name_somebody(self) -> Self:
        self.check_permits()
        return self

    @model_validator(mode="after")
    def _callouts_have_a_destination(self) -> Self:
        for name, transaction in self.transactions.items():
            if transaction.descriptor and transaction.descriptor not in self.descriptors:
                raise RefusalError(
                    f"[transactions.{name}]: descriptor names {transaction.descriptor}, which is not there"
                )
        return self

    @model_validator(mode="after")
    def _data_stores_fit_together(self) -> Self:
        check_data_stores(self.ims_connect.datastore, self.datastores)
        return self


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
