"""The anchor of a chain: what its end is, kept beside the trail, so that an end that was cut off shows.

One line of JSON of a fixed length, written over itself with each record. It is sealed: with a key of the chain
nobody else can write one. Behind it stands a line for each file that was put aside: what its end is. The whole
file is replaced when one is, so that a process that is killed leaves the one or the other.
"""

import json
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Self

from gateway.audit.chain import GENESIS, Hasher

BYTES: Final = 512
"""Length of the file: less than what any disk writes at once."""
SUFFIX: Final = ".chain"
_HASH: Final = re.compile(r"[0-9a-f]{64}")


class AnchorError(ValueError):
    """What stands in the file is no anchor, or not one of this chain; the text says why."""


def anchor_path(trail: Path) -> Path:
    """Return where the anchor of a trail is."""
    return trail.with_name(f"{trail.name}{SUFFIX}")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of the chain, and its beginning where that has been deleted."""

    sequence: int = 0
    """Of the last line."""
    hash: str = GENESIS.hex()
    size: int = 0
    """Bytes of the current file, up to and with the last line."""
    oldest: int = 0
    """Sequence of the last line that was deleted with an old file; 0: none was."""
    oldest_hash: str = GENESIS.hex()
    rebuilt: int = 0
    """The anchor was missing, or unfit, when the line behind this sequence was written; -1: never."""
    keyed: bool = False

    @classmethod
    def new(cls, *, keyed: bool) -> Self:
        """Return the anchor of a trail that begins."""
        return cls(rebuilt=-1, keyed=keyed)

    def at(self, sequence: int, hash_: bytes, size: int) -> Self:
        """Return it behind another line."""
        return replace(self, sequence=sequence, hash=hash_.hex(), size=size)

    def encoded(self, hasher: Hasher) -> bytes:
        """Return the content of the file."""
        facts = self._facts()
        text = f'{{"anchor":{facts},"seal":"{hasher.seal(facts.encode())}"}}'
        return text.encode().ljust(BYTES - 1) + b"\n"

    def _facts(self) -> str:
        """Return the members as JSON, in one form; made by hand, as it is made for each record."""
        return (
            f'{{"sequence":{self.sequence},"hash":"{self.hash}","size":{self.size},"oldest":{self.oldest},'
            f'"oldest_hash":"{self.oldest_hash}","rebuilt":{self.rebuilt},"keyed":{str(self.keyed).lower()}}}'
        )

    @classmethod
    def decoded(cls, data: bytes, hasher: Hasher) -> Self:
        """Read what `encoded` gave. Raises AnchorError."""
        try:
            said = json.loads(data[:BYTES])
            anchor = cls(**said["anchor"])
            facts = anchor._facts()
            seal = str(said["seal"])
        except (ValueError, KeyError, TypeError, RecursionError) as error:
            raise AnchorError("it is no anchor of a chain") from error
        if anchor.keyed != hasher.keyed:
            raise AnchorError("it was made with a key" if anchor.keyed else "it was made without a key")
        if seal != hasher.seal(facts.encode()):
            raise AnchorError("its seal is not right: another key, or somebody has changed it")
        if not anchor._is_fit():
            raise AnchorError("it is no anchor of a chain")
        return anchor

    def _is_fit(self) -> bool:
        """Tell whether it can be worked with: a seal without a key is made by anybody."""
        numbers = (self.sequence, self.size, self.oldest, self.rebuilt)
        if not all(type(one) is int for one in numbers) or min(numbers[:3]) < 0:
            return False
        hashes = (self.hash, self.oldest_hash)
        return all(_HASH.fullmatch(str(one)) for one in hashes)


@dataclass(frozen=True, slots=True)
class End:
    """The last line of a file that was put aside."""

    number: int
    """Of the file."""
    sequence: int
    hash: str

    def encoded(self, hasher: Hasher) -> bytes:
        """Return its line, with line end."""
        facts = self._facts()
        return f'{{"end":{facts},"seal":"{hasher.seal(facts.encode())}"}}\n'.encode()

    def _facts(self) -> str:
        return f'{{"number":{self.number},"sequence":{self.sequence},"hash":"{self.hash}"}}'

    @classmethod
    def decoded(cls, line: bytes, hasher: Hasher) -> Self | None:
        """Read what `encoded` gave; None: it is nothing that the chain's owner wrote."""
        try:
            said = json.loads(line)
            end = cls(**said["end"])
            seal = str(said["seal"])
        except (ValueError, KeyError, TypeError, RecursionError):
            return None
        fit = all(type(one) is int for one in (end.number, end.sequence)) and seal == hasher.seal(
            end._facts().encode()
        )
        return end if fit and _HASH.fullmatch(str(end.hash)) else None


def ends_of(data: bytes, hasher: Hasher) -> dict[int, End]:
    """Return the ends that stand behind an anchor, by the number of their file."""
    found = (End.decoded(line, hasher) for line in data[BYTES:].splitlines())
    return {end.number: end for end in found if end is not None}


def with_ends(anchor: Anchor, ends: Iterable[End], hasher: Hasher) -> bytes:
    """Return the whole content of the file."""
    return anchor.encoded(hasher) + b"".join(end.encoded(hasher) for end in ends)
