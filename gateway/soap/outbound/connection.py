"""One connection to a web service, plain or TLS, direct or through a proxy of HTTP (RFC 9110, 9112)."""

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import SplitResult, quote, urlsplit

from gateway.soap.outbound.errors import OutboundError, Trouble, network, too_late
from gateway.soap.outbound.exchange import DoubtError, Exchange
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.resolver import Resolver
from gateway.soap.outbound.sockets import BoundedSocket, BoundedTlsSocket, dial, is_deadline, is_quiet
from gateway.soap.outbound.tls import Tls, reason, secure, secure_inside

SERVICE: Final = "the web service"
PROXY: Final = "the proxy"
_PORTS: Final = {"http": 80, "https": 443}
_AS_THEY_ARE: Final = "/%!$&'()*+,;=:@~-._"


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme, host and port: what a connection is to."""

    scheme: str
    host: str
    """Lower case, without the brackets of IPv6."""
    port: int

    @property
    def authority(self) -> str:
        """Host and port as CONNECT names them."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Target:
    """An address, taken apart."""

    origin: Origin
    path: str
    """Path and query, ASCII."""
    url: str
    """The same with scheme and host, as a proxy is asked."""
    host: str
    """What the Host header says: the port only where it is not that of the scheme."""

    @classmethod
    def of(cls, address: str) -> "Target":
        """Take an address apart. Raises OutboundError when nothing can be called there."""
        try:
            parts = urlsplit(address)
            origin = _origin(parts)
            authority = origin.host.encode("idna" if not origin.host.isascii() else "ascii").decode()
        except (ValueError, UnicodeError):
            raise OutboundError(Trouble.REQUEST, "the address of the web service is none of HTTP") from None
        path = quote(parts.path, safe=_AS_THEY_ARE) or "/"
        if parts.query:
            path = f"{path}?{quote(parts.query, safe=_AS_THEY_ARE + '?')}"
        origin = Origin(origin.scheme, authority, origin.port)
        shown = f"[{authority}]" if ":" in authority else authority
        port = "" if origin.port == _PORTS[origin.scheme] else f":{origin.port}"
        host = f"{shown}{port}"
        return cls(origin, path, f"{origin.scheme}://{host}{path}", host)


def _origin(parts: SplitResult) -> Origin:
    if parts.scheme not in _PORTS or not parts.hostname or parts.username is not None:
        raise ValueError("no address of HTTP, or one with a user in it")
    port = parts.port if parts.port is not None else _PORTS[parts.scheme]
    if not port:
        raise ValueError("port 0")
    return Origin(parts.scheme, parts.hostname, port)


class Connection:
    """An open connection; its sockets wait within the limits of the call that uses it."""

    def __init__(self, origin: Origin) -> None:
        """Begin without sockets, see `put_on`."""
        self.origin = origin
        self.sock: Any = None
        """What requests go into: plain, TLS, or TLS inside that of a proxy. None: closed."""
        self.outermost: BoundedSocket | BoundedTlsSocket | None = None
        self.asks_proxy = False
        """Requests name the whole address, as a proxy passes them on."""
        self.idle_since = 0.0
        self.unjudged = False
        """The other side has yet to say whether it accepts our part of the handshake: TLS 1.3, nothing read."""

    def obey(self, limits: Limits) -> None:
        """Work by the limits of another call."""
        assert self.outermost is not None, "it is open"
        self.outermost.limits = limits

    def is_quiet(self) -> bool:
        """Tell whether the idle connection is still good. Never waits."""
        return self.outermost is not None and self.outermost is self.sock and is_quiet(self.outermost)

    def close(self) -> None:
        """Close, what goes through it too."""
        for sock in (self.sock, self.outermost):
            if sock is not None:
                sock.close()
        self.sock = self.outermost = None

    def put_on(self, sock: Any, outermost: BoundedSocket | BoundedTlsSocket) -> None:
        """Use a socket; `outermost` is the one that touches the network."""
        self.sock = sock
        self.outermost = outermost
        self.unjudged = hasattr(sock, "version") and sock.version() == "TLSv1.3"


class Connector:
    """Opens connections: by one set of TLS settings, through one proxy or none."""

    def __init__(self, tls: Tls, proxy: str, resolver: Resolver) -> None:
        """`proxy`: address like ``http://host:3128``; empty: none. Raises OutboundError when it is none."""
        self._tls = tls
        self._proxy = Target.of(proxy).origin if proxy else None
        self._resolver = resolver

    def open(self, origin: Origin, limits: Limits) -> Connection:
        """Open a connection within the limits. Raises OutboundError."""
        limits.connecting()
        connection = Connection(origin)
        try:
            if self._proxy is None:
                self._open_direct(connection, origin, limits)
            else:
                self._open_by_proxy(connection, self._proxy, origin, limits)
        except BaseException:
            connection.close()
            raise
        return connection

    def _open_direct(self, connection: Connection, origin: Origin, limits: Limits) -> None:
        sock = dial(origin.host, origin.port, self._resolver, limits, who=SERVICE)
        made: BoundedSocket | BoundedTlsSocket = sock
        if origin.scheme == "https":
            made = secure(sock, self._tls, origin.host, limits, who=SERVICE)
        connection.put_on(made, made)

    def _open_by_proxy(self, connection: Connection, proxy: Origin, origin: Origin, limits: Limits) -> None:
        sock = dial(proxy.host, proxy.port, self._resolver, limits, who=PROXY)
        made: BoundedSocket | BoundedTlsSocket = sock
        if proxy.scheme == "https":
            made = secure(sock, self._tls, proxy.host, limits, who=PROXY)
        connection.put_on(made, made)
        if origin.scheme == "http":
            connection.asks_proxy = True
            return
        _ask_for_tunnel(made, origin)
        if isinstance(made, BoundedTlsSocket):
            connection.put_on(secure_inside(made, self._tls, origin.host, who=SERVICE), made)
        else:
            inside = secure(made, self._tls, origin.host, limits, who=SERVICE)
            connection.put_on(inside, inside)


def _ask_for_tunnel(sock: BoundedSocket | BoundedTlsSocket, origin: Origin) -> None:
    """Have a proxy pass everything on to a host (RFC 9110, section 9.3.6). Raises OutboundError."""
    exchange = Exchange(sock)
    try:
        exchange.send("CONNECT", origin.authority, {"Host": origin.authority})
        status = exchange.head().status_code
    except DoubtError as error:
        raise network("the proxy does not speak HTTP", str(error)) from None
    except OSError as error:
        if is_deadline(error):
            raise too_late("no connection through the proxy in time") from None
        raise network("the proxy broke the connection", reason(error)) from None
    if not 200 <= status < 300:
        raise network(f"the proxy does not pass the call on (HTTP {status})")
    if not exchange.is_tunnel:
        raise network("the proxy does not speak HTTP", "it says more than that the tunnel is there")
