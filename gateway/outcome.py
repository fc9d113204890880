"""What is known after an error of IMS Connect or IMS: what became of the request, what the codes say. Values.

They stand below the errors, which carry them; `imsconnect.outcome` and `imsconnect.wire.meaning` find them.
"""

from dataclasses import dataclass
from enum import Enum
from typing import Literal


class Outcome(Enum):
    """What is known of the request that ended in an error."""

    NOT_SENT = "not-sent"
    """Nothing of it has left."""
    NOT_DONE = "not-done"
    """It was refused before IMS ran anything."""
    BACKED_OUT = "backed-out"
    """IMS ran it and has taken every change back."""
    DONE = "done"
    """IMS ran it and has committed it."""
    UNKNOWN = "unknown"
    """IMS may have run it, or may still run it. Never send it again without looking at what became of it."""


class Fault(Enum):
    """Who has to act before the same message can do better."""

    CLIENT = "client program"
    CREDENTIALS = "caller's credentials"
    """User, password, group or permission."""
    CONNECT = "IMS Connect operator"
    IMS = "IMS operator"
    NETWORK = "network"
    """The way between client, IMS Connect and IMS: TCP/IP, XCF or SCI."""
    NOBODY = "nobody"
    """It is no failure, or it passes by itself."""


class Retry(Enum):
    """Whether the message that was answered may be sent again.

    It speaks of that message alone. Where it was an ACK, NAK or DEALLOCATE, IMS has run the transaction before,
    and no code about it makes the transaction one that may be sent again.
    """

    NO = "no"
    """The same again gives the same, or there is nothing to repeat."""
    AGAIN = "again"
    """Nothing was executed; the same path may work later."""
    ELSEWHERE = "elsewhere"
    """Nothing was executed; another IMS Connect or data store may do it now, this one perhaps later."""
    UNKNOWN = "outcome unknown"
    """IMS may have run the transaction. Never send it again without looking at what became of it."""


@dataclass(frozen=True, slots=True)
class CodeMeaning:
    """What an RSM says, in words and as the facts a client acts on. Texts hold no message data."""

    name: str
    """IBM's name of the reason (DUPECLNT), or return and reason code as ``8/36``."""
    text: str
    client_action: str
    fault: Fault
    """Who has to act."""
    retry: Retry
    """Whether the message that this RSM answers may be sent again."""
    sign_on_failed: bool = False
    """User, password or group were not accepted."""
    socket_closed: bool = True
    """IMS Connect closes the socket after this RSM, whatever the socket type."""
    timeout: bool = False
    """IMS did not answer within IRM_TIMER."""
    deallocate: Literal["confirmed", "aborted"] | None = None
    """Reason 97 or 98: the transaction was committed or backed out."""
