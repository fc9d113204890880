"""Flag bytes, socket types and message types of the IRM, under IBM's names.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM for
HWSSMPL0, HWSSMPL1, and user-written message exit routines; IMS Connect protocol level.
"""

from enum import IntEnum, IntFlag
from typing import Final

from gateway.imsconnect.wire.member import Member


class F0(IntFlag):
    """IRM_F0, communication flags."""

    NONE = 0x00
    SYNONLY = 0x80
    """RESUME TPIPE returns synchronous callout requests only (needs IRM_ARCH 3)."""
    SYNASYN = 0x40
    """RESUME TPIPE returns synchronous callout requests and asynchronous output (needs IRM_ARCH 3)."""
    SYNCNAK = 0x20
    """NAK: keep the message on the queue. Callout response: an error without a reason code."""
    NAKRSN = 0x10
    """IRM_NAK_RSNCDE is valid."""
    EXTENS = 0x04
    """IRM extensions are present (needs IRM_ARCH 5)."""
    XMLD = 0x02
    """XML holds data only; the transaction code is in IRM_TRNCOD."""
    XMLTD = 0x01
    """XML holds transaction code and data."""


class F1(IntFlag):
    """IRM_F1, what the client asks for."""

    NONE = 0x00
    MFSREQ = 0x80
    """Return the MFS MOD name (RMM)."""
    CIDREQ = 0x40
    """Return the client id (GENCID)."""
    UC = 0x20
    """Message data is Unicode, see IRM_ES."""
    UCTC = 0x10
    """The transaction code is Unicode, see IRM_ES."""
    SOARSP = 0x04
    """Send-only with acknowledgment: no text in the answer."""
    NOWAIT = 0x02
    """Commit mode 0: the ACK is not answered (with IRM_TIMER X'E9' and protocol level 2)."""
    TRNEXP = 0x01
    """The transaction expires after the time of IRM_TIMER."""


class F2(IntFlag):
    """IRM_F2, commit mode."""

    NONE = 0x00
    CM0 = 0x40
    """Commit-then-send."""
    CM1 = 0x20
    """Send-then-commit."""
    SENDALTP = 0x02  # unverified: ALTPCB output may be returned to the waiting client (IMS 14 and later)
    GENCLID = 0x01
    """IMS Connect generates a unique client id."""


class F3(IntFlag):
    """IRM_F3, synchronization level and delivery."""

    NONE = 0x00
    CANCID = 0x80
    """A session with this client id is cancelled in favour of this one."""
    DFS2082 = 0x40
    """Commit mode 0: DFS2082 comes when the application ends without a reply."""
    IPURG = 0x20
    """PURG calls are ignored for commit mode 0 output of several segments."""
    ORDER = 0x10
    """Send-only in order."""
    REROUT = 0x08
    """Undeliverable commit mode 0 output goes to the reroute tpipe."""
    PURGE = 0x04
    """Undeliverable commit mode 0 output is discarded. With REROUT neither happens (DFS2407W)."""
    SYNCPT = 0x02
    """Synchronization level SYNCPT."""
    SYNCONF = 0x01
    """Synchronization level CONFIRM; with neither bit the level is NONE."""


class F5(IntFlag):
    """IRM_F5, who builds headers and translates, and the RESUME TPIPE option."""

    NONE = 0x00
    OTMA = 0x80
    """The client built the OTMA headers."""
    NOTRANS = 0x40
    """The client translated; the exit does not."""
    SWAIT = 0x10
    """RESUME TPIPE: one message, waiting for it."""
    XID = 0x08
    """An X/Open XID follows the fixed portion."""
    NOAUTO = 0x04
    """RESUME TPIPE: all messages queued now, one at a time."""
    AUTO = 0x02
    """RESUME TPIPE: all messages queued now and later."""
    ONE = 0x01
    """RESUME TPIPE: one message, without waiting."""


class F6(IntFlag):
    """IRM_F6, RESUME TPIPE with network security (IMS 15, IRM_ARCH 5)."""

    NONE = 0x00
    NWSE = 0x80
    """Return NETSID and NETUID segments."""


class SocketType(IntEnum):
    """IRM_SOCT: how long the connection lives."""

    TRANSACTION = 0x00
    """For one transaction with its acknowledgment, or one conversation."""
    PERSISTENT = 0x10
    """Until either side disconnects."""
    NON_PERSISTENT = 0x40
    """One input, one output."""


class Verb(Member):
    """IRM_F4, the kind of message. A character in the header's code, so the blank is X'40' or X'20'."""

    SEND_RECEIVE = " "
    ACK = "A"
    CANCEL_TIMER = "C"
    DEALLOCATE = "D"
    SEND_ONLY_ERROR = "J"
    """Send-only; only an error of IMS Connect is answered (IMS 15)."""
    SEND_ONLY_ACK = "K"
    CALLOUT_RESPONSE_ACK = "L"
    CALLOUT_RESPONSE = "M"
    NAK = "N"
    RESUME_TPIPE = "R"
    SEND_ONLY = "S"


CARRIES_SEGMENTS: Final = frozenset(
    {Verb.SEND_RECEIVE, Verb.SEND_ONLY, Verb.SEND_ONLY_ACK, Verb.SEND_ONLY_ERROR}
)
"""Messages whose IRM is followed by LLZZ segments."""
CARRIES_BLOCK: Final = frozenset({Verb.CALLOUT_RESPONSE, Verb.CALLOUT_RESPONSE_ACK})
"""Messages whose IRM is followed by one LLLL block (Returning callout responses to IMS)."""
NEVER_ANSWERED: Final = frozenset({Verb.SEND_ONLY, Verb.CALLOUT_RESPONSE})
"""Messages that get no answer, not even an RSM."""

UNICODE_ENCODINGS: Final = frozenset({0x01, 0x02})
"""IRM_ES: UTF-8 and UTF-16. unverified: the numbers come from one client's source."""
