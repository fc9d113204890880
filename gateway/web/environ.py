"""From a finished request to the WSGI callable (PEP 3333) and back to a reply.

Besides the standard keys the environ carries what only the listener knows:

- `imsgw.listener`: ``https``, ``http`` or ``admin``
- `imsgw.peer_certificate`: the TLS client certificate as DER bytes, or None
- `imsgw.tracking_id`: the id of this request in answers and logs
- `imsgw.stopping`: whether the worker is about to stop
"""

import io
import socket
import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal, Protocol

from gateway.config.model import LimitsSettings, ServerSettings
from gateway.errors import GatewayError
from gateway.observe.events import TurnedAway
from gateway.observe.limit_events import LimitReached
from gateway.tls import ListenerTls
from gateway.web.lanes import Lane
from gateway.web.message import Reply, Request

ListenerName = Literal["https", "http", "admin"]
Environ = dict[str, Any]

LISTENER: Final = "imsgw.listener"
PEER_CERTIFICATE: Final = "imsgw.peer_certificate"
TRACKING_ID: Final = "imsgw.tracking_id"
STOPPING: Final = "imsgw.stopping"

_UNPREFIXED: Final = frozenset({"content-type", "content-length"})
_DROPPED: Final = frozenset({"transfer-encoding", "content-length", "connection", "expect", "proxy"})
"""Headers of the connection, which mean nothing behind it; `Proxy` would pose as HTTP_PROXY."""


class StartResponse(Protocol):
    """PEP 3333's start_response, as far as a callable of ours needs it."""

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        """Begin the response."""
        ...


@dataclass(frozen=True, slots=True)
class Load:
    """How busy a worker is at a moment."""

    in_work: int
    """Requests that hold a thread."""
    waiting: int
    """Requests that wait for one."""
    connections: int


class Floor(Protocol):
    """The service around an application. For any thread."""

    def renew(
        self, settings: ServerSettings, tls: Mapping[ListenerName, ListenerTls], limits: LimitsSettings
    ) -> None:
        """Use other deadlines, limits, certificates and trust from the next connection on."""
        ...

    def load(self) -> Load:
        """Return how busy the service is."""
        ...


class Answering(Protocol):
    """What a service serves: a WSGI callable; what is asked before, and what it is told, comes on the loop."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request."""
        ...

    def at_once(self, path: str) -> bool:
        """Tell whether the answer for this path needs no thread, because it is ready in no time."""
        ...

    def beside(self, listener: ListenerName, path: str) -> bool:
        """Tell whether the answer takes a while, and must come also when all threads are taken."""
        ...

    def lane(self, listener: ListenerName, path: str) -> Lane:
        """Return the lane in which a request for this path waits for a thread."""
        ...

    def fault(self, environ: Environ, error: GatewayError) -> Reply | None:
        """Return the answer to a request that was refused for want of a thread; None: it is plain HTTP's."""
        ...

    def turned_away(self, event: TurnedAway) -> None:
        """Take note of a request that was refused before it got here. Must not block."""
        ...

    def limit_reached(self, event: LimitReached) -> None:
        """Take note of a limit that refused somebody. Must not block."""
        ...


class Application(Answering, Protocol):
    """What a worker serves, from its first request to its last."""

    def begin(self, floor: Floor, control: socket.socket | None) -> None:
        """Take note of the service around it, and of the listening socket for commands, which is the caller's.

        Called once, on the loop, when requests may come.
        """
        ...

    def close(self) -> None:
        """Let go of everything; no request comes any more."""
        ...


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a connection comes from and where it arrived."""

    listener: ListenerName
    peer: tuple[str, int]
    local: tuple[str, int]
    certificate: bytes | None = None

    @property
    def tls(self) -> bool:
        """Whether the connection itself is encrypted."""
        return self.listener != "http"


def environ_of(request: Request, origin: Origin, *, tracking_id: str, stopping: bool) -> Environ:
    """Return the WSGI environ of a request.

    A header name with an underscore is left out: in the environ it could not be told from one with a hyphen,
    and so pose as it. A header that stands there several times is joined with commas, in order.
    """
    environ: Environ = {
        "REQUEST_METHOD": request.method,
        "SCRIPT_NAME": "",
        "PATH_INFO": request.path,
        "QUERY_STRING": request.query,
        "SERVER_NAME": origin.local[0],
        "SERVER_PORT": str(origin.local[1]),
        "SERVER_PROTOCOL": f"HTTP/{request.version}",
        "REMOTE_ADDR": origin.peer[0],
        "REMOTE_PORT": str(origin.peer[1]),
        "CONTENT_LENGTH": str(len(request.body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "https" if origin.tls else "http",
        "wsgi.input": io.BytesIO(request.body),
        "wsgi.input_terminated": True,
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": True,
        "wsgi.multiprocess": True,
        "wsgi.run_once": False,
        LISTENER: origin.listener,
        PEER_CERTIFICATE: origin.certificate,
        TRACKING_ID: tracking_id,
        STOPPING: stopping,
    }
    for key, value in _headers(request).items():
        environ[key] = value
    return environ


def _headers(request: Request) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for name, value in request.headers:
        if "_" in name or name in _DROPPED:
            continue
        key = name.upper().replace("-", "_")
        if name not in _UNPREFIXED:
            key = f"HTTP_{key}"
        found[key] = f"{found[key]},{value}" if key in found else value
    return found


class _Start:
    """Takes what a WSGI callable says about its response."""

    def __init__(self) -> None:
        self.status = ""
        self.headers: tuple[tuple[str, str], ...] = ()
        self.written: list[bytes] = []

    def __call__(
        self, status: str, headers: list[tuple[str, str]], exc_info: Any = None, /
    ) -> Callable[[bytes], object]:
        if self.status and exc_info is None:
            raise RuntimeError("start_response was called twice")
        self.status, self.headers = status, tuple(headers)
        return self.written.append


def call(application: Answering, environ: Environ) -> Reply:
    """Call a WSGI callable and collect its whole response. Whatever it raises comes through."""
    start = _Start()
    parts = application(environ, start)
    try:
        body = b"".join(parts)
    finally:
        close = getattr(parts, "close", None)
        if close is not None:
            close()
    if not start.status:
        raise RuntimeError("start_response was not called")
    headers = tuple((k, v) for k, v in start.headers if k.lower() != "content-length")
    return Reply(int(start.status.split(" ", 1)[0]), headers, b"".join(start.written) + body)
