"""Open conversations of a client of many sockets: each keeps its session until it ends.

IMS knows a conversation by socket and client id, so nobody else may have the session in between, and the
steps of one conversation follow one another: whoever takes it has it alone.
"""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from threading import Lock
from typing import Final, Generic, Protocol, TypeVar

from gateway.clock import Clock
from gateway.errors import GatewayError, M

ID_BYTES: Final = 8
"""As long as the conversation id of the IMS TM resource adapter; random, for it opens somebody's
conversation."""


class Ends(Protocol):
    """A loan of the pool, as far as it is needed here."""

    def end(self) -> None:
        """Give the session back, which closes it unless its conversation has come to a known end."""
        ...


L = TypeVar("L", bound=Ends)


@dataclass(slots=True)
class _Open(Generic[L]):
    loan: L
    idle_since: float


class Conversations(Generic[L]):
    """The conversations that wait for their next step, by id. Thread-safe; does no I/O under its lock."""

    def __init__(self, idle_seconds: float, clock: Clock) -> None:
        self._idle_seconds = idle_seconds
        self._clock = clock
        self._lock = Lock()
        self._open: dict[str, _Open[L]] = {}

    def __len__(self) -> int:
        with self._lock:
            return len(self._open)

    def keep(self, loan: L, conversation_id: str = "") -> str:
        """Keep a conversation for its next step and return its id, a new one if it has none yet."""
        conversation_id = conversation_id or secrets.token_hex(ID_BYTES)
        with self._lock:
            self._open[conversation_id] = _Open(loan, self._clock.monotonic())
        return conversation_id

    def take(self, conversation_id: str) -> L:
        """Take a conversation for its next step.

        Raises GatewayError NO_CONVERSATION: never opened, ended, idle for too long, or another step is under
        way.
        """
        with self._lock:
            found = self._open.pop(conversation_id, None)
        if found is None:
            raise GatewayError(M.NO_CONVERSATION, private="no conversation waits under this id")
        return found.loan

    def expired(self) -> Iterator[L]:
        """Take every conversation that was idle for too long."""
        # what is opened at this very moment is not idle, so this look needs no lock
        return self._taken(self._clock.monotonic() - self._idle_seconds) if self._open else iter(())

    def all(self) -> Iterator[L]:
        """Take every conversation."""
        return self._taken(float("inf"))

    def _taken(self, horizon: float) -> Iterator[L]:
        with self._lock:
            due = [name for name, one in self._open.items() if one.idle_since <= horizon]
            loans = [self._open.pop(name).loan for name in due]
        yield from loans
