"""Who works with the journal: each process that claims entries has a row, and keeps its heartbeat fresh.

An instance whose heartbeat is a lease old is lost. Its row is removed, and what it had claimed waits again; if
it lives after all, it finds its row missing and enters itself anew, while its old claims have ended.

When the store was away, everybody's heartbeat is old. An instance that notices so by its own gives the others a
lease to be heard of again.
"""

import os
import socket
import threading
import uuid
from collections.abc import Sequence
from typing import Final

from sqlalchemy import ColumnElement, Connection, case, delete, or_, select, update

from gateway.callout.journal.entries import State
from gateway.callout.journal.store import SECOND, Store
from gateway.callout.journal.tables import STATES, entries, instances
from gateway.callout.journal.texts import cleaned

WAITS_AGAIN: Final = {"state": STATES[State.WAITING], "owner": None, "claim": None}
"""What giving up a claim changes."""
UNCOUNTED: Final = {"attempts": case((entries.c.attempts > 0, entries.c.attempts - 1), else_=0)}
"""What else, where nothing was tried."""
_BEATS_IN_DOUBT: Final = 60
"""How many beats look for a claim that failed: a server may carry out late what it was cut off from."""


class Instance:
    """This one. Thread-safe."""

    def __init__(self, store: Store, lease_seconds: float) -> None:
        self.id = uuid.uuid4().hex
        self._store = store
        self._lease = int(lease_seconds * SECOND)
        self._place = cleaned(f"{socket.gethostname()} process {os.getpid()}")
        self._lock = threading.Lock()
        self._doubtful: dict[str, int] = {}
        self._patience = 0
        self.entered = False
        """Whether we ever had a row."""

    def enter(self, connection: Connection) -> None:
        """See to it that our row is there, and stays until the end of the transaction.

        Without it nobody would notice that we are lost. PostgreSQL: the lock keeps others from removing the
        row; heartbeats do not wait for it. SQLite has one writer anyway.
        """
        mine = select(instances.c.id).where(instances.c.id == self.id)
        if connection.execute(mine.with_for_update(read=True, key_share=True)).first() is None:
            self._heartbeat(connection)

    def doubt(self, claim: str) -> None:
        """Remember a claim that may stand in the journal without our having got anything by it."""
        with self._lock:
            self._doubtful[claim] = _BEATS_IN_DOUBT

    def beat(self) -> None:
        """Renew our heartbeat, remove instances that are lost and give back what had been theirs.

        To be called three times a lease or more.
        """
        with self._lock:
            doubtful = tuple(self._doubtful)
        with self._store.writing(durable=False) as connection:
            patient = self._patient(connection)
            self._heartbeat(connection)
            if doubtful:
                ours = update(entries).where(entries.c.claim.in_(doubtful), entries.c.owner == self.id)
                connection.execute(ours.values(WAITS_AGAIN | UNCOUNTED))
        self._doubt_less(doubtful)
        if patient:
            return
        with self._store.writing(durable=False) as connection:
            if self._store.alone(connection):
                self._remove_lost(connection)

    def leave(self) -> None:
        """Give back what we have claimed, and remove our row."""
        with self._store.writing(durable=False) as connection:
            connection.execute(update(entries).where(entries.c.owner == self.id).values(WAITS_AGAIN))
            connection.execute(delete(instances).where(instances.c.id == self.id))

    def _patient(self, connection: Connection) -> bool:
        """Tell whether the others get time to be heard of: we were kept from the store ourselves."""
        mine = select(self._store.beat() - instances.c.heartbeat).where(instances.c.id == self.id)
        since = connection.execute(mine).scalar_one_or_none() or 0
        with self._lock:
            if self._patience > 0:
                self._patience -= min(since, self._lease // 2)
            elif since > self._lease // 2:
                self._patience = self._lease
            return self._patience > 0

    def _doubt_less(self, claims: Sequence[str]) -> None:
        with self._lock:
            for claim in claims:
                left = self._doubtful.pop(claim, 0) - 1
                if left > 0:
                    self._doubtful[claim] = left

    def _heartbeat(self, connection: Connection) -> None:
        beat = self._store.beat()
        row = self._store.insert(instances).values(id=self.id, place=self._place, heartbeat=beat)
        connection.execute(row.on_conflict_do_update(index_elements=["id"], set_={"heartbeat": beat}))
        self.entered = True

    def _remove_lost(self, connection: Connection) -> None:
        """Skip what is locked: it is in use at this moment, and gets its turn at the next beat."""
        lost = select(instances.c.id).where(self._lost(), instances.c.id != self.id)
        connection.execute(delete(instances).where(instances.c.id.in_(lost.with_for_update(skip_locked=True))))
        known = select(instances.c.id).where(instances.c.id == entries.c.owner)
        orphans = select(entries.c.seq).where(entries.c.owner.is_not(None), ~known.exists())
        waiting = update(entries).where(entries.c.seq.in_(orphans.with_for_update(skip_locked=True)))
        connection.execute(waiting.values(WAITS_AGAIN))

    def _lost(self) -> ColumnElement[bool]:
        age = self._store.beat() - instances.c.heartbeat
        return or_(age > self._lease, age < -self._lease)
