"""How a line that is too long for its receiver becomes shorter and stays one of its format: what all share.

A line that is cut at its end is no JSON any more, and whoever could choose a long name would choose that nobody
reads the record. So the longest values are cut, all to the same size, and ids, times and verdicts stay.
"""

from collections.abc import Iterable
from typing import Final

from gateway.audit.text import CUT

LEAST: Final = 48
"""Octets that every value may keep: more than any id, time, address or verdict has."""


def cap_of(sizes: Iterable[int], excess: int) -> int:
    """Return how many octets values may have, so that so many octets are saved; never under LEAST."""
    longest = sorted((size for size in sizes if size > LEAST), reverse=True)
    total = 0
    for count, size in enumerate(longest, start=1):
        total += size
        following = longest[count] if count < len(longest) else LEAST
        cap = (total - excess) // count
        if cap >= following:
            return max(cap, LEAST)
    return LEAST


def clipped(text: str, octets: int) -> str:
    """Return a text of at most so many octets of UTF-8, dots at its end where it was cut."""
    data = text.encode("utf-8", "replace")
    if len(data) <= octets:
        return text
    return data[: octets - len(CUT)].decode("utf-8", "ignore") + CUT


def size_of(text: str) -> int:
    """Return how many octets of UTF-8 a text has."""
    return len(text.encode("utf-8", "replace"))


def fields_within(fields: list[str], head: str, glue: str, octets: int) -> str:
    """Return a line of as many fields as find room, the first ones: what is told last says least."""
    while fields and size_of(head + glue.join(fields)) > octets:
        fields = fields[:-1]
    return head + glue.join(fields)
