"""The anchor on the disk, which the processes of a home share. For who holds the trail's `Turn`."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from gateway.audit.anchor import BYTES, Anchor, AnchorError, End, anchor_path, ends_of, with_ends
from gateway.audit.chain import Hasher, Linked, parted
from gateway.audit.rotation import appended, full_files, number_of

_LOOK_BYTES: Final = 262_144
"""Of the end of a file: many times the longest line."""


class AnchorFile:
    """Read each time, as other processes write it too. It never goes back behind what this process knows."""

    def __init__(self, trail: Path, hasher: Hasher, tell: Callable[[str], None]) -> None:
        """`tell` is told of what somebody has done to it. Nothing is opened yet."""
        self._trail = trail
        self._path = anchor_path(trail)
        self._hasher = hasher
        self._tell = tell
        self._descriptor = -1
        self._anchor = Anchor.new(keyed=hasher.keyed)
        self._raw = b""
        """The file as `_anchor` stands in it; empty: this process knows of none."""

    def read(self) -> Anchor:
        """Return it as it is now. Raises OSError."""
        if self._descriptor >= 0 and not os.fstat(self._descriptor).st_nlink:
            self.close()  # another process has replaced it, or somebody removed it
        if self._descriptor < 0:
            self._open()
        raw = os.pread(self._descriptor, BYTES, 0)
        if raw == self._raw:
            return self._anchor
        try:
            anchor = Anchor.decoded(raw, self._hasher)
        except AnchorError as error:
            text = f"{self._path}: {error}; move it and the files of the trail away to begin anew"
            raise OSError(text) from error
        if self._is_behind(anchor):
            self._tell(f"{self._path} was put back to an earlier one; `imsgw audit verify` will say so")
            self.save(self._rebuilt())
            return self._anchor
        self._anchor, self._raw = anchor, raw
        return anchor

    def save(self, anchor: Anchor) -> None:
        """Write it over the one that was read. Raises OSError."""
        raw = anchor.encoded(self._hasher)
        os.pwrite(self._descriptor, raw, 0)
        self._anchor, self._raw = anchor, raw

    def put_aside(self, full: Path) -> None:
        """Note where the current file ends, before it is renamed. Raises OSError."""
        anchor = self.read()
        there = {number_of(file) for file in full_files(self._trail)}
        kept = {number: end for number, end in self.ends().items() if number in there}
        kept[number_of(full)] = End(number_of(full), anchor.sequence, anchor.hash)
        new = self._path.with_name(f"{self._path.name}.new")
        flags = os.O_RDWR | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC | os.O_NOFOLLOW
        descriptor = os.open(new, flags, 0o600)
        try:
            appended(descriptor, with_ends(anchor, kept.values(), self._hasher), 0)
            new.replace(self._path)
        except OSError:
            os.close(descriptor)
            raise
        self.close()
        self._descriptor = descriptor

    def ends(self) -> dict[int, End]:
        """Return the noted ends of files that were put aside, by their number. Raises OSError."""
        self.read()
        size = os.fstat(self._descriptor).st_size
        return ends_of(os.pread(self._descriptor, size, 0), self._hasher)

    def close(self) -> None:
        """Let go of it."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1

    def _is_behind(self, anchor: Anchor) -> bool:
        """Tell whether it is older than the one that we have seen, or of another chain."""
        mine = self._anchor
        if not self._raw or anchor.sequence > mine.sequence:
            return False
        return anchor.sequence < mine.sequence or anchor.hash != mine.hash

    def _open(self) -> None:
        flags = os.O_RDWR | os.O_CREAT | os.O_CLOEXEC | os.O_NOFOLLOW
        self._descriptor = os.open(self._path, flags, 0o600)
        if not os.fstat(self._descriptor).st_size:
            try:
                self.save(self._begun())
            except OSError:
                self.close()
                raise

    def _begun(self) -> Anchor:
        """Return the anchor of a trail that has none: it begins, or somebody has taken the anchor away."""
        if self._raw:
            self._tell(f"{self._path} was taken away; `imsgw audit verify` will say so")
            return self._rebuilt()
        begun = Anchor.new(keyed=self._hasher.keyed)
        files = self._files()
        if not files:
            return begun
        last = last_line(files[-1])
        if last is None:
            raise OSError(f"{files[-1]} holds lines without a chain; move it away to begin one")
        self._tell(f"{self._path} was missing; `imsgw audit verify` will say so")
        sequence = last.link.sequence
        return replace(begun.at(sequence, last.link.hash, self._size()), rebuilt=sequence)

    def _rebuilt(self) -> Anchor:
        """Return the one that we know, or what stands in the files where other processes went on."""
        mine = self._anchor
        files = self._files()
        last = last_line(files[-1]) if files else None
        if last is not None and last.link.sequence > mine.sequence:
            mine = mine.at(last.link.sequence, last.link.hash, 0)
        return replace(mine, size=self._size(), rebuilt=mine.sequence)

    def _size(self) -> int:
        return self._trail.stat().st_size if self._trail.exists() else 0

    def _files(self) -> list[Path]:
        """Return the files of the trail that hold something, oldest first."""
        return [*full_files(self._trail), *([self._trail] if self._size() else [])]


def last_line(path: Path) -> Linked | None:
    """Return the last whole line of a file that has a link; None: the last has none. Raises OSError."""
    with path.open("rb") as file:
        size = file.seek(0, os.SEEK_END)
        file.seek(max(0, size - _LOOK_BYTES))
        lines = file.read().rstrip(b"\n").split(b"\n")
    return next((found for found in map(parted, reversed(lines[-2:])) if found is not None), None)


def known(files: Sequence[Path], ends: dict[int, End]) -> list[Path]:
    """Return the full files that a gateway has put aside."""
    return [file for file in files if number_of(file) in ends]
