"""Records that nobody waits for: written by a thread of its own, so that the loop spends no time on them.

Requests that were turned away, above all. They are refusals, so their answer need not wait for the record.
Floods are held down here, and here it is tried again whether a trail that is down can be written.
"""

import logging
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from queue import Empty, Full, Queue
from threading import Thread
from typing import Final

from gateway.audit.auditor import Auditor, Make
from gateway.audit.record import AuditRecord, Stamp
from gateway.audit.repeats import Repeats
from gateway.clock import Clock

log = logging.getLogger("gateway.audit")

ROOM: Final = 10_000
"""Records that may wait; more are counted as lost."""
_LOOK_SECONDS: Final = 1.0
_CLOSE_SECONDS: Final = 5.0


class Aside:
    """One a process. `start` begins a thread, so call it behind any fork."""

    def __init__(
        self,
        auditor: Auditor,
        per_second: int,
        clock: Clock,
        also: Callable[[], None] = lambda: None,
    ) -> None:
        """`per_second`: see `Repeats`; `also` is called once a second or so, and must not raise."""
        self._auditor = auditor
        self._repeats: Repeats[Make] = Repeats(per_second)
        self._clock = clock
        self._also = also
        self._waiting: Queue[Make | None] = Queue(ROOM)
        self._closed = False
        self._thread = Thread(target=self._run, name="audit", daemon=True)

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def put(self, kind: tuple[str, ...], make: Make) -> None:
        """Have a record written soon; one of a `kind` that floods us is counted with others of its kind."""
        if not self._repeats.admit(kind, make, self._clock.monotonic()):
            return
        if self._closed:
            self._auditor.missed()
            return
        try:
            self._waiting.put_nowait(make)
        except Full:
            self._auditor.missed()

    def close(self) -> None:
        """Write what waits, as far as that can be done soon; what is left counts as lost."""
        if not self._thread.is_alive():
            return
        with suppress(Full):  # a target that hangs has it full: then nothing is waited for twice
            self._waiting.put(None, timeout=_CLOSE_SECONDS)
            self._thread.join(_CLOSE_SECONDS)
        self._closed = True
        self._give_up()

    def _give_up(self) -> None:
        with suppress(Empty):
            while True:
                if self._waiting.get_nowait() is not None:
                    self._auditor.missed()
        self._waiting.put(None)  # for a thread that comes back from its target after all

    def _run(self) -> None:
        looked = self._clock.monotonic()
        while True:
            try:
                make = self._waiting.get(timeout=_LOOK_SECONDS)
            except Empty:
                pass
            else:
                if make is None:
                    break
                self._recorded(make)
            now = self._clock.monotonic()
            if now - looked >= _LOOK_SECONDS:
                looked = now
                self.look()
        self._tell_repeats(all_=True)

    def _recorded(self, make: Make) -> None:
        try:
            self._auditor.record(make)
        except Exception:
            log.exception("an audit record could not be made")

    def look(self) -> None:
        """Do what is to be done once a second. Whatever goes wrong, the thread that calls it goes on."""
        for one in (self._auditor.look, self._tell_repeats, self._also):
            try:
                one()
            except Exception:
                log.exception("what the audit thread does once a second has failed")

    def _tell_repeats(self, *, all_: bool = False) -> None:
        for repeated in self._repeats.due(self._clock.monotonic(), all_=all_):
            self._auditor.record(_counting(repeated.last, repeated.count))


def _counting(make: Make, count: int) -> Make:
    """Return what makes the record of several: as the last of them, with how many more there were."""

    def made(stamp: Stamp) -> AuditRecord:
        return replace(make(stamp), repeats=count)

    return made
