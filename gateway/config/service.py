"""`wsdl/<service>/correlator.toml`: which transaction stands behind which operation."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from gateway.codepage import SUPPORTED, UTF_8
from gateway.config.values import (
    CommitModeNumber,
    MisfitError,
    Name8,
    Name8Needed,
    RefusalError,
    Settings,
    SyncLevelName,
    UndeliverableName,
    Words,
)
from gateway.exchange import CommitMode, SyncLevel, Undeliverable

DEFAULTS = "*"
"""Name of the operations table whose values stand in where a named one has none."""


_EBCDIC = ", ".join(str(ccsid) for ccsid in SUPPORTED if ccsid != UTF_8)


def _ccsid(value: int) -> int:
    if value not in SUPPORTED:
        raise RefusalError(f"this CCSID is not supported; supported are {UTF_8} (UTF-8) and {_EBCDIC}")
    return value


def _host_ccsid(value: int) -> int:
    if value == UTF_8:
        raise RefusalError(f"{UTF_8} is UTF-8; IMS itself speaks EBCDIC")
    return _ccsid(value)


Ccsid = Annotated[int, AfterValidator(_ccsid), Words("a CCSID, a whole number like 1208")]
HostCcsid = Annotated[int, AfterValidator(_host_ccsid), Words("a CCSID, a whole number like 1140")]
"""The code page of IMS itself, always EBCDIC."""


class SecuritySettings(Settings):
    """The token that every request must carry."""

    token: Literal["none", "username"] = Field(
        default="none",
        description="`none`: no token, IMS sees the bundle's identity. `username`: UsernameToken with "
        "PasswordText, IMS sees its user; HTTPS only.",
    )
    clock_skew_seconds: int = Field(
        default=60, ge=0, le=600, description="How far the clocks of client and gateway may differ."
    )
    max_age_seconds: int = Field(
        default=300, ge=1, le=86_400, description="Oldest Timestamp and Created that is accepted."
    )


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
        default=1140, description=f"Code page of IMS: transaction code, DFS messages. One of {_EBCDIC}."
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

    role: Literal["provider"] = Field(description="`provider`: SOAP clients call IMS.")
    wsdl: str = Field(min_length=1, description="WSDL file, relative to the service's folder and inside it.")
    bundle: str = Field(
        min_length=1, description="Connection bundle: name of a file in bundles/, without .toml."
    )
    validate_body: bool = Field(
        default=True, alias="validate", description="Check the request body against the WSDL's schema."
    )
    security: SecuritySettings = Field(default_factory=SecuritySettings, description="WS-Security.")
    operations: Annotated[
        Mapping[str, OperationSettings],
        AfterValidator(_operations),
        Words('tables [operations."*"] or [operations.NAME]'),
    ] = Field(description='By operation; `[operations."*"]` gives defaults for all.')
