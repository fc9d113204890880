"""One request and its response in the words of HTTP/1.1 (RFC 9110, 9112): h11 reads and writes them.

It is strict where http.client is not, and that matters: connections are used again, so an answer whose end two
readers see at different places would leave its rest to the next call. Whatever is in doubt is an error, and a
connection is used again only when nothing but this one answer has come.
"""

from collections.abc import Mapping
from typing import Any, Final

import h11

LONGEST_HEAD: Final = 65_536
"""Bytes of a response's head, each interim one by itself, and of its trailer."""
MOST_INTERIM: Final = 100
"""Interim answers before the one that is waited for."""
FRAMING_ALLOWANCE: Final = 65_536
"""Bytes of framing that a body in chunks may always have."""
DATA_PER_FRAMING: Final = 8
"""Beyond that, bytes of data for each byte of framing: chunks of a byte cost far more time than they bring."""

_PIECE: Final = 65_536
_PROTOCOL: Final = b"HTTP/1."
_NO_BODY: Final = frozenset({204, 304})


class DoubtError(Exception):
    """What came is no HTTP, or can be read in more than one way; the text holds none of it."""


class CutError(Exception):
    """The other side has left within its response."""


class Exchange:
    """One request and its response on a connection whose `sock` waits within the limits of the call."""

    def __init__(self, sock: Any) -> None:
        self._sock = sock
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=LONGEST_HEAD)
        self._first = b""
        self._ended = False
        self._clean = True
        self._head: h11.Response | None = None
        self._data = 0
        """Bytes of the body that were handed out."""
        self._wire = 0
        """Bytes that came behind the head."""

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes = b"") -> None:
        """Send the request. Raises ValueError when HTTP cannot say it, with nothing sent; OSError.

        After BrokenPipeError and ConnectionResetError a response may be there all the same.
        """
        try:
            parts: list[h11.Event] = [h11.Request(method=method, target=target, headers=list(headers.items()))]
        except (h11.LocalProtocolError, UnicodeError):
            raise ValueError("a line of the head holds what none may hold") from None
        parts += [*([h11.Data(data=body)] if body else ()), h11.EndOfMessage()]
        try:
            self._sock.sendall(b"".join(self._h11.send(part) or b"" for part in parts))
        except OSError:
            self._clean = False
            raise

    def head(self) -> h11.Response:
        """Return the head of the response; interim ones before it are passed over (RFC 9110, section 15.2).

        Raises DoubtError; ConnectionResetError where nothing or half of it came; OSError.
        """
        left = MOST_INTERIM
        while not isinstance(event := self._next(), h11.Response):
            left -= 1
            if left < 0:
                raise DoubtError("interim answers without end")
        self._head = event
        self._wire = len(self._h11.trailing_data[0])
        self._judge(event)
        return event

    def piece(self) -> bytes:
        """Return some of the body; empty: that was all. Raises DoubtError, CutError, OSError."""
        while isinstance(event := self._next(), h11.Data):
            if event.data:
                self._data += len(event.data)
                return bytes(event.data)
        return b""

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: both parts have ended, and nothing came beyond."""
        done = self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE
        return done and self._clean and self._h11.trailing_data == (b"", False)

    @property
    def is_tunnel(self) -> bool:
        """Whether a proxy has agreed to a tunnel, and nothing has come out of it yet."""
        return self._h11.their_state is h11.SWITCHED_PROTOCOL and not self._h11.trailing_data[0]

    def _judge(self, head: h11.Response) -> None:
        """Refuse what h11 lets pass: it has seen to lengths that differ and codings other than chunks."""
        fields = dict(head.headers)
        length, chunks = fields.get(b"content-length"), b"transfer-encoding" in fields
        if length is not None and chunks:
            raise DoubtError("a length beside chunks")
        if head.status_code in _NO_BODY and (chunks or length not in {None, b"0"}):
            self._clean = False  # who says this may go on to send a body

    def _next(self) -> Any:
        while True:
            try:
                event = self._h11.next_event()
            except h11.RemoteProtocolError as error:
                raise self._wrong(error) from None
            if event is not h11.NEED_DATA:
                return event
            self._receive()

    def _wrong(self, error: h11.RemoteProtocolError) -> Exception:
        if not self._ended:
            return DoubtError(str(error).partition(":")[0])  # behind the colon h11 quotes what came
        return ConnectionResetError() if self._head is None else CutError()

    def _receive(self) -> None:
        if self._wire - self._data > self._data // DATA_PER_FRAMING + FRAMING_ALLOWANCE:
            raise DoubtError("too much framing for the data")
        buffer = bytearray(_PIECE)
        data = bytes(memoryview(buffer)[: self._sock.recv_into(buffer)])
        self._ended = not data
        if self._head is not None:
            self._wire += len(data)
        if len(self._first) < len(_PROTOCOL):
            self._first = (self._first + data)[: len(_PROTOCOL)]
            if not _PROTOCOL.startswith(self._first):
                raise DoubtError("another protocol")
        self._h11.receive_data(data)
