"""Data stores: the names in IRM_IMSDESTID, each a connection of IMS Connect to an IMS by OTMA.

Source: DATASTORE statement; HWSSMPL0 and HWSSMPL1 return and reason codes (72, 74, 76, 77); Return and reason
codes for IMS Connect exits (44). When a data store goes, its clients are told 8/77 if they wait for IMS or owe
an ACK, and return code 44 if they wait in RESUME TPIPE; IMS itself goes on.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from gateway.standin.config import ImsConnectPort
from gateway.standin.ims import Ims
from gateway.standin.phonebook import PhoneBook
from gateway.standin.refusal import DATASTORE_NOT_FOUND, RC_IMS_CONNECT, Refusal
from gateway.standin.security import OtmaAuthorization, SignOn
from gateway.standin.tpipes import Tpipes

RC_DATASTORE_GONE: Final = 44
"""Of a client that waits in RESUME TPIPE. unverified: older editions have it for a finished cancel timer."""
COMMUNICATION_ERROR: Final = 77
"""Beside return code 8: sent to clients that wait when the data store goes; the outcome is unknown."""


class Availability(Enum):
    """Where a data store stands; the value is the reason code of inputs for it, 0: they go through."""

    ACTIVE = 0
    STOPPED = 76
    """unverified: STOPCMD and not 72 (NFNDDST), which IBM explains as "not found, or stopped" too."""
    DISCONNECTED = 74
    """IMS has left the XCF group."""


@dataclass(eq=False, slots=True)
class DataStore:
    """One data store. `port` are the settings of IMS Connect as they are for it."""

    port: ImsConnectPort
    tmember: str
    """XCF name of its IMS."""
    ims: Ims
    tpipes: Tpipes
    book: PhoneBook
    """The phone book of its IMS."""
    sign_on: SignOn
    otma: OtmaAuthorization
    availability: Availability = Availability.ACTIVE
    _waiting: set["asyncio.Future[None]"] = field(default_factory=set)

    @property
    def name(self) -> str:
        """ID= of the DATASTORE statement."""
        return self.port.datastore

    def check(self) -> None:
        """Raise the Refusal that an input for this data store gets; none while it is active."""
        if self.availability is not Availability.ACTIVE:
            why = f"data store {self.name} is {self.availability.name.lower()}"
            raise Refusal(RC_IMS_CONNECT, self.availability.value, why)

    def gone(self) -> "asyncio.Future[None]":
        """Return a future that is done when the data store goes; cancel it when done with."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.add(future)
        future.add_done_callback(self._waiting.discard)
        if self.availability is not Availability.ACTIVE:
            future.set_result(None)
        return future

    def go(self, availability: Availability) -> None:
        """Stop or start the data store; who waits for its IMS is told."""
        self.availability = availability
        if availability is Availability.ACTIVE:
            return
        self.otma.bid.leave()
        for future in tuple(self._waiting):
            if not future.done():
                future.set_result(None)


class DataStores:
    """The data stores by name. The first one is that of `[ims_connect]`."""

    def __init__(self, stores: Mapping[str, DataStore]) -> None:
        self._stores = dict(stores)

    def __iter__(self) -> Iterator[DataStore]:
        return iter(self._stores.values())

    def __getitem__(self, name: str) -> DataStore:
        """Return a data store. Raises KeyError."""
        return self._stores[name]

    @property
    def first(self) -> DataStore:
        """The data store of `[ims_connect]`."""
        return next(iter(self))

    def named(self, name: str) -> DataStore:
        """Return the data store of this name, the first one when there is none: for checks that come before."""
        return self._stores.get(name, self.first)

    def find(self, name: str) -> DataStore:
        """Return the data store that an input names. Raises Refusal 8/72, 8/74 or 8/76."""
        store = self._stores.get(name)
        if store is None:
            raise Refusal(RC_IMS_CONNECT, DATASTORE_NOT_FOUND, f"no data store {name or '(blank)'}")
        store.check()
        return store
