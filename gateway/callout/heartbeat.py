"""Says to the journal that this instance lives, and tells of what waits there that nobody here delivers."""

import logging
from collections.abc import Callable, Collection, Mapping
from threading import Event, Thread
from typing import Final, Protocol

from gateway.callout.journal.entries import JournalError, State
from gateway.callout.values import Source

_LOG: Final = logging.getLogger(__name__)
_BEATS: Final = 3
"""In a lease."""


class Beaten(Protocol):
    """What a heartbeat needs of a `gateway.callout.journal.entries.Journal`. Raises JournalError."""

    def beat(self) -> None:
        """Say that this instance lives."""
        ...

    def counts(self) -> Mapping[tuple[Source, State], int]:
        """Return how many entries there are, by tpipe and state."""
        ...


class Heartbeat:
    """A thread, from `start` to `close`."""

    def __init__(
        self, journal: Beaten, lease_seconds: float, sources: Callable[[], Collection[Source]]
    ) -> None:
        """Begin with `start`. `sources`: the tpipes that are delivered here at the moment."""
        self._journal = journal
        self._pause = lease_seconds / _BEATS
        self._sources = sources
        self._end = Event()
        self._changed = Event()
        self._changed.set()
        self._thread = Thread(target=self._run, name="callout-heartbeat", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def changed(self) -> None:
        """Have the next beat look for strays: the home has changed."""
        self._changed.set()

    def stop(self) -> None:
        """Begin no other beat; returns at once."""
        self._end.set()

    def close(self) -> None:
        """End, and wait for a beat that was begun."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join()

    def _run(self) -> None:
        while not self._end.wait(self._pause):
            try:
                self._journal.beat()
                self._tell_of_strays()
            except JournalError:
                continue  # it tells of that itself
            except Exception:  # noqa: BLE001  without a heartbeat others would deliver what we deliver
                _LOG.exception("a heartbeat met an error of ours")

    def _tell_of_strays(self) -> None:
        """Tell, once a home, of callouts in the journal that no station here delivers."""
        if not self._changed.is_set():
            return
        counts = self._journal.counts()
        self._changed.clear()
        mine = self._sources()
        for (source, state), count in sorted(counts.items(), key=str):
            if source not in mine and state is not State.DEAD:
                _LOG.warning(
                    "%d asynchronous callouts of %s wait in the journal, and this home has no such tpipe in a"
                    " [callout]: they are delivered when it has, or by an instance whose home has",
                    count,
                    source,
                )
