"""The chain over the lines of a trail: each has a link that depends on all lines before it. Pure.

    LINK = ["k"] SEQUENCE ":" HASH

HASH, in 64 hexadecimal digits, is SHA-256 of the hash before, the sequence, and the line without its link.
With a key (`k`) it is HMAC-SHA-256: who can write the file, and does not know the key, can make no link that
fits.
"""

import hmac
import re
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Final

from gateway.exchange import Secret

GENESIS: Final = bytes(32)
"""The hash before the first line."""

_LINK: Final = rb"(?P<keyed>k?)(?P<sequence>[1-9][0-9]{0,18}):(?P<hash>[0-9a-f]{64})"
_ENDS: Final = tuple(
    (re.compile(before + _LINK + behind + rb"\Z"), put_back)
    for before, behind, put_back in (
        (rb',"chain":"', rb'"\}', b"}"),
        (rb"\tchain=", b"", b""),
        (rb" imsgwChain=", b"", b""),
    )
)
"""How a link ends a line of each format, and what the line ends with without it."""
_LONGEST_END: Final = 128
"""Bytes behind which no link begins."""


@dataclass(frozen=True, slots=True)
class Link:
    """The end of a line."""

    sequence: int
    hash: bytes
    keyed: bool = False

    def __str__(self) -> str:
        return f"{'k' if self.keyed else ''}{self.sequence}:{self.hash.hex()}"


@dataclass(frozen=True, slots=True)
class Linked:
    """A line, taken apart."""

    body: bytes
    """The line as its format wrote it, without the link."""
    link: Link


def parted(line: bytes) -> Linked | None:
    """Take a line without its line end apart; None: it has no link."""
    tail = line[-_LONGEST_END:]
    for pattern, put_back in _ENDS:
        match = pattern.search(tail)
        if match is not None:
            start = len(line) - len(tail) + match.start()
            link = Link(int(match["sequence"]), bytes.fromhex(match["hash"].decode()), bool(match["keyed"]))
            return Linked(line[:start] + put_back, link)
    return None


@dataclass(frozen=True, slots=True)
class Hasher:
    """Makes and checks links."""

    key: Secret = field(default_factory=lambda: Secret(""))
    """Empty: plain SHA-256."""

    @property
    def keyed(self) -> bool:
        """Whether links rest on a key."""
        return bool(self.key)

    def link(self, before: bytes, sequence: int, body: bytes) -> Link:
        """Return the link of a line behind the hash `before`."""
        return Link(sequence, self._digest(b"line" + before + sequence.to_bytes(8) + body), self.keyed)

    def fits(self, linked: Linked, before: bytes) -> bool:
        """Tell whether a line stands rightly behind the hash `before`."""
        link = linked.link
        return link == self.link(before, link.sequence, linked.body)

    def seal(self, data: bytes) -> str:
        """Return a check of something that belongs to the chain: with a key, nobody without it can make one."""
        return self._digest(b"seal" + data).hex()

    def _digest(self, data: bytes) -> bytes:
        if self.key:
            return hmac.digest(self.key.reveal().encode(), data, "sha256")
        return sha256(data).digest()
