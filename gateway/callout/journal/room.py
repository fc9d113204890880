"""Whether there is room for another message (`max_entries`), without counting a million rows each time.

Rows are counted now and then, what this process adds and removes in between is added and taken off. What other
processes do in between is not seen, so the bound may be passed by what they take in for a few seconds.
"""

import threading
from typing import Final

from sqlalchemy import func, or_, select

from gateway.callout.journal.entries import State
from gateway.callout.journal.store import Store
from gateway.callout.journal.tables import entries, in_state
from gateway.clock import Clock

_SECONDS: Final = 2.0
"""How long a count is good for."""
_SHARE: Final = 50
"""A count is good for so many times as long as it took: counting takes a fiftieth of the time at most."""

_COUNT: Final = select(func.count()).where(or_(in_state(State.WAITING), in_state(State.WORKING)))


class Room:
    """Thread-safe."""

    def __init__(self, store: Store, max_entries: int, clock: Clock) -> None:
        self._store = store
        self._max_entries = max_entries
        self._clock = clock
        self._lock = threading.Lock()
        self._counting = threading.Lock()
        self._entries = 0
        self._good_until: float | None = None

    def left(self) -> bool:
        """Tell whether there is room. Raises JournalError."""
        if self._stale() and self._counting.acquire(blocking=self._good_until is None):
            try:
                if self._stale():
                    self._count()
            finally:
                self._counting.release()
        with self._lock:
            return self._entries < self._max_entries

    def changed(self, by: int) -> None:
        """Note that this process has added so many, or removed."""
        with self._lock:
            self._entries += by

    def _stale(self) -> bool:
        return self._good_until is None or self._clock.monotonic() >= self._good_until

    def _count(self) -> None:
        began = self._clock.monotonic()
        with self._store.reading() as connection:
            found = connection.execute(_COUNT.select_from(entries)).scalar_one()
        ended = self._clock.monotonic()
        with self._lock:
            self._entries = found
            self._good_until = ended + max(_SECONDS, _SHARE * (ended - began))
