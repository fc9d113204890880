"""Asynchronous callouts out of the journal, as many at once as the tpipe has room for.

One deliverer a tpipe. It claims what is due while there is room, so that nothing piles up in memory.
"""

import logging
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from typing import Final, TypeVar

from gateway.callout.delivery import Delivery
from gateway.callout.journal.entries import ClaimLostError, Entry, JournalError
from gateway.callout.means import Means
from gateway.callout.threads import ParsingThreads

T = TypeVar("T")

_LOG: Final = logging.getLogger(__name__)
LOOK_SECONDS: Final = 1.0
"""How often the journal is looked at, which others may have written to."""
TROUBLE_SECONDS: Final = 2.0
"""Pause while the journal cannot be used."""
LEAST_SECONDS: Final = 0.05
"""Pause when what is due could not be had: another instance is claiming it at this moment."""
BATCH: Final = 32
"""Most entries claimed at once."""


class Deliverer:
    """Delivers the asynchronous callouts of one tpipe, in threads of its own."""

    def __init__(self, means: Means) -> None:
        """Begin with `start`."""
        self._means = means
        self._source = means.source
        self._slots = means.slots
        self._journal = means.journal
        self._threads = ParsingThreads(means.concurrency, "callout-async")
        self._stop = Event()
        self._given_up = Event()
        self._thread = Thread(target=self._run, name=f"deliver-{means.source}", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def deliver(self, entry: Entry) -> None:
        """Begin with an entry that is claimed and whose room is taken."""
        self._threads.submit(partial(self._deliver, entry))

    def stop(self) -> None:
        """Begin no delivery any more; what becomes of those that were begun is still kept."""
        self._stop.set()

    def give_up(self) -> None:
        """Wait no longer for a journal that cannot be written."""
        self.stop()
        self._given_up.set()

    def close(self) -> None:
        """Wait until the last delivery has ended; whose end cannot be kept now is delivered again."""
        self.give_up()
        if self._thread.is_alive():
            self._thread.join()
        self._threads.close()

    # -- the loop -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while not self._stop.is_set():
            pause = TROUBLE_SECONDS
            try:
                pause = self._turn()
            except JournalError:
                pause = TROUBLE_SECONDS  # the journal tells of it itself, once for all tpipes
            except Exception:  # noqa: BLE001  what is due must go on being delivered
                _LOG.exception("deliveries of %s met an error of ours", self._source)
            if pause:
                self._stop.wait(pause)

    def _turn(self) -> float:
        """Begin what is due, as far as there is room; return in how many seconds to look again.

        No place is held while the journal is asked what is due: it may be long in answering. Nothing is begun
        while what becomes of it could not be recorded.
        """
        if not self._means.audit.open:
            return LOOK_SECONDS
        due = self._journal.next_due(self._source)
        if due is None or due > 0:
            return LOOK_SECONDS if due is None else min(due, LOOK_SECONDS)
        if not self._slots.take(self._stop):
            return 0.0
        return 0.0 if self._begin_some() else LEAST_SECONDS

    def _begin_some(self) -> int:
        """Begin what is due, for one place that is taken and those that are free beside it; return how many."""
        places = 1 + self._slots.take_more(BATCH - 1)
        begun = 0
        try:
            for entry in self._journal.claim(self._source, places):
                begun += 1
                self.deliver(entry)
        finally:
            self._slots.give_back(places - begun)
        return begun

    # -- one delivery ---------------------------------------------------------------------------------------

    def _deliver(self, entry: Entry) -> None:
        try:
            with self._means.current.use() as snapshot:
                Delivery(self._means, snapshot, entry, self._kept).run()
        except ClaimLostError:
            _LOG.warning("callout %s has gone to another instance, which delivers it again", entry.id)
        except JournalError:
            # we end: whoever comes after us, or we ourselves behind a change of the home, get it again
            _LOG.error("what became of callout %s could not be kept: it will be delivered again", entry.id)
            self._journal.abandon(entry)
        except Exception:  # noqa: BLE001  one delivery must not end the others
            _LOG.exception("delivery of callout %s met an error of ours: it will be delivered again", entry.id)
            self._journal.abandon(entry)
        finally:
            self._slots.give_back()

    def _kept(self, write: Callable[[], T]) -> T:
        """Do what writes to the journal until it works: meanwhile the entry is ours, and nobody else's.

        Raises JournalError when it does not and is waited for no longer.
        """
        while True:
            try:
                return write()
            except JournalError:
                if self._given_up.wait(TROUBLE_SECONDS):
                    raise
