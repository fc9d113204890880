"""What a callout can end in: the status codes that programs know, and the error that carries one.

Source: SOAP Gateway message and status codes for callout (Status codes for callout messages). Codes up to 1015
are the original's; it has more from 1016 on, whose meaning is not published, so those of our own begin at 1901.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

NETWORK_MESSAGE: Final = "IOGS0077E"
"""Message id that follows a network error (1009)."""
RESPONSE_TAKEN: Final = "IOGS0081I"
"""Message id: IMS acknowledged a response (send-only with acknowledgement)."""
RESPONSE_REFUSED: Final = "IOGS0082E"
"""Message id: IMS refused it."""
RESPONSE_UNHEARD: Final = "IOGS0083E"
"""Message id: neither came."""
_ERROR: Final = "SOAP Gateway Error"
"""How the data of an error response begins; programs look for it."""


class Status(IntEnum):
    """Status codes: in AIBERRXT of the ICAL (IRM_NAK_RSNCDE), and in the text of an error response."""

    NO_RESPONSE = 1001
    """No response came from the web service in time."""
    INVOKING = 1002
    """The web service answered with a fault, an error, or what is no answer; or it could not be called."""
    SENDING = 1003
    """The response could not be sent to IMS."""
    RECEIVING_DISCARDED = 1004
    """The message is none; NAK, discarded."""
    RECEIVING_REROUTED = 1005
    """The message is none; NAK with reroute."""
    PARSING_DISCARDED = 1006
    """The message could not be read; NAK, discarded."""
    PARSING_REROUTED = 1007
    """The message could not be read; NAK with reroute."""
    RETAINING = 1008
    """The NAK that leaves a message on its tpipe could not be sent."""
    NETWORK = 1009
    """Network error while calling: refused, reset, TLS, name."""
    PORT_NOT_FOUND = 1010
    PORT_NAME_EMPTY = 1011
    CONTROL_DATA_LENGTH = 1012
    ENDPOINT_URL_EMPTY = 1013
    IP_ADDRESS = 1014
    HOST_NAME = 1015
    NOT_ALLOWED = 1901
    """The control data names a host that the bundle does not allow."""
    BAD_ADDRESS = 1902
    """The control data names an address that is none: scheme, port, path."""
    IDENTITY = 1903
    """The call needs a user, and there is none, or the authentication module refused it."""
    CONVERTER_NAME = 1904
    """DFSCNVTR holds no name of a converter."""
    RESPONSE_SIZE = 1905
    """The response does not fit into a message to IMS."""
    STOPPED = 1906
    """The service is stopped here (`enabled = false`); nothing was called."""


MEANINGS: Final[dict[Status, str]] = {
    Status.NO_RESPONSE: "no response came from the web service in time",
    Status.INVOKING: "error while calling the web service",
    Status.SENDING: "error while sending the response",
    Status.RECEIVING_DISCARDED: "error receiving the callout message; it is discarded",
    Status.RECEIVING_REROUTED: "error receiving the callout message; it is rerouted",
    Status.PARSING_DISCARDED: "error reading the callout message; it is discarded",
    Status.PARSING_REROUTED: "error reading the callout message; it is rerouted",
    Status.RETAINING: "error while handing the callout message back",
    Status.NETWORK: "network error while calling the web service",
    Status.PORT_NOT_FOUND: "the WSDL has no such port",
    Status.PORT_NAME_EMPTY: "DFSPORTNAME has no value",
    Status.CONTROL_DATA_LENGTH: "the control data has a wrong length or form",
    Status.ENDPOINT_URL_EMPTY: "DFSENDPOINTURL has no value",
    Status.IP_ADDRESS: "the control data names an IP address that is none",
    Status.HOST_NAME: "the control data names a host name that is none",
    Status.NOT_ALLOWED: "the control data names a host that may not be called",
    Status.BAD_ADDRESS: "the control data names an address that cannot be called",
    Status.IDENTITY: "the call has no user that it may be made for",
    Status.CONVERTER_NAME: "DFSCNVTR names no converter",
    Status.RESPONSE_SIZE: "the response is too long for IMS",
    Status.STOPPED: "the service is stopped",
}


class Hope(IntEnum):
    """Whether the same call may succeed later; decides on the retries of an asynchronous callout."""

    NONE = 0
    """The same again ends the same: it becomes a dead letter at once."""
    LATER = 1
    """It may succeed later."""


@dataclass(eq=False)
class CalloutError(Exception):
    """A callout that failed.

    `text` goes to the program, and perhaps to whoever called it: it holds no secret, no payload of others and
    no address beyond the service's own. `private` goes to the log only.
    """

    status: Status
    text: str
    private: str = ""
    hope: Hope = Hope.NONE
    maybe_done: bool = False
    """The service may have acted on the request."""

    def __str__(self) -> str:
        return f"{self.status.value} {self.text}" + (f" [{self.private}]" if self.private else "")

    @property
    def response(self) -> str:
        """The text form of an error response: ``SOAP Gateway Error: 1001: ...``."""
        network = f"{NETWORK_MESSAGE}: " if self.status is Status.NETWORK else ""
        return f"{_ERROR}: {self.status.value}: {network}{self.text}"
