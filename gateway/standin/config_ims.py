"""Configuration of the IMS behind the port: transactions, and further data stores."""

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from gateway.codepage import CodePage
from gateway.config.model import Settings
from gateway.config.values import Name8, RefusalError, Words
from gateway.standin.config_security import OtmaSecurity
from gateway.standin.config_values import Names
from gateway.standin.control import check_control


def _ccsid(value: int) -> int:
    try:
        CodePage.of(value)
    except ValueError as error:
        raise RefusalError(str(error)) from None
    return value


Ccsid = Annotated[int, AfterValidator(_ccsid)]


def _sections(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list | tuple) or not all(isinstance(one, str) for one in value):
        raise ValueError("not a list of texts")
    try:
        check_control(tuple(value))
    except ValueError as error:
        raise RefusalError(f"holds what is no section of control data: {error}") from None
    return tuple(value)


ControlSections = Annotated[
    tuple[str, ...],
    BeforeValidator(_sections),
    Words('a list of sections like "<DFSPORTNAME>Port2</DFSPORTNAME>"'),
]


class TransactionSettings(Settings):
    """`[transactions.NAME]`: who may run a transaction, which program answers, and how IMS schedules it."""

    permit: Names | None = Field(
        default=None, description="Users and groups that may run it. Absent: no profile, so everybody may."
    )
    program: str = Field(
        default="", description="`package.module:Class` of a plug-in; empty: the built-in of this name."
    )
    ccsid: Ccsid = Field(default=1208, description="Encoding of the XML this program reads and writes.")
    stopped: bool = Field(default=False, description="The transaction is stopped: DFS065.")
    descriptor: Name8 = Field(
        default="", description="Where `CALLOUT` and `CALLASYN` call out to when their input names nothing."
    )
    control: ControlSections = Field(
        default=(),
        description="Control data beside the ICALs of `CALLOUT`: sections like `<DFSPORTNAME>P</DFSPORTNAME>`.",
    )
    conversational: bool | None = Field(
        default=None,
        description="Whether it is conversational (SPA= of the TRANSACT macro). Absent: as the program says.",
    )
    regions: int | None = Field(
        default=None,
        ge=0,
        le=4095,
        description="How many inputs of it run at a time, others wait; 0: none runs. Absent: no limit.",
    )


class DataStoreSettings(Settings):
    """`[datastores.NAME]`: a data store beside the one that `[ims_connect]` names. Absent keys: as there."""

    ims: Name8 = Field(
        default="",
        description="The data store whose IMS this one leads to as well; empty: an IMS of its own.",
    )
    tmember: Name8 = Field(default="", description="TMEMBER=: XCF name of its IMS; empty: the name itself.")
    application: Name8 | None = Field(default=None, description="APPL=: as in `[ims_connect]`.")
    ackto_seconds: float | None = Field(
        default=None, gt=0, le=255, description="ACKTO=: as in `[ims_connect]`."
    )
    reroute_name: Name8 | None = Field(default=None, description="RRNAME=: as in `[ims_connect]`.")
    otma_security: OtmaSecurity | None = Field(
        default=None, description="OTMASE= of its IMS: as in `[ims_connect]`. Not with `ims`."
    )
    stopped: bool = Field(default=False, description="Stopped by command at the start: inputs for it get 8/76.")


def check_data_stores(first: str, stores: Mapping[str, DataStoreSettings]) -> None:
    """Raise RefusalError when data stores do not fit together; `first` is that of `[ims_connect]`."""
    if first in stores:
        raise RefusalError(f"[datastores.{first}] is the data store of [ims_connect]: its keys stand there")
    for name, store in stores.items():
        if not store.ims:
            continue
        if store.ims != first and (store.ims not in stores or stores[store.ims].ims):
            raise RefusalError(f"[datastores.{name}]: ims names {store.ims}, which has no IMS of its own")
        if store.otma_security is not None:
            raise RefusalError(f"[datastores.{name}]: otma_security is said where its IMS is, at {store.ims}")
