"""How a listener stands, for people: its state and counts at this moment, and the event records of changes."""

from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Final

from gateway.callout.journal.entries import JournalError, JournalFullError
from gateway.callout.state import ListenerState
from gateway.callout.values import Source
from gateway.clock import Clock
from gateway.errors import GatewayError, ImsError, TransportError
from gateway.observe.callout_events import CalloutSink, ListenerChanged

_LOST: Final = "the connection to IMS Connect was lost, or broke its protocol"
_ENDS: Final = frozenset({ListenerState.STOPPED, ListenerState.FAILED})


@dataclass(frozen=True, slots=True)
class Standing:
    """One listener at one moment, without what becomes of its messages; see `ListenerPicture`."""

    state: ListenerState
    reason: str
    since: datetime
    received: int
    refused: int


class HandedBackError(Exception):
    """A message stays with IMS for a reason that the next try may meet again. Its text holds no payload."""


@dataclass(frozen=True, slots=True)
class Words:
    """An error as people read it."""

    text: str
    key: str
    """What makes it the same trouble as before: the text without client ids and the like."""
    state: ListenerState = ListenerState.TROUBLE
    internal: bool = False
    """Nobody expected it: a mistake of ours."""
    shared: bool = False
    """All tpipes meet it, and it is told elsewhere, once: no records of this listener are about it."""


def words(error: Exception) -> Words:
    """Return what to say of an error. Of one that nobody expected the kind only: its text may hold payload."""
    if isinstance(error, TransportError) and error.maybe_sent:
        # its own text speaks of a request whose outcome is unknown; a RESUME TPIPE changes nothing
        text = f"{error.message.id} {_LOST}"
        return Words(f"{text} [{error.private}]", text)
    if isinstance(error, ImsError):
        return Words(str(error), f"{error.text} {error.return_code}/{error.reason_code}")
    if isinstance(error, GatewayError):
        return Words(str(error), error.text)
    if isinstance(error, JournalError):
        full = isinstance(error, JournalFullError)
        state = ListenerState.FULL if full else ListenerState.TROUBLE
        return Words(str(error), str(error), state, shared=not full)
    if isinstance(error, HandedBackError):
        return Words(str(error), str(error))
    text = f"internal error: {type(error).__name__}"
    return Words(text, text, internal=True)


class Standings:
    """The state of one listener. Thread-safe; the sink is told outside the lock."""

    def __init__(self, source: Source, clock: Clock, sink: CalloutSink) -> None:
        """Begin as stopped, which nobody is told."""
        self._source = source
        self._clock = clock
        self._sink = sink
        self._lock = Lock()
        self._state, self._reason, self._since = ListenerState.STOPPED, "", clock.now()
        self._full_since: datetime | None = None
        self._received = self._refused = 0
        self._told: set[str] = set()
        self._last_told: ListenerState | None = None

    @property
    def now(self) -> Standing:
        """The picture of this moment; FULL while room is waited for."""
        with self._lock:
            state, reason, since = self._state, self._reason, self._since
            if state is ListenerState.LISTENING and self._full_since is not None:
                state, reason, since = ListenerState.FULL, "no room for another callout", self._full_since
            return Standing(state, reason, since, self._received, self._refused)

    @property
    def proven(self) -> bool:
        """Whether the last RESUME TPIPE went well."""
        with self._lock:
            return self._state is ListenerState.LISTENING

    def count(self, *, received: int = 0, refused: int = 0) -> None:
        """Count messages."""
        with self._lock:
            self._received += received
            self._refused += refused

    def waits_for_room(self, *, waits: bool) -> None:
        """Note that room is waited for, or that there is some."""
        with self._lock:
            self._full_since = self._clock.now() if waits else None

    def set(self, state: ListenerState, reason: str = "", *, tell: bool = False) -> None:
        """Change the state; nothing happens when it is the same with the same reason.

        What is stopping only stops, and what has stopped does not begin to stop.
        """
        with self._lock:
            before = self._state
            if (state, reason) == (before, self._reason):
                return
            if before is ListenerState.STOPPING and state not in _ENDS:
                return
            if before in _ENDS and state is ListenerState.STOPPING:
                return
            if state is not self._state:
                self._since = self._clock.now()
            self._state, self._reason = state, reason
        if tell:
            self._tell(state, reason)

    def well(self) -> None:
        """Note that all is well; told when the last that was told is something else."""
        self._told.clear()
        self.set(ListenerState.LISTENING, tell=self._last_told is not ListenerState.LISTENING)

    def trouble(self, error: Words) -> None:
        """Note an error; one that is not shared is told once until all is well, however often it comes."""
        new = error.key not in self._told and not error.shared
        self._told.add(error.key)
        self.set(error.state, error.text)
        if new:
            self._tell(error.state, error.text)

    def _tell(self, state: ListenerState, reason: str) -> None:
        source, self._last_told = self._source, state
        self._sink.callout(ListenerChanged(source.bundle, source.tpipe, state.value, reason))
