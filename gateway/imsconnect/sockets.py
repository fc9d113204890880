"""What is done to a connected socket, plain or TLS, by threads and asyncio alike. Nothing here waits."""

import socket
import ssl
from contextlib import suppress

KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
"""An idle socket whose peer vanished without a word is known to be dead after two minutes."""


def prepare(sock: socket.socket) -> None:
    """Set the options of a socket that has just been connected. Raises OSError when it is no connection."""
    _refuse_oneself(sock)
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    for level, option, value in KEEPALIVE:
        sock.setsockopt(level, option, value)


def _refuse_oneself(sock: socket.socket) -> None:
    # TCP's simultaneous open: where nobody listens, a free local port can be connected to itself
    if sock.getsockname() == sock.getpeername():
        raise ConnectionRefusedError("nobody listens")


def is_quiet(sock: socket.socket) -> bool:
    """Tell whether an idle socket is still good: open, and nothing unasked-for has come.

    The byte is read, not peeked at: TLS has records of its own (session tickets) that are no data, and a
    stream with anything to read is dropped anyway.
    """
    try:
        sock.settimeout(0.0)
        sock.recv(1)
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except (OSError, ValueError):
        return False
    return False


def close(sock: socket.socket) -> None:
    """Close; TLS says good-bye if that can be done without waiting."""
    try:
        if isinstance(sock, ssl.SSLSocket):
            with suppress(OSError, ValueError):
                sock.settimeout(0.0)
                sock.unwrap()
    finally:
        with suppress(OSError):
            sock.close()


def abort(sock: socket.socket) -> None:
    """Shut both directions down below TLS, which wakes whoever waits; the owner still closes."""
    with suppress(OSError):
        socket.socket.shutdown(sock, socket.SHUT_RDWR)


def is_timeout(error: OSError) -> bool:
    """Tell whether a deadline of ours passed."""
    # ETIMEDOUT, from the kernel when keepalive gives up, is a TimeoutError too, but a lost stream
    return isinstance(error, TimeoutError) and error.errno is None


def words(error: BaseException | None) -> str:
    """Say in words what socket or ssl said; neither puts data of ours into its texts."""
    if error is None or (isinstance(error, OSError) and is_timeout(error)):
        return "not in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return error.reason or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
