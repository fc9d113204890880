"""Whether the lines of a trail are those that were written, all of them, in their order: `imsgw audit verify`.

Told is the first thing that is wrong, in words. What is behind it is not looked at: its hashes depend on it.
"""

import fcntl
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import IO, Final

from gateway.audit.anchor import Anchor, AnchorError, End, anchor_path, ends_of
from gateway.audit.chain import GENESIS, Hasher, Linked, parted
from gateway.audit.ends import is_deleted, is_record, wrong_end
from gateway.audit.rotation import full_files
from gateway.audit.turn import lock_path

_MOST_NOTES: Final = 20
_Opened = list[tuple[Path, IO[bytes]]]


class NotVerifiableError(Exception):
    """Nothing can be said of the files: they cannot be read, have no chain, or the key is missing or wrong."""


@dataclass(frozen=True, slots=True)
class Break:
    """Where a trail is not as it was written."""

    file: str
    line: int
    """Counts from 1; 0: the file as a whole, or its end."""
    text: str


@dataclass(frozen=True, slots=True)
class Verified:
    """What was found in one trail."""

    files: tuple[str, ...]
    lines: int
    """Lines that are right."""
    first: int
    """Sequence of the first line; 0: there is none."""
    last: int
    hash: str
    """Of the last line that is right. Noted down elsewhere, it tells later whether that line is still there."""
    keyed: bool
    anchored: bool
    """Its end was compared with the anchor."""
    broken: Break | None
    notes: tuple[str, ...] = ()
    """What is no fault, and worth knowing."""


@dataclass(slots=True)
class _Walk:
    """How far the chain has been followed."""

    hasher: Hasher
    before: bytes | None
    """None: what stood before the first line is not known."""
    sequence: int
    torn: bytes = b""
    """What stands at an end without a line end."""
    lines: int = 0
    first: int = 0
    keyed: bool = False
    witness: tuple[int, str] | None = None
    witnessed: bool = False
    notes: list[str] = field(default_factory=list)

    def note(self, text: str) -> None:
        if len(self.notes) < _MOST_NOTES:
            self.notes.append(text)


def trail_of(files: Sequence[Path]) -> list[Path]:
    """Return files, and those that belong to them: of a trail's current file the full ones too, oldest first.

    Raises OSError.
    """
    found: list[Path] = []
    for file in files:
        found += [*full_files(file), file]
    return list(dict.fromkeys(found))


def verify(
    files: Sequence[Path],
    hasher: Hasher,
    witness: tuple[int, str] | None = None,
    *,
    archive: bool = False,
) -> Verified:
    """Follow the chain through files of one trail, in their order. Raises NotVerifiableError.

    `witness`: a sequence and its hash that were noted down elsewhere. `archive`: the files are a copy, or a
    part, so that there need be no anchor.
    """
    try:
        with _opened(files) as (opened, raw):
            found = _verified(opened, raw, hasher, witness)
    except OSError as error:
        raise NotVerifiableError(f"{error.filename or files[-1]} cannot be read: {error.strerror}") from error
    if found.anchored or archive or found.broken is not None:
        return found
    text = f"{anchor_path(files[-1])} is missing: lines may be missing at the end, or whole files"
    return replace(found, broken=Break(str(files[-1]), 0, text))


@contextmanager
def _opened(files: Sequence[Path]) -> Iterator[tuple[_Opened, bytes | None]]:
    """Open all files and read the anchor, without a record being written, or a file put aside, in between."""
    with ExitStack() as stack:
        lock = ExitStack()
        with suppress(OSError):  # without the right to lock, a trail that rests can still be verified
            held = lock.enter_context(lock_path(files[-1]).open("rb"))
            fcntl.flock(held, fcntl.LOCK_SH)
        with lock:
            anchor = next((anchor_path(file) for file in files if anchor_path(file).exists()), None)
            raw = anchor.read_bytes() if anchor else None
            missing = (anchor is not None or len(files) > 1) and not files[-1].exists()
            present = files[:-1] if missing else files
            opened: _Opened = [(file, stack.enter_context(file.open("rb"))) for file in present]
        yield opened, raw


def _verified(opened: _Opened, raw: bytes | None, hasher: Hasher, witness: tuple[int, str] | None) -> Verified:
    anchor = _anchor(raw, hasher) if raw is not None else None
    walk = _Walk(hasher, None, 0, witness=witness)
    ends = None
    if anchor is not None:
        ends = ends_of(raw or b"", hasher)
        walk.before, walk.sequence = bytes.fromhex(anchor.oldest_hash), anchor.oldest
        opened = [(file, lines) for file, lines in opened if not is_deleted(file, ends, anchor)]
        if anchor.oldest:
            walk.note(f"lines up to sequence {anchor.oldest} were deleted with old files, as keep_files says")
    broken = _followed(opened, walk, ends)
    if broken is None and anchor is not None:
        broken = _at_the_end(opened, walk, anchor)
    if broken is None and witness is not None and not walk.witnessed:
        text = f"the line that was noted down as sequence {witness[0]} is not there"
        broken = Break(str(opened[-1][0]) if opened else "", 0, text)
    if anchor is None and not walk.lines and not _has_links(opened):
        raise NotVerifiableError("there is no line with a link of a chain")
    return _told(opened, walk, anchored=anchor is not None, broken=broken)


