"""What is done to a connected socket, plain or TLS, by threads and asyncio alike. Nothing here waits."""

import socket
import ssl
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Final

KEEPALIVE = (
    (socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1),
    (socket.IPPROTO_TCP, socket.TCP_KEEPIDLE, 60),
    (socket.IPPROTO_TCP, socket.TCP_KEEPINTVL, 15),
    (socket.IPPROTO_TCP, socket.TCP_KEEPCNT, 4),
)
"""An idle socket whose peer vanished without a word is known to be dead after two minutes."""


_WORDS: Final[Mapping[str, str]] = {
    "CERTIFICATE_REQUIRED": "the other side wants a client certificate, and there is none (keystore)",
    "UNKNOWN_CA": "the other side does not know the authority of our certificate",
    "BAD_CERTIFICATE": "the other side does not accept our certificate",
    "UNSUPPORTED_CERTIFICATE": "the other side does not accept the kind of our certificate",
    "CERTIFICATE_REVOKED": "our certificate is revoked, says the other side",
    "CERTIFICATE_EXPIRED": "our certificate has expired, says the other side",
    "CERTIFICATE_UNKNOWN": "the other side does not accept our certificate",
    "ACCESS_DENIED": "the other side does not let our certificate in",
    "DECRYPT_ERROR": "the other side could not verify our signature",
    "HANDSHAKE_FAILURE": "the other side accepts none of our ciphers, or wants a client certificate",
    "INSUFFICIENT_SECURITY": "the other side wants stronger ciphers than we offer",
    "PROTOCOL_VERSION": "the other side does not speak our versions of TLS",
    "WRONG_VERSION_NUMBER": "the other side does not speak TLS here",
    "UNEXPECTED_EOF_WHILE_READING": "closed without a word: perhaps the other side wants a client certificate",
}
"""TLS alerts (RFC 8446, section 6), and what OpenSSL says most often, in words."""

_OF_THE_HANDSHAKE: Final = frozenset(_WORDS) - {"WRONG_VERSION_NUMBER", "UNEXPECTED_EOF_WHILE_READING"}


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


def examine(sock: ssl.SSLSocket, examiner: Callable[[ssl.SSLSocket], str | None] | None) -> None:
    """Have a finished handshake looked at. Raises ValueError with what is wrong with it."""
    complaint = examiner(sock) if examiner is not None else None
    if complaint is not None:
        raise ValueError(complaint)


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


def judged_later(sock: socket.socket) -> bool:
    """Tell whether the other side says only after the handshake whether it accepts our part of it: TLS 1.3.

    Up to TLS 1.2 our handshake is over when theirs is; what comes then belongs to a renegotiation, and that may
    come after the request was read. So may a certificate that is asked for later (RFC 8446, section 4.6.2).
    To be asked before anything is sent: a socket that has failed does not know its version any more.
    """
    if not isinstance(sock, ssl.SSLSocket):
        return False
    return sock.version() == "TLSv1.3" and not sock.context.post_handshake_auth


def refused_handshake(error: OSError) -> bool:
    """Tell whether the other side did not accept our part of a TLS handshake; see `judged_later`.

    That shows only when something is read after the handshake. Nothing that we have sent since can have been
    looked at: a server processes Certificate and Finished first (RFC 8446, section 4.4).
    """
    return isinstance(error, ssl.SSLError) and _kind(error) in _OF_THE_HANDSHAKE


def _kind(error: ssl.SSLError) -> str:
    """Return what happened, without the family of versions that OpenSSL puts before the names of alerts."""
    return (error.reason or "").rpartition("ALERT_")[2]


def words(error: BaseException | None) -> str:
    """Say in words what socket or ssl said; neither puts data of ours into its texts."""
    if error is None or (isinstance(error, OSError) and is_timeout(error)):
        return "not in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"certificate refused: {error.verify_message}"
    if isinstance(error, ssl.SSLError):
        return _WORDS.get(_kind(error)) or error.reason or type(error).__name__
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) or type(error).__name__
