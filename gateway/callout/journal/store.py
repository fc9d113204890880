"""What the two stores have in common: transactions, clocks, and how what goes wrong is told.

Two clocks. `now` is a wall clock: when an entry is due must survive a restart of the machine. `beat` is for
heartbeats. In PostgreSQL both are the server's, so the clocks of the machines need not agree. In SQLite `now`
is our wall clock and `beat` the monotonic clock, which all processes of a machine share: a wall clock that is
set makes nobody look dead. The monotonic clock starts anew with the machine, so a heartbeat far ahead is as
lost as an old one.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Final, Protocol

from sqlalchemy import ColumnElement, Connection

from gateway.callout.journal.entries import JournalError

SECOND: Final = 1_000_000
"""Instants are counted in microseconds."""
_TEXT: Final = 300


class NoJournalError(JournalError):
    """There is no journal yet, and it was not to be made."""


class Store(Protocol):
    """A database. Any thread. Every method raises JournalError and no other error of the database."""

    name: str
    """For people: the file, or user, host and database; no password."""

    insert: Callable[..., Any]
    """The dialect's own `insert`, which knows ON CONFLICT."""

    def writing(self, *, durable: bool = True) -> AbstractContextManager[Connection]:
        """One transaction that may write; it is committed at the end.

        Not `durable`: a loss of power may undo it, with all that came after it.
        """
        ...

    def reading(self) -> AbstractContextManager[Connection]:
        """One transaction that only reads, and waits for nobody who writes."""
        ...

    def now(self) -> ColumnElement[int]:
        """Return the wall clock, in microseconds since 1970; to be asked for inside a transaction."""
        ...

    def beat(self) -> ColumnElement[int]:
        """Return the clock of heartbeats in microseconds; to be asked for inside a transaction."""
        ...

    def alone(self, connection: Connection) -> bool:
        """Tell whether no other transaction cleans up at this moment, nor will until the end of this one."""
        ...

    def close(self) -> None:
        """Let go of files and sockets."""
        ...


def shortened(error: Any) -> str:
    """Return the first line of an error's text, bounded."""
    lines = str(error).strip().splitlines()
    return lines[0][:_TEXT] if lines else type(error).__name__
