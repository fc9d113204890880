"""Health and metrics of `imsgw callout` over HTTP or HTTPS.

| address | method | answers |
| --- | --- | --- |
| ``/healthz`` | GET, HEAD | 200: the process lives |
| ``/readyz`` | GET, HEAD | 200, or 503 and why it is not ready |
| ``/metrics`` | GET, HEAD | for Prometheus |

A connection gets one answer and one deadline for its handshake and request. Of those that are silent or slow
there are a few at most: who comes beyond them gets the place of the one that has had its place for longest, so
that nobody can keep the probes of others from their answer.
"""

import logging
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler
from io import BytesIO
from socketserver import TCPServer, ThreadingMixIn
from threading import BoundedSemaphore, Lock, Thread
from typing import Any, Final

from gateway.clock import Clock
from gateway.config.model import parse_listen
from gateway.control.line import send_line
from gateway.observe.common_metrics import CONTENT_TYPE
from gateway.tls import ListenerTls

log = logging.getLogger("gateway.callout")

_MOST_CONNECTIONS: Final = 32
_SECONDS: Final = 10.0
"""For handshake and request; the answer gets as many again."""
_ROOM_SECONDS: Final = 1.0
"""For the place of a connection that was cut off."""
_MOST_HEAD_BYTES: Final = 16_384
_PLAIN: Final = "text/plain; charset=utf-8"
_BACKLOG: Final = 64

Answer = tuple[HTTPStatus, str, bytes]
"""Status, media type, body."""


class Pages:
    """What is answered. Any thread."""

    def __init__(self, unready: Callable[[], str], metrics: Callable[[], bytes]) -> None:
        """`unready` says why not, "" when it is ready; `metrics` makes the page."""
        self._unready = unready
        self._metrics = metrics

    def of(self, path: str) -> Answer:
        """Return the answer to a GET of a path."""
        if path == "/healthz":
            return HTTPStatus.OK, _PLAIN, b"alive\n"
        if path == "/readyz":
            reason = self._unready()
            if reason:
                return HTTPStatus.SERVICE_UNAVAILABLE, _PLAIN, f"not ready: {reason}\n".encode()
            return HTTPStatus.OK, _PLAIN, b"ready\n"
        if path == "/metrics":
            return HTTPStatus.OK, CONTENT_TYPE, self._metrics()
        return HTTPStatus.NOT_FOUND, _PLAIN, b"nothing is here: /healthz, /readyz, /metrics\n"


