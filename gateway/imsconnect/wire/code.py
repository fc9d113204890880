"""What is known of one code: its words, who has to act, and whether the same may be sent again."""

from dataclasses import dataclass
from enum import Enum


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
class Code:
    """A reason, sense, RACF, adapter or AIB code; `name` is IBM's, empty where there is none."""

    text: str
    action: str
    fault: Fault
    retry: Retry
    name: str = ""
    sign_on_failed: bool = False
    """User, password or group were not accepted."""
    beside: tuple[int, ...] = (8,)
    """Of a reason code: the return codes it is usually seen with."""


@dataclass(frozen=True, slots=True)
class ReturnCode:
    """A return code of the RSM; its words hold where no reason, sense or adapter code says more."""

    text: str
    action: str
    fault: Fault
    retry: Retry
    closes: bool = True
    """IMS Connect closes the socket after it."""
    timer: bool = False
    """The reason code is the IRM_TIMER value in effect."""
