"""The front door: a WSGI callable that knows the addresses, and who answers behind each.

| address | method | what |
| --- | --- | --- |
| ``/imssoap/services/PORT`` | POST | a SOAP request for the service with that WSDL port |
| ``/imssoap/services/PORT?wsdl``, ``?xsd=NAME`` | GET | the deployed contract with the live address in it |
| ``/imssoap/`` | GET | the list of services, for people |
| ``/healthz``, ``/readyz`` | GET | liveness, readiness; on every listener |
| ``/metrics`` | GET | for Prometheus; on the admin listener only |

Console and management API, on the admin listener too, do not come by here. What goes wrong before there is an
envelope to answer in is answered as a line of plain text, see `gateway.web.message.error_reply`.
"""

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import unquote
from uuid import uuid4

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import ServerSettings
from gateway.errors import GatewayError, M
from gateway.exchange import Arrival
from gateway.mediatype import parse_media_type
from gateway.observe.events import TurnedAway
from gateway.observe.limit_events import LimitReached
from gateway.observe.metrics import CONTENT_TYPE
from gateway.tracecontext import TRACEPARENT, TRACESTATE
from gateway.web.environ import LISTENER, STOPPING, TRACKING_ID, Environ, ListenerName, StartResponse
from gateway.web.guards import Answer, Guards
from gateway.web.lanes import OPERATORS, OTHERS, Lane
from gateway.web.message import TRACKING_HEADER, Headers, Reply, error_reply, turned_away
from gateway.web.pages import PAGE_HEADERS, Entry, list_of_services
from gateway.web.peer import base_url, peer_of

log = logging.getLogger("gateway.web")

ENDPOINTS: Final = "/imssoap/services/"
"""The path of the product that the gateway takes over from, so that clients need no change."""
_LISTS: Final = frozenset({"/imssoap", "/imssoap/", "/imssoap/services", ENDPOINTS})
_HEALTH: Final = frozenset({"/healthz", "/readyz"})
_METRICS: Final = "/metrics"
_SOAP_TYPES: Final = frozenset({"text/xml", "application/soap+xml"})
_READS: Final = "GET, HEAD"
_PLAIN: Final[Headers] = (("Content-Type", "text/plain; charset=utf-8"), ("Cache-Control", "no-store"))
_METRICS_HEADERS: Final[Headers] = (("Content-Type", CONTENT_TYPE), ("Cache-Control", "no-store"))


@dataclass(frozen=True, slots=True)
class Mounted:
    """One WSDL port of a deployed service, and who answers for it."""

    port: str
    """Name of the WSDL port: the last part of the address."""
    service: str
    """Name of the deployed service: its folder."""
    contract_document: Callable[[str | None, str], bytes]
    """Gives the WSDL for None, else the schema or imported WSDL of that name; KeyError or M.NOT_FOUND if none.

    The second argument is the base URL, ``https://host:port``; the endpoint: that, `ENDPOINTS`, the port.
    """
    answer: Callable[[Arrival], Answer]
    """Answers a SOAP request, an error as a fault."""
    lane: Lane = OTHERS
    """Where its requests wait for a thread."""


