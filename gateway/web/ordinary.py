"""The ordinary way of one HTTP/1.1 request and its response: what clients of web services send, read at once.

Only a head that has come in one piece, in which nothing is out of the ordinary, goes this way: GET, HEAD or
POST, a plain path, header lines of printable ASCII, no name twice, the length told by Content-Length, the
connection kept. Whatever else there is, is left to `gateway.web.thorough`, which judges it; here nothing is
ever refused for its form. What this reads is what that would have read, in much less time.
"""

import re
from datetime import UTC, datetime
from email.utils import format_datetime
from functools import lru_cache
from http import HTTPStatus
from typing import Final, Self

from gateway.errors import M
from gateway.web.head import valid_host
from gateway.web.message import Headers, Reply, Request, refusal
from gateway.web.way import BODYLESS, Bounds, Progress

_END: Final = b"\r\n\r\n"
_ODD: Final = re.compile(rb"[^\t\r\n\x20-\x7e]|(?<!\r)\n|\r(?!\n)|\n[ \t]")
"""What no line of an ordinary head has: other bytes than printable ASCII, broken or folded lines."""
_REQUEST_LINE: Final = re.compile(
    r"(GET|HEAD|POST) (/[A-Za-z0-9/._~!$&'()*+,;=:@-]*)(?:\?([A-Za-z0-9/._~!$&'()*+,;=:@?-]*))? HTTP/1\.1"
)
"""A path without escapes means itself."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")
_LENGTH: Final = re.compile(r"[0-9]{1,9}")
_SPECIAL: Final = frozenset({"transfer-encoding", "expect", "upgrade", "te", "trailer"})
"""Headers that change how a message is read or answered."""
_HEADER: Final = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+: (?:[\x21-\x7e](?:[\t\x20-\x7e]*[\x21-\x7e])?)?")
"""A line of a response that ends where it should: no text of anybody can begin another line."""
_NAMES_KEPT: Final = 512
_LONGEST_NAME: Final = 64


class Ordinary:
    """Implements `gateway.web.way.Way`."""

    __slots__ = ("_chunks", "_close", "_early", "_headers", "_length", "_line", "body_bytes", "progress")

    continue_awaited = False
    """Nobody waits for it who has not said so, and who says so does not come here."""

    def __init__(self, line: tuple[str, str, str], headers: Headers, length: int) -> None:
        """`line`: method, path and query; `length`: bytes of the body."""
        self._line = line
        self._headers = headers
        self._length = length
        self._chunks: list[bytes] = []
        self._early = b""
        self._close = True
        self.body_bytes = 0
        self.progress = Progress.BODY

    @classmethod
    def begun(cls, data: bytes, bounds: Bounds) -> Self | None:
        """Begin with the first bytes of a request, None where they are not those of an ordinary one."""
        end = data.find(_END)
        if end < 0 or end + len(_END) > bounds.header or _ODD.search(data, 0, end):
            return None
        first, *lines = data[:end].decode("ascii").split("\r\n")
        line = _REQUEST_LINE.fullmatch(first)
        headers = _headers(lines)
        if line is None or headers is None:
            return None
        length = _length(line[1], dict(headers))
        if length is None or length > bounds.body:
            return None
        way = cls((line[1], line[2], line[3] or ""), headers, length)
        way._take(data[end + len(_END) :])
        return way

    def receive(self, data: bytes) -> None:
        """Take bytes of the body. Raises GatewayError(M.BAD_HTTP) when the peer has closed before its end."""
        if not data:
            self.progress = Progress.CLOSED
            raise refusal(M.BAD_HTTP, "closed within the body")
        self._take(data)

    def _take(self, data: bytes) -> None:
        missing = self._length - self.body_bytes
        if len(data) > missing:
            data, self._early = data[:missing], data[missing:]
        self._chunks.append(data)
        self.body_bytes += len(data)
        if self.body_bytes == self._length:
            self.progress = Progress.COMPLETE

    def go_on(self) -> bytes:
        """Return 100 Continue, which nobody waits for."""
        raise AssertionError("an ordinary request awaits nothing")

    def request(self) -> Request:
        """Return the request; only once it is complete."""
        assert self.progress is Progress.COMPLETE
        body = self._chunks[0] if len(self._chunks) == 1 else b"".join(self._chunks)
        self._chunks.clear()
        return Request(*self._line, "1.1", self._headers, body)

    def reply(self, reply: Reply, *, now: datetime, close: bool) -> bytes:
        """Return the bytes of the one response. Raises ValueError when the reply is not valid HTTP."""
        bodyless = reply.status in BODYLESS
        close = close or self.progress is not Progress.COMPLETE
        lines = [_status_line(reply.status)]
        lines += [_header_line(name, value) for name, value in reply.headers]
        lines.append(f"Date: {_date(int(now.timestamp()))}")
        if not bodyless:
            lines.append(f"Content-Length: {len(reply.body)}")
        if close:
            lines.append("Connection: close")
        self._close = close
        head = ("\r\n".join(lines) + "\r\n\r\n").encode("ascii")
        return head if bodyless or self._line[0] == "HEAD" else head + reply.body

    @property
    def asked(self) -> tuple[str, str]:
        """Method and path."""
        return self._line[:2]

    @property
    def headers(self) -> Headers:
        """The header section."""
        return self._headers

    @property
    def reusable(self) -> bool:
        """Whether the connection may carry another request: only after the response."""
        return not self._close

    @property
    def early(self) -> bytes:
        """Bytes that came behind this request."""
        return self._early


def _headers(lines: list[str]) -> Headers | None:
    """Return the header, None where a line or a name is not ordinary, or a name comes twice."""
    headers: list[tuple[str, str]] = []
    names: set[str] = set()
    for line in lines:
        written, colon, value = line.partition(":")
        name = _name(written) if colon and len(written) <= _LONGEST_NAME else ""
        if not name or name in names or name in _SPECIAL:
            return None
        names.add(name)
        headers.append((name, value.strip(" \t")))
    return tuple(headers)


@lru_cache(maxsize=_NAMES_KEPT)
def _name(written: str) -> str:
    """Return a name in lower case; empty: it is not an ordinary one."""
    return written.lower() if _NAME.fullmatch(written) else ""


def _length(method: str, headers: dict[str, str]) -> int | None:
    """Return how long the body is, None where that or who is asked is not told in the ordinary way."""
    kept = headers.get("connection", "keep-alive").lower() == "keep-alive"
    if not kept or not valid_host(headers.get("host", "")):
        return None
    told = headers.get("content-length")
    if told is None:
        return None if method == "POST" else 0
    return int(told) if _LENGTH.fullmatch(told) else None


@lru_cache(maxsize=64)
def _status_line(status: int) -> str:
    return f"HTTP/1.1 {status} {HTTPStatus(status).phrase}"


@lru_cache(maxsize=_NAMES_KEPT)
def _valid(line: str) -> bool:
    return _HEADER.fullmatch(line) is not None


def _header_line(name: str, value: str) -> str:
    line = f"{name}: {value}"
    # what comes again and again is short; a tracking id comes once
    valid = _valid(line) if len(line) <= _LONGEST_NAME else _HEADER.fullmatch(line)
    if not valid:
        raise ValueError("the reply is not valid HTTP")
    return line


@lru_cache(maxsize=4)
def _date(seconds: int) -> str:
    """Return the Date header of a second since the epoch (RFC 9110, section 5.6.7)."""
    return format_datetime(datetime.fromtimestamp(seconds, UTC), usegmt=True)
