"""What people do with entries: look, replay, discard."""

import re
from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import delete, func, select, update

from gateway.callout.journal.entries import Letter, OpenedLetter, Stage, State
from gateway.callout.journal.instances import WAITS_AGAIN
from gateway.callout.journal.room import Room
from gateway.callout.journal.store import Store
from gateway.callout.journal.tables import STAGES, STATES, entries, in_state
from gateway.callout.journal.times import instant
from gateway.callout.values import Source

_STATE_OF: Final = {number: state for state, number in STATES.items()}
_STAGE_OF: Final = {number: stage for stage, number in STAGES.items()}
_CHUNK: Final = 500
"""Ids in one statement."""
_SHOWN: Final = (
    entries.c.id,
    entries.c.bundle,
    entries.c.tpipe,
    entries.c.service,
    entries.c.operation,
    entries.c.stage,
    entries.c.state,
    entries.c.attempts,
    entries.c.received,
    entries.c.changed,
    entries.c.status,
    entries.c.reason,
    entries.c.size,
)
_IN_IT: Final = (entries.c.data, entries.c.answer)
_BEGINNING: Final = re.compile(r"[0-9a-f]{1,32}")
_AFTER_DIGITS: Final = "g"
"""Sorts behind every hexadecimal digit."""


class Letters:
    """The part of a `Journal` for people; its methods are described there. Thread-safe."""

    def __init__(self, store: Store, room: Room) -> None:
        self._store = store
        self._room = room

    def counts(self) -> dict[tuple[Source, State], int]:
        """Return how many entries there are."""
        keys = (entries.c.state, entries.c.bundle, entries.c.tpipe)
        with self._store.reading() as connection:
            rows = connection.execute(select(*keys, func.count().label("entries")).group_by(*keys)).all()
        return {(Source(row.bundle, row.tpipe), _STATE_OF[row.state]): row.entries for row in rows}

    def letters(self, state: State, limit: int, after: str) -> Sequence[Letter]:
        """Return entries, oldest first; an `after` that is gone: from the first."""
        last = select(entries.c.seq).where(entries.c.id == after).scalar_subquery()
        wanted = select(*_SHOWN).where(in_state(state)).order_by(entries.c.seq).limit(limit)
        if after:
            wanted = wanted.where(entries.c.seq > func.coalesce(last, 0))
        with self._store.reading() as connection:
            return [_letter(row) for row in connection.execute(wanted)]

    def letter(self, id_: str) -> OpenedLetter | None:
        """Return one entry with message and answer; also by its message id (``urn:uuid:``)."""
        start = id_.lower().removeprefix("urn:uuid:").replace("-", "")
        if not _BEGINNING.fullmatch(start):
            return None
        begins = (entries.c.id >= start) & (entries.c.id < start + _AFTER_DIGITS)
        with self._store.reading() as connection:
            rows = connection.execute(select(*_SHOWN, *_IN_IT).where(begins).limit(2)).all()
        return _opened(rows[0]) if len(rows) == 1 else None

    def replay(self, ids: Sequence[str]) -> int:
        """Make dead letters wait again."""
        found = 0
        with self._store.writing() as connection:
            now = self._store.now()
            for chunk in _chunks(ids):
                alive = WAITS_AGAIN | {"due": now, "changed": now, "attempts": 0}
                found += connection.execute(
                    update(entries).where(in_state(State.DEAD), entries.c.id.in_(chunk)).values(alive)
                ).rowcount
        self._room.changed(found)
        return found

    def discard(self, ids: Sequence[str]) -> int:
        """Remove dead letters."""
        found = 0
        with self._store.writing() as connection:
            for chunk in _chunks(ids):
                dead = delete(entries).where(in_state(State.DEAD), entries.c.id.in_(chunk))
                found += connection.execute(dead).rowcount
        return found


def _chunks(ids: Sequence[str]) -> Sequence[Sequence[str]]:
    return [ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK)]


def _letter(row: Any) -> Letter:
    return Letter(
        id=row.id,
        source=Source(row.bundle, row.tpipe),
        service=row.service,
        operation=row.operation,
        stage=_STAGE_OF[row.stage],
        state=_STATE_OF[row.state],
        attempts=row.attempts,
        received=instant(row.received),
        changed=instant(row.changed),
        status=row.status,
        reason=row.reason,
        size=row.size,
    )


def _opened(row: Any) -> OpenedLetter:
    letter = _letter(row)
    return OpenedLetter(letter, row.data, row.answer if letter.stage is Stage.ANSWER else None)
