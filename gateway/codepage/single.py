"""EBCDIC code pages of one byte a character: all 256 bytes, each character once.

The tables of Python's library come first, those of the package `ebcdic` fill in what it lacks.
"""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from typing import Final

import ebcdic  # type: ignore[import-untyped]  # has no type marker

from gateway.codepage.errors import UnmappableCharacter

_STANDARD: Final = (37, 273, 500, 1026, 1140)
"""CCSIDs whose tables Python has."""
_ADDED: Final = (277, 278, 280, 284, 285, 297, 871, 1047, *range(1141, 1150))
"""CCSIDs from the package `ebcdic`: the other Latin-1 countries, z/OS Unix, and their euro versions."""

SINGLE: Final = (*_STANDARD, *_ADDED)

_NL: Final = 0x15
_LF: Final = 0x25


@dataclass(frozen=True, slots=True)
class SingleByte:
    """A code page whose bytes and characters are each other's exact inverse."""

    to_text: str
    """The character of each byte."""
    to_bytes: Mapping[int, int]

    def encode(self, text: str) -> bytes:
        """Return `text` in bytes. Raises UnmappableCharacter for the first character that is not there."""
        try:
            return codecs.charmap_encode(text, "strict", self.to_bytes)[0]
        except UnicodeEncodeError as error:
            raise UnmappableCharacter(text[error.start], error.start) from None

    def decode(self, data: bytes) -> str:
        """Return `data` as text; every byte is some."""
        return codecs.charmap_decode(data, "strict", self.to_text)[0]

    def split(self, data: bytes, width: int) -> tuple[bytes, ...]:
        """Cut `data` into pieces of at most `width` bytes. Raises ValueError when that is less than one."""
        if width < 1:
            raise ValueError(f"{width} bytes take no character")
        return tuple(data[start : start + width] for start in range(0, len(data), width))


@cache
def single_byte(ccsid: int) -> SingleByte:
    """Return the code page of one of `SINGLE`."""
    name = f"cp{ccsid:03d}"
    every_byte = bytes(range(256))
    text = every_byte.decode(name) if ccsid in _STANDARD else ebcdic.lookup(name).decode(every_byte)[0]
    characters = list(text)
    # some tables have X'15' as LF, as a terminal would want it, and then a second LF or none at X'25'
    characters[_NL], characters[_LF] = "\x85", "\n"
    return SingleByte("".join(characters), {ord(character): byte for byte, character in enumerate(characters)})
