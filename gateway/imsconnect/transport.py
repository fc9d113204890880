"""A byte stream to IMS Connect with a deadline on every step: the only door to socket and ssl here.

A deadline is a point on the clock's monotonic scale, in seconds; `math.inf` is none. Whatever socket and ssl
raise leaves this module as a `StreamError` with the cause kept; what that means for a request is the
session's to say.
"""

import math
import socket
import ssl
from contextlib import suppress
from dataclasses import dataclass
from typing import Protocol

from gateway.clock import Clock

_RECEIVE_BYTES = 65_536
_SEND_BYTES = 65_536
"""Most bytes of one write, so that the deadline is looked at between writes of a long message."""

_KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
"""An idle socket whose peer vanished without a word is known to be dead after two minutes."""


class StreamError(Exception):
    """Base of what can happen to a stream; the text says what, and never holds payload."""


class ConnectFailed(StreamError):  # noqa: N818  reads as what happened
    """No stream came to be: not resolved, refused, not in time, or TLS not agreed."""


class DeadlinePassed(StreamError):  # noqa: N818
    """The step did not finish in time."""


class StreamLost(StreamError):  # noqa: N818
    """The stream broke: reset, broken pipe, a TLS alert."""

    def __init__(self, text: str, *, nothing_sent: bool = False) -> None:
        super().__init__(text)
        self.nothing_sent = nothing_sent
        """True only when it is certain that no byte of this `send_all` left the machine."""


class Stream(Protocol):
    """What a session needs of a stream."""

    def send_all(self, data: bytes, deadline: float) -> None:
        """Send all of `data`; `DeadlinePassed` or `StreamLost` when it may have left in part."""
        ...

    def receive(self, deadline: float) -> bytes:
        """Return some bytes, or none when the peer closed its side; `DeadlinePassed`, `StreamLost`."""
        ...

    def is_quiet(self) -> bool:
        """Tell whether the peer neither closed nor sent anything that nobody asked for. Never waits."""
        ...

    def close(self) -> None:
        """Close for good, without waiting for the peer."""
        ...

    def abort(self) -> None:
        """Make the thread that waits on this stream fail at once; callable from any thread."""
        ...


@dataclass(frozen=True, slots=True)
class Endpoint:
    """Where IMS Connect listens, and how to talk to it."""

    host: str
    port: int
    tls: ssl.SSLContext | None = None
    server_name: str = ""
    """Name expected in the certificate; empty: the host."""

    def __str__(self) -> str:
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"


def connect(endpoint: Endpoint, deadline: float, clock: Clock) -> "SocketStream":
    """Open a stream, TLS handshake included; raises `ConnectFailed`.

    Every address of the host is tried in turn with a fair share of the time left. Resolving the name is
    the system's: its own limits hold there, the deadline is looked at again afterwards.
    """
    addresses = _resolve(endpoint)
    failure: OSError | None = None
    for index, (family, address) in enumerate(addresses):
        left = deadline - clock.monotonic()
        if left <= 0:
            break
        try:
            raw = _connect_one(family, address, left / (len(addresses) - index))
        except OSError as error:
            failure = error
        else:
            return _secure(raw, endpoint, deadline, clock)
    raise ConnectFailed(f"connect: {_words(failure)}") from failure


def _resolve(endpoint: Endpoint) -> list[tuple[int, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(f"host name not resolved: {_words(error)}") from error
    return [(family, address) for family, _type, _proto, _name, address in found]


def _connect_one(family: int, address: tuple[object, ...], seconds: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(seconds)
        sock.connect(address)
        _refuse_oneself(sock)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for level, option, value in _KEEPALIVE:
            sock.setsockopt(level, option, value)
    except BaseException:
        sock.close()
        raise
    return sock


def _refuse_oneself(sock: socket.socket) -> None:
    # TCP's simultaneous open: where nobody listens, a free local port can be connected to itself
    if sock.getsockname() == sock.getpeername():
        raise ConnectionRefusedError("nobody listens")


def _secure(raw: socket.socket, endpoint: Endpoint, deadline: float, clock: Clock) -> "SocketStream":
    if endpoint.tls is None:
        return SocketStream(raw, clock)
    sock = raw
    try:
        name = endpoint.server_name or endpoint.host
        tls = endpoint.tls.wrap_socket(raw, server_hostname=name, do_handshake_on_connect=False)
        sock = tls
        tls.settimeout(max(deadline - clock.monotonic(), 0.001))
        tls.do_handshake()
    except (OSError, ValueError) as error:
        sock.close()
        raise ConnectFailed(f"TLS handshake: {_words(error)}") from error
    except BaseException:
        sock.close()
        raise
    return SocketStream(tls, clock)


class SocketStream:
    """A connected socket as a `Stream`; owned by one thread at a time, `abort` apart."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._socket = sock
        self._clock = clock
        self._plain = not isinstance(sock, ssl.SSLSocket)

    def _arm(self, deadline: float) -> None:
        if deadline == math.inf:
            self._socket.settimeout(None)
            return
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise DeadlinePassed("the deadline passed")
        self._socket.settimeout(left)

    def send_all(self, data: bytes, deadline: float) -> None:
        """Send all of `data` before the deadline.

        `StreamLost.nothing_sent` is claimed for plain TCP only: a failed TLS write may have put part of a
        record on the way.
        """
        view = memoryview(data)
        sent = 0
        try:
            while sent < len(view):
                self._arm(deadline)
                sent += self._socket.send(view[sent : sent + _SEND_BYTES])
        except OSError as error:
            if _is_timeout(error):
                raise DeadlinePassed(f"not sent in time: {sent} of {len(view)} bytes") from error
            raise StreamLost(
                f"lost while sending: {_words(error)}", nothing_sent=self._plain and sent == 0
            ) from error

    def receive(self, deadline: float) -> bytes:
        """Return what has come, at least one byte, or none when the peer closed its side."""
        self._arm(deadline)
        try:
            return self._socket.recv(_RECEIVE_BYTES)
        except OSError as error:
            if _is_timeout(error):
                raise DeadlinePassed("nothing came in time") from error
            raise StreamLost(f"lost while receiving: {_words(error)}") from error

    def is_quiet(self) -> bool:
        """Tell whether the idle stream is still good: open, and nothing unasked-for has come.

        The byte is read, not peeked at: TLS has records of its own (session tickets) that are no data, and
        a stream with anything to read is dropped anyway.
        """
        try:
            self._socket.settimeout(0.0)
            self._socket.recv(1)
        except (BlockingIOError, ssl.SSLWantReadError):
            return True
        except (OSError, ValueError):
            return False
        return False

    def close(self) -> None:
        """Close; TLS says good-bye if that can be done without waiting."""
        try:
            if isinstance(self._socket, ssl.SSLSocket):
                with suppress(OSError, ValueError):
                    self._socket.settimeout(0.0)
                    self._socket.unwrap()
        finally:
            with suppress(OSError):
                self._socket.close()

    def abort(self) -> None:
        """Shut both directions down below TLS, which wakes a thread that waits; the owner still closes."""
        with suppress(OSError):
            socket.socket.shutdown(self._socket, socket.SHUT_RDWR)


def _is_timeout(error: OSError) -> bool:
    # ETIMEDOUT, from the kernel when keepalive gives up, is a TimeoutError too, but a lost stream
    return isinstance(error, TimeoutError) and error.errno is None


def _words(error: BaseException | None) -> str:
    """Say in words what socket or ssl said; neither puts data of ours into its texts."""
    if error is None or (isinstance(error, OSError) and _is_timeout(error)):
        return "not in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return error.reason or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
