"""Where one call of a client went, and where its time went; filled on the way, so that failed calls tell."""

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Span:
    """A stretch of time, in the monotonic seconds of the client's clock."""

    began: float
    ended: float


class Talking(Protocol):
    """A session, for threads or for asyncio."""

    @property
    def endpoint(self) -> str:
        """Host and port of its IMS Connect."""
        ...

    @property
    def client_id(self) -> str:
        """The client id (IRM_CLIENTID)."""
        ...


class CallNote:
    """What `Client.run` notes of one call; a new one for each. Used by one thread, or task, at a time.

    A call waits once, or once for each socket that it tries, and talks on each that it got. One that turned out
    to be gone before the first byte left counts as talked on.
    """

    __slots__ = ("_began", "_talking", "client_id", "endpoint", "trips", "waits")

    def __init__(self) -> None:
        """Nothing is known yet."""
        self.endpoint = ""
        """Host and port of the IMS Connect that was tried last; empty: none was."""
        self.client_id = ""
        """Under which IMS Connect knew the call; empty: no socket was had there."""
        self.waits: list[Span] = []
        """Waiting for a socket, with connecting where there was none."""
        self.trips: list[Span] = []
        """Round trips: from the socket being had to the end of the answer, or to the failure."""
        self._began: float | None = None
        self._talking = False

    def __repr__(self) -> str:
        return f"<CallNote {self.endpoint} {self.client_id} waits={self.waits} trips={self.trips}>"

    def waiting(self, endpoint: str, now: float) -> None:
        """Note that a socket to an endpoint is asked for; a try before it has ended."""
        self.over(now)
        self.endpoint, self.client_id = endpoint, ""
        self._began, self._talking = now, False

    def talking(self, session: Talking, now: float) -> None:
        """Note that there is one, and that the conversation begins."""
        self.over(now)
        self.endpoint, self.client_id = session.endpoint, session.client_id
        self._began, self._talking = now, True

    def over(self, now: float) -> None:
        """Note that what was under way has ended, however it did; without anything under way, nothing."""
        if self._began is None:
            return
        spans = self.trips if self._talking else self.waits
        spans.append(Span(self._began, now))
        self._began = None
