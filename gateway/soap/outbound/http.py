"""One POST and its answer, within the limits of a call. Nothing is tried again, no redirection is followed."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

import h11

from gateway.clock import Clock
from gateway.soap.outbound.connection import SERVICE, Connection, Connector, Target
from gateway.soap.outbound.errors import OutboundError, Trouble, network, no_answer, too_late
from gateway.soap.outbound.exchange import CutError, DoubtError, Exchange
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.pool import Connections
from gateway.soap.outbound.resolver import Resolver
from gateway.soap.outbound.sockets import is_deadline
from gateway.soap.outbound.tls import Tls, reason, refusal

_BROKE: Final = "the web service broke the connection"
_CUT: Final = "the web service broke the connection within the response"


@dataclass(frozen=True, slots=True)
class HttpAnswer:
    """What came back."""

    status: int
    content_type: str
    """Header as sent; empty: there is none."""
    body: bytes = field(repr=False)
    """Complete; empty for redirections, of which nothing is read."""


@dataclass(frozen=True, slots=True)
class _Request:
    """What is sent."""

    target: Target
    headers: Mapping[str, str] = field(repr=False)
    body: bytes = field(repr=False)


class HttpClient:
    """Sends requests of one web service, by one set of TLS settings and one proxy or none. Any thread."""

    def __init__(self, tls: Tls, proxy: str, resolver: Resolver, clock: Clock, *, most_idle: int) -> None:
        """`proxy`: its address, empty: none, whatever the environment says. Raises OutboundError."""
        self._connections = Connections(Connector(tls, proxy, resolver), clock, most_idle=most_idle)

    def post(self, target: Target, headers: Mapping[str, str], body: bytes, limits: Limits) -> HttpAnswer:
        """Send a request and return the answer, whatever its status.

        `headers` are all but Host, Content-Length and Accept-Encoding. Raises OutboundError.
        """
        connection = self._connection(target, limits)
        exchange = Exchange(connection.sock)
        keep = False
        try:
            answer = _exchanged(exchange, connection, _Request(target, headers, body), limits)
            keep = exchange.reusable
        except OSError as error:
            raise _lost(error, connection, limits) from None
        except CutError:
            raise network(_CUT, maybe_done=True) from None
        except DoubtError as error:
            raise no_answer("the answer of the web service is none of HTTP", str(error)) from None
        finally:
            if keep:
                self._connections.give_back(connection)
            else:
                connection.close()
        return answer

    def _connection(self, target: Target, limits: Limits) -> Connection:
        """Return a connection; one that takes too long is an error of the network while the call has time."""
        try:
            return self._connections.take(target.origin, limits)
        except OutboundError as error:
            if error.trouble is Trouble.TIME and not limits.over:
                raise network(error.text, error.private) from None
            raise

    def close(self) -> None:
        """Close the connections, those in use when they come back."""
        self._connections.close()


def _exchanged(exchange: Exchange, connection: Connection, request: _Request, limits: Limits) -> HttpAnswer:
    """Send the request and read the response."""
    broken: OSError | None = None
    try:
        limits.sending()
        _send(exchange, connection, request, limits)
    except (BrokenPipeError, ConnectionResetError) as error:
        broken = error  # perhaps it has answered already, without hearing us out
    try:
        head = exchange.head()
    except OSError as error:
        if broken is not None and refusal(error, SERVICE) is None:
            raise broken from None
        raise
    connection.unjudged = False
    return HttpAnswer(head.status_code, _header(head, b"content-type"), _body(exchange, head, limits))


def _send(exchange: Exchange, connection: Connection, request: _Request, limits: Limits) -> None:
    target, body = request.target, request.body
    length = {"Content-Length": str(len(body))}
    head = {"Host": target.host, "Accept-Encoding": "identity", **request.headers, **length}
    before, limits.sent = limits.sent, True
    try:
        exchange.send("POST", target.url if connection.asks_proxy else target.path, head, body)
    except ValueError as error:
        limits.sent = before
        text = "the request cannot be said in HTTP: its action, or another line of its head"
        raise OutboundError(Trouble.REQUEST, text, str(error)) from None


def _body(exchange: Exchange, head: h11.Response, limits: Limits) -> bytes:
    """Read the body where it may say something. Raises OutboundError when it is too long or comes coded."""
    if 300 <= head.status_code < 400:
        return b""
    coding = _header(head, b"content-encoding").strip().lower()
    if coding not in {"", "identity"}:
        raise no_answer("the response of the web service is compressed, which was not asked for")
    declared = _header(head, b"content-length")
    if declared and int(declared) > limits.most_bytes:
        raise limits.too_large()
    pieces, size = [], 0
    while piece := exchange.piece():
        pieces.append(piece)
        size += len(piece)
        if size > limits.most_bytes:
            raise limits.too_large()
    return b"".join(pieces)


def _header(head: h11.Response, name: bytes) -> str:
    """Return a header's value, several of one name put together (RFC 9110, section 5.3); empty: none."""
    return ", ".join(value.decode("latin-1") for found, value in head.headers if found == name)


def _lost(error: OSError, connection: Connection, limits: Limits) -> OutboundError:
    if is_deadline(error):
        if limits.sent:
            return too_late("no response came from the web service in time", maybe_done=True)
        return too_late("the request could not be sent in time")
    refused = refusal(error, SERVICE)
    if refused is None:
        hint = "; perhaps it does not accept our client certificate" if connection.unjudged else ""
        return network(_BROKE, f"{reason(error)}{hint}", maybe_done=limits.sent)
    refused.maybe_done = limits.sent and not connection.unjudged
    return refused
