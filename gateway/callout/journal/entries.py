"""What stands in the journal, and what a journal can do."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Protocol

from gateway.callout.values import Source


class Stage(Enum):
    """How far an asynchronous callout is."""

    CALL = "call"
    """The web service is to be called."""
    ANSWER = "answer"
    """It has answered, and the answer is to go to IMS."""


class State(Enum):
    """What may happen to an entry."""

    WAITING = "waiting"
    """To be delivered at `due`, by whoever claims it."""
    WORKING = "working"
    """An instance has claimed it; if that is not heard of for a lease, the entry waits again."""
    DEAD = "dead"
    """Given up; only a person brings it back."""


@dataclass(frozen=True, slots=True)
class NewEntry:
    """A message that is to be kept before IMS is told that we have it."""

    source: Source
    data: bytes = field(repr=False)
    """As it came: the segments without LL and ZZ, joined."""
    received: datetime
    service: str = ""
    """What it is for, as far as it could be read; for people."""
    operation: str = ""
    network_user: str = ""
    network_session: str = ""


@dataclass(frozen=True, slots=True)
class Entry:
    """One asynchronous callout, as claimed."""

    id: str
    """32 hexadecimal digits, random; its message id is ``urn:uuid:`` with the same digits."""
    new: NewEntry
    stage: Stage
    attempts: int
    """Deliveries of this stage that were begun, this one included."""
    answer: bytes = field(default=b"", repr=False)
    """Stage ANSWER: the data for IMS, encoded."""
    claim: str = field(default="", repr=False)
    """Which claim of the entry this is; the journal's own business. A claim ends when the instance was not
    heard of for a lease, and the entry may be somebody else's then, see `Journal`."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One entry for people: `imsgw callout dead-letters`."""

    id: str
    source: Source
    service: str
    operation: str
    stage: Stage
    state: State
    attempts: int
    received: datetime
    changed: datetime
    status: int
    """Status code of the last failure; 0: none."""
    reason: str
    """Why, in words."""
    size: int
    """Bytes of the message."""


@dataclass(frozen=True, slots=True)
class OpenedLetter:
    """One entry for people, with what is in it."""

    letter: Letter
    data: bytes = field(repr=False)
    """The message, as in `NewEntry`."""
    answer: bytes | None = field(default=None, repr=False)
    """Stage ANSWER: the data for IMS, encoded, without transaction code."""


class JournalError(Exception):
    """The journal cannot be used now: disk full, server away. Its text holds no secret."""


class JournalFullError(JournalError):
    """There are `max_entries` messages; those that wait in IMS stay there."""


class ClaimLostError(Exception):
    """The claim has ended, and the entry is somebody else's or gone: do nothing more with it.

    It is no JournalError: who tries again until the journal works must not try this again.
    """


class Journal(Protocol):
    """Keeps asynchronous callouts. Used by many threads; each method is one transaction.

    What was returned from is on the disk (synced). Every method raises JournalError; the same call may be tried
    again after it, as often as it takes (a `take` that failed may nevertheless have kept its message).

    A claim may have ended, when we were not heard of for a lease, without our knowing. Good news counts all the
    same: `delivered` forgets the entry, whoever has it by now, since one delivery more is the only thing that
    keeping it could bring; `answered` keeps the answer unless another has the entry, then it raises
    ClaimLostError. Bad news (`again`, `postponed`, `dead`) of a claim that has ended is ignored.
    """

    def take(self, new: NewEntry) -> Entry:
        """Keep a message, claimed: this instance delivers it at once. Raises JournalFullError."""
        ...

    def bury(self, new: NewEntry, status: int, reason: str) -> str:
        """Keep a message that cannot be delivered as a dead letter; return its id."""
        ...

    def claim(self, source: Source, limit: int) -> Sequence[Entry]:
        """Take up to `limit` entries of a tpipe that are due, oldest first; nobody else gets them meanwhile."""
        ...

    def delivered(self, entry: Entry) -> None:
        """Forget an entry: it is where it should be."""
        ...

    def answered(self, entry: Entry, answer: bytes) -> Entry:
        """Keep the answer, which is to go to IMS next; return the entry at that stage, still claimed."""
        ...

    def again(self, entry: Entry, seconds: float, status: int, reason: str) -> None:
        """Let it wait, and be due in so many seconds."""
        ...

    def postponed(self, entry: Entry, seconds: float) -> None:
        """Let it wait without counting an attempt: its address is paused, or we are about to stop."""
        ...

    def dead(self, entry: Entry, status: int, reason: str) -> None:
        """Give it up: a dead letter."""
        ...

    def abandon(self, entry: Entry) -> None:
        """Do no more with an entry, though what became of it could not be kept: it waits again at a later beat.

        No I/O, and raises nothing.
        """
        ...

    def next_due(self, source: Source) -> float | None:
        """Return in how many seconds (0: now) the next entry of a tpipe is due; None: none waits."""
        ...

    def has_room(self) -> bool:
        """Tell whether another message may be retrieved (`max_entries`)."""
        ...

    def beat(self) -> None:
        """Say that this instance lives, and let go of what instances had that are not heard of any more."""
        ...

    def counts(self) -> dict[tuple[Source, State], int]:
        """Return how many entries there are, by tpipe and state."""
        ...

    def letters(self, state: State = State.DEAD, limit: int = 100, after: str = "") -> Sequence[Letter]:
        """Return entries for people, oldest first; `after`: those behind the one with this id."""
        ...

    def letter(self, id_: str) -> OpenedLetter | None:
        """Return one entry, by its id or the beginning of it that no other has, with message and answer."""
        ...

    def replay(self, ids: Sequence[str]) -> int:
        """Make dead letters wait again, due now, attempts counted anew; return how many there were."""
        ...

    def discard(self, ids: Sequence[str]) -> int:
        """Remove dead letters for good; return how many there were."""
        ...

    def close(self) -> None:
        """Give claimed entries back and let go of the store."""
        ...
