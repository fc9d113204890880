"""What machines do with entries: keep, claim, deliver."""

import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection, and_, delete, insert, or_, select, update

from gateway.callout.journal.entries import (
    ClaimLostError,
    Entry,
    JournalError,
    JournalFullError,
    NewEntry,
    Stage,
    State,
)
from gateway.callout.journal.instances import UNCOUNTED, WAITS_AGAIN, Instance
from gateway.callout.journal.room import Room
from gateway.callout.journal.store import SECOND, Store
from gateway.callout.journal.tables import STAGES, STATES, entries
from gateway.callout.journal.texts import LONGEST_REASON, cleaned
from gateway.callout.journal.times import instant, microseconds
from gateway.callout.values import Source

_STAGE_OF: Final = {number: stage for stage, number in STAGES.items()}
_CALLED: Final = entries.c.stage == STAGES[Stage.CALL]


@dataclass(slots=True)
class _Claim:
    """A claim that is being made."""

    token: str
    begun: bool = False
    """It may be in the journal."""


class Claims:
    """The part of a `Journal` that delivery uses; its methods are described there. Thread-safe."""

    def __init__(self, store: Store, room: Room, instance: Instance, max_entries: int) -> None:
        self._store = store
        self._room = room
        self._instance = instance
        self._max_entries = max_entries

    def take(self, new: NewEntry) -> Entry:
        """Keep a message that is claimed already."""
        if not self._room.left():
            raise JournalFullError(f"{self._store.name}: holds {self._max_entries} messages, its max_entries")
        with self._claiming() as claim:
            id_ = self._keep(new, {"attempts": 1}, claim)
        self._room.changed(1)
        return Entry(id_, new, Stage.CALL, 1, b"", claim.token)

    def bury(self, new: NewEntry, status: int, reason: str) -> str:
        """Keep a message as a dead letter."""
        return self._keep(new, _failure(status, reason) | {"state": STATES[State.DEAD]})

    def claim(self, source: Source, limit: int) -> Sequence[Entry]:
        """Take entries that are due."""
        with self._claiming() as claim, self._store.writing(durable=False) as connection:
            rows = connection.execute(self._due(source, limit)).all()
            if rows:
                self._take(connection, [row.seq for row in rows], claim)
        return [_entry(row, claim.token) for row in rows]

    def delivered(self, entry: Entry) -> None:
        """Forget an entry, whoever has it."""
        with self._store.writing(durable=False) as connection:
            gone = connection.execute(delete(entries).where(entries.c.id == entry.id)).rowcount
        self._room.changed(-gone)

    def answered(self, entry: Entry, answer: bytes) -> Entry:
        """Keep the answer, unless another has the entry."""
        free = and_(entries.c.claim.is_(None), _CALLED)
        with self._store.writing() as connection:
            self._instance.enter(connection)
            kept = connection.execute(
                update(entries)
                .where(entries.c.id == entry.id, or_(entries.c.claim == entry.claim, free))
                .values(
                    state=STATES[State.WORKING],
                    owner=self._instance.id,
                    claim=entry.claim,
                    stage=STAGES[Stage.ANSWER],
                    answer=answer,
                    attempts=1,
                    changed=self._store.now(),
                    status=0,
                    reason="",
                )
            ).rowcount
        if not kept:
            raise ClaimLostError(f"{self._store.name}: entry {entry.id} is another's by now, or gone")
        return replace(entry, stage=Stage.ANSWER, attempts=1, answer=answer)

    def again(self, entry: Entry, seconds: float, status: int, reason: str) -> None:
        """Let it wait."""
        self._let_go(entry, seconds, WAITS_AGAIN | _failure(status, reason))

    def postponed(self, entry: Entry, seconds: float) -> None:
        """Let it wait without counting an attempt."""
        self._let_go(entry, seconds, WAITS_AGAIN | UNCOUNTED)

    def dead(self, entry: Entry, status: int, reason: str) -> None:
        """Give it up."""
        change = WAITS_AGAIN | _failure(status, reason) | {"state": STATES[State.DEAD]}
        self._room.changed(-self._let_go(entry, 0, change))

    def next_due(self, source: Source) -> float | None:
        """Return in how many seconds the next is due."""
        with self._store.reading() as connection:
            left = (entries.c.due - self._store.now()).label("left")
            next_ = select(left).where(_waits(source)).order_by(entries.c.due).limit(1)
            found = connection.execute(next_).scalar_one_or_none()
        return None if found is None else max(0.0, found / SECOND)

    @contextmanager
    def _claiming(self) -> Iterator[_Claim]:
        """Make a claim.

        One that failed may stand in the journal all the same, when only the answer to the commit was lost. We
        live, so no lease would ever end it: it is given back at the next beat.
        """
        claim = _Claim(uuid.uuid4().hex)
        try:
            yield claim
        except JournalError:
            if claim.begun:
                self._instance.doubt(claim.token)
            raise

    def _keep(self, new: NewEntry, what: dict[str, Any], claim: _Claim | None = None) -> str:
        """Write a new entry, claimed or not; return its id."""
        id_ = uuid.uuid4().hex
        values = _values(new) | _failure(0, "") | what | {"id": id_}
        with self._store.writing() as connection:
            if claim is not None:
                values |= self._claimed(connection, claim)
            now = self._store.now()
            connection.execute(insert(entries).values(values | {"due": now, "changed": now}))
        return id_

    def _claimed(self, connection: Connection, claim: _Claim) -> dict[str, Any]:
        """Enter ourselves; return what makes an entry ours."""
        self._instance.enter(connection)
        claim.begun = True
        return {"state": STATES[State.WORKING], "owner": self._instance.id, "claim": claim.token}

    def _due(self, source: Source, limit: int) -> Any:
        return (
            select(entries)
            .where(_waits(source), entries.c.due <= self._store.now())
            .order_by(entries.c.due, entries.c.seq)
            .limit(limit)
            .with_for_update(skip_locked=True)
        )

    def _take(self, connection: Connection, rows: Sequence[int], claim: _Claim) -> None:
        ours = self._claimed(connection, claim)
        more = {"attempts": entries.c.attempts + 1, "changed": self._store.now()}
        connection.execute(update(entries).where(entries.c.seq.in_(rows)).values(ours | more))

    def _let_go(self, entry: Entry, seconds: float, change: dict[str, Any]) -> int:
        """Change an entry that is still ours; return 0 when it is not."""
        with self._store.writing(durable=False) as connection:
            now = self._store.now()
            mine = update(entries).where(entries.c.id == entry.id, entries.c.claim == entry.claim)
            due = now + int(seconds * SECOND)
            return connection.execute(mine.values(change | {"due": due, "changed": now})).rowcount


