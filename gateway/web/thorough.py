"""The thorough way of one HTTP/1.1 request and its response: h11 reads and writes the protocol.

It knows chunks, 100 Continue, HTTP/1.0 and every mistake; `gateway.web.ordinary` takes what is none of these.
"""

from datetime import datetime
from email.utils import format_datetime
from http import HTTPStatus
from typing import Final

import h11

from gateway.errors import GatewayError, M
from gateway.web.head import Head, read_head
from gateway.web.message import Headers, Reply, Request, refusal
from gateway.web.way import BODYLESS, Bounds, Progress

FRAMING_ALLOWANCE: Final = 65_536
"""Chunked bodies: bytes of framing always allowed."""
DATA_PER_FRAMING: Final = 8
"""Beyond that, bytes of data for each byte of framing. Each chunk costs the loop 10 microseconds: in chunks of
a few bytes, a body of 10 MB would keep it busy for a quarter of a minute."""
_HEADER_TOO_LARGE: Final = HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE
_EMPTY_LINE: Final = b"\r\n"


class Thorough:
    """Implements `gateway.web.way.Way`."""

    def __init__(self, bounds: Bounds) -> None:
        self._bounds = bounds
        self._h11 = h11.Connection(h11.SERVER, max_incomplete_event_size=bounds.header)
        self._lead: bytes | None = b""
        self._raw = bytearray()
        self._head: Head | None = None
        self._asked_for_head_only = False
        self._chunks: list[bytes] = []
        self._body_wire_bytes = 0
        self.body_bytes = 0
        """Bytes of the body that have arrived."""
        self.progress = Progress.NOTHING

    def receive(self, data: bytes) -> None:
        """Take bytes from the peer; empty means that it closed. Not to be called any more once complete.

        Raises GatewayError with M.BAD_HTTP, M.HEADER_TOO_LARGE or M.TOO_LARGE; what can follow is `reply`,
        and the end.
        """
        if data and self._lead is not None:
            data = self._begin(data)
            if not data:
                return
        try:
            self._h11.receive_data(data)
            self._advance(data)
        except h11.RemoteProtocolError as error:
            long_head = self._head is None and error.error_status_hint == _HEADER_TOO_LARGE
            raise refusal(M.HEADER_TOO_LARGE if long_head else M.BAD_HTTP, _without_data(error)) from error

    def _begin(self, data: bytes) -> bytes:
        """Skip one empty line before the request: some clients send it behind a body (RFC 9112, 2.2)."""
        assert self._lead is not None
        lead = self._lead + data
        if lead == _EMPTY_LINE[:1]:
            self._lead = lead
            return b""
        if lead == _EMPTY_LINE:
            self._lead = None
            return b""
        self._lead = None
        return lead.removeprefix(_EMPTY_LINE)

    def _advance(self, data: bytes) -> None:
        if self._head is not None:
            self._body_wire_bytes += len(data)
        else:
            self._raw += data
            self.progress = Progress.HEAD if self._raw else Progress.NOTHING
        while self.progress not in {Progress.COMPLETE, Progress.CLOSED}:
            event = self._h11.next_event()
            if event is h11.NEED_DATA:
                return
            self._take(event)

    def _take(self, event: object) -> None:
        match event:
            case h11.Request():
                self._take_head(event)
            case h11.Data():
                self._take_data(bytes(event.data))
            case h11.EndOfMessage():
                self.progress = Progress.COMPLETE
            case _:
                self.progress = Progress.CLOSED

    def _take_head(self, event: h11.Request) -> None:
        self._asked_for_head_only = event.method == b"HEAD"
        behind = len(self._h11.trailing_data[0])
        raw = bytes(self._raw[: len(self._raw) - behind])
        self._raw.clear()
        self._body_wire_bytes = behind
        if len(raw) > self._bounds.header:
            raise refusal(M.HEADER_TOO_LARGE, f"{len(raw)} bytes")
        self._head = read_head(event, raw)
        self.progress = Progress.BODY
        if self._head.length is not None and self._head.length > self._bounds.body:
            raise self._too_large()

    def _take_data(self, data: bytes) -> None:
        self._chunks.append(data)
        self.body_bytes += len(data)
        if self.body_bytes > self._bounds.body:
            raise self._too_large()
        assert self._head is not None, "data follows a head"
        framing = self._body_wire_bytes - self.body_bytes
        if self._head.length is None and framing > self.body_bytes // DATA_PER_FRAMING + FRAMING_ALLOWANCE:
            raise refusal(M.BAD_HTTP, "too much framing for the data")

    def _too_large(self) -> GatewayError:
        return refusal(M.TOO_LARGE, "", limit=str(self._bounds.body))

    @property
    def continue_awaited(self) -> bool:
        """Whether the peer waits for 100 Continue before it sends the body (RFC 9110, section 10.1.1)."""
        return self.progress is Progress.BODY and self._h11.they_are_waiting_for_100_continue

    def go_on(self) -> bytes:
        """Return 100 Continue."""
        return self._h11.send(h11.InformationalResponse(status_code=HTTPStatus.CONTINUE, headers=[])) or b""

    def request(self) -> Request:
        """Return the request; only once it is complete."""
        assert self._head is not None
        assert self.progress is Progress.COMPLETE
        head, body = self._head, b"".join(self._chunks)
        self._chunks.clear()
        return Request(head.method, head.path, head.query, head.version, head.headers, body)

    def reply(self, reply: Reply, *, now: datetime, close: bool) -> bytes:
        """Return the bytes of the one response. `now` is aware, in UTC; `close` ends the connection with it.

        Raises ValueError when the reply is not valid HTTP; another one can be sent in its place.
        """
        headers = [*reply.headers, ("Date", format_datetime(now, usegmt=True))]
        if reply.status not in BODYLESS:
            headers.append(("Content-Length", str(len(reply.body))))
        if close or self.progress is not Progress.COMPLETE:
            headers.append(("Connection", "close"))
        try:
            phrase = HTTPStatus(reply.status).phrase.encode("ascii")
            response = h11.Response(status_code=reply.status, headers=headers, reason=phrase)
        except (h11.LocalProtocolError, UnicodeEncodeError) as error:
            raise ValueError("the reply is not valid HTTP") from error
        wire = self._h11.send(response) or b""
        if reply.body and reply.status not in BODYLESS and not self._asked_for_head_only:
            wire += self._h11.send(h11.Data(data=reply.body)) or b""
        return wire + (self._h11.send(h11.EndOfMessage()) or b"")

    @property
    def asked(self) -> tuple[str, str]:
        """Method and path, as far as they are known: for the record."""
        return (self._head.method, self._head.path) if self._head else ("", "")

    @property
    def headers(self) -> Headers:
        """The header section; see `Way`."""
        return self._head.headers if self._head else ()

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: only after the response."""
        return self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE

    @property
    def early(self) -> bytes:
        """Bytes that came behind this request: they begin the next one."""
        return self._h11.trailing_data[0]


def _without_data(error: h11.RemoteProtocolError) -> str:
    """Return h11's reason without the bytes it quotes behind a colon: they may be a password."""
    return str(error).partition(":")[0]
