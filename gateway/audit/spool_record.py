"""How one message lies in the spool, and how messages are found again in what a crash left: pure.

    RECORD = RS CRC SP LENGTH SP MESSAGE LF

RS is the octet 1E, CRC the CRC-32 of MESSAGE in eight hexadecimal digits, LENGTH its octets in decimal. A
message has no control characters but tabs (see `gateway.audit.syslog.payload`), so an RS can only be a
beginning: whatever is torn, overwritten or zeroed, the next whole record is found.
"""

import re
import zlib
from dataclasses import dataclass
from typing import Final

_HEAD: Final = re.compile(rb"\x1e([0-9a-f]{8}) ([0-9]{1,6}) ")
_BEGIN: Final = b"\x1e"
_END: Final = 0x0A


@dataclass(frozen=True, slots=True)
class Scan:
    """What a stretch of the spool holds."""

    messages: tuple[bytes, ...]
    consumed: int
    """Octets that need not be looked at again; the rest may be the beginning of a record."""
    damaged: int
    """Places that were skipped: one for each run of octets that is no record."""


def encode(message: bytes) -> bytes:
    """Return the record of a message, which must have no control characters but tabs."""
    return b"\x1e%08x %d %b\n" % (zlib.crc32(message), len(message), message)


def count(data: bytes) -> int:
    """Return how many records begin in a stretch; with damage, a guess."""
    return data.count(_BEGIN)


def scan(data: bytes, *, whole: bool) -> Scan:
    """Return the messages in a stretch of the spool. `whole`: nothing comes after, so a torn end is damage."""
    messages: list[bytes] = []
    position = damaged = 0
    in_damage = False
    while True:
        message, end = _record_at(data, position)
        if message is not None:
            messages.append(message)
            position, in_damage = end, False
            continue
        begin = data.find(_BEGIN, position + 1)
        if begin < 0:
            break
        damaged += not in_damage
        position, in_damage = begin, True
    skipped = _skipped(data[position:], whole=whole)
    if skipped and not in_damage:
        damaged += 1
    return Scan(tuple(messages), position + skipped, damaged)


def _skipped(rest: bytes, *, whole: bool) -> int:
    """Return how much of what follows the last record is no beginning of another one."""
    begin = -1 if whole else rest.rfind(_BEGIN)
    return len(rest) if begin < 0 else begin


def _record_at(data: bytes, position: int) -> tuple[bytes | None, int]:
    """Return the message of the record that begins there, and where it ends; None: there is none."""
    head = _HEAD.match(data, position)
    if head is None:
        return None, position
    begin = head.end()
    end = begin + int(head[2])
    if end >= len(data) or data[end] != _END:
        return None, position
    message = data[begin:end]
    return (message, end + 1) if zlib.crc32(message) == int(head[1], 16) else (None, position)
