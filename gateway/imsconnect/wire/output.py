"""Output messages: {LLLL} COR? RMM? GENCID? NETSID?/NETUID? CTLDAT? data CSM, or one RSM.

Source: Format of the request mod message / returned client ID message / correlation token for synchronous
callout messages / returned network security segments / callout control data in the message / complete status
message / request status message.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntFlag
from functools import lru_cache
from typing import Final

from gateway.imsconnect.wire.control_data import encode_control_data, read_control_data
from gateway.imsconnect.wire.errors import LocalProtocolError, RemoteProtocolError
from gateway.imsconnect.wire.frame import (
    LLLL,
    LLZZ,
    MAX_SEGMENT,
    OPTIONAL,
    STRUCTURE_HEADER,
    Kind,
    ReplyFrame,
    Structure,
)
from gateway.imsconnect.wire.header import Exit, HeaderCode

TOKEN_LENGTH: Final = 40
NETWORK_HEADER: Final = 16
"""LL, reserved, id, reserved of NETSID and NETUID."""
_NETWORK: Final = frozenset({Kind.NETSID, Kind.NETUID})


class CsmFlags(IntFlag):
    """CSM_FLG1."""

    NONE = 0x00
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

    NONE = 0x00
    ASYNC_QUEUED = 0x80
    CONVERSATION = 0x40
    ACK_NEEDED = 0x20


@dataclass(frozen=True, slots=True)
class Csm:
    """Complete status message: the end of every successful output."""

    flags: CsmFlags = CsmFlags.NONE
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
    flags: RsmFlags = RsmFlags.NONE
    xml_adapter: bool = False
    """The id is ``*XADPST*``: the XML adapter's status, with its own codes."""


@dataclass(frozen=True, slots=True)
class NetworkSegment:
    """Network session id or user id of whoever started the transaction: ``*NETSID*`` or ``*NETUID*``."""

    id: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class OutputMessage:
    """One message from IMS Connect to the client: exactly one of `csm` and `rsm`; an RSM stands alone.

    Raises LocalProtocolError when made otherwise.
    """

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
    control_rest: bytes = field(default=b"", repr=False)
    """What follows the sections in the control data and is none; as it stands there."""

    def __post_init__(self) -> None:
        problem = self._problem()
        if problem:
            raise LocalProtocolError(problem)

    def _problem(self) -> str | None:
        named = self.mod_name is not None or self.client_id is not None
        token = self.correlation_token
        if (self.csm is None) == (self.rsm is None):
            return "an output message has either a CSM or an RSM"
        if self.rsm and (self.segments or self.network or named or token is not None):
            return "an RSM stands alone"
        if token is None and (self.block is not None or self.control_data or self.control_rest):
            return "a data block and control data come with a correlation token only"
        if token is not None and (self.segments or self.block is None):
            return "a callout request has a data block and no segments"
        if token is not None and len(token) != TOKEN_LENGTH:
            return f"a correlation token has {TOKEN_LENGTH} bytes"
        return None


def encode_output(
    message: OutputMessage,
    exit: Exit,  # noqa: A002 - IBM's word
    code: HeaderCode,
) -> bytes:
    """Return the message as the exit sends it. Raises LocalProtocolError when a value does not fit."""
    try:
        body = b"".join(_structures(message, code))
    except (ValueError, OverflowError) as error:
        raise LocalProtocolError(str(error)) from None
    return (LLLL + len(body)).to_bytes(4) + body if exit.reply_has_length else body


def _structures(message: OutputMessage, code: HeaderCode) -> Iterator[bytes]:
    yield from _prefixes(message, code)
    if message.block is not None:
        yield (LLLL + len(message.block)).to_bytes(4) + message.block
    for data in message.segments:
        if LLZZ + len(data) > MAX_SEGMENT:
            raise ValueError(f"a segment of {LLZZ + len(data)} bytes is longer than {MAX_SEGMENT}")
        yield (LLZZ + len(data)).to_bytes(2) + bytes(2) + data
    if message.csm:
        yield _structure(Kind.CSM.value, b"", code, message.csm.flags, message.csm.level)
    if message.rsm:
        yield _rsm(message.rsm, code)


