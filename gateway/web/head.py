"""The head of a request: request line and header section, judged more strictly than h11 judges it.

Where two parsers read a message differently, one of them can be made to smuggle a request past the other
(RFC 9112, section 11.2), so whatever is ambiguous is refused here even where the standard would let us guess.
"""

import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_to_bytes, urlsplit

import h11

from gateway.errors import M
from gateway.web.message import Headers, refusal

SINGLE_HEADERS: Final = frozenset(
    {
        "authorization",
        "content-encoding",
        "content-length",
        "content-type",
        "expect",
        "host",
        "soapaction",
        "transfer-encoding",
    }
)
"""Headers that steer how the message is read: twice is ambiguous, and refused."""

_BROKEN_LINE: Final = re.compile(rb"(?<!\r)\n|\r(?!\n)|\x00")
_FOLDED_LINE: Final = re.compile(rb"\r\n[ \t]")
_HOST: Final = re.compile(r"(?:\[[0-9A-Fa-f:.]{2,45}\]|[A-Za-z0-9_.-]{1,255})(?::[0-9]{1,5})?", re.ASCII)
_DIGITS: Final = re.compile(r"[0-9]{1,18}")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")


@dataclass(frozen=True, slots=True)
class Head:
    """What the head says."""

    method: str
    path: str
    query: str
    version: str
    headers: Headers
    length: int | None
    """Content-Length; None when there is none."""


def read_head(event: h11.Request, raw: bytes) -> Head:
    """Judge the head of a request. `raw` is the head as it arrived, empty line included.

    Raises GatewayError(M.BAD_HTTP).
    """
    _lines_in_order(raw)
    if event.method == b"CONNECT":  # h11 would take any success as the begin of a tunnel
        raise refusal(M.BAD_HTTP, "CONNECT")
    version = event.http_version.decode("ascii")
    if version not in {"1.0", "1.1"}:
        raise refusal(M.BAD_HTTP, f"version {version}")
    headers = tuple((name.decode("ascii"), value.decode("latin-1")) for name, value in event.headers)
    host, path, query = _target(event.method.decode("ascii"), event.target.decode("ascii"))
    if host:  # RFC 9112, section 3.2.2: the absolute form beats the Host header
        headers = (*(h for h in headers if h[0] != "host"), ("host", host))
    for name, value in headers:
        if name == "host" and value and not _HOST.fullmatch(value):
            raise refusal(M.BAD_HTTP, "malformed Host")
    return Head(event.method.decode("ascii"), path, query, version, headers, _framing(headers, version))


def valid_host(value: str) -> bool:
    """Tell whether a text is a host name or address with an optional port, as a Host header has it."""
    return _HOST.fullmatch(value) is not None


def _lines_in_order(raw: bytes) -> None:
    """Refuse what RFC 9112 lets a server repair: bare CR or LF (2.2), folded lines (5.2), doubled headers."""
    if _BROKEN_LINE.search(raw):
        raise refusal(M.BAD_HTTP, "a line does not end in CR LF")
    if _FOLDED_LINE.search(raw):
        raise refusal(M.BAD_HTTP, "a header line is folded")
    seen: set[str] = set()
    for line in raw.split(b"\r\n")[1:]:
        name, value = (part.decode("latin-1") for part in line.partition(b":")[::2])
        name = name.lower()
        if name == "content-length" and not _DIGITS.fullmatch(value.strip(" \t")):
            raise refusal(M.BAD_HTTP, "Content-Length is not one number")
        if name in seen:
            raise refusal(M.BAD_HTTP, f"header {name} stands there twice")
        if name in SINGLE_HEADERS:
            seen.add(name)


def _target(method: str, target: str) -> tuple[str, str, str]:
    """Split a request target into authority (absolute form only), decoded path, raw query."""
    host = ""
    if not target.startswith("/"):
        host, target = _absolute(method, target)
    path, _, query = target.partition("?")
    if "#" in target or _BAD_ESCAPE.search(path):
        raise refusal(M.BAD_HTTP, "malformed request target")
    return host, unquote_to_bytes(path).decode("latin-1"), query


def _absolute(method: str, target: str) -> tuple[str, str]:
    if method == "OPTIONS" and target == "*":
        return "", target
    try:
        url = urlsplit(target)
    except ValueError:
        raise refusal(M.BAD_HTTP, "malformed request target") from None
    if url.scheme not in {"http", "https"} or not valid_host(url.netloc):
        raise refusal(M.BAD_HTTP, "the request target is neither a path nor an http address")
    return url.netloc, (url.path or "/") + (f"?{url.query}" if url.query else "")


def _framing(headers: Headers, version: str) -> int | None:
    """Return Content-Length; both framings at once, or chunks in HTTP/1.0, are attacks (RFC 9112, 6.1)."""
    names = {name for name, _ in headers}
    if "transfer-encoding" in names and ("content-length" in names or version == "1.0"):
        raise refusal(M.BAD_HTTP, "ambiguous length of the body")
    return next((int(value) for name, value in headers if name == "content-length"), None)
