"""UTF-8, CCSID 1208."""

from typing import Final

from gateway.codepage.errors import UnmappableCharacter

MOST_BYTES: Final = 4
"""Bytes of the longest character."""


class Utf8:
    """UTF-8 without surrogates and longer forms."""

    def encode(self, text: str) -> bytes:
        """Return `text` in bytes. Raises UnmappableCharacter for a lone surrogate."""
        try:
            return text.encode()
        except UnicodeEncodeError as error:
            raise UnmappableCharacter(text[error.start], error.start) from None

    def decode(self, data: bytes) -> str:
        """Return `data` as text. Raises UnicodeDecodeError for bytes that are not UTF-8."""
        return data.decode()

    def split(self, data: bytes, width: int) -> tuple[bytes, ...]:
        """Cut `data` into pieces of at most `width` bytes, between characters only.

        Raises ValueError when `width` has no room for every character. What is not UTF-8 is cut anywhere.
        """
        if width < MOST_BYTES:
            raise ValueError(f"{width} bytes do not take every character")
        pieces = []
        start = 0
        while start < len(data):
            end = min(start + width, len(data))
            least = end - MOST_BYTES + 1
            while least < end < len(data) and data[end] & 0xC0 == 0x80:
                end -= 1
            pieces.append(data[start:end])
            start = end
        return tuple(pieces)
