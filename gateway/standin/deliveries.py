"""One message on its way to a client: on no queue, and lost to none, until its fate is told."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.exchange import Undeliverable
from gateway.standin.demands import Fallback
from gateway.standin.held import Held


@dataclass(slots=True, eq=False)
class Entry:
    """A message and its place: `seq` is the order of all messages of this IMS."""

    seq: int
    tpipe: str
    held: Held = field(repr=False)
    stored: bool = False
    """It is on disk, where the queues are."""


class Home(Protocol):
    """Where an entry lives."""

    def forget(self, entry: Entry) -> None:
        """Take it away for good."""
        ...

    def back(self, entry: Entry) -> None:
        """Put it back where it stood."""
        ...

    def divert(self, entry: Entry, tpipe: str) -> None:
        """Put it on another queue."""
        ...


class Delivery:
    """The first word on what becomes of a message counts; `fate` is empty before."""

    def __init__(self, entry: Entry, home: Home) -> None:
        self._entry = entry
        self._home = home
        self.fate = ""

    @property
    def held(self) -> Held:
        """The message."""
        return self._entry.held

    def acknowledge(self) -> None:
        """Take the message off its queue for good: it has arrived. It is off the disk afterwards."""
        self._end("acknowledged", lambda: self._home.forget(self._entry))

    def discard(self) -> None:
        """Take the message off its queue for good, although it did not arrive."""
        self._end("purged", lambda: self._home.forget(self._entry))

    def put_back(self) -> None:
        """Put the message back where it stood, in front of what came later."""
        self._end("held", lambda: self._home.back(self._entry))

    def put_away(self, fallback: Fallback) -> str:
        """Do with an output that was not taken what was asked for; return its fate: held, purged, rerouted."""
        if fallback.kind is Undeliverable.PURGE:
            self.discard()
        elif fallback.kind is Undeliverable.REROUTE:
            self._end("rerouted", lambda: self._home.divert(self._entry, fallback.reroute_name))
        else:
            self.put_back()
        return self.fate

    def _end(self, fate: str, act: Callable[[], None]) -> None:
        if not self.fate:
            act()
            self.fate = fate
