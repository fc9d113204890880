"""One structure of a message from IMS Connect, taken field after field."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from gateway.dfs import find_dfs
from gateway.imsconnect.wire import anatomy_words as words
from gateway.imsconnect.wire.anatomy import Field
from gateway.imsconnect.wire.frame import LLLL, Kind, Structure
from gateway.imsconnect.wire.header import Exit, HeaderCode

DFS_LOOKED_AT: Final = 80
"""Bytes of a segment that are looked at for the number of a message of IMS."""


@dataclass(frozen=True, slots=True)
class Reply:
    """A message from IMS Connect and how it is to be read."""

    data: bytes
    exit: Exit
    code: HeaderCode
    expected: frozenset[Kind]

    @property
    def end(self) -> int | None:
        """Where LLLL says that the message ends; None when there is none."""
        return int.from_bytes(self.data[:LLLL]) if self.exit.reply_has_length else None


@dataclass(slots=True)
class Part:
    """One structure, read from its beginning on."""

    reply: Reply
    structure: Structure
    position: int = -1

    def __post_init__(self) -> None:
        self.position = self.structure.start

    @property
    def length(self) -> int:
        """Bytes of the structure."""
        return self.structure.end - self.structure.start

    @property
    def whole(self) -> bytes:
        """The structure's bytes."""
        return self.reply.data[self.structure.start : self.structure.end]

    def take(self, name: str, length: int, meaning: str) -> Field:
        """Return the next field."""
        start, self.position = self.position, self.position + length
        return Field(start, name, self.reply.data[start : self.position], meaning)

    def _next(self, length: int) -> bytes:
        return self.reply.data[self.position : self.position + length]

    def reserved(self, name: str, length: int) -> Field:
        """Return the next field, which should be zeros."""
        value = self._next(length)
        return self.take(name, length, "zeros" if not any(value) else words.zeros(value))

    def name(self, name: str, length: int) -> Field:
        """Return the next field, a blank padded name."""
        return self.take(name, length, words.name(self._next(length), self.reply.code))

    def text(self, name: str, end: int | None = None) -> Iterator[Field]:
        """Yield the field up to offset `end`, by default the rest of the structure; none when it is empty."""
        length = (self.structure.end if end is None else end) - self.position
        if length > 0:
            yield self.take(name, length, words.text(self._next(length), self.reply.code.value))

    def output(self, *, first: bool) -> Iterator[Field]:
        """Yield DATA of a segment; the first may be a message of IMS."""
        for found in self.text("DATA"):
            dfs = find_dfs((found.data[:DFS_LOOKED_AT],)) if first else None
            meaning = f", {dfs.meaning}" if dfs and dfs.meaning else ""
            yield (
                found
                if dfs is None
                else replace(found, meaning=f"{found.meaning} ({dfs.identifier}, a message of IMS{meaning})")
            )

    def number(self, name: str, meaning: str) -> Field:
        """Return the next field, a fullword."""
        return self.take(name, 4, meaning)
