"""Watches a home: when its files change it is read anew, and what is right comes into force.

What is looked at: `gateway.config.watched`. A change counts once it is the same at two looks in a
row, so that what is being written is not read half. A home with a mistake is told once and changes nothing.
"""

import logging
from collections.abc import Callable
from pathlib import Path
from threading import Event, Lock, Thread
from typing import Final

from gateway.config.model import Home
from gateway.config.watched import Fingerprint, changed_files, fingerprint, named_files
from gateway.errors import ConfigError

log = logging.getLogger("gateway.callout")

_SETTLE_SECONDS: Final = 0.5
"""Between the looks at a home that changes."""
_TAKING_SECONDS: Final = 5.0
"""How long `close` waits for `take`, which makes the installation's own modules: those may hang."""


class HomeWatch:
    """Looks at a home in a thread of its own, from `start` to `close`.

    `read` reads and judges the home, `take` brings one into force; both raise ConfigError when they cannot.
    Both are called in that thread only, and `take` is not begun after `close` has returned.
    """

    def __init__(
        self,
        home: Home,
        read: Callable[[], Home],
        take: Callable[[Home], None],
        refused: Callable[[], None] = lambda: None,
    ) -> None:
        """`home` is in force now; `refused` hears of each that was not taken."""
        self._home = home
        self._read = read
        self._take = take
        self._refused = refused
        self._named = named_files(home)
        self._seen = fingerprint(home.path, self._named)
        self._known = self._seen
        """Of the home in force."""
        self._changing: Fingerprint | None = None
        self._wake = Event()
        self._forced = Event()
        self._closed = False
        self._taking = Lock()
        self._thread = Thread(target=self._run, name="callout-watch", daemon=True)

    def start(self) -> None:
        """Begin to look every `callout.watch_seconds`; 0: only when told to."""
        self._thread.start()

    def reload(self) -> None:
        """Read the home anew now, changed or not. Returns at once."""
        self._forced.set()
        self._wake.set()

    def close(self) -> None:
        """Look no more; a home that is being brought into force is waited for, within reason."""
        taken = self._taking.acquire(timeout=_TAKING_SECONDS)
        self._closed = True
        if taken:
            self._taking.release()
        self._wake.set()
        # it may be in the middle of reading, which takes seconds: it takes nothing any more, and is a daemon

    def look(self) -> float | None:
        """Look once, read the home if it has changed; return in how many seconds to look again, None: never."""
        if self._forced.is_set():
            self._forced.clear()
            self._renew(fingerprint(self._home.path, self._named))
            return self._pause()
        now = fingerprint(self._home.path, self._named)
        if now == self._seen:
            self._changing = None
        elif now == self._changing:
            self._renew(now)
        else:
            self._changing = now
            return _SETTLE_SECONDS
        return self._pause()

    def _pause(self) -> float | None:
        return self._home.gateway.callout.watch_seconds or None

    def _run(self) -> None:
        pause = self._pause()
        while True:
            self._wake.wait(pause)
            self._wake.clear()
            if self._closed:
                return
            if pause is None and not self._forced.is_set():
                continue
            try:
                pause = self.look()
            except Exception:
                log.exception("the home could not be looked at")
                pause = self._pause()

    def _renew(self, now: Fingerprint) -> None:
        """Read the home and bring it into force; `now` has been seen then, whatever comes of it."""
        changed = changed_files(self._home.path, self._known ^ now)
        self._seen, self._changing = now, None
        try:
            home = self._read()
            with self._taking:
                if self._closed:
                    return
                self._take(home)
        except ConfigError as error:
            wrong = "; ".join(str(problem) for problem in error.problems if not problem.warning)
            log.error("the home has changed, but with mistakes: nothing comes into force. %s", wrong)  # noqa: TRY400
            self._refused()
            return
        # what changed while it was read is found by the next look
        still = fingerprint(home.path, self._named) == now
        told, self._home, self._named = self._home.warnings, home, named_files(home)
        self._known = fingerprint(home.path, self._named) if still else now
        self._seen = self._known if still else frozenset()
        log.info(
            "the home %s", f"has changed and is in force: {changed}" if changed else "was read and is in force"
        )
        for warning in home.warnings:
            if warning not in told:
                log.warning("%s", warning)
