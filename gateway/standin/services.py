"""What every connection of one stand-in shares."""

from dataclasses import dataclass
from typing import TYPE_CHECKING

from gateway.standin.adapter import XmlAdapter
from gateway.standin.clients import ClientIds
from gateway.standin.config import ImsConnectPort
from gateway.standin.faults import Faults
from gateway.standin.ims import Ims
from gateway.standin.racf import Racf
from gateway.standin.security import OtmaAuthorization, SignOn
from gateway.standin.seen import SeenInputs
from gateway.standin.tpipes import Tpipes
from gateway.standin.trace import Trace

if TYPE_CHECKING:
    from gateway.standin.session import Session


@dataclass(frozen=True, slots=True)
class Services:
    """IMS Connect's and IMS's parts, as one session needs them."""

    port: ImsConnectPort
    racf: Racf
    sign_on: SignOn
    otma: OtmaAuthorization
    adapter: XmlAdapter
    ims: Ims
    tpipes: Tpipes
    faults: Faults
    seen: SeenInputs
    trace: Trace
    clients: "ClientIds[Session]"
