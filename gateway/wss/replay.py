"""What must come only once, and the door to the store that remembers it.

The store is handed in, so the judge does no I/O of its own. What is remembered is a digest, never a secret.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Protocol


class OnceKind(Enum):
    """Kinds of things that come only once."""

    NONCE = "nonce"
    SIGNATURE = "signature"
    ASSERTION = "assertion"
    PASSTICKET = "passticket"
    """Not of a message: the second that a PassTicket of ours was made for."""


@dataclass(frozen=True, slots=True)
class Once:
    """One thing that must not come again before `until`."""

    kind: OnceKind
    key: bytes
    """SHA-256 over what identifies it."""
    until: datetime
    """From then on the message would be refused as too old anyway."""

    @classmethod
    def of(cls, kind: OnceKind, parts: Sequence[bytes], until: datetime) -> "Once":
        """Make a key of parts, each with its length, so that no two lists of parts make the same."""
        digest = hashlib.sha256(kind.value.encode())
        for part in parts:
            digest.update(len(part).to_bytes(4, "big") + part)
        return cls(kind, digest.digest(), until)


class Remembered(Enum):
    """What the store says."""

    NEW = "new"
    SEEN = "seen"
    FULL = "full"
    """No room, and nothing unexpired is forgotten to make some."""
    FAILED = "failed"
    """The store cannot be used, and messages are to be refused then."""
    UNPROTECTED = "unprotected"
    """The store cannot be used, and messages are to be accepted all the same."""


class ReplayStore(Protocol):
    """Remembers what came, for all workers, and machines where they share one. Never raises."""

    def remember(self, entries: Sequence[Once], now: datetime) -> Remembered:
        """Insert all entries at once unless one of them is there; of two callers at once one gets SEEN."""
        ...


class Unremembered:
    """A store that remembers nothing: for judging a stored message, and for services without a token."""

    def remember(self, entries: Sequence[Once], now: datetime) -> Remembered:  # noqa: ARG002  the protocol's
        """Say that all is new."""
        return Remembered.NEW
