"""The home that is in force in this process, and how another comes into force: whole, or not at all.

Whoever wants a reload (a command, SIGHUP, the watch) calls `InForce.reload`, and waits; they come one after the
other. What is in work ends by the home that it began with.
"""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Any, Final, Protocol

from gateway.callout.concern import is_used
from gateway.clock import Clock
from gateway.config.effect import in_effect
from gateway.config.model import Home
from gateway.config.watched import Fingerprint, changed_files, fingerprint, named_files, spoken_of
from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.telling import tell
from gateway.errors import ConfigError, Problem
from gateway.soap.consumer import ConsumerContract

log = logging.getLogger("gateway.callout")

_TURN_SECONDS: Final = 60.0
"""How long a reload waits for the one before it."""
_TAKING_SECONDS: Final = 5.0
"""How long `close` waits for `take`, which makes the installation's own modules: those may hang."""


class Loaded(Protocol):
    """A home that was read and judged: `gateway.preflight.snapshot.Snapshot`."""

    @property
    def digest(self) -> str:
        """16 hexadecimal digits."""
        ...

    @property
    def loaded_at(self) -> datetime:
        """When."""
        ...

    @property
    def home(self) -> Home:
        """What was read."""
        ...

    @property
    def consumers(self) -> Mapping[str, ConsumerContract]:
        """Contracts of the consumers, by name of the service."""
        ...

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What is to be told of it."""
        ...


Read = Callable[[], tuple[Loaded, Fingerprint]]
"""Reads the home anew and judges it; with the look of its files, which stood still. Raises ConfigError."""
Take = Callable[[Home, Mapping[str, ConsumerContract]], tuple[str, ...]]
"""Brings a home into force, or raises ConfigError; returns keys that it cannot follow before the next start."""
Told = Callable[[Reloaded, datetime], None]
"""Hears what came of each reload."""


@dataclass(frozen=True, slots=True)
class _Standing:
    """What is in force: exchanged as one value, so that nobody who looks sees a mixture."""

    home: Home
    number: int
    digest: str
    loaded_at: datetime


class _ClosedError(Exception):
    """Nothing comes into force any more."""


class InForce:
    """One home, and the next ones. Any thread; `read` and `take` are called by one at a time."""

    def __init__(  # noqa: PLR0913  what it is, and what it does it with
        self,
        process: str,
        loaded: Loaded,
        look: Fingerprint,
        *,
        read: Read,
        take: Take,
        told: Told,
        clock: Clock,
    ) -> None:
        """Begin with `loaded` as number 1, whose files looked like `look`; `process`: its name for people."""
        self._standing = _Standing(loaded.home, 1, loaded.digest, loaded.loaded_at)
        self._last: dict[str, Any] | None = None
        self.seen = look
        """At the last try: what was refused is not tried again until it changes."""
        self._process = process
        self._look = look
        self._named = named_files(loaded.home)
        self._hoped: frozenset[Path] = frozenset()
        """Files that a home may name that was refused: if they come, or change, it may be right."""
        self._warnings = loaded.warnings
        self._read = read
        self._take = take
        self._told = told
        self._clock = clock
        self._turn = Lock()
        self._taking = Lock()
        self._closed = False

    @property
    def home(self) -> Home:
        """What is in force."""
        return self._standing.home

    @property
    def number(self) -> int:
        """Of what is in force."""
        return self._standing.number

    @property
    def digest(self) -> str:
        """Of what is in force."""
        return self._standing.digest

    def status(self) -> dict[str, Any]:
        """Return what is in force and what came of the last reload, as JSON's values; never waits for one."""
        standing = self._standing
        return {
            "process": self._process,
            "number": standing.number,
            "digest": standing.digest,
            "loaded_at": standing.loaded_at.isoformat(),
            "last_reload": self._last,
        }

    def looks_now(self) -> Fingerprint:
        """Return what the files look like now. Does not raise."""
        return fingerprint(self.home.path, self._named | self._hoped)

    def reload(self, why: str) -> Reloaded:
        """Read the home anew and bring it into force; `why`: for the log. Does not raise.

        `take` is not begun after `close` has returned.
        """
        started = self._clock.monotonic()
        if not self._turn.acquire(timeout=_TURN_SECONDS):
            told = self._failed("an earlier reload has not ended", started)
            tell(log, told, why, "")
            return told
        try:
            before = self._look
            told = self._reload(started)
            tell(log, told, why, changed_files(self.home.path, before ^ self._look))
            self._tell_warnings(told)
            now = self._clock.now()
            self._last = {"reloaded": told.facts(), "at": now.isoformat()}
            self._told(told, now)
            return told
        finally:
            self._turn.release()

    def close(self) -> None:
        """Change no more; a home that is being brought into force is waited for, within reason."""
        taken = self._taking.acquire(timeout=_TAKING_SECONDS)
        self._closed = True
        if taken:
            self._taking.release()

    def _reload(self, started: float) -> Reloaded:
        # before it is read: what changes meanwhile is found by the next look
        self.seen = self.looks_now()
        try:
            return self._changed(started)
        except _ClosedError:
            return self._failed("the process was drained or is about to end", started)
        except ConfigError as error:
            self._hoped = spoken_of(self.home.path)
            return self._outcome(Outcome.REFUSED, started, problems=error.problems)
        except Exception:
            log.exception("a reload ended by an error of ours")
            return self._failed("internal error of the gateway; its log says more", started)

    def _changed(self, started: float) -> Reloaded:
        """Raise ConfigError or _ClosedError, and then nothing has changed."""
        if self._closed:
            raise _ClosedError
        loaded, look = self._read()
        home, at_start = in_effect(self.home, loaded.home)
        with self._taking:
            if self._closed:
                raise _ClosedError
            late = self._take(home, loaded.consumers)
            self._standing = _Standing(home, self.number + 1, loaded.digest, loaded.loaded_at)
            self.seen = self._look = look
            # all that the look is of, also what counts from the next start
            self._named, self._hoped = named_files(loaded.home), frozenset()
        restart = tuple(dict.fromkeys((*filter(is_used, at_start), *late)))
        return self._outcome(Outcome.IN_FORCE, started, problems=loaded.warnings, restart=restart)

    def _failed(self, reason: str, started: float) -> Reloaded:
        return self._outcome(Outcome.FAILED, started, reason=reason)

    def _outcome(
        self,
        outcome: Outcome,
        started: float,
        *,
        problems: tuple[Problem, ...] = (),
        restart: tuple[str, ...] = (),
        reason: str = "",
    ) -> Reloaded:
        milliseconds = round((self._clock.monotonic() - started) * 1000)
        return Reloaded(
            self._process, outcome, self.number, self.digest, problems, restart, milliseconds, reason
        )

    def _tell_warnings(self, told: Reloaded) -> None:
        """Log the warnings that are new."""
        if told.done:
            before, self._warnings = self._warnings, told.problems
            for warning in told.problems:
                if warning not in before:
                    log.warning("%s", warning)
