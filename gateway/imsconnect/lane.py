"""What kind of conversation a session may hold next.

Nothing answers a send-only message, so nobody knows whether IMS Connect has finished with it: were it to close
the socket or to complain after all, the next caller would get that for a reply. A session that has sent one
therefore sends only such messages afterwards; those read nothing. One with a receipt starts among the sessions
for replies, where nothing unread can be on the way, and ends among the others.

A client id that a caller brings along (a dedicated persistent socket) is a lane of its own: IMS Connect takes a
client id once at a time on a port, so that lane has one session, which nobody else may use.

Source: IMS TM resource adapter, Socket connections (shareable and dedicated persistent sockets).
"""

from dataclasses import dataclass
from typing import ClassVar, Literal


@dataclass(frozen=True, slots=True)
class Lane:
    """A kind of conversation; `REPLIES` and `ONE_WAY` are shared, `dedicated` ones belong to a client id."""

    REPLIES: ClassVar["Lane"]
    ONE_WAY: ClassVar["Lane"]

    kind: Literal["replies", "one way", "dedicated"]
    client_id: str = ""
    """As it will stand in IRM_CLIENTID; empty: the client id is generated, one a session."""

    def __post_init__(self) -> None:
        if bool(self.client_id) != (self.kind == "dedicated"):
            raise ValueError("a dedicated lane has a client id, and only a dedicated one")

    @classmethod
    def dedicated(cls, client_id: str) -> "Lane":
        """Return the lane of a client id; ValueError when it is empty."""
        return cls("dedicated", client_id)

    @property
    def shared(self) -> bool:
        """Whether any caller may use its sessions."""
        return not self.client_id

    def __str__(self) -> str:
        return self.client_id or self.kind


Lane.REPLIES = Lane("replies")
Lane.ONE_WAY = Lane("one way")
