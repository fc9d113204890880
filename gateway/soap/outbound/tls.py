"""TLS to a web service or proxy: the handshake within the limits, and its failures in words."""

import ssl
from dataclasses import dataclass, field
from typing import Final

from urllib3.util.ssltransport import SSLTransport

from gateway.soap.outbound.errors import OutboundError, network, too_late
from gateway.soap.outbound.limits import Limits
from gateway.soap.outbound.sockets import BoundedSocket, BoundedTlsSocket, is_deadline
from gateway.tls.certificates import CryptoPolicy
from gateway.tls.contexts import handshake_complaint

_WRONG: Final = {
    9: "is not valid yet",
    10: "has expired",
    18: "is not signed by an authority that is trusted",
    19: "is not signed by an authority that is trusted",
    20: "is not signed by an authority that is trusted",
    21: "is not signed by an authority that is trusted",
    62: "is not for the host that was called",
    64: "is not for the host that was called",
}
"""Codes of OpenSSL's verification (X509_V_ERR_...), in words that follow "the certificate of ..."."""

_ALERTS: Final = {
    "CERTIFICATE_REQUIRED": "wants a client certificate",
    "UNKNOWN_CA": "does not accept our client certificate: unknown authority",
    "BAD_CERTIFICATE": "does not accept our client certificate",
    "UNSUPPORTED_CERTIFICATE": "does not accept our client certificate",
    "CERTIFICATE_REVOKED": "does not accept our client certificate: revoked",
    "CERTIFICATE_EXPIRED": "does not accept our client certificate: expired",
    "CERTIFICATE_UNKNOWN": "does not accept our client certificate",
    "ACCESS_DENIED": "does not accept our client certificate",
    "DECRYPT_ERROR": "does not accept our client certificate",
    "HANDSHAKE_FAILURE": "agrees to none of our ciphers, or wants a client certificate",
    "INSUFFICIENT_SECURITY": "agrees to none of our ciphers",
    "PROTOCOL_VERSION": "speaks none of our versions of TLS",
}
"""TLS alerts of a handshake (RFC 8446, section 6.2), in words that follow "the web service"."""


@dataclass(frozen=True, slots=True)
class Tls:
    """The TLS settings of calls; certificate and name of the other side are checked, always."""

    context: ssl.SSLContext = field(repr=False)
    policy: CryptoPolicy

    def __post_init__(self) -> None:
        if self.context.verify_mode is not ssl.CERT_REQUIRED or not self.context.check_hostname:
            raise ValueError("the context does not check the other side's certificate")
        self.context.sslsocket_class = BoundedTlsSocket


def secure(sock: BoundedSocket, tls: Tls, host: str, limits: Limits, *, who: str) -> BoundedTlsSocket:
    """Do the handshake; the socket given is part of the one returned, or closed.

    `host`: name or address that the certificate must be for. Raises OutboundError.
    """
    made: BoundedSocket | BoundedTlsSocket = sock
    try:
        wrapped = tls.context.wrap_socket(sock, server_hostname=host.rstrip("."), do_handshake_on_connect=False)
        assert isinstance(wrapped, BoundedTlsSocket), "that is the context's class of sockets"
        made = wrapped
        wrapped.limits = limits
        wrapped.settimeout(limits.left())
        wrapped.do_handshake()
        _judge(wrapped, tls, who)
    except (OSError, ValueError) as error:
        made.close()
        raise _failed(error, who) from None
    except BaseException:
        made.close()
        raise
    return wrapped


def secure_inside(sock: BoundedTlsSocket, tls: Tls, host: str, *, who: str) -> SSLTransport:
    """Do a handshake inside the TLS of a proxy, by its limits. Raises OutboundError; the socket stays open."""
    try:
        inside = SSLTransport(sock, tls.context, server_hostname=host.rstrip("."))
        _judge(inside.sslobj, tls, who)
    except (OSError, ValueError) as error:
        raise _failed(error, who) from None
    return inside


def _judge(connection: ssl.SSLSocket | ssl.SSLObject, tls: Tls, who: str) -> None:
    complaint = handshake_complaint(connection, tls.policy)
    if complaint is not None:
        raise network(f"TLS with {who} does not satisfy the crypto policy", complaint)


def refusal(error: OSError, who: str) -> OutboundError | None:
    """Return the error of an alert that belongs to the handshake, None: it is something else.

    With TLS 1.3 the other side says only after our part whether it accepts our certificate. Nothing that was
    sent meanwhile has been looked at (RFC 8446, section 4.4).
    """
    words = _ALERTS.get(_alert(error)) if isinstance(error, ssl.SSLError) else None
    return network(f"{who} {words}") if words else None


def reason(error: OSError) -> str:
    """Say in words of the system what happened; neither ssl nor socket puts data of ours there."""
    if isinstance(error, ssl.SSLError):
        return error.reason or type(error).__name__
    return error.strerror or type(error).__name__


def _failed(error: OSError | ValueError, who: str) -> OutboundError:
    if isinstance(error, ssl.SSLCertVerificationError):
        words = _WRONG.get(error.verify_code, "is not accepted")
        return network(f"the certificate of {who} {words}", str(error.verify_message))
    if not isinstance(error, OSError):
        return network(f"no TLS connection to {who}", type(error).__name__)
    if is_deadline(error):
        return too_late(f"no TLS connection to {who} in time")
    return refusal(error, who) or network(f"no TLS connection to {who}", reason(error))


def _alert(error: ssl.SSLError) -> str:
    """Return the name of an alert, without the family of versions that OpenSSL puts before it."""
    return (error.reason or "").rpartition("ALERT_")[2]
