"""What stands behind a line in the file: nothing, or a link of the chain. For who holds the trail's `Turn`."""

import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Final, NamedTuple, Protocol

from gateway.audit.anchor import BYTES, Anchor, AnchorError, anchor_path
from gateway.audit.chain import Hasher, Linked, parted
from gateway.audit.rotation import full_files

_LOOK_BYTES: Final = 262_144
"""Of the end of a file: many times the longest line."""


class Links(Protocol):
    """How lines go into a file."""

    def is_whole(self, descriptor: int, size: int) -> bool:
        """Tell whether the file ends with a whole line, so that it may be renamed. Raises OSError."""
        ...

    def encoded(self, descriptor: int, size: int, line: str) -> bytes:
        """Return what to append to a file of this size. Raises OSError."""
        ...

    def written(self, size: int) -> None:
        """Note that it was appended, and how long the file is now. Raises OSError."""
        ...

    def rotated(self) -> None:
        """Note that another file begins. Raises OSError."""
        ...

    def to_delete(self, full: Path) -> None:
        """Note that the oldest file is about to be deleted. Raises OSError."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


def ends_whole(descriptor: int, size: int) -> bool:
    """Tell whether a file of this size ends with a line end, or is empty."""
    return not size or os.pread(descriptor, 1, size - 1) == b"\n"


class Plain:
    """Lines as they are. What a killed process left of one gets a line end."""

    def is_whole(self, descriptor: int, size: int) -> bool:
        """Tell whether the file ends with a whole line."""
        return ends_whole(descriptor, size)

    def encoded(self, descriptor: int, size: int, line: str) -> bytes:
        """Return the line with its line end."""
        first = "" if ends_whole(descriptor, size) else "\n"
        return f"{first}{line}\n".encode("utf-8", "replace")

    def written(self, size: int) -> None:
        """Nothing to note."""

    def rotated(self) -> None:
        """Nothing to note."""

    def to_delete(self, full: Path) -> None:
        """Nothing to note."""

    def close(self) -> None:
        """Nothing is open."""


class _End(NamedTuple):
    """How a file ends."""

    anchor: Anchor
    torn: bytes
    """What a killed process left of a line."""
    whole: bool
    """A line end is the last byte."""


class Chained:
    """Each line with its link. The anchor is read each time, as other processes write too."""

    def __init__(
        self,
        path: Path,
        hasher: Hasher,
        put: Callable[[str, str], str],
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        """`put` puts a link at the end of a line; `tell` is told of what a killed process left."""
        self._path = path
        self._hasher = hasher
        self._put = put
        self._tell = tell
        self._descriptor = -1
        self._anchor = Anchor.new(keyed=hasher.keyed)
        self._raw = b""
        """The anchor's file as `_anchor` stands in it."""
        self._next = self._anchor

    def is_whole(self, descriptor: int, size: int) -> bool:
        """Tell whether the file ends with a whole line that is in the chain."""
        end = self._end(descriptor, size)
        return end.whole and not end.torn

    def encoded(self, descriptor: int, size: int, line: str) -> bytes:
        """Return the line with its link and line end."""
        end = self._end(descriptor, size)
        body = line.encode("utf-8", "replace")
        before, sequence = bytes.fromhex(end.anchor.hash), end.anchor.sequence + 1
        link = self._hasher.link(before, sequence, body, end.torn)
        if end.torn:
            self._tell(
                f"{self._path}: a process was ended while it wrote; line {sequence} of the chain covers it"
            )
        self._next = end.anchor.at(sequence, link.hash, 0)
        text = self._put(line, str(link))
        return f"{'' if end.whole else chr(10)}{text}\n".encode("utf-8", "replace")

    def written(self, size: int) -> None:
        """Have the anchor name the line."""
        self._save(replace(self._next, size=size))

    def rotated(self) -> None:
        """Have the anchor speak of an empty file."""
        self._save(replace(self._read(), size=0))

    def to_delete(self, full: Path) -> None:
        """Have the anchor name the line that the kept ones stand behind."""
        last = last_line(full)
        if last is not None:
            link = last.link
            self._save(replace(self._read(), oldest=link.sequence, oldest_hash=link.hash.hex()))

    def close(self) -> None:
        """Let go of the anchor."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    # -- the end of the file --------------------------------------------------------------------------------

    def _end(self, descriptor: int, size: int) -> _End:
        """Return how the file ends: lines that a killed process wrote, and did not note, are in the chain."""
        anchor = self._read()
        if size == anchor.size:
            return _End(anchor, b"", whole=True)
        if size < anchor.size:  # its end was cut off, or it was taken away: `verify` tells
            return _End(anchor, b"", ends_whole(descriptor, size))
        extra = os.pread(descriptor, min(size - anchor.size, _LOOK_BYTES), anchor.size)
        anchor, torn = self._adopted(anchor, extra)
        whole = ends_whole(descriptor, size)
        return _End(anchor, b"" if b"\n" in torn else torn, whole)

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

    # -- the anchor -----------------------------------------------------------------------------------------

    def _read(self) -> Anchor:
        if self._descriptor >= 0 and not os.fstat(self._descriptor).st_nlink:
            self.close()  # somebody has removed it
        if self._descriptor < 0:
            self._open()
        raw = os.pread(self._descriptor, BYTES, 0)
        if raw == self._raw:
            return self._anchor
        try:
            self._anchor = Anchor.decoded(raw, self._hasher)
        except AnchorError as error:
            text = f"{anchor_path(self._path)}: {error}; move it and the files of the trail away to begin anew"
            raise OSError(text) from error
        self._raw = raw
        return self._anchor

    def _save(self, anchor: Anchor) -> None:
        raw = anchor.encoded(self._hasher)
        os.pwrite(self._descriptor, raw, 0)
        self._anchor, self._raw = anchor, raw

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(anchor_path(self._path), flags, 0o600)
        if not os.fstat(self._descriptor).st_size:
            try:
                self._save(self._begun())
            except OSError:
                self.close()
                raise

    def _begun(self) -> Anchor:
        """Return the anchor of a trail that has none: it begins, or somebody has taken the anchor away."""
        begun = Anchor.new(keyed=self._hasher.keyed)
        current = [self._path] if self._path.exists() and self._path.stat().st_size else []
        files = [*full_files(self._path), *current]
        if not files:
            return begun
        last = last_line(files[-1])
        if last is None:
            raise OSError(f"{files[-1]} holds lines without a chain; move it away to begin one")
        self._tell(f"{anchor_path(self._path)} was missing; `imsgw audit verify` will say so")
        size = current[0].stat().st_size if current else 0
        return replace(begun.at(last.link.sequence, last.link.hash, size), rebuilt=last.link.sequence)


def last_line(path: Path) -> Linked | None:
    """Return the last whole line of a file that has a link; None: the last has none. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LOOK_BYTES))
        lines = file.read().rstrip(b"\n").split(b"\n")
    return next((found for found in map(parted, reversed(lines[-2:])) if found is not None), None)
