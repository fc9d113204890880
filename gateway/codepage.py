"""The code pages of the host by CCSID: text to bytes and back, never with a guess.

EBCDIC X'15' is NL (U+0085) and X'25' is LF (U+000A) in every code page here, as in IBM's conversion tables
(CDRA). The tables of Python's library come first, those of the package `ebcdic` fill in what it lacks.
"""

import codecs
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Final, Self

import ebcdic  # type: ignore[import-untyped]  # has no type marker

UTF_8: Final = 1208

_STANDARD: Final = (37, 273, 500, 1026, 1140)
"""CCSIDs whose tables Python has: all 256 bytes, each character once."""
_ADDED: Final = (277, 278, 280, 284, 285, 297, 871, 1047, *range(1141, 1150))
"""CCSIDs from the package `ebcdic`: the other Latin-1 countries, z/OS Unix, and their euro versions."""

SUPPORTED: Final = tuple(sorted((*_STANDARD, *_ADDED, UTF_8)))
"""Every CCSID that `CodePage.of` knows."""

_NL: Final = 0x15
_LF: Final = 0x25


class UnmappableCharacter(ValueError):  # noqa: N818 - the name says what it is
    """A character that a code page does not have; `position` counts characters from 0."""

    def __init__(self, character: str, position: int) -> None:
        super().__init__(f"character U+{ord(character):04X} at position {position}")
        self.character = character
        self.position = position


@dataclass(frozen=True, slots=True)
class CodePage:
    """One code page. Encoding and decoding are exact inverses of one another."""

    ccsid: int
    _to_text: str = field(default="", repr=False, compare=False)
    _to_bytes: Mapping[int, int] = field(default_factory=dict, repr=False, compare=False)

    @classmethod
    def of(cls, ccsid: int) -> Self:
        """Return the code page with this number. Raises ValueError, naming those there are, for any other."""
        if ccsid not in SUPPORTED:
            known = ", ".join(map(str, SUPPORTED))
            raise ValueError(f"CCSID {ccsid} is not supported; supported are {known}")
        if ccsid == UTF_8:
            return cls(ccsid)
        return cls(ccsid, *_tables(ccsid))

    def encode(self, text: str) -> bytes:
        """Return `text` in this code page. Raises UnmappableCharacter for the first character it lacks."""
        try:
            if self.ccsid == UTF_8:
                return text.encode()
            return codecs.charmap_encode(text, "strict", self._to_bytes)[0]
        except UnicodeEncodeError as error:
            raise UnmappableCharacter(text[error.start], error.start) from None

    def decode(self, data: bytes) -> str:
        """Return `data` as text. Raises UnicodeDecodeError for bytes that are not UTF-8; EBCDIC has no such."""
        if self.ccsid == UTF_8:
            return data.decode()
        return codecs.charmap_decode(data, "strict", self._to_text)[0]


@cache
def _tables(ccsid: int) -> tuple[str, Mapping[int, int]]:
    name = f"cp{ccsid:03d}"
    every_byte = bytes(range(256))
    text = every_byte.decode(name) if ccsid in _STANDARD else ebcdic.lookup(name).decode(every_byte)[0]
    characters = list(text)
    # some tables have X'15' as LF, as a terminal would want it, and then a second LF or none at X'25'
    characters[_NL], characters[_LF] = "\x85", "\n"
    return "".join(characters), {ord(character): byte for byte, character in enumerate(characters)}
