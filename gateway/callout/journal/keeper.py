"""The journal itself: its parts put together, on either store."""

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from gateway.callout.journal.claims import Claims
from gateway.callout.journal.entries import Entry, JournalError, Letter, NewEntry, OpenedLetter, State
from gateway.callout.journal.instances import Instance
from gateway.callout.journal.letters import Letters
from gateway.callout.journal.outage import Outage, WatchedStore
from gateway.callout.journal.postgresql import PostgresqlStore
from gateway.callout.journal.room import Room
from gateway.callout.journal.sqlite import FILE_NAME, SqliteStore
from gateway.callout.journal.store import Store
from gateway.callout.values import Source
from gateway.clock import Clock
from gateway.config.model import JournalSettings

_LOG: Final = logging.getLogger(__name__)


def open_journal(
    settings: JournalSettings, state: Path, clock: Clock, *, create: bool = True, outage: Outage | None = None
) -> "SqlJournal":
    """Return the journal that the settings name; `state` is the home's folder for what is written.

    No I/O yet: a store that cannot be used raises JournalError at each call, and is tried anew at the next.
    Without `create` a journal that is not there yet is not made: calls raise NoJournalError (for commands that
    look). `outage` tells of times in which it cannot be used. Not to be taken through a fork. Raises
    JournalError where psycopg is not installed or the address is none.
    """
    store: Store
    if settings.store == "sqlite":
        store = SqliteStore(state / FILE_NAME, clock, create=create)
    else:
        store = PostgresqlStore(settings, create=create)
    return SqlJournal(store if outage is None else WatchedStore(store, outage), settings, clock)


class SqlJournal:
    """A `gateway.callout.journal.entries.Journal`: see there for what its methods promise."""

    def __init__(self, store: Store, settings: JournalSettings, clock: Clock) -> None:
        self._store = store
        self._room = Room(store, settings.max_entries, clock)
        self._instance = Instance(store, settings.lease_seconds)
        self._claims = Claims(store, self._room, self._instance, settings.max_entries)
        self._letters = Letters(store, self._room)

    @property
    def name(self) -> str:
        """Where it is, for people."""
        return self._store.name

    def take(self, new: NewEntry) -> Entry:
        """Keep a message and claim it at once."""
        return self._claims.take(new)

    def bury(self, new: NewEntry, status: int, reason: str) -> str:
        """Keep a message that cannot be delivered as a dead letter; return its id."""
        return self._claims.bury(new, status, reason)

    def claim(self, source: Source, limit: int) -> Sequence[Entry]:
        """Take up to `limit` entries of a tpipe that are due, oldest first."""
        return self._claims.claim(source, limit)

    def delivered(self, entry: Entry) -> None:
        """Forget an entry."""
        self._claims.delivered(entry)

    def answered(self, entry: Entry, answer: bytes) -> Entry:
        """Keep the answer, which is to go to IMS next. Raises ClaimLostError."""
        return self._claims.answered(entry, answer)

    def again(self, entry: Entry, seconds: float, status: int, reason: str) -> None:
        """Let it wait, and be due in so many seconds."""
        self._claims.again(entry, seconds, status, reason)

    def postponed(self, entry: Entry, seconds: float) -> None:
        """Let it wait without counting an attempt."""
        self._claims.postponed(entry, seconds)

    def dead(self, entry: Entry, status: int, reason: str) -> None:
        """Give it up: a dead letter."""
        self._claims.dead(entry, status, reason)

    def abandon(self, entry: Entry) -> None:
        """Do no more with an entry: it waits again at a later beat."""
        self._instance.doubt(entry.claim)

    def next_due(self, source: Source) -> float | None:
        """Return in how many seconds the next entry of a tpipe is due."""
        return self._claims.next_due(source)

    def has_room(self) -> bool:
        """Tell whether another message may be retrieved."""
        return self._room.left()

    def beat(self) -> None:
        """Say that this instance lives, and let go of what lost instances had."""
        self._instance.beat()

    def counts(self) -> dict[tuple[Source, State], int]:
        """Return how many entries there are, by tpipe and state."""
        return self._letters.counts()

    def letters(self, state: State = State.DEAD, limit: int = 100, after: str = "") -> Sequence[Letter]:
        """Return entries for people, oldest first."""
        return self._letters.letters(state, limit, after)

    def letter(self, id_: str) -> OpenedLetter | None:
        """Return one entry, by its id or the beginning of it that no other has, with message and answer."""
        return self._letters.letter(id_)

    def replay(self, ids: Sequence[str]) -> int:
        """Make dead letters wait again."""
        return self._letters.replay(ids)

    def discard(self, ids: Sequence[str]) -> int:
        """Remove dead letters for good."""
        return self._letters.discard(ids)

    def close(self) -> None:
        """Give claimed entries back and let go of the store.

        Where they cannot be given back, they wait again once the lease has run out.
        """
        try:
            if self._instance.entered:
                self._instance.leave()
        except JournalError as error:
            _LOG.warning("journal: what this instance had claimed waits for its lease to run out: %s", error)
        finally:
            self._store.close()