class HealthListener:
    """Listens from its making to `close`."""

    def __init__(self, listen: str, pages: Pages, tls: ListenerTls | None, clock: Clock) -> None:
        """`listen`: ``host:port``; without `tls` plain HTTP. Raises OSError when it cannot listen there."""
        self._server = _Server(listen, pages, tls, clock)
        self._thread = Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.2}, name="callout-health", daemon=True
        )
        self._thread.start()

    @property
    def address(self) -> tuple[str, int]:
        """Host and port it listens on."""
        host, port = self._server.socket.getsockname()[:2]
        return host, port

    def renew(self, tls: ListenerTls | None) -> bool:
        """Use another key and certificate from the next connection on.

        Plain stays plain and TLS stays TLS: False where the other is wanted, then nothing changes.
        """
        same_kind = (tls is None) == (self._server.tls is None)
        if same_kind:
            self._server.tls = tls
        return same_kind

    def close(self) -> None:
        """Listen no more."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingMixIn, TCPServer):
    daemon_threads = True
    block_on_close = False  # a slow client does not delay the end of the process
    allow_reuse_address = True
    request_queue_size = _BACKLOG

    def __init__(self, listen: str, pages: Pages, tls: ListenerTls | None, clock: Clock) -> None:
        self.pages = pages
        self.tls = tls
        self.clock = clock
        self._room = BoundedSemaphore(_MOST_CONNECTIONS)
        self._open: dict[object, socket.socket] = {}
        """What is being answered, oldest first."""
        self._lock = Lock()
        host, port = parse_listen(listen)
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        if not self._room.acquire(blocking=False):
            self._cut_off_oldest()
            if not self._room.acquire(timeout=_ROOM_SECONDS):
                self.shutdown_request(request)
                return
        self._keep(client_address, request)
        try:
            super().process_request(request, client_address)
        except RuntimeError:  # no thread to be had
            self._forget(client_address)
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._forget(client_address)

    def finish_request(self, request: Any, client_address: Any) -> None:
        deadline = self.clock.monotonic() + _SECONDS
        tls = self.tls
        if tls is None:
            self._serve(request, client_address, deadline)
            return
        request.settimeout(_SECONDS)
        # the handshake is done here, in the connection's own thread; its deadline is that of the socket
        with tls.context.wrap_socket(request, server_side=True, do_handshake_on_connect=False) as secured:
            self._keep(client_address, secured)
            secured.do_handshake()
            if tls.complaint(secured) is None:
                self._serve(secured, client_address, deadline)

    def _keep(self, client: object, connection: socket.socket) -> None:
        with self._lock:
            self._open[client] = connection

    def _forget(self, client: object) -> None:
        with self._lock:
            self._open.pop(client, None)
        self._room.release()

    def _cut_off_oldest(self) -> None:
        with self._lock:
            oldest = next(iter(self._open), None)
            connection = self._open.pop(oldest, None)
        if connection is not None:
            with suppress(OSError):  # it has just ended by itself
                connection.shutdown(socket.SHUT_RDWR)

    def _serve(self, connection: socket.socket, client_address: Any, deadline: float) -> None:
        head = self._head(connection, deadline)
        if not head:
            return
        handler = _Handler(head, client_address, self)
        send_line(connection, handler.answer, self.clock.monotonic() + _SECONDS, self.clock)
        with suppress(OSError):
            connection.shutdown(socket.SHUT_WR)

    def _head(self, connection: socket.socket, deadline: float) -> bytes:
        """Return the request up to its empty line; nothing when it does not come, or is too long."""
        got = b""
        while b"\r\n\r\n" not in got and b"\n\n" not in got:
            left = deadline - self.clock.monotonic()
            if left <= 0 or len(got) > _MOST_HEAD_BYTES:
                return b""
            connection.settimeout(left)
            chunk = connection.recv(_MOST_HEAD_BYTES)
            if not chunk:
                return b""
            got += chunk
        return got

    def handle_error(self, request: Any, client_address: Any) -> None:  # noqa: ARG002  the base names them
        log.debug("a client of health and metrics was lost: %s", sys.exception())


class _Handler(BaseHTTPRequestHandler):
    """Reads a request that is complete, and makes the bytes of its answer."""

    server: _Server
    protocol_version = "HTTP/1.1"

    def __init__(self, head: bytes, client_address: Any, server: _Server) -> None:
        self._head = head
        super().__init__(None, client_address, server)  # type: ignore[arg-type]  # there is no socket: see setup

    def setup(self) -> None:
        self.rfile = BytesIO(self._head)
        self.wfile = BytesIO()
        self.command = ""
        self.close_connection = True

    def handle(self) -> None:
        self.handle_one_request()

    def finish(self) -> None:
        self.answer = self.wfile.getvalue()  # type: ignore[attr-defined]  # it is the BytesIO of setup

    def do_HEAD(self) -> None:
        self.do_GET()

    def do_GET(self) -> None:
        try:
            status, media_type, body = self.server.pages.of(self.path.partition("?")[0])
        except Exception:
            log.exception("%s could not be answered", self.path.partition("?")[0])
            status, media_type, body = HTTPStatus.INTERNAL_SERVER_ERROR, _PLAIN, b"see the log\n"
        self._send(status, media_type, body)

    def _send(self, status: HTTPStatus, media_type: str, body: bytes) -> None:
        self.send_response_only(status)
        self.send_header("Date", self.date_time_string())
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Cache-Control", "no-store")
        self.send_header("Connection", "close")
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def send_error(self, code: int, message: str | None = None, _explain: str | None = None) -> None:
        """Refuse what is no GET or HEAD, or no HTTP; the base calls it."""
        unsupported = code == HTTPStatus.NOT_IMPLEMENTED
        status = HTTPStatus.METHOD_NOT_ALLOWED if unsupported else HTTPStatus(code)
        self._send(status, _PLAIN, f"{status.phrase}\n".encode())
        log.debug("a request for health or metrics was refused: %d %s", status, message)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  the base names it
        """Write no access log."""
