"""Input messages: LLLL, IRM, data, end marker X'00040000', between bytes and frozen records.

Source: Format of fixed portion of IRM in messages sent to IMS Connect; Format of user portion of IRM for
HWSSMPL0, HWSSMPL1, and user-written message exit routines; Returning callout responses to IMS.
"""

from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from functools import partial
from typing import Final

from gateway.imsconnect.wire.errors import InputViolation, LocalProtocolError
from gateway.imsconnect.wire.flags import CARRIES_BLOCK, NEVER_ANSWERED
from gateway.imsconnect.wire.frame import LLLL, LLZZ, MAX_LLLL, MAX_SEGMENT, MIN_INPUT
from gateway.imsconnect.wire.header import NAME_LENGTH, Exit, find_exit
from gateway.imsconnect.wire.irm import IRM_ID, Irm, decode_irm, peek_verb
from gateway.imsconnect.wire.irm_encoding import encode_irm
from gateway.imsconnect.wire.rules import breach

END_MARKER: Final = b"\x00\x04\x00\x00"
"""An empty segment: the end of every input message."""

_Refuse = Callable[[str, int, int], InputViolation]


@dataclass(frozen=True, slots=True)
class InputMessage:
    """One message from client to IMS Connect. Data is as the wire has it, in whatever code the data is in."""

    irm: Irm
    segments: tuple[bytes, ...] = field(default=(), repr=False)
    """Segment data without LL and ZZ; the first begins with the transaction code."""
    block: bytes | None = field(default=None, repr=False)
    """Data of a callout response (verbs L and M), without its LLLL."""


def encode_input(message: InputMessage) -> bytes:
    """Return the message as bytes, LLLL to end marker. Raises LocalProtocolError when it has no valid form."""
    found = breach(message)
    if found:
        raise LocalProtocolError(found.reason)
    parts = [encode_irm(message.irm), *map(encode_segment, message.segments)]
    if message.block is not None:
        parts.append((LLLL + len(message.block)).to_bytes(4) + message.block)
    parts.append(END_MARKER)
    total = LLLL + sum(map(len, parts))
    if total > MAX_LLLL:
        raise LocalProtocolError(f"a message of {total} bytes is longer than LLLL can say")
    return b"".join((total.to_bytes(4), *parts))


def encode_segment(data: bytes) -> bytes:
    """Return `data` with LL and ZZ in front. Raises LocalProtocolError when it is empty or too long."""
    if not data:
        raise LocalProtocolError("an empty segment would be the end marker")
    length = LLZZ + len(data)
    if length > MAX_SEGMENT:
        raise LocalProtocolError(f"a segment of {length} bytes is longer than {MAX_SEGMENT}")
    return length.to_bytes(2) + bytes(2) + data


def decode_input(data: bytes, exits: Collection[Exit] = frozenset(Exit)) -> InputMessage:
    """Return the message that `data` is, exactly, for one of the loaded `exits`.

    Raises InputViolation with the answer IMS Connect would give.
    """
    known = find_exit(data[IRM_ID : IRM_ID + NAME_LENGTH])
    if known is None or known[0] not in exits:
        raise InputViolation("IRM_ID names no message exit", 4, 9)
    silent = peek_verb(data, known[1]) in NEVER_ANSWERED
    refuse = partial(InputViolation, exit=known[0], code=known[1], silent=silent)
    length = int.from_bytes(data[:LLLL])
    if length != len(data) or length < MIN_INPUT:
        raise refuse(f"LLLL {length} of a message of {len(data)} bytes", 4, 7)
    irm, start = decode_irm(data, *known, refuse)
    if irm.verb in CARRIES_BLOCK:
        message = InputMessage(irm, block=_read_block(data, start, refuse))
    else:
        message = InputMessage(irm, _read_segments(data, start, refuse))
    found = breach(message)
    if found:
        raise refuse(found.reason, found.return_code, found.reason_code)
    return message


def _read_segments(data: bytes, start: int, refuse: _Refuse) -> tuple[bytes, ...]:
    segments: list[bytes] = []
    position = start
    while data[position : position + LLZZ] != END_MARKER:
        length = int.from_bytes(data[position : position + 2])
        if length > MAX_SEGMENT:
            raise refuse(f"LL X'{length:04X}' at offset {position} is negative", 4, 5)
        if position + LLZZ > len(data) or position + length > len(data):
            raise refuse(f"LLLL ends inside the segment at offset {position}", 4, 7)
        if length < LLZZ or data[position + 2 : position + LLZZ] != b"\x00\x00":
            raise refuse(f"the segment at offset {position} has LL {length} or a ZZ that is not zero", 4, 9)
        segments.append(data[position + LLZZ : position + length])
        position += length
    if position + LLZZ != len(data):
        raise refuse(f"{len(data) - position - LLZZ} bytes follow the end marker", 4, 7)
    return tuple(segments)


def _read_block(data: bytes, start: int, refuse: _Refuse) -> bytes | None:
    if data[start:] == END_MARKER:
        return None
    length = int.from_bytes(data[start : start + LLLL])
    if length < LLLL:
        raise refuse(f"LLLL {length} of the data block", 4, 9)
    if data[start + length :] != END_MARKER:
        raise refuse("the data block does not end at the end marker", 4, 7)
    return data[start + LLLL : start + length]
