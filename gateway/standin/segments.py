"""Segments of messages as programs insert them."""

from typing import Final

MAX_SEGMENT_DATA: Final = 32_763
"""LL counts itself and ZZ and stays positive as a signed halfword."""


def split(data: bytes) -> tuple[bytes, ...]:
    """Return data as segments of the longest length; an empty message has one empty segment."""
    return tuple(data[i : i + MAX_SEGMENT_DATA] for i in range(0, len(data), MAX_SEGMENT_DATA)) or (b"",)
