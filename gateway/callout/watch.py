"""Watches a home: when its files change it is read anew, and what is right comes into force.

What is looked at: `gateway.config.watched`. A change counts once it is the same at two looks in a
row, so that what is being written is not read half. A home with a mistake is told once and changes nothing.
"""

import logging
from queue import Empty, SimpleQueue
from threading import Thread
from typing import Final

from gateway.callout.in_force import InForce
from gateway.config.watched import Fingerprint

log = logging.getLogger("gateway.callout")

_SETTLE_SECONDS: Final = 0.5
"""Between the looks at a home that changes."""
_END: Final = ""


class HomeWatch:
    """Looks at a home in a thread of its own, from `start` to `close`."""

    def __init__(self, home: InForce) -> None:
        """Begin with `start`."""
        self._home = home
        self._changing: Fingerprint | None = None
        self._wanted: SimpleQueue[str] = SimpleQueue()
        """Why the home is to be read though nobody has looked."""
        self._thread = Thread(target=self._run, name="callout-watch", daemon=True)

    def start(self) -> None:
        """Begin to look every `callout.watch_seconds`; 0: only when told to."""
        self._thread.start()

    def reload(self, why: str) -> None:
        """Read the home anew soon, changed or not. Returns at once."""
        self._wanted.put(why)

    def close(self) -> None:
        """Look no more. It may be in the middle of reading, which takes seconds: nobody waits for that."""
        self._wanted.put(_END)

    def look(self) -> float | None:
        """Look once, read the home if it has changed; return in how many seconds to look again, None: never."""
        now = self._home.looks_now()
        if now == self._home.seen:
            self._changing = None
        elif now == self._changing:
            self._renew("its files have changed")
        else:
            self._changing = now
            return _SETTLE_SECONDS
        return self._pause()

    def _pause(self) -> float | None:
        return self._home.home.gateway.callout.watch_seconds or None

    def _run(self) -> None:
        pause = self._pause()
        while True:
            try:
                why = self._wanted.get(timeout=pause)
            except Empty:
                why = None
            if why == _END:
                return
            try:
                if why is None:
                    pause = self.look()
                else:
                    self._renew(why)
                    pause = self._pause()
            except Exception:
                log.exception("the home could not be looked at")
                pause = self._pause()

    def _renew(self, why: str) -> None:
        """Have the home read in a thread that ends then: what libxml2 keeps of names goes with it."""
        self._changing = None
        reading = Thread(target=self._home.reload, args=(why,), name="callout-reload", daemon=True)
        reading.start()
        reading.join()
