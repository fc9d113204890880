"""One POST and its answer, within the limits of a call. Nothing is tried again, no redirection is followed."""

import http.client
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.clock import Clock
from gateway.soap.outbound.connection import SERVICE, Connection, Connector, Target
from gateway.soap.outbound.errors import OutboundError, network, no_answer, too_late
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.pool import Connections
from gateway.soap.outbound.resolver import Resolver
from gateway.soap.outbound.sockets import is_deadline
from gateway.soap.outbound.tls import Tls, reason, refusal

_PIECE: Final = 65_536
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


class HttpClient:
    """Sends requests of one web service, by one set of TLS settings and one proxy or none. Any thread."""

    def __init__(self, tls: Tls, proxy: str, resolver: Resolver, clock: Clock, *, most_idle: int) -> None:
        """`proxy`: its address, empty: none, whatever the environment says. Raises OutboundError."""
        self._connections = Connections(Connector(tls, proxy, resolver), clock, most_idle=most_idle)

    def post(self, target: Target, headers: Mapping[str, str], body: bytes, limits: Limits) -> HttpAnswer:
        """Send a request and return the answer, whatever its status.

        `headers` are all but Host, Content-Length and Accept-Encoding. Raises OutboundError.
        """
        connection = self._connections.take(target.origin, limits)
        keep = False
        try:
            response = _exchange(connection, target, headers, body, limits)
            try:
                answer = HttpAnswer(response.status, _header(response, "Content-Type"), _body(response, limits))
                keep = response.isclosed() and not response.will_close
            finally:
                response.close()
        except OSError as error:
            raise _lost(error, connection, limits) from None
        except http.client.IncompleteRead:
            raise network(_CUT, maybe_done=True) from None
        except http.client.HTTPException as error:
            raise no_answer("the answer of the web service is none of HTTP", type(error).__name__) from None
        finally:
            if keep:
                self._connections.give_back(connection)
            else:
                connection.close()
        return answer

    def close(self) -> None:
        """Close the connections, those in use when they come back."""
        self._connections.close()


def _exchange(
    connection: Connection, target: Target, headers: Mapping[str, str], body: bytes, limits: Limits
) -> http.client.HTTPResponse:
    """Send the request and read the head of the response."""
    broken: OSError | None = None
    try:
        limits.sending()
        _send(connection, target, headers, body, limits)
    except (BrokenPipeError, ConnectionResetError) as error:
        broken = error  # perhaps it has answered already, without hearing us out
    try:
        response = connection.getresponse()
    except OSError as error:
        if broken is not None and refusal(error, SERVICE) is None:
            raise broken from None
        raise
    connection.unjudged = False
    return response


def _send(
    connection: Connection, target: Target, headers: Mapping[str, str], body: bytes, limits: Limits
) -> None:
    connection.putrequest("POST", target.url if connection.asks_proxy else target.path)
    for name, value in headers.items():
        connection.putheader(name, value)
    connection.putheader("Content-Length", str(len(body)))
    limits.sent = True
    connection.endheaders(body)


def _body(response: http.client.HTTPResponse, limits: Limits) -> bytes:
    """Read the body where it may say something. Raises OutboundError when it is too long or comes coded."""
    if 300 <= response.status < 400:
        return b""
    coding = _header(response, "Content-Encoding").strip().lower()
    if coding not in {"", "identity"}:
        raise no_answer("the response of the web service is compressed, which was not asked for")
    declared = response.length
    if declared is not None and declared > limits.most_bytes:
        raise limits.too_large()
    pieces, size = [], 0
    while piece := response.read(_PIECE):
        pieces.append(piece)
        size += len(piece)
        if size > limits.most_bytes:
            raise limits.too_large()
    if declared is not None and size != declared:
        raise network(_CUT, maybe_done=True)
    return b"".join(pieces)


def _header(response: http.client.HTTPResponse, name: str) -> str:
    return response.getheader(name) or ""


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
