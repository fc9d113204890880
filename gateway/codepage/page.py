"""A code page by its number."""

from dataclasses import dataclass, field
from typing import Final, Protocol, Self

from gateway.codepage.mixed import MIXED, mixed
from gateway.codepage.single import SINGLE, single_byte
from gateway.codepage.utf8 import Utf8

__all__ = ["MIXED", "SUPPORTED", "UTF_8", "CodePage"]

UTF_8: Final = 1208

SUPPORTED: Final = tuple(sorted((*SINGLE, *MIXED, UTF_8)))
"""Every CCSID that `CodePage.of` knows. Those of `MIXED` need tables that not every machine has."""


class _Codec(Protocol):
    def encode(self, text: str) -> bytes: ...
    def decode(self, data: bytes) -> str: ...
    def split(self, data: bytes, width: int) -> tuple[bytes, ...]: ...


@dataclass(frozen=True, slots=True)
class CodePage:
    """One code page. What is encoded decodes to the same text, and nothing is replaced or left out."""

    ccsid: int
    _codec: _Codec = field(repr=False, compare=False)

    @classmethod
    def of(cls, ccsid: int) -> Self:
        """Return the code page with this number.

        Raises ValueError, naming those there are, for any other; CodePageNotServed, a ValueError too, for one
        whose tables this machine lacks. The first call for a page of `MIXED` takes about a quarter of a second.
        """
        if ccsid not in SUPPORTED:
            known = ", ".join(map(str, SUPPORTED))
            raise ValueError(f"CCSID {ccsid} is not supported; supported are {known}")
        if ccsid == UTF_8:
            return cls(ccsid, Utf8())
        return cls(ccsid, mixed(ccsid) if ccsid in MIXED else single_byte(ccsid))

    def encode(self, text: str) -> bytes:
        """Return `text` in this code page. Raises UnmappableCharacter for the first character it lacks."""
        return self._codec.encode(text)

    def decode(self, data: bytes) -> str:
        """Return `data` as text.

        Raises UnicodeDecodeError, with the offset of the first wrong byte, for what is not UTF-8 or not a mixed
        page's; a page of one byte a character has a character for every byte.
        """
        return self._codec.decode(data)

    def split(self, data: bytes, width: int) -> tuple[bytes, ...]:
        """Cut encoded `data` into pieces of at most `width` bytes, each text by itself, as IMS wants segments.

        No character is cut in two, and the shifts of a mixed page are balanced in each piece; cut inside a run
        of two-byte characters, the pieces get a shift-in and a shift-out more than the data had. So the texts
        of the pieces are the text of `data`. No data is no piece. Raises ValueError for a `width` below 4 (in a
        page of one byte a character, below 1) and for unbalanced shifts.
        """
        return self._codec.split(data, width)
