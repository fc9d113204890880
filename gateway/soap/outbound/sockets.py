"""Sockets that ask the limits of their call at every wait.

The ssl and socket modules know the time of one step only, so a server that sends a byte a second would be
listened to for ever. These take what is left of the whole call as the time of each step.
"""

import socket
import ssl
from typing import Any, Final

from gateway.soap.outbound.errors import OutboundError, network, too_late
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.resolver import Address, Resolver

KEEPALIVE: Final = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)


class BoundedSocket(socket.socket):
    """A plain connection."""

    limits: Limits

    def read_one(self) -> None:
        """Receive one byte outside of any call."""
        super().recv(1)

    def recv_into(self, buffer: Any, nbytes: int = 0, flags: int = 0) -> int:
        """Receive within the limits. Raises TimeoutError, OutboundError (too much)."""
        self.settimeout(self.limits.left())
        received = super().recv_into(buffer, nbytes, flags)
        self.limits.count(received)
        return received

    def sendall(self, data: Any, flags: int = 0) -> None:
        """Send within the limits. Raises TimeoutError."""
        self.settimeout(self.limits.left())
        super().sendall(data, flags)


class BoundedTlsSocket(ssl.SSLSocket):
    """A connection with TLS; `SSLContext.sslsocket_class` of the contexts that calls are made with."""

    limits: Limits

    def read_one(self) -> None:
        """Receive one byte outside of any call."""
        super().recv(1)

    def recv_into(self, buffer: Any, nbytes: int | None = None, flags: int = 0) -> int:
        """Receive within the limits. Raises TimeoutError, OutboundError (too much)."""
        self.settimeout(self.limits.left())
        received = super().recv_into(buffer, nbytes, flags)
        self.limits.count(received)
        return received

    def recv(self, buflen: int = 1024, flags: int = 0) -> bytes:
        """Receive within the limits: the TLS inside that of a proxy reads so."""
        self.settimeout(self.limits.left())
        data = super().recv(buflen, flags)
        self.limits.count(len(data))
        return data

    def send(self, data: Any, flags: int = 0) -> int:
        """Send some within the limits; `sendall` is made of this. Raises TimeoutError."""
        self.settimeout(self.limits.left())
        return super().send(data, flags)


Connected = BoundedSocket | BoundedTlsSocket


def dial(host: str, port: int, resolver: Resolver, limits: Limits, *, who: str) -> BoundedSocket:
    """Connect to a host; each of its addresses gets a fair share of the time left.

    `who`: "the web service" or "the proxy", for texts. Raises OutboundError.
    """
    failure: OSError | None = None
    try:
        addresses = resolver.addresses(host, port, limits, who=who)
        for number, address in enumerate(addresses):
            try:
                return _dial_one(address, limits.left() / (len(addresses) - number), limits)
            except OSError as error:
                failure = error
        limits.left()
    except TimeoutError:
        failure = TimeoutError()
    raise _not_connected(failure, who)


def _dial_one(address: Address, seconds: float, limits: Limits) -> BoundedSocket:
    family, where = address
    sock = BoundedSocket(family, socket.SOCK_STREAM)
    try:
        sock.limits = limits
        sock.settimeout(seconds)
        sock.connect(where)
        _refuse_oneself(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for level, option, value in KEEPALIVE:
            sock.setsockopt(level, option, value)
    except BaseException:
        sock.close()
        raise
    return sock


def _refuse_oneself(sock: socket.socket) -> None:
    # TCP's simultaneous open: where nobody listens, a free local port can be connected to itself
    if sock.getsockname() == sock.getpeername():
        raise ConnectionRefusedError


def _not_connected(error: OSError | None, who: str) -> OutboundError:
    if error is None or is_deadline(error):
        return too_late(f"no connection to {who} in time")
    if isinstance(error, ConnectionRefusedError):
        return network(f"{who} refused the connection", "nobody listens there")
    if isinstance(error, TimeoutError):
        return network(f"the host of {who} does not answer", error.strerror or "")
    return network(f"no connection to {who}: {error.strerror or 'unknown reason'}")


def is_deadline(error: OSError) -> bool:
    """Tell whether a deadline of ours passed."""
    # ETIMEDOUT, from the kernel when keepalive gives up, is a TimeoutError too, but a lost connection
    return isinstance(error, TimeoutError) and error.errno is None


def is_quiet(sock: Connected) -> bool:
    """Tell whether an idle connection is still good: open, and nothing unasked-for has come. Never waits.

    The byte is read, not peeked at: TLS has records of its own (session tickets) that are no data, and a
    connection with anything to read is dropped anyway.
    """
    try:
        sock.settimeout(0.0)
        sock.read_one()
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except (OSError, ValueError):
        return False
    return False
