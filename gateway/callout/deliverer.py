"""Asynchronous callouts out of the journal, as many at once as the tpipe has room for.

One deliverer a tpipe. It claims what is due while there is room, so that nothing piles up in memory.
"""

import logging
from collections.abc import Callable
from functools import partial
from threading import Event, Thread
from typing import Final, TypeVar

from gateway.callout.codes import Status
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
        self._awake = Event()
        self._trouble = False
        self._backlog = False
        """There was more than there was room for."""
        self._thread = Thread(target=self._run, name=f"deliver-{means.source}", daemon=True)

    def start(self) -> None:
        """Begin to deliver."""
        self._thread.start()

    def deliver(self, entry: Entry) -> None:
        """Begin with an entry that is claimed and whose room is taken."""
        self._threads.submit(partial(self._deliver, entry))

    def stop(self) -> None:
        """Begin no delivery any more."""
        self._stop.set()
        self._awake.set()

    def close(self) -> None:
        """Wait until the last delivery has ended."""
        self.stop()
        if self._thread.is_alive():
            self._thread.join()
        self._threads.close()

    # -- the loop -------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while self._slots.take(self._stop):
            began = 0
            try:
                began = self._begin_some()
            except JournalError as error:
                self._troubled(error)
            except Exception:  # noqa: BLE001  what is due must go on being delivered
                _LOG.exception("deliveries of %s met an error of ours", self._source)
            if not began:
                self._slots.give_back()
                self._rest()

    def _begin_some(self) -> int:
        """Begin what is due, for one place that is taken and those that are free beside it; return how many."""
        self._awake.clear()
        more = self._slots.take_more(BATCH - 1)
        begun = 0
        try:
            for entry in self._journal.claim(self._source, 1 + more):
                self.deliver(entry)
                begun += 1
        finally:
            self._slots.give_back(more - max(begun - 1, 0))
        self._trouble = False
        self._backlog = begun == 1 + more
        return begun

    def _rest(self) -> None:
        """Wait for something to do."""
        if self._trouble:
            self._stop.wait(TROUBLE_SECONDS)
            return
        try:
            due = self._journal.next_due(self._source)
        except JournalError as error:
            self._troubled(error)
            return
        self._awake.wait(LOOK_SECONDS if due is None else min(due, LOOK_SECONDS))

    def _troubled(self, error: JournalError) -> None:
        if not self._trouble:
            _LOG.error("deliveries of %s pause: %s", self._source, error)
        self._trouble = True

    # -- one delivery ---------------------------------------------------------------------------------------

    def _deliver(self, entry: Entry) -> None:
        try:
            with self._means.current.use() as snapshot:
                Delivery(self._means, snapshot, entry, self._kept).run()
        except ClaimLostError:
            _LOG.warning("callout %s has gone to another instance, which delivers it again", entry.id)
        except JournalError:
            # only at the end of the process: who comes after us finds the entry claimed, and its lease over
            _LOG.error("what became of callout %s could not be kept: it will be delivered again", entry.id)
        except Exception:  # noqa: BLE001  one delivery must not end the others
            _LOG.exception("delivery of callout %s met an error of ours", entry.id)
            self._give_up(entry)
        finally:
            self._slots.give_back()
            if self._backlog:
                self._awake.set()

    def _kept(self, write: Callable[[], T]) -> T:
        """Do what writes to the journal until it works: meanwhile the entry is ours, and nobody else's.

        Raises JournalError when it does not and the process ends.
        """
        while True:
            try:
                return write()
            except JournalError as error:
                self._troubled(error)
                if self._stop.wait(TROUBLE_SECONDS):
                    raise

    def _give_up(self, entry: Entry) -> None:
        text = "internal error of the gateway"
        try:
            self._kept(lambda: self._journal.dead(entry, Status.INVOKING, text))
        except JournalError as error:
            _LOG.error("callout %s will be delivered again: %s", entry.id, error)
