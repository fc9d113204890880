"""Captured bytes cut into messages: who sent each, for which exit, in which code."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Final

from gateway.imsconnect.wire.anatomy import IRM_IDS, SHORTEST_IRM, Field, looks_like_request
from gateway.imsconnect.wire.anatomy_input import input_anatomy
from gateway.imsconnect.wire.anatomy_output import output_anatomy
from gateway.imsconnect.wire.errors import RemoteProtocolError
from gateway.imsconnect.wire.frame import LLLL, MAX_SEGMENT, MIN_OUTPUT, STATUS, StructureScanner
from gateway.imsconnect.wire.header import NAME_LENGTH, Exit, HeaderCode
from gateway.imsconnect.wire.irm import IRM_ID
from gateway.imsconnect.wire.message import END_MARKER


class Sender(Enum):
    """Who sent a message."""

    CLIENT = "client"
    IMS_CONNECT = "ims-connect"


@dataclass(frozen=True, slots=True)
class Told:
    """What is known of the bytes beforehand; None: nothing."""

    sender: Sender | None = None
    exit: Exit | None = None
    code: HeaderCode | None = None


@dataclass(frozen=True, slots=True)
class Captured:
    """One message of a capture. `data` is as it was captured, with the password in it; `fields` hides it."""

    offset: int
    """In the capture."""
    data: bytes = field(repr=False)
    sender: Sender
    exit: Exit
    """Of a client's message: what a reply to it comes from; HWSSMPL1 for exits that are not known."""
    code: HeaderCode
    certain: bool
    """The sender was told, and nothing speaks against it."""

    def fields(self) -> Iterator[Field]:
        """Yield what the message says, byte by byte; never raises."""
        if self.sender is Sender.CLIENT:
            return input_anatomy(self.data)
        return output_anatomy(self.data, self.exit, self.code, certain=self.certain)


_STATUS_IDS: Final = {kind.value.encode(code.value): code for kind in STATUS for code in HeaderCode}
_ANY_STATUS: Final = re.compile(b"|".join(map(re.escape, _STATUS_IDS)))
_EXITS: Final = {exit_.name: exit_ for exit_ in Exit}


def captured(data: bytes, told: Told = Told()) -> Iterator[Captured]:
    """Yield the messages that `data` is, one after the other; the last takes what is left. Linear in `data`.

    A client's message shows by IRM_ID, by what else an IRM begins with, or by its end marker; a reply by its
    status message. The exit and code of the latest client's message are taken for those of a reply that does
    not show them itself.
    """
    buffer, position, known = bytearray(data), 0, told
    while position < len(data):
        seems = _sender(data, position)
        sender = told.sender or seems
        if sender is Sender.CLIENT:
            found = _from_client(data, position, told)
            known = Told(None, told.exit or found.exit, told.code or found.code)
        else:
            found = _from_ims_connect(buffer, position, known, told)
        found = replace(found, certain=told.sender is seems)
        yield found
        position += len(found.data)


def _sender(data: bytes, position: int) -> Sender:
    head = data[position : position + SHORTEST_IRM]
    end = position + int.from_bytes(head[:LLLL])
    if end - position >= MIN_OUTPUT and data[end - NAME_LENGTH : end] in _STATUS_IDS:
        return Sender.IMS_CONNECT
    if head[IRM_ID : IRM_ID + NAME_LENGTH] in IRM_IDS:
        return Sender.CLIENT
    marked = end - position >= SHORTEST_IRM and data[end - len(END_MARKER) : end] == END_MARKER
    # of HWSSMPL0, whose replies begin with LL, hardly one begins with two zero bytes
    likely = head.startswith(b"\x00\x00") and looks_like_request(head)
    return Sender.CLIENT if marked or likely else Sender.IMS_CONNECT


def _from_client(data: bytes, position: int, told: Told) -> Captured:
    total = int.from_bytes(data[position : position + LLLL])
    # a length that leaves no room for IRM_ID says nothing of where the next message begins
    end = position + total if total >= IRM_ID + NAME_LENGTH else len(data)
    irm_id = data[position + IRM_ID : position + IRM_ID + NAME_LENGTH]
    name, code = IRM_IDS.get(irm_id, ("", told.code or HeaderCode.EBCDIC))
    exit_ = _EXITS.get(name, told.exit or Exit.HWSSMPL1)
    return Captured(position, data[position:end], Sender.CLIENT, exit_, code, certain=False)


def _from_ims_connect(buffer: bytearray, position: int, known: Told, told: Told) -> Captured:
    exit_ = told.exit or _exit(buffer, position, known.exit)
    end = len(buffer)
    if exit_.reply_has_length:
        total = int.from_bytes(buffer[position : position + LLLL])
        end = min(end, position + total) if total >= MIN_OUTPUT else end
        code = told.code or _status_at(buffer, end - NAME_LENGTH) or _code(buffer, position, end, known.code)
    else:
        code = told.code or known.code or _code(buffer, position, end, None)
        end = _end_by_status(buffer, position, code)
    piece = bytes(buffer[position:end])
    return Captured(position, piece, Sender.IMS_CONNECT, exit_, code, certain=False)


def _exit(buffer: bytearray, position: int, known: Exit | None) -> Exit:
    """Tell by the first bytes whether a reply has LLLL (HWSSMPL1) or begins with a structure (HWSSMPL0)."""
    total = int.from_bytes(buffer[position : position + LLLL])
    end = position + total
    if MIN_OUTPUT <= total <= len(buffer) - position and (
        _status_at(buffer, end - NAME_LENGTH) or _status_at(buffer, position + IRM_ID)
    ):
        return known if known is not None and known.reply_has_length else Exit.HWSSMPL1
    first = int.from_bytes(buffer[position : position + 2])
    if LLLL <= first <= MAX_SEGMENT:
        return known or Exit.HWSSMPL0
    return known if known is not None and known.reply_has_length else Exit.HWSSMPL1


def _status_at(buffer: bytearray, position: int) -> HeaderCode | None:
    return _STATUS_IDS.get(bytes(buffer[position : position + NAME_LENGTH]))


def _code(buffer: bytearray, position: int, end: int, known: HeaderCode | None) -> HeaderCode:
    """Return the code of the first status id there is; else the one that is known."""
    match = _ANY_STATUS.search(buffer, position, end)
    return _STATUS_IDS[match.group()] if match else known or HeaderCode.EBCDIC


def _end_by_status(buffer: bytearray, position: int, code: HeaderCode) -> int:
    try:
        end = StructureScanner(code, start=position).advance(buffer)
    except RemoteProtocolError:
        end = None
    return len(buffer) if end is None else end


def foreign(data: bytes) -> str | None:
    """Return what these bytes are when they are no messages of IMS Connect at all, as far as that shows."""
    if data[:1] in {b"\x14", b"\x15", b"\x16", b"\x17"} and data[1:2] == b"\x03":
        return "TLS records: decrypt them first"
    if re.match(rb"[A-Z]{3,7} \S+ HTTP/|HTTP/\d", data):
        return "HTTP"
    return None
