"""A journal that cannot be used is told once an outage, not once for each tpipe, and once more when it is back.

Whoever needs the journal meets the same outage: listeners, deliveries, the heartbeat, for every tpipe. They all
come through the store, so it is noticed there, and those above it say nothing of it in the log.
"""

import logging
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import ColumnElement, Connection

from gateway.callout.journal.entries import JournalError
from gateway.callout.journal.store import Store
from gateway.clock import Clock

_LOG: Final = logging.getLogger(__name__)
REPEAT_SECONDS: Final = 60.0
"""Between two lines of one outage."""
QUIET_SECONDS: Final = 10.0
"""How long nothing must have failed before a write ends an outage: a disk that is nearly full takes a heartbeat
and refuses the next message."""


@dataclass(slots=True)
class _Period:
    """One outage; monotonic seconds."""

    since: float
    last: float
    told: float
    failures: int = 1


class Outage:
    """Tells of outages in the log. Thread-safe."""

    def __init__(self, clock: Clock) -> None:
        """Begin with a journal that works."""
        self._clock = clock
        self._lock = threading.Lock()
        self._now: _Period | None = None

    @property
    def over(self) -> bool:
        """Whether the journal can be used, as far as is known."""
        return self._now is None

    def failed(self, error: JournalError) -> None:
        """Note that the journal could not be used."""
        now = self._clock.monotonic()
        with self._lock:
            if self._now is None:
                self._now = _Period(now, now, now)
                words = "nothing asynchronous is taken or delivered"
            else:
                self._now.last = now
                self._now.failures += 1
                if now - self._now.told < REPEAT_SECONDS:
                    return
                self._now.told = now
                words = f"for {now - self._now.since:.0f} s now, {self._now.failures} attempts have failed"
        _LOG.error("the journal cannot be used: %s (%s)", error, words)

    def worked(self) -> None:
        """Note that something was written."""
        with self._lock:
            over = self._now
            if over is None or self._clock.monotonic() - over.last < QUIET_SECONDS:
                return
            self._now = None
        _LOG.warning(
            "the journal can be used again, after %.0f s in which %d attempts failed",
            over.last - over.since,
            over.failures,
        )


class WatchedStore:
    """A `Store` whose outages are told."""

    def __init__(self, store: Store, outage: Outage) -> None:
        self.name = store.name
        self.insert: Callable[..., Any] = store.insert
        self._store = store
        self._outage = outage

    @contextmanager
    def writing(self, *, durable: bool = True) -> Iterator[Connection]:
        """See `Store`."""
        with self._noticed(self._store.writing(durable=durable)) as connection:
            yield connection
        self._outage.worked()

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """See `Store`. That it worked says nothing: a full disk can be read."""
        with self._noticed(self._store.reading()) as connection:
            yield connection

    def now(self) -> ColumnElement[int]:
        """See `Store`."""
        return self._store.now()

    def beat(self) -> ColumnElement[int]:
        """See `Store`."""
        return self._store.beat()

    def alone(self, connection: Connection) -> bool:
        """See `Store`."""
        return self._store.alone(connection)

    def close(self) -> None:
        """See `Store`."""
        self._store.close()

    @contextmanager
    def _noticed(self, transaction: AbstractContextManager[Connection]) -> Iterator[Connection]:
        try:
            with transaction as connection:
                yield connection
        except JournalError as error:
            self._outage.failed(error)
            raise
