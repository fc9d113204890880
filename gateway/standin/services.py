"""What every connection of one stand-in shares."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.standin.adapter import XmlAdapter
from gateway.standin.clients import ClientIds
from gateway.standin.config import ImsConnectPort
from gateway.standin.datastores import DataStores
from gateway.standin.faults import Faults
from gateway.standin.ims import Ims
from gateway.standin.racf import Racf
from gateway.standin.security import OtmaAuthorization, SignOn
from gateway.standin.seen import SeenInputs
from gateway.standin.tpipes import Tpipes
from gateway.standin.trace import Trace

if TYPE_CHECKING:
    from gateway.standin.dialogue import Dialogue


@dataclass(frozen=True, slots=True)
class Services:
    """IMS Connect's and IMS's parts, as one session needs them."""

    port: ImsConnectPort
    racf: Racf
    datastores: DataStores
    adapter: XmlAdapter
    faults: Faults
    seen: SeenInputs
    trace: Trace
    clients: "ClientIds[Dialogue]"

    @property
    def ims(self) -> Ims:
        """The IMS of the first data store."""
        return self.datastores.first.ims

    @property
    def tpipes(self) -> Tpipes:
        """The hold queues of the first data store's IMS."""
        return self.datastores.first.tpipes

    @property
    def otma(self) -> OtmaAuthorization:
        """The authorization of the first data store's IMS."""
        return self.datastores.first.otma

    @property
    def sign_on(self) -> SignOn:
        """The sign-on for the first data store."""
        return self.datastores.first.sign_on