def _told(opened: _Opened, walk: _Walk, *, anchored: bool, broken: Break | None) -> Verified:
    return Verified(
        files=tuple(str(file) for file, _ in opened),
        lines=walk.lines,
        first=walk.first,
        last=walk.sequence if walk.lines else 0,
        hash=(walk.before or GENESIS).hex(),
        keyed=walk.keyed,
        anchored=anchored,
        broken=broken,
        notes=tuple(walk.notes),
    )


def _has_links(opened: _Opened) -> bool:
    for _, lines in opened:
        lines.seek(0)
        if any(parted(raw.removesuffix(b"\n")) for raw in lines):
            return True
    return False


def _anchor(raw: bytes, hasher: Hasher) -> Anchor:
    try:
        return Anchor.decoded(raw, hasher)
    except AnchorError as error:
        raise NotVerifiableError(f"the anchor cannot be used: {error}") from error


def _followed(opened: _Opened, walk: _Walk, ends: dict[int, End] | None) -> Break | None:
    for file, lines in opened:
        for number, raw in enumerate(lines, start=1):
            text = _next(walk, raw)
            if text:
                return Break(str(file), number, text)
        end = (walk.sequence, (walk.before or GENESIS).hex())
        text = wrong_end(file, end, ends) if ends is not None else ""
        if text:
            return Break(str(file), 0, text)
    if (walk.lines or ends is not None) and is_record(walk.torn):
        return Break(str(opened[-1][0]), 0, "a record without a link stands at the end: it was inserted")
    if walk.torn:
        walk.note("the last line is torn: a process was ended while it wrote, and none has written since")
    return None


def _next(walk: _Walk, raw: bytes) -> str:
    """Take another line; return what is wrong with it, empty where nothing is."""
    linked = parted(raw.removesuffix(b"\n"))
    if walk.torn:
        return "what stands before it was inserted: that is no line of the chain"
    if linked is None and raw.endswith(b"\n"):  # the link is written before the line end
        return "it was inserted, or cut: that is no line of the chain"
    if linked is None:
        walk.torn = raw
        return ""
    if not _goes_on(walk, linked):
        return _mistake(walk, linked)
    walk.first = walk.first or linked.link.sequence
    walk.before, walk.sequence, walk.keyed = linked.link.hash, linked.link.sequence, linked.link.keyed
    walk.lines += 1
    walk.witnessed = walk.witnessed or (walk.sequence, walk.before.hex()) == walk.witness
    return ""


def _goes_on(walk: _Walk, linked: Linked) -> bool:
    """Tell whether a line is the next one. Raises NotVerifiableError for a key that is missing."""
    link = linked.link
    if link.keyed != walk.hasher.keyed and not walk.lines:
        needs = "its chain has a key: give it" if link.keyed else "its chain has no key, and one was given"
        raise NotVerifiableError(needs)
    if walk.before is None:  # its own hash cannot be made again; all that follow depend on it
        if link.sequence == 1:
            return walk.hasher.fits(linked, GENESIS)
        walk.note(f"what stood before sequence {link.sequence} was not given: the first line is believed")
        return True
    return link.sequence == walk.sequence + 1 and walk.hasher.fits(linked, walk.before)


def _mistake(walk: _Walk, linked: Linked) -> str:
    """Say why a line is not the next one."""
    got, wanted = linked.link.sequence, walk.sequence + 1
    if got > wanted:
        lost = f"sequence {wanted}" if got == wanted + 1 else f"sequences {wanted} to {got - 1}"
        return f"{lost} missing before it: removed, moved, or in a file that is missing"
    if got < wanted:
        return f"it has sequence {got} behind {walk.sequence}: it was inserted, or lines were swapped"
    return f"it was changed, or is not the line that was written as sequence {got}"


def _at_the_end(opened: _Opened, walk: _Walk, anchor: Anchor) -> Break | None:
    """Compare the end with what the anchor says."""
    file = str(opened[-1][0]) if opened else ""
    if walk.sequence < anchor.sequence:
        return Break(file, 0, f"the end is missing: sequences {walk.sequence + 1} to {anchor.sequence}")
    if walk.sequence == anchor.sequence and walk.lines and walk.before != bytes.fromhex(anchor.hash):
        return Break(file, 0, f"the last line is not the one that was written as sequence {anchor.sequence}")
    if anchor.rebuilt >= 0 and walk.first <= anchor.rebuilt:
        text = f"the anchor was missing when sequence {anchor.rebuilt + 1} was written"
        return Break(file, 0, f"{text}: lines may be missing before it")
    return None
