"""What stands behind a line in the file: nothing, or a link of the chain. For who holds the trail's `Turn`."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final, Protocol

from gateway.audit import anchor_file
from gateway.audit.anchor import Anchor
from gateway.audit.anchor_file import AnchorFile
from gateway.audit.chain import Hasher, Linked, parted
from gateway.audit.rotation import appended, number_of

_LOOK_BYTES: Final = 262_144
"""Of what stands behind the last noted line: many times the longest line."""


class Links(Protocol):
    """How lines go into a file."""

    def mended(self, descriptor: int, size: int) -> int:
        """Have a file of this size end with a whole line, and return its size then. Raises OSError."""
        ...

    def encoded(self, line: str) -> bytes:
        """Return what to append to a file that was mended."""
        ...

    def written(self, size: int) -> None:
        """Note that it was appended, and how long the file is now. Raises OSError."""
        ...

    def to_put_aside(self, full: Path) -> None:
        """Note that the current file, mended, is about to be renamed. Raises OSError."""
        ...

    def rotated(self) -> None:
        """Note that another file begins. Raises OSError."""
        ...

    def known(self, files: Sequence[Path]) -> list[Path]:
        """Return those of the full files that were put aside by a gateway. Raises OSError."""
        ...

    def to_delete(self, full: Path) -> None:
        """Note that the oldest file is about to be deleted. Raises OSError."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


def ended(descriptor: int, size: int) -> int:
    """Give a file of this size a line end where it lacks one, and return its size then. Raises OSError."""
    if not size or os.pread(descriptor, 1, size - 1) == b"\n":
        return size
    appended(descriptor, b"\n", size)
    return size + 1


class Plain:
    """Lines as they are. What a killed process left of one gets a line end."""

    def mended(self, descriptor: int, size: int) -> int:
        """Give the last line its end."""
        return ended(descriptor, size)

    def encoded(self, line: str) -> bytes:
        """Return the line with its line end."""
        return f"{line}\n".encode("utf-8", "replace")

    def written(self, size: int) -> None:
        """Nothing to note."""

    def to_put_aside(self, full: Path) -> None:
        """Nothing to note."""

    def rotated(self) -> None:
        """Nothing to note."""

    def known(self, files: Sequence[Path]) -> list[Path]:
        """Return all: there is nothing to tell them by."""
        return list(files)

    def to_delete(self, full: Path) -> None:
        """Nothing to note."""

    def close(self) -> None:
        """Nothing is open."""


class Chained:
    """Each line with its link."""

    def __init__(
        self,
        path: Path,
        hasher: Hasher,
        put: Callable[[str, str], str],
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """`put` puts a link at the end of a line; `tell` is told of what is not as a gateway left it."""
        self._path = path
        self._hasher = hasher
        self._put = put
        self._tell = tell
        self._anchor = AnchorFile(path, hasher, tell)
        self._next = Anchor.new(keyed=hasher.keyed)

    def mended(self, descriptor: int, size: int) -> int:
        """Take lines that a killed process wrote, and did not note, into the chain; take away what is torn.

        No caller was told of a torn line: its writer, which held the turn, has ended within it.
        """
        anchor = self._anchor.read()
        if size <= anchor.size:  # shorter: its end was cut off, or it was taken away: `verify` tells
            return ended(descriptor, size)
        extra = os.pread(descriptor, min(size - anchor.size, _LOOK_BYTES), anchor.size)
        whole = len(extra) == size - anchor.size
        anchor, rest = self._adopted(anchor, extra)
        if rest and whole and b"\n" not in rest:  # lines that are none of ours stay, and `verify` tells
            size -= len(rest)
            os.ftruncate(descriptor, size)
            self._tell(
                f"{self._path}: {len(rest)} bytes behind line {anchor.sequence} of the chain were removed: "
                "a process was ended while it wrote, or somebody else has written"
            )
        size = ended(descriptor, size)
        self._anchor.save(replace(anchor, size=size))
        return size

    def encoded(self, line: str) -> bytes:
        """Return the line with its link and line end."""
        anchor = self._anchor.read()
        body, sequence = line.encode("utf-8", "replace"), anchor.sequence + 1
        link = self._hasher.link(bytes.fromhex(anchor.hash), sequence, body)
        self._next = anchor.at(sequence, link.hash, 0)
        return f"{self._put(line, str(link))}\n".encode("utf-8", "replace")

    def written(self, size: int) -> None:
        """Have the anchor name the line."""
        self._anchor.save(replace(self._next, size=size))

    def to_put_aside(self, full: Path) -> None:
        """Note its end: what the file says of it later may be somebody else's word."""
        self._anchor.put_aside(full)

    def rotated(self) -> None:
        """Have the anchor speak of an empty file."""
        self._anchor.save(replace(self._anchor.read(), size=0))

    def known(self, files: Sequence[Path]) -> list[Path]:
        """Return those whose end was noted: others must not drive them out."""
        return anchor_file.known(files, self._anchor.ends())

    def to_delete(self, full: Path) -> None:
        """Have the anchor name the line that the kept ones stand behind: the end as it was noted."""
        end, anchor = self._anchor.ends().get(number_of(full)), self._anchor.read()
        if end is not None and end.sequence > anchor.oldest:
            self._anchor.save(replace(anchor, oldest=end.sequence, oldest_hash=end.hash))

    def close(self) -> None:
        """Let go of the anchor."""
        self._anchor.close()

    def _adopted(self, anchor: Anchor, extra: bytes) -> tuple[Anchor, bytes]:
        """Return the anchor behind the lines that follow it rightly, and what stands behind those."""
        rest = extra
        while rest:
            line, _, behind = rest.partition(b"\n")
            linked = parted(line)
            if linked is None or not self._follows(anchor, linked):
                break
            anchor = anchor.at(linked.link.sequence, linked.link.hash, anchor.size)
            rest = behind
        return anchor, rest

    def _follows(self, anchor: Anchor, linked: Linked) -> bool:
        right = linked.link.sequence == anchor.sequence + 1
        return right and self._hasher.fits(linked, bytes.fromhex(anchor.hash))
