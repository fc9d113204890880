"""One connection to a syslog receiver, for one thread: every wait has an end, its leaving is seen.

Receivers say nothing, so the read side is there to notice that they close, or refuse our certificate: with
TLS 1.3 that is told only after the handshake. A receiver that vanishes without a word shows by octets that
nobody acknowledges (TCP_USER_TIMEOUT) or, when there is nothing to send, by probes (keepalive).
"""

import contextlib
import fcntl
import select
import socket
import ssl
import struct
import termios
from typing import Final

from gateway.audit.syslog_settings import SyslogSettings
from gateway.tls.contexts import client_context, handshake_complaint

_SLICE: Final = 32 * 1024
"""Octets for which the receiver has `timeout_seconds`: one that is slow but moves is not given up."""
_READS: Final = 16
"""Most reads at once of what a receiver sends us, all of which is ignored."""
_REFUSAL_SECONDS: Final = 0.5
"""How long a receiver may take to say that it does not accept our certificate, before records go out."""
_PROBES: Final = 3
_LEAST_WATCH_SECONDS: Final = 1.0
"""A network may keep an acknowledgement so long in good health."""
_SEND_BUFFER: Final = 256 * 1024
"""In the system: what waits there may have to be sent again."""


class ConnectionEndedError(OSError):
    """The receiver ended the connection."""


class Connection:
    """Connected, and past the handshake."""

    def __init__(self, connected: socket.socket, timeout_seconds: float) -> None:
        self._socket = connected
        self._timeout_seconds = timeout_seconds

    def send(self, data: bytes) -> None:
        """Hand everything to the system. Raises OSError when the connection ends or stands still."""
        self._socket.settimeout(self._timeout_seconds)
        view = memoryview(data)
        for begin in range(0, len(view), _SLICE):
            self._socket.sendall(view[begin : begin + _SLICE])

    def check(self) -> None:
        """Raise OSError if the receiver has ended the connection; returns at once."""
        self._socket.settimeout(0)
        with contextlib.suppress(ssl.SSLWantReadError, BlockingIOError):
            for _ in range(_READS):
                if not self._socket.recv(4096):
                    raise ConnectionEndedError("the receiver closed the connection")

    def wait(self, seconds: float, wake: int | None = None) -> None:
        """Return when the receiver has something to tell, or `wake` can be read, or the time is over."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        if wake is not None:
            poll.register(wake, select.POLLIN)
        poll.poll(max(0, seconds) * 1000)

    def unacknowledged(self) -> int:
        """Return how many octets the receiver's system has not acknowledged."""
        try:
            answer = fcntl.ioctl(self._socket.fileno(), termios.TIOCOUTQ, b"\0" * 4)
        except OSError:
            return 0
        return int(struct.unpack("i", answer)[0])

    def finish(self, seconds: float) -> bool:
        """End in order; whether the receiver has read everything.

        It has when it closes its side in turn, and its system has acknowledged all: a system that closes the
        connection of a process with octets unread resets it. Some receivers close without a word of TLS.
        """
        try:
            self._say_end(seconds)
            self._socket.settimeout(seconds)
            for _ in range(_READS):
                if not self._socket.recv(4096):
                    return not self.unacknowledged()
        except ssl.SSLEOFError:
            return not self.unacknowledged()
        except OSError:
            pass
        return False

    def abort(self) -> None:
        """Make the thread that uses the connection stop waiting; from any thread."""
        with contextlib.suppress(OSError):
            self._socket.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        """Let go of it."""
        self._socket.close()

    def _say_end(self, seconds: float) -> None:
        """Send close_notify (RFC 5425, section 4.4), then the end of the stream."""
        if isinstance(self._socket, ssl.SSLSocket):
            self._socket.settimeout(seconds)
            self._socket = self._socket.unwrap()
        self._socket.shutdown(socket.SHUT_WR)


def connect(settings: SyslogSettings) -> Connection:
    """Connect; the stores are read anew, so that a renewed certificate is used.

    They are read once somebody answers: a key store is made to cost a while, and a receiver that is away is
    tried again and again. Raises OSError (ssl.SSLError among them), or ValueError for a store or a name that
    cannot be used.
    """
    plain = socket.create_connection((settings.host, settings.port), timeout=settings.timeout_seconds)
    try:
        _watch(plain, settings)
        context = tls_context(settings)
        if context is None:
            return Connection(plain, settings.timeout_seconds)
        return _secured(plain, context, settings)
    except BaseException:
        plain.close()
        raise


def tls_context(settings: SyslogSettings) -> ssl.SSLContext | None:
    """Return the TLS of connections; None: there is none. Raises gateway.tls.StoreError."""
    if not settings.tls:
        return None
    return client_context(settings.truststore, settings.keystore, settings.crypto_policy)


def _secured(plain: socket.socket, context: ssl.SSLContext, settings: SyslogSettings) -> Connection:
    secured = context.wrap_socket(plain, server_hostname=settings.server_name or settings.host)
    try:
        return _accepted(secured, settings)
    except BaseException:
        secured.close()
        raise


def _accepted(secured: ssl.SSLSocket, settings: SyslogSettings) -> Connection:
    """Return the connection if its TLS is good enough for us, and our certificate for the receiver."""
    complaint = handshake_complaint(secured, settings.crypto_policy)
    if complaint:
        raise ConnectionEndedError(complaint)
    connection = Connection(secured, settings.timeout_seconds)
    connection.wait(min(_REFUSAL_SECONDS, settings.timeout_seconds))
    connection.check()
    return connection


def _watch(connected: socket.socket, settings: SyslogSettings) -> None:
    """Have the system end the connection when the receiver is gone: well before `resend_seconds` are over."""
    seconds = max(_LEAST_WATCH_SECONDS, min(settings.timeout_seconds, settings.resend_seconds / 2))
    options = {
        socket.TCP_KEEPIDLE: int(seconds),
        socket.TCP_KEEPINTVL: max(1, int(seconds / _PROBES)),
        socket.TCP_KEEPCNT: _PROBES,
        socket.TCP_USER_TIMEOUT: int(seconds * 1000),
        socket.TCP_NODELAY: 1,
    }
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
    connected.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _SEND_BUFFER)
    for option, value in options.items():
        connected.setsockopt(socket.IPPROTO_TCP, option, value)