class FrontDoor:
    """The WSGI callable."""

    def __init__(  # noqa: PLR0913  what it needs of the worker, each by name
        self,
        mounts: Sequence[Mounted],
        settings: ServerSettings,
        *,
        clock: Clock = SYSTEM_CLOCK,
        ready: Callable[[], bool] = lambda: True,
        metrics: Callable[[], bytes] | None = None,
        turned_away: Callable[[TurnedAway], None] = lambda _event: None,
        tracked_headers: Iterable[str] = (),
        guards: Guards | None = None,
    ) -> None:
        """`ready` is asked on the loop and must not block.

        `metrics` gives the page as `gateway.observe.metrics.CONTENT_TYPE`; without it there is none.
        `turned_away` hears of requests that are answered without an envelope. `tracked_headers`: names, in
        lower case, of headers that may hold a tracking id. Raises ValueError when two services have a port of
        the same name.
        """
        self._mounts = _by_port(mounts)
        self._settings = settings
        self._clock = clock
        self._ready = ready
        self._metrics = metrics
        self._turned_away = turned_away
        self._guards = guards or Guards()
        self._lanes = {_wire(f"{ENDPOINTS}{port}"): mounted.lane for port, mounted in self._mounts.items()}
        names = (TRACEPARENT, TRACESTATE, *tracked_headers)
        self._tracked = tuple((name, f"HTTP_{name.upper().replace('-', '_')}") for name in names)

    def at_once(self, path: str) -> bool:
        """Tell whether the answer needs no thread, see `at_once`."""
        return at_once(path)

    def beside(self, listener: ListenerName, path: str) -> bool:
        """Tell whether the answer has a thread beside those for requests, see `beside`."""
        return beside(listener, path)

    def lane(self, listener: ListenerName, path: str) -> Lane:
        """Return the lane of a service, of operators, or of all others."""
        return OPERATORS if listener == "admin" else self._lanes.get(path, OTHERS)

    def limit_reached(self, event: LimitReached) -> None:
        """Pass on that a limit refused somebody."""
        self._guards.observer.limit_reached(event)

    def fault(self, environ: Environ, error: GatewayError) -> Reply | None:
        """Return an error in the envelope that a SOAP request for a service wants; None: it is none."""
        guards = self._guards
        if guards.fault is None or environ["REQUEST_METHOD"] != "POST" or environ[LISTENER] == "admin":
            return None
        if environ["PATH_INFO"] not in self._lanes:
            return None
        try:
            content_type = _content_type(environ)
        except GatewayError:
            return None
        tracking_id = environ[TRACKING_ID]
        status, headers, body = guards.fault(error, content_type, tracking_id)
        self._tell(environ, error, tracking_id, status)
        headers = (*headers, (TRACKING_HEADER, tracking_id), ("X-Content-Type-Options", "nosniff"))
        return Reply(status, headers, body)

    def turned_away(self, event: TurnedAway) -> None:
        """Pass on what was refused before it got here."""
        self._turned_away(event)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        tracking_id = environ.get(TRACKING_ID) or uuid4().hex
        try:
            reply = self._route(environ, tracking_id)
        except GatewayError as error:
            reply = self._refused(environ, error, tracking_id)
        except Exception:
            log.exception("unexpected error tracking_id=%s", tracking_id)
            reply = self._refused(environ, GatewayError(M.INTERNAL), tracking_id)
        headers = list(reply.headers)
        if reply.header(TRACKING_HEADER) is None:
            headers.append((TRACKING_HEADER, tracking_id))
        start_response(_status_line(reply.status), headers)
        return [reply.body]

    def _refused(self, environ: Environ, error: GatewayError, tracking_id: str) -> Reply:
        """Return the answer, and tell of it: not of health checks, which are nobody's request."""
        reply = error_reply(error, tracking_id, _allow(error))
        if environ["PATH_INFO"] not in _HEALTH:
            self._tell(environ, error, tracking_id, reply.status)
        return reply

    def _tell(self, environ: Environ, error: GatewayError, tracking_id: str, status: int) -> None:
        peer = peer_of(environ, self._settings)
        where = environ[LISTENER], peer.address, peer.port
        asked = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        self._turned_away(turned_away(tracking_id, where, asked, error, status))

    def _route(self, environ: Environ, tracking_id: str) -> Reply:
        path = self._path(environ)
        if path in _HEALTH:
            _only(environ, _READS)
            return self._health(path, environ)
        if environ[LISTENER] == "admin":
            if path == _METRICS and self._metrics is not None:
                _only(environ, _READS)
                return Reply(HTTPStatus.OK, _METRICS_HEADERS, self._metrics())
            raise GatewayError(M.NOT_FOUND)
        mounted = self._mounts.get(path.removeprefix(ENDPOINTS)) if path.startswith(ENDPOINTS) else None
        if mounted is not None and environ["REQUEST_METHOD"] == "POST":
            return self._soap(mounted, environ, tracking_id)
        self._visited(environ)
        if path in _LISTS:
            _only(environ, _READS)
            return self._list(environ)
        if mounted is None:
            raise GatewayError(M.NOT_FOUND)
        if environ["REQUEST_METHOD"] not in {"GET", "HEAD"}:
            raise GatewayError(M.METHOD_NOT_ALLOWED, {"allowed": "POST"})
        return self._contract(mounted, environ)

    def _path(self, environ: Environ) -> str:
        try:
            return _text(environ["PATH_INFO"])
        except GatewayError:
            if environ[LISTENER] != "admin":
                self._visited(environ)
            raise

    def _visited(self, environ: Environ) -> None:
        """Count what no service counts. Raises RateLimitedError for too much."""
        self._guards.visited(peer_of(environ, self._settings).address)

    def _health(self, path: str, environ: Environ) -> Reply:
        if path == "/healthz":
            return Reply(HTTPStatus.OK, _PLAIN, b"alive\n")
        if environ.get(STOPPING):
            raise GatewayError(M.STOPPING)
        if not self._ready():
            raise GatewayError(M.BUSY, private="not ready")
        return Reply(HTTPStatus.OK, _PLAIN, b"ready\n")

    def _list(self, environ: Environ) -> Reply:
        entries = [Entry(mounted.service, mounted.port) for mounted in self._mounts.values()]
        page = list_of_services(entries, base_url(environ, self._settings), ENDPOINTS)
        return Reply(HTTPStatus.OK, PAGE_HEADERS, page)

    def _contract(self, mounted: Mounted, environ: Environ) -> Reply:
        name = _document(environ.get("QUERY_STRING", ""))
        try:
            document = mounted.contract_document(name, base_url(environ, self._settings))
        except KeyError:
            raise GatewayError(M.NOT_FOUND, private="no such document in the contract") from None
        headers = (
            ("Content-Type", "text/xml; charset=utf-8"),
            ("Cache-Control", "no-cache"),
            ("X-Content-Type-Options", "nosniff"),
        )
        return Reply(HTTPStatus.OK, headers, document)

    def _soap(self, mounted: Mounted, environ: Environ, tracking_id: str) -> Reply:
        try:
            content_type, body = _content_type(environ), self._body(environ)
        except GatewayError:  # the service, which counts its requests, never sees it
            self._visited(environ)
            raise
        public_url = self._settings.public_url
        arrival = Arrival(
            service=mounted.service,
            tracking_id=tracking_id,
            received=self._clock.now(),
            peer=peer_of(environ, self._settings),
            content_type=content_type,
            soap_action=environ.get("HTTP_SOAPACTION"),
            body=body,
            endpoint=f"{public_url}{ENDPOINTS}{mounted.port}" if public_url else "",
            route=f"{ENDPOINTS}{mounted.port}",
            headers={name: environ[key] for name, key in self._tracked if key in environ},
        )
        status, headers, body = mounted.answer(arrival)
        return Reply(status, (*headers, ("X-Content-Type-Options", "nosniff")), body)

    def _body(self, environ: Environ) -> bytes:
        limit = self._settings.max_request_bytes
        length = int(environ.get("CONTENT_LENGTH") or 0)
        if length > limit:
            raise GatewayError(M.TOO_LARGE, {"limit": str(limit)})
        body: bytes = environ["wsgi.input"].read(length)
        return body


