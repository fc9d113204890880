"""What the two ways of reading a request have in common: how far it is, and what it may measure."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from http import HTTPStatus
from typing import Final, Protocol

from gateway.web.message import Headers, Reply, Request

MAX_HEADER_BYTES: Final = 32_768
"""Longest head: room for a client certificate that a proxy passes in a header, and then some."""
BODYLESS: Final = frozenset({HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED})


class Progress(Enum):
    """How far a request has arrived."""

    NOTHING = "nothing"
    HEAD = "head"
    BODY = "body"
    COMPLETE = "complete"
    CLOSED = "closed"
    """The peer closed before it began a request."""


@dataclass(frozen=True, slots=True)
class Bounds:
    """What a request may measure, in bytes."""

    body: int
    header: int = MAX_HEADER_BYTES


class Way(Protocol):
    """One request and its response, without I/O."""

    progress: Progress
    body_bytes: int
    """Bytes of the body that have arrived."""

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; empty means that it closed. Not to be called any more once complete.

        Raises GatewayError with M.BAD_HTTP, M.HEADER_TOO_LARGE or M.TOO_LARGE; what can follow is `reply`,
        and the end.
        """
        ...

    @property
    def continue_awaited(self) -> bool:
        """Whether the peer waits for 100 Continue before it sends the body (RFC 9110, section 10.1.1)."""
        ...

    def go_on(self) -> bytes:
        """Return 100 Continue."""
        ...

    def request(self) -> Request:
        """Return the request; only once it is complete."""
        ...

    def reply(self, reply: Reply, *, now: datetime, close: bool) -> bytes:
        """Return the bytes of the one response. `now` is aware, in UTC; `close` ends the connection with it.

        Raises ValueError when the reply is not valid HTTP; another one can be sent in its place.
        """
        ...

    @property
    def asked(self) -> tuple[str, str]:
        """Method and path, as far as they are known: for the record."""
        ...

    @property
    def headers(self) -> Headers:
        """The header section once it was read whole and found in order, else nothing: for the record.

        Of half a header nothing is told: the line that a proxy wrote may be the one that is missing.
        """
        ...

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: only after the response."""
        ...

    @property
    def early(self) -> bytes:
        """Bytes that came behind this request: they begin the next one."""
        ...