def _waits(source: Source) -> ColumnElement[bool]:
    return and_(
        entries.c.state == STATES[State.WAITING],
        entries.c.bundle == source.bundle,
        entries.c.tpipe == source.tpipe,
    )


def _failure(status: int, reason: str) -> dict[str, Any]:
    return {"status": status, "reason": cleaned(reason[:LONGEST_REASON])}


def _values(new: NewEntry) -> dict[str, Any]:
    return {
        "bundle": new.source.bundle,
        "tpipe": new.source.tpipe,
        "stage": STAGES[Stage.CALL],
        "attempts": 0,
        "received": microseconds(new.received),
        "service": cleaned(new.service),
        "operation": cleaned(new.operation),
        "network_user": cleaned(new.network_user),
        "network_session": cleaned(new.network_session),
        "size": len(new.data),
        "data": new.data,
        "answer": b"",
    }


def _entry(row: Any, token: str) -> Entry:
    """Return an entry as it is after the claim."""
    new = NewEntry(
        source=Source(row.bundle, row.tpipe),
        data=row.data,
        received=instant(row.received),
        service=row.service,
        operation=row.operation,
        network_user=row.network_user,
        network_session=row.network_session,
    )
    return Entry(row.id, new, _STAGE_OF[row.stage], row.attempts + 1, row.answer, token)
