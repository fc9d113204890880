"""Output messages: {LLLL} COR? RMM? GENCID? NETSID?/NETUID? CTLDAT? data CSM, or one RSM.

Source: Format of the request mod message / returned client ID message / correlation token for synchronous callout
messages / returned network security segments / callout control data in the message / complete status message /
request status message.
"""

from dataclasses import dataclass, field
from enum import IntFlag

from gateway.imsconnect.wire.header import Exit, HeaderCode


class CsmFlags(IntFlag):
    """CSM_FLG1."""

    ASYNC_QUEUED = 0x80
    """Asynchronous output waits in IMS for this client."""
    CONVERSATION = 0x40
    """The conversation is open."""
    ACK_NEEDED = 0x20
    """ACK or NAK is required."""
    LEVEL_VALID = 0x10
    """CSM_PRLVLFLG is valid."""


class RsmFlags(IntFlag):
    """RSM_FLG1."""

    ASYNC_QUEUED = 0x80
    CONVERSATION = 0x40
    ACK_NEEDED = 0x20


@dataclass(frozen=True, slots=True)
class Csm:
    """Complete status message: the end of every successful output."""

    flags: CsmFlags = CsmFlags(0)
    level: int = 0
    """CSM_PRLVLFLG: 2 allows ACK without waiting, 3 means RACF codes in the RSM."""

    @property
    def protocol_level(self) -> int:
        """The protocol level, 0 when the byte is not valid."""
        return self.level if CsmFlags.LEVEL_VALID in self.flags else 0


@dataclass(frozen=True, slots=True)
class Rsm:
    """Request status message: the answer when there is no output."""

    return_code: int
    reason_code: int
    racf_or_otma: int = 0
    """RSM_RACFRC after a RACF failure, RSM_OTMRSN beside a sense code."""
    flags: RsmFlags = RsmFlags(0)
    xml_adapter: bool = False
    """The id is ``*XADPST*``: the XML adapter's status, with its own codes."""


@dataclass(frozen=True, slots=True)
class NetworkSegment:
    """Network session id or user id of whoever started the transaction: ``*NETSID*`` or ``*NETUID*``."""

    id: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutputMessage:
    """One message from IMS Connect to the client; exactly one of `csm` and `rsm` is set, an RSM stands alone."""

    segments: tuple[bytes, ...] = field(default=(), repr=False)
    """Segment data without LL and ZZ."""
    block: bytes | None = field(default=None, repr=False)
    """Data of a synchronous callout request, without its LLLL."""
    csm: Csm | None = None
    rsm: Rsm | None = None
    mod_name: str | None = None
    client_id: str | None = None
    correlation_token: bytes | None = None
    """40 opaque bytes; present means: a synchronous callout request."""
    network: tuple[NetworkSegment, ...] = ()
    control_data: tuple[bytes, ...] = field(default=(), repr=False)
    """Sections ``<tag>data</tag>`` of a callout request, in the header's code."""


def encode_output(message: OutputMessage, exit: Exit, code: HeaderCode) -> bytes:  # noqa: A002 - IBM's word
    """Return the message as the exit sends it. Raises LocalProtocolError when it has no valid form."""
    raise LookupError(message, exit, code)


def decode_output(data: bytes, exit: Exit, code: HeaderCode) -> OutputMessage:  # noqa: A002 - IBM's word
    """Return the message that `data` is, exactly. Raises RemoteProtocolError for anything else."""
    raise LookupError(data, exit, code)