def at_once(path: str) -> bool:
    """Tell whether the answer needs no thread: health must be seen when all are taken."""
    return path in _HEALTH


def beside(listener: ListenerName, path: str) -> bool:
    """Tell whether the answer has a thread beside those for requests.

    Metrics must be seen when all of those are taken; of thousands of services they take too long for the loop.
    """
    return listener == "admin" and path == _METRICS


def _by_port(mounts: Sequence[Mounted]) -> Mapping[str, Mounted]:
    found: dict[str, Mounted] = {}
    for mounted in mounts:
        other = found.setdefault(mounted.port, mounted)
        if other is not mounted:
            raise ValueError(f"services {other.service} and {mounted.service} both have a port {mounted.port}")
    return found


def _text(path: str) -> str:
    """Read the path as UTF-8 (RFC 3987): port names may hold any letter."""
    try:
        return path.encode("latin-1").decode("utf-8")
    except UnicodeError:
        raise GatewayError(M.NOT_FOUND, private="the path is not UTF-8") from None


def _wire(path: str) -> str:
    """Return a path as WSGI has it (PEP 3333): a character for each byte of its UTF-8."""
    return path.encode().decode("latin-1")


def _only(environ: Environ, allowed: str) -> None:
    if environ["REQUEST_METHOD"] not in allowed.split(", "):
        raise GatewayError(M.METHOD_NOT_ALLOWED, {"allowed": allowed})


def _allow(error: GatewayError) -> Headers:
    """Return the Allow header that goes with 405 (RFC 9110, section 15.5.6)."""
    return (("Allow", error.fields["allowed"]),) if error.message is M.METHOD_NOT_ALLOWED else ()


def _document(query: str) -> str | None:
    """Return which document of the contract is asked for: None for the WSDL itself. 405 when it is none."""
    key, _, value = query.partition("&")[0].partition("=")
    if key.lower() == "wsdl" or (key.lower() == "xsd" and value):
        return unquote(value) or None
    raise GatewayError(M.METHOD_NOT_ALLOWED, {"allowed": "POST"})


def _content_type(environ: Mapping[str, Any]) -> str:
    """Return the Content-Type, which must be one of SOAP's; no content coding, no multipart."""
    coding = environ.get("HTTP_CONTENT_ENCODING", "identity").strip().lower()
    if coding not in {"", "identity"}:
        raise GatewayError(M.CONTENT_CODING)
    value: str = environ.get("CONTENT_TYPE", "")
    try:
        media_type = parse_media_type(value).type
    except ValueError:
        media_type = "" if value else "none"
    if media_type not in _SOAP_TYPES:
        raise GatewayError(M.CONTENT_TYPE, {"got": media_type[:80] or "a malformed one"})
    return value


def _status_line(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return f"{status} "
