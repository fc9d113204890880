"""Return, reason, sense, RACF and XML adapter codes of IMS Connect, as data with words.

Source: HWSSMPL0 and HWSSMPL1 return and reason codes; Return and reason codes for IMS Connect exits; OTMA sense codes
for NAK messages; HWSSOAP1 return and reason codes; XML adapter return and reason codes.
"""

from dataclasses import dataclass
from typing import Literal

from gateway.imsconnect.wire.output import Rsm


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What an RSM says, in words and as the facts a client acts on."""

    name: str
    """IBM's name of the reason (DUPECLNT), or the return code's subject."""
    text: str
    client_action: str
    sign_on_failed: bool = False
    """User, password or group were not accepted."""
    socket_closed: bool = True
    """IMS Connect closes the socket after this RSM."""
    timeout: bool = False
    """IMS did not answer within IRM_TIMER."""
    deallocate: Literal["confirmed", "aborted"] | None = None
    """Reason 97 or 98: the transaction was committed or backed out."""


def describe(rsm: Rsm) -> CodeMeaning:
    """Return what the RSM means; an unknown code is described as unknown, never an error."""
    raise LookupError(rsm)
