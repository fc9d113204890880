"""A byte stream to IMS Connect with a deadline on every step, for threads; for asyncio see `async_transport`.

A deadline is a point on the clock's monotonic scale, in seconds; `math.inf` is none. Whatever socket and ssl
raise leaves this module as a `StreamError` with the cause kept; what that means for a request is the
session's to say.
"""

import errno
import math
import select
import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from gateway.clock import Clock
from gateway.imsconnect import sockets
from gateway.imsconnect.sockets import is_timeout, words

_RECEIVE_BYTES = 65_536
_SEND_BYTES = 65_536
"""Most bytes of one write, so that the deadline is looked at between writes of a long message."""
_LONGEST_POLL_MS = 3_600_000
"""Longest wait at a time, as `poll` cannot be told of months."""


class StreamError(Exception):
    """Base of what can happen to a stream; the text says what, and never holds payload."""


class ConnectFailed(StreamError):  # noqa: N818  reads as what happened
    """No stream came to be: not resolved, refused, not in time, or TLS not agreed."""


class DeadlinePassed(StreamError):  # noqa: N818
    """The step did not finish in time."""


class StreamLost(StreamError):  # noqa: N818
    """The stream broke: reset, broken pipe, a TLS alert."""

    def __init__(self, text: str, *, nothing_sent: bool = False, never_accepted: bool = False) -> None:
        super().__init__(text)
        self.nothing_sent = nothing_sent
        """True only when it is certain that no byte of this `send_all` left the machine."""
        self.never_accepted = never_accepted
        """True only when it is certain that the other side did not accept the TLS handshake, and so has looked
        at nothing that was ever sent on this stream."""


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
    examine: Callable[[ssl.SSLSocket], str | None] | None = field(default=None, repr=False, compare=False)
    """Looks at each finished handshake and says why it does not do; None when it does."""

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
    raise ConnectFailed(f"connect: {words(failure)}") from failure


def _resolve(endpoint: Endpoint) -> list[tuple[int, tuple[object, ...]]]:
    try:
        found = socket.getaddrinfo(endpoint.host, endpoint.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(f"host name not resolved: {words(error)}") from error
    return [(family, address) for family, _type, _proto, _name, address in found]


def _connect_one(family: int, address: tuple[object, ...], seconds: float) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.settimeout(None if seconds == math.inf else seconds)
        sock.connect(address)
        sockets.prepare(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _secure(raw: socket.socket, endpoint: Endpoint, deadline: float, clock: Clock) -> "SocketStream":
    if endpoint.tls is None:
        return SocketStream(raw, clock)
    sock = raw
    try:
        name = endpoint.server_name or endpoint.host
        tls = endpoint.tls.wrap_socket(raw, server_hostname=name, do_handshake_on_connect=False)
        sock = tls
        tls.settimeout(None if deadline == math.inf else max(deadline - clock.monotonic(), 0.001))
        tls.do_handshake()
        sockets.examine(tls, endpoint.examine)
    except (OSError, ValueError) as error:
        sock.close()
        raise ConnectFailed(f"TLS handshake: {words(error)}") from error
    except BaseException:
        sock.close()
        raise
    return TlsStream(tls, clock)


class SocketStream:
    """A connected socket as a `Stream`; owned by one thread at a time, `abort` apart.

    The socket never blocks; `poll` waits where there is something to wait for. A socket with a timeout would
    take a system call to set it and another to wait, for each step.
    """

    _plain = True

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._socket = sock
        self._clock = clock
        self._unjudged = sockets.judged_later(sock)
        self._prepare()

    def _prepare(self) -> None:
        self._socket.settimeout(0.0)
        self._readable = select.poll()
        self._readable.register(self._socket.fileno(), select.POLLIN)

    def send_all(self, data: bytes, deadline: float) -> None:
        """Send all of `data` before the deadline.

        `StreamLost.nothing_sent` is claimed for plain TCP only: a failed TLS write may have put part of a
        record on the way.
        """
        view = memoryview(data)
        sent = 0
        try:
            while sent < len(view):
                sent += self._send(view[sent : sent + _SEND_BYTES], deadline)
        except OSError as error:
            if is_timeout(error):
                raise DeadlinePassed(f"not sent in time: {sent} of {len(view)} bytes") from error
            raise StreamLost(
                f"lost while sending: {words(error)}", nothing_sent=self._plain and sent == 0
            ) from error

    def receive(self, deadline: float) -> bytes:
        """Return what has come, at least one byte, or none when the peer closed its side.

        `StreamLost.never_accepted` is claimed when the other side did not accept the TLS handshake.
        """
        try:
            data = self._receive(deadline)
        except OSError as error:
            if is_timeout(error):
                raise DeadlinePassed("nothing came in time") from error
            refused = self._unjudged and sockets.refused_handshake(error)
            raise StreamLost(f"lost while receiving: {words(error)}", never_accepted=refused) from error
        self._unjudged = False
        return data

    def is_quiet(self) -> bool:
        """Tell whether the idle stream is still good: open, and nothing unasked-for has come."""
        # the number of a closed socket may be another one's by now
        return self._socket.fileno() >= 0 and not self._readable.poll(0)

    def close(self) -> None:
        """Close; TLS says good-bye if that can be done without waiting."""
        sockets.close(self._socket)

    def abort(self) -> None:
        """Shut both directions down below TLS, which wakes a thread that waits; the owner still closes."""
        sockets.abort(self._socket)

    def _send(self, data: memoryview, deadline: float) -> int:
        """Send some of `data`. Raises OSError, TimeoutError at the deadline."""
        self._left(deadline)
        while True:
            try:
                return self._socket.send(data)
            except BlockingIOError:
                writable = select.poll()
                writable.register(self._socket.fileno(), select.POLLOUT)
                self._wait(writable, deadline)

    def _receive(self, deadline: float) -> bytes:
        """Receive something. Raises OSError, TimeoutError at the deadline."""
        while True:
            self._wait(self._readable, deadline)
            try:
                return self._socket.recv(_RECEIVE_BYTES)
            except BlockingIOError:
                continue  # what was there turned out to be nothing: a bad checksum

    def _wait(self, ready: select.poll, deadline: float) -> None:
        if self._socket.fileno() < 0:
            raise OSError(errno.EBADF, "the socket is closed")
        while not ready.poll(min(self._left(deadline) * 1000, _LONGEST_POLL_MS)):
            pass

    def _left(self, deadline: float) -> float:
        """Return the seconds until the deadline. Raises TimeoutError when there are none."""
        left = deadline - self._clock.monotonic()
        if left <= 0:
            raise TimeoutError
        return left


class TlsStream(SocketStream):
    """A connection with TLS. OpenSSL waits, for it alone knows what it has to read and write meanwhile."""

    _plain = False

    def _prepare(self) -> None:
        pass

    def is_quiet(self) -> bool:
        """Tell whether the idle stream is still good: open, and nothing unasked-for has come."""
        return sockets.is_quiet(self._socket)

    def _send(self, data: memoryview, deadline: float) -> int:
        self._arm(deadline)
        return self._socket.send(data)

    def _receive(self, deadline: float) -> bytes:
        self._arm(deadline)
        return self._socket.recv(_RECEIVE_BYTES)

    def _arm(self, deadline: float) -> None:
        self._socket.settimeout(None if deadline == math.inf else self._left(deadline))
