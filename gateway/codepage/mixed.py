"""EBCDIC code pages that mix characters of one byte and, between shift-out X'0E' and shift-in X'0F', of two.

What is encoded begins and ends in single bytes, with as few shifts as there can be. Decoding takes redundant
shifts (shift-out and shift-in with nothing between them, a shift-in with a shift-out right behind it), since
fields and segments put together have them, and refuses unbalanced ones. A page may have several byte pairs for
a character (937 has 188 such): all are read, one is written. U+000E and U+000F cannot be written.
"""

import codecs
import re
from array import array
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from sys import byteorder
from typing import Final

from gateway.codepage.errors import UnmappableCharacter
from gateway.codepage.iconv import SHIFT_IN, SHIFT_OUT, Tables, read_tables

MIXED: Final = (930, 933, 935, 937, 939)
"""CCSIDs: Japanese (Katakana), Korean, simplified and traditional Chinese, Japanese (Latin)."""

_SO: Final = bytes([SHIFT_OUT])
_SI: Final = bytes([SHIFT_IN])
_SHIFTS: Final = len(_SO + _SI)
_PAIR: Final = 2
_LEAST_WIDTH: Final = _SHIFTS + _PAIR
_NOTHING: Final = "\ufffe"
"""How a table for charmap_decode says that a byte is no character."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """A mixed code page by its tables."""

    name: str
    to_text: str
    """The character of each single byte."""
    pairs: Mapping[int, str]
    to_single: Mapping[int, int]
    to_pair: Mapping[str, bytes]
    runs: re.Pattern[str]
    """A run of characters of one byte, or of others."""

    def encode(self, text: str) -> bytes:
        """Return `text` in bytes. Raises UnmappableCharacter for the first character that is not there."""
        return b"".join(self._encoded(found) for found in self.runs.finditer(text))

    def _encoded(self, found: re.Match[str]) -> bytes:
        if found["single"]:
            return codecs.charmap_encode(found[0], "strict", self.to_single)[0]
        try:
            return _SO + b"".join(map(self.to_pair.__getitem__, found[0])) + _SI
        except KeyError as error:
            character = error.args[0]
            raise UnmappableCharacter(character, found.start() + found[0].index(character)) from None

    def decode(self, data: bytes) -> str:
        """Return `data` as text. Raises UnicodeDecodeError with the offset of the byte that is wrong."""
        return "".join(
            self._pairs(data, start, end) if double else self._singles(data, start, end)
            for double, start, end in self._runs_of(data)
        )

    def split(self, data: bytes, width: int) -> tuple[bytes, ...]:
        """Cut `data` into pieces of at most `width` bytes, each whole characters with balanced shifts.

        A run of two-byte characters that does not fit ends with a shift-in and goes on behind a shift-out.
        Raises ValueError when `width` has no room for every character, UnicodeDecodeError when shifts of `data`
        are not balanced.
        """
        if width < _LEAST_WIDTH:
            raise ValueError(f"{width} bytes do not take every character with its shifts")
        pieces = [bytearray()]
        for double, start, end in self._runs_of(data):
            position = start
            while position < end:
                room = width - len(pieces[-1]) - _SHIFTS * double
                taken = min(end - position, room - room % _PAIR * double)
                if taken <= 0:
                    pieces.append(bytearray())
                    continue
                part = data[position : position + taken]
                pieces[-1] += _SO + part + _SI if double else part
                position += taken
        return tuple(bytes(piece) for piece in pieces if piece)

    def _runs_of(self, data: bytes) -> Iterator[tuple[bool, int, int]]:
        """Yield whether a run is of byte pairs, and where it begins and ends, without its shifts."""
        position = 0
        while True:
            out = data.find(_SO, position)
            yield False, position, len(data) if out < 0 else out
            if out < 0:
                return
            back = data.find(_SI, out)
            if back < 0:
                raise self._error(data, out, "shift-out without shift-in")
            if (back - out) % _PAIR == 0:
                raise self._error(data, back - 1, "half a two-byte character")
            yield True, out + 1, back
            position = back + 1

    def _singles(self, data: bytes, start: int, end: int) -> str:
        try:
            return codecs.charmap_decode(data[start:end], "strict", self.to_text)[0]
        except UnicodeDecodeError as error:
            at = start + error.start
            reason = "shift-in without shift-out" if data[at] == SHIFT_IN else "no character"
            raise self._error(data, at, reason) from None

    def _pairs(self, data: bytes, start: int, end: int) -> str:
        units = array("H", data[start:end])
        if byteorder == "little":
            units.byteswap()
        try:
            return "".join(map(self.pairs.__getitem__, units))
        except KeyError as error:
            at = start + _PAIR * units.index(error.args[0])
            raise self._error(data, at, "no two-byte character", _PAIR) from None

    def _error(self, data: bytes, at: int, reason: str, length: int = 1) -> UnicodeDecodeError:
        return UnicodeDecodeError(self.name, data, at, at + length, reason)


@cache
def mixed(ccsid: int) -> Mixed:
    """Return the code page of one of `MIXED`. Raises CodePageNotServed when there are no tables."""
    return from_tables(f"ibm{ccsid}", read_tables(ccsid))


def from_tables(name: str, tables: Tables) -> Mixed:
    """Return the code page that the tables describe."""
    to_single = {
        ord(text): byte for byte, text in tables.single.items() if tables.preferred.get(text, byte) == byte
    }
    to_pair = {
        text: pair.to_bytes(_PAIR)
        for pair, text in tables.double.items()
        if ord(text) not in to_single and tables.preferred.get(text, pair) == pair
    }
    singles = "".join(re.escape(chr(character)) for character in to_single)
    return Mixed(
        name,
        "".join(tables.single.get(byte, _NOTHING) for byte in range(256)),
        tables.double,
        to_single,
        to_pair,
        re.compile(f"(?P<single>[{singles}]+)|[^{singles}]+"),
    )
