"""What the commands can have done: the desk between the control channel and what runs."""

import logging
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

from gateway.audit.picture import AuditPicture
from gateway.callout.condition import Condition, Steered
from gateway.callout.control_words import Ask, Told, sorted_pictures
from gateway.callout.journal.entries import JournalError
from gateway.callout.values import Source
from gateway.control.reloaded import Reloaded
from gateway.control.words import ControlError, line_of, object_of

log = logging.getLogger("gateway.callout")

_MOST_NAMED: Final = 20


class Reloading(Protocol):
    """The home that is in force: `gateway.callout.in_force.InForce`."""

    def reload(self, why: str) -> Reloaded:
        """Read the home anew and bring it into force; `why`: for the log."""
        ...

    def status(self) -> Mapping[str, Any]:
        """Return what is in force and what came of the last reload, as JSON's values."""
        ...


class Desk:
    """Does what commands ask for. Any thread."""

    def __init__(  # noqa: PLR0913  what it asks, each by name
        self,
        instance: int,
        runtime: Steered,
        condition: Condition,
        *,
        drain_seconds: Callable[[], float],
        home: Reloading,
        audit: Callable[[], AuditPicture] | None = None,
    ) -> None:
        """`drain_seconds`: how long a drain waits when nobody says; `audit` tells how the trail is."""
        self._instance = instance
        self._runtime = runtime
        self._condition = condition
        self._drain_seconds = drain_seconds
        self._home = home
        self._audit = audit

    def answer(self, line: bytes) -> bytes:
        """Do what a line asks, and return the line that answers. Raises ControlError."""
        ask = Ask.of(object_of(line))
        match ask.do:
            case "reload":
                return line_of(self._home.reload("by command").facts())
            case "status":
                audit = self._audit().facts() if self._audit is not None else None
                return line_of({**self._home.status(), **self.do(ask).facts(), "audit": audit})
            case _:
                return line_of(self.do(ask).facts())

    def do(self, ask: Ask) -> Told:
        """Do what a command asks, and tell how things are then. Raises ControlError; nothing was done then."""
        try:
            drained = self._done(ask)
            pictures = sorted_pictures(self._runtime.pictures())
        except JournalError as error:
            raise ControlError(f"the journal cannot be used: {error}") from error
        except KeyError as error:
            # the home has changed between the question and now
            raise ControlError("one of the listeners is not there any more; nothing was done") from error
        reason = self._condition.unready()
        return Told(self._instance, os.getpid(), not reason, reason, pictures, drained)

    def _done(self, ask: Ask) -> bool | None:
        if ask.do == "drain":
            log.info("by command: nothing is retrieved any more, callouts in work are finished")
            self._condition.end(self._condition.ending or "the process was drained")
            return self._runtime.drain(self._drain_seconds() if ask.seconds is None else ask.seconds)
        if ask.do == "start":
            if self._condition.ending:
                raise ControlError(f"{self._condition.ending}: nothing is started any more; start another")
            self._steer("started", self._runtime.start_listeners, self._named(ask))
        elif ask.do == "stop":
            self._steer("stopped", self._runtime.stop_listeners, self._named(ask))
        return None

    @staticmethod
    def _steer(word: str, steer: Callable[[tuple[Source, ...]], None], listeners: tuple[Source, ...]) -> None:
        steer(listeners)
        log.info("by command %s: %s", word, ", ".join(str(each) for each in listeners) or "no listeners")

    def _named(self, ask: Ask) -> tuple[Source, ...]:
        """Return the listeners that are meant, each once. Raises ControlError for one that there is not."""
        known = sorted(picture.source for picture in self._runtime.pictures())
        if ask.listeners is None:
            return tuple(known)
        return tuple(dict.fromkeys(source for name in ask.listeners for source in _meant(name, known)))


def _meant(name: Source | str, known: Sequence[Source]) -> list[Source]:
    """Return a listener, or all of a bundle. Raises ControlError where there is none."""
    found = [source for source in known if name in {source, source.bundle}]
    if found:
        return found
    if isinstance(name, Source):
        raise ControlError(f"there is no listener {name}; there are: {_some(known)}")
    bundles = list(dict.fromkeys(source.bundle for source in known))
    raise ControlError(f"there is no bundle {name} with listeners; there are: {_some(bundles)}")


def _some(names: Sequence[Source | str]) -> str:
    return ", ".join(str(each) for each in names[:_MOST_NAMED]) or "none"