def _prefixes(message: OutputMessage, code: HeaderCode) -> Iterator[bytes]:
    if message.correlation_token is not None:
        yield _structure(Kind.COR.value, message.correlation_token, code)
    if message.mod_name is not None:
        yield _structure(Kind.RMM.value, code.encode(message.mod_name), code)
    if message.client_id is not None:
        yield _structure(Kind.GENCID.value, code.encode(message.client_id), code)
    for network in message.network:
        yield _structure(network.id, bytes(4) + network.data, code)
    if message.control_data or message.control_rest:
        yield encode_control_data(message.control_data, code, message.control_rest)


def _structure(name: str, data: bytes, code: HeaderCode, byte_2: int = 0, byte_3: int = 0) -> bytes:
    length = STRUCTURE_HEADER + len(data)
    return length.to_bytes(2) + byte_2.to_bytes(1) + byte_3.to_bytes(1) + code.encode(name) + data


def _rsm(rsm: Rsm, code: HeaderCode) -> bytes:
    kind = Kind.XADPST if rsm.xml_adapter else Kind.RSM
    codes = rsm.return_code.to_bytes(4) + rsm.reason_code.to_bytes(4)
    return _structure(kind.value, codes, code, rsm.flags, rsm.racf_or_otma)


def decode_output(
    data: bytes,
    exit: Exit,  # noqa: A002 - IBM's word
    code: HeaderCode,
    expected: frozenset[Kind] = OPTIONAL,
) -> OutputMessage:
    """Return the message that `data` is, exactly. Raises RemoteProtocolError for anything else.

    `expected` names the optional structures the request asked for; others are taken for data.
    """
    frame = ReplyFrame(exit, code, len(data), expected)
    structures = frame.feed(data)
    if structures is None:
        raise RemoteProtocolError(f"the message is not complete after {len(data)} bytes")
    return read_output(frame.buffer, structures, code)


def read_output(buffer: bytearray, structures: list[Structure], code: HeaderCode) -> OutputMessage:
    """Return the message whose `structures` were found in `buffer`. Raises RemoteProtocolError."""
    *before, last = structures
    if last.kind is Kind.CSM and all(s.kind is Kind.SEGMENT for s in before):
        # a program's output and nothing beside it, as nearly all is
        plain = tuple([bytes(buffer[s.start + LLZZ : s.end]) for s in before])
        return OutputMessage(plain, csm=_csm(buffer[last.start + 2], buffer[last.start + 3]))
    by_kind: dict[Kind, bytes] = {
        s.kind: bytes(buffer[s.start : s.end]) for s in structures if s.kind is not Kind.SEGMENT
    }
    status = by_kind[last.kind]
    if last.kind is not Kind.CSM:
        return OutputMessage(rsm=_read_rsm(last.kind, status))
    token = by_kind.get(Kind.COR)
    if token is not None and Kind.BLOCK not in by_kind:
        raise RemoteProtocolError("a callout request without a data block")
    control_data, control_rest = read_control_data(by_kind.get(Kind.CTLDAT), code)
    return OutputMessage(
        segments=tuple([bytes(buffer[s.start + LLZZ : s.end]) for s in before if s.kind is Kind.SEGMENT]),
        block=by_kind[Kind.BLOCK][LLLL:] if token is not None else None,
        csm=_csm(status[2], status[3]),
        mod_name=_name(by_kind.get(Kind.RMM), code),
        client_id=_name(by_kind.get(Kind.GENCID), code),
        correlation_token=None if token is None else token[STRUCTURE_HEADER:],
        network=tuple([NetworkSegment(k.value, by_kind[k][NETWORK_HEADER:]) for k in by_kind if k in _NETWORK]),
        control_data=control_data,
        control_rest=control_rest,
    )


@lru_cache(maxsize=64)
def _csm(flags: int, level: int) -> Csm:
    """Return the CSM of these bytes; an IMS Connect sends few different ones."""
    return Csm(CsmFlags(flags), level)


def _read_rsm(kind: Kind, data: bytes) -> Rsm:
    return Rsm(
        return_code=int.from_bytes(data[12:16]),
        reason_code=int.from_bytes(data[16:20]),
        racf_or_otma=data[3],
        flags=RsmFlags(data[2]),
        xml_adapter=kind is Kind.XADPST,
    )


def _name(structure: bytes | None, code: HeaderCode) -> str | None:
    if structure is None:
        return None
    try:
        return code.decode(structure[STRUCTURE_HEADER:])
    except ValueError:
        raise RemoteProtocolError("a name in the reply is not text") from None
