"""What the commands can have done: the desk between the control channel and what runs."""

import os
from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

from gateway.callout.control_words import Ask, ControlError, Told, sorted_pictures
from gateway.callout.journal.entries import JournalError
from gateway.callout.state import ListenerPicture
from gateway.callout.values import Source

_MOST_NAMED: Final = 20


class Steered(Protocol):
    """What runs, as far as commands and probes are concerned: `gateway.callout.runtime.CalloutRuntime`."""

    @property
    def ready(self) -> bool:
        """Whether all listeners have listened, and the journal can be used."""
        ...

    def pictures(self) -> Sequence[ListenerPicture]:
        """Return how the listeners are. Raises JournalError."""
        ...

    def start_listeners(self, sources: Collection[Source]) -> None:
        """Start those that do not listen."""
        ...

    def stop_listeners(self, sources: Collection[Source]) -> None:
        """Stop them; their callouts in work are finished."""
        ...

    def drain(self, seconds: float) -> bool:
        """Retrieve nothing any more, wait for callouts in work; False: some are left."""
        ...


class Desk:
    """Does what commands ask for. Any thread."""

    def __init__(
        self,
        instance: int,
        runtime: Steered,
        unready: Callable[[], str],
        drain_seconds: Callable[[], float],
        stopping: Callable[[], bool],
    ) -> None:
        """`unready` says why the process is not ready, "" when it is; `stopping`: it is about to end."""
        self._instance = instance
        self._runtime = runtime
        self._unready = unready
        self._drain_seconds = drain_seconds
        self._stopping = stopping

    def do(self, ask: Ask) -> Told:
        """Do it, and tell how things are then. Raises ControlError; nothing was done then."""
        try:
            drained = self._done(ask)
            pictures = sorted_pictures(self._runtime.pictures())
        except JournalError as error:
            raise ControlError(f"the journal cannot be used: {error}") from error
        reason = self._unready()
        return Told(self._instance, os.getpid(), not reason, reason, pictures, drained)

    def _done(self, ask: Ask) -> bool | None:
        if ask.do == "drain":
            return self._runtime.drain(self._drain_seconds() if ask.seconds is None else ask.seconds)
        if ask.do == "start":
            if self._stopping():
                raise ControlError("the process is about to end: it starts nothing any more")
            self._runtime.start_listeners(self._named(ask))
        elif ask.do == "stop":
            self._runtime.stop_listeners(self._named(ask))
        return None

    def _named(self, ask: Ask) -> tuple[Source, ...]:
        """Return the listeners that are meant. Raises ControlError for one that there is not."""
        known = sorted(picture.source for picture in self._runtime.pictures())
        if ask.listeners is None:
            return tuple(known)
        for source in ask.listeners:
            if source not in known:
                there = ", ".join(str(each) for each in known[:_MOST_NAMED]) or "none"
                raise ControlError(f"there is no listener {source}; there are: {there}")
        return ask.listeners
