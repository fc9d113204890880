"""Where messages begin and end in a stream of bytes, within a bound.

Source: Examples of message structures in a simple interaction; Format of synchronous callout messages.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

from gateway.imsconnect.wire.errors import InputViolation, RemoteProtocolError
from gateway.imsconnect.wire.header import NAME_LENGTH, Exit, HeaderCode, find_exit
from gateway.imsconnect.wire.member import Member

LLLL: Final = 4
LL: Final = 2
LLZZ: Final = 4
IRM_ID: Final = 8
IRM_ID_END: Final = IRM_ID + NAME_LENGTH
STRUCTURE_HEADER: Final = 12
"""LL, two more bytes and the id; for CTLDAT the four bytes LLLL and the id."""
MIN_INPUT: Final = 88
"""Shortest input message of HWSSMPL0 and HWSSMPL1: LLLL, IRM of 80 bytes, end marker."""
MIN_OUTPUT: Final = 16
"""Shortest output message with LLLL: a CSM alone."""
MAX_LLLL: Final = 0x7FFFFFFF
MAX_SEGMENT: Final = 0x7FFF  # unverified: the exact limit of LL; IBM speaks of 32 KB
"""Longest segment with LL and ZZ."""
MAX_STRUCTURES: Final = 100_000
"""Structures in one output message, so that a flood of empty segments costs no more memory than their bytes."""


class InputFrames:
    """Cuts input messages out of what a client sends. IRM_ID is judged as soon as it is there."""

    def __init__(self, max_message: int, exits: frozenset[Exit]) -> None:
        self._max_message = max_message
        self._exits = exits
        self._buffer = bytearray()

    @property
    def pending(self) -> int:
        """Bytes held."""
        return len(self._buffer)

    @property
    def held(self) -> bytes:
        """The bytes held."""
        return bytes(self._buffer)

    def feed(self, data: bytes) -> None:
        """Hold `data` behind what is there. Raises nothing; see `overfull`."""
        self._buffer += data

    @property
    def overfull(self) -> bool:
        """Tell whether more is held than the longest message; meant for times when `next` is not called."""
        return len(self._buffer) > self._max_message

    def next(self) -> bytes | None:
        """Return the next complete message, None when bytes are missing. Raises InputViolation."""
        if len(self._buffer) < LLLL:
            return None
        length = int.from_bytes(self._buffer[:LLLL])
        if length < IRM_ID_END:
            raise InputViolation(f"LLLL {length} leaves no room for IRM_ID", 4, 7)
        if len(self._buffer) < IRM_ID_END:
            return None
        self._judge(length)
        if len(self._buffer) < length:
            return None
        message = bytes(self._buffer[:length])
        del self._buffer[:length]
        return message

    def _judge(self, length: int) -> None:
        known = find_exit(bytes(self._buffer[IRM_ID:IRM_ID_END]))
        if known is None or known[0] not in self._exits:
            raise InputViolation("IRM_ID names no message exit", 4, 9)
        found, code = known
        if length > MAX_LLLL:
            raise InputViolation(f"LLLL X'{length:08X}' is negative", 4, 5, exit=found, code=code)
        if length > self._max_message:
            reason = f"LLLL {length} is more than {self._max_message} bytes"
            raise InputViolation(reason, 4, 4, exit=found, code=code)
        if length < MIN_INPUT:
            raise InputViolation(f"LLLL {length} is less than {MIN_INPUT}", 4, 7, exit=found, code=code)


class Kind(Member):
    """Structures of an output message; the value is the id where there is one."""

    COR = "*CORTKN*"
    RMM = "*REQMOD*"
    GENCID = "*GENCID*"
    NETSID = "*NETSID*"
    NETUID = "*NETUID*"
    CTLDAT = "*CTLDAT*"
    CSM = "*CSMOKY*"
    RSM = "*REQSTS*"
    XADPST = "*XADPST*"
    SEGMENT = ""
    BLOCK = "LLLL"


FIXED_LENGTHS: Final = {
    Kind.COR: 52,
    Kind.RMM: 20,
    Kind.GENCID: 20,
    Kind.CSM: 12,
    Kind.RSM: 20,
    Kind.XADPST: 20,
}
MIN_LENGTHS: Final = {
    Kind.NETSID: 16,
    Kind.NETUID: 16,
    Kind.CTLDAT: 16,
    Kind.SEGMENT: LLZZ,
    Kind.BLOCK: LLLL,
}
STATUS: Final = frozenset({Kind.CSM, Kind.RSM, Kind.XADPST})
ALONE: Final = frozenset({Kind.RSM, Kind.XADPST})
PREFIXES: Final = frozenset({Kind.RMM, Kind.GENCID, Kind.NETSID, Kind.NETUID, Kind.CTLDAT})
"""Structures before the data, each once. unverified: NETSID and NETUID may stand anywhere among them."""
OPTIONAL: Final = PREFIXES | {Kind.COR}
"""Structures that come only when the request asked for them."""
_DATA: Final = frozenset({Kind.SEGMENT, Kind.BLOCK})
_BY_LLLL: Final = frozenset({Kind.BLOCK, Kind.CTLDAT})
"""Structures whose length has four bytes."""
_WITH_ID: Final = tuple(kind for kind in Kind if kind not in _DATA)


@dataclass(frozen=True, slots=True)
class Structure:
    """One structure: what it is, and where in the buffer it starts and ends."""

    kind: Kind
    start: int
    end: int


@cache
def _ids(code: HeaderCode, expected: frozenset[Kind]) -> Mapping[bytes, Kind]:
    """Return the structures that may come, by their ids as they stand in the message."""
    return {
        kind.value.encode(code.value): kind for kind in _WITH_ID if kind not in OPTIONAL or kind in expected
    }


class StructureScanner:
    """Walks the structures of one output message up to its CSM or RSM, as its bytes come in.

    With `end` (the message has LLLL) only a structure that ends there can be the status, so a data segment may
    say ``*CSMOKY*``; without it the first such structure is the end. `expected` names the optional structures
    that the request asked for; any other is taken for data.
    """

    def __init__(
        self, code: HeaderCode, expected: frozenset[Kind] = OPTIONAL, *, start: int = 0, end: int | None = None
    ) -> None:
        self._ids = _ids(code, expected)
        self._position = start
        self._end = end
        self.found: list[Structure] = []
        self._callout = False
        self._in_data = False

    def advance(self, buffer: bytearray) -> int | None:
        """Go on with all the bytes so far; return the offset behind the status, None when bytes are missing.

        Raises RemoteProtocolError for a structure that cannot be.
        """
        while True:
            kind = self._identify(buffer)
            if kind is None:
                return None
            length = self._length(buffer, kind)
            end = self._position + length
            if self._end is not None and end > self._end:
                raise RemoteProtocolError(f"a structure of {length} bytes reaches beyond LLLL")
            if len(buffer) < end:
                return None
            self._take(Structure(kind, self._position, end))
            if kind in STATUS:
                return end

    def _identify(self, buffer: bytearray) -> Kind | None:
        """Tell what stands at the position, None when too few bytes are there to tell."""
        at = self._position
        if self._end is not None and at >= self._end:
            raise RemoteProtocolError("the message ends without CSM or RSM")
        if len(buffer) < at + LLZZ:
            return None
        length = buffer[at] << 8 | buffer[at + 1]
        if not self._callout and length < STRUCTURE_HEADER:
            return Kind.SEGMENT
        # never deadlocks: every message ends in a status of twelve bytes or more
        if len(buffer) < at + STRUCTURE_HEADER:
            return None
        known = self._ids.get(bytes(buffer[at + STRUCTURE_HEADER - NAME_LENGTH : at + STRUCTURE_HEADER]))
        if known is not None and self._allowed(known, at, length):
            return known
        return Kind.BLOCK if self._callout else Kind.SEGMENT

    def _allowed(self, kind: Kind, at: int, length: int) -> bool:
        """Tell whether an id found here is one, and not the beginning of data."""
        if kind in ALONE:
            return not self.found and (self._end is None or at + length == self._end)
        if kind is Kind.CSM:
            return self._end is None or at + length == self._end
        if kind is Kind.COR:
            return not self.found
        if kind is Kind.CTLDAT and not self._callout:
            return False
        return not self._in_data

    def _length(self, buffer: bytearray, kind: Kind) -> int:
        at = self._position
        long = kind in _BY_LLLL
        length = int.from_bytes(buffer[at : at + LLLL]) if long else buffer[at] << 8 | buffer[at + 1]
        if length != FIXED_LENGTHS.get(kind, length) or length < MIN_LENGTHS.get(kind, 0):
            raise RemoteProtocolError(f"a structure {kind.name} of {length} bytes")
        return length

    def _take(self, structure: Structure) -> None:
        kind = structure.kind
        if kind in PREFIXES and any(kind is seen.kind for seen in self.found):
            raise RemoteProtocolError(f"a second structure {kind.name}")
        if kind is Kind.BLOCK and self._in_data:
            raise RemoteProtocolError("a callout request with more than its data block")
        if len(self.found) >= MAX_STRUCTURES:
            raise RemoteProtocolError(f"more than {MAX_STRUCTURES} structures in one message")
        self._callout = self._callout or kind is Kind.COR
        self._in_data = self._in_data or kind in _DATA
        self._position = structure.end
        self.found.append(structure)


class ReplyFrame:
    """Collects the bytes of one output message and knows when it is complete."""

    def __init__(
        self,
        exit: Exit,  # noqa: A002 - IBM's word
        code: HeaderCode,
        max_message: int,
        expected: frozenset[Kind] = OPTIONAL,
    ) -> None:
        self._has_length = exit.reply_has_length
        self._code, self._expected = code, expected
        self._max_message = max_message
        self._scanner = None if self._has_length else StructureScanner(code, expected)
        self.buffer = bytearray()

    def feed(self, data: bytes) -> list[Structure] | None:
        """Take `data`; return the structures of the message when it is complete, offsets into `buffer`.

        Raises RemoteProtocolError when it breaks the format, is longer than the bound, or has bytes behind it.
        """
        self.buffer += data
        end = self._complete_length() if self._has_length else self._scan()
        if end is None and len(self.buffer) > self._max_message:
            raise RemoteProtocolError(f"a message longer than {self._max_message} bytes")
        if end is None or len(self.buffer) < end:
            return None
        if end > self._max_message:
            raise RemoteProtocolError(f"a message of {end} bytes, more than {self._max_message}")
        if len(self.buffer) > end:
            raise RemoteProtocolError(f"{len(self.buffer) - end} bytes follow the end of the message")
        return self._structures(end)

    def _complete_length(self) -> int | None:
        if len(self.buffer) < LLLL:
            return None
        length = int.from_bytes(self.buffer[:LLLL])
        if not MIN_OUTPUT <= length <= self._max_message:
            raise RemoteProtocolError(f"LLLL {length}, neither {MIN_OUTPUT} nor up to {self._max_message}")
        return length

    def _scan(self) -> int | None:
        return self._scanner.advance(self.buffer) if self._scanner else None

    def _structures(self, end: int) -> list[Structure]:
        if self._scanner:
            return self._scanner.found
        scanner = StructureScanner(self._code, self._expected, start=LLLL, end=end)
        if scanner.advance(self.buffer) is None:
            raise RemoteProtocolError("the message ends inside a structure")
        return scanner.found
