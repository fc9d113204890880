"""One look at a server: its name, its address, its handshake, its certificate; and which of them is wrong.

The handshake is the product's own, with the trust store and policy that calls are made with. Only when it fails
for the certificate, a second one without any trust fetches that certificate, so that it can be described:
nothing is said on that connection.
"""

import socket
import ssl
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from cryptography import x509

from gateway.config.catalogue import Kind, online
from gateway.preflight.online_values import Found, Shown, Terms
from gateway.tls.certificates import CryptoPolicy, describe
from gateway.tls.contexts import handshake_complaint
from gateway.tls.findings import Use, certificate_findings
from gateway.tls.unreadable import UNREADABLE

_EXPIRED: Final = frozenset({9, 10})
_WRONG_NAME: Final = frozenset({62, 64})
"""Codes of OpenSSL's verification (X509_V_ERR_...): not yet valid, expired; host name, address."""
_WEAK: Final = frozenset({66, 67, 68})
"""Key of the server, key of an authority, hash of a signature."""
_SHOWN_NAMES: Final = 5

Wrong = tuple[Kind, str]
Prelude = Callable[[socket.socket], str]
"""What a protocol says before TLS begins; returns what stands in the way, empty: nothing. May raise OSError."""


@dataclass(frozen=True, slots=True)
class Security:
    """The TLS that calls are made with."""

    context: ssl.SSLContext
    server_name: str
    """That the certificate must bear."""
    policy: CryptoPolicy = "modern"


class _FailedError(Exception):
    """The look ends here."""

    def __init__(self, kind: Kind, text: str, shown: Shown | None = None) -> None:
        super().__init__(text)
        self.found = Found(wrong=((kind, text),), shown=shown)


def look(
    host: str, port: int, security: Security | None, terms: Terms, prelude: Prelude = lambda _sock: ""
) -> Found:
    """Connect and, with `security`, do the handshake; judge the certificate as one that serves us."""
    try:
        return _Look(host, port, terms, prelude).found(security)
    except _FailedError as error:
        return error.found


@dataclass(frozen=True, slots=True)
class _Look:
    host: str
    port: int
    terms: Terms
    prelude: Prelude

    def found(self, security: Security | None) -> Found:
        with self._connected() as sock:
            if security is None:
                return Found(said=("connected",))
            self._speak(sock)
            shown, wrong = self._secured(sock, security)
        return Found(said=(str(shown),), wrong=wrong, shown=shown)

    def _connected(self) -> socket.socket:
        try:
            places = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise _FailedError(online.NAME, f"the name {self.host} is not known: {reason(error)}") from None
        failure: OSError = TimeoutError()
        for number, (family, _kind, _protocol, _name, address) in enumerate(places):
            sock = socket.socket(family, socket.SOCK_STREAM)
            try:
                sock.settimeout(self.terms.left / (len(places) - number))
                sock.connect(address)
                sock.settimeout(self.terms.left)
            except OSError as error:
                sock.close()
                failure = error
            else:
                return sock
        if isinstance(failure, TimeoutError):
            raise _FailedError(online.TIME, "no connection in time")
        raise _FailedError(online.CONNECT, f"no connection: {reason(failure)}")

    def _speak(self, sock: socket.socket) -> None:
        try:
            text = self.prelude(sock)
        except TimeoutError:
            raise _FailedError(online.TIME, "connected, and nothing is answered") from None
        except OSError as error:
            raise _FailedError(online.CONNECT, f"connected, then lost: {reason(error)}") from None
        if text:
            raise _FailedError(online.TLS, text)

    def _secured(self, sock: socket.socket, security: Security) -> tuple[Shown, tuple[Wrong, ...]]:
        name = security.server_name
        try:
            sock.settimeout(self.terms.left)
            with security.context.wrap_socket(sock, server_hostname=name, do_handshake_on_connect=False) as tls:
                tls.do_handshake()
                if complaint := handshake_complaint(tls, security.policy):
                    raise _FailedError(online.TLS, f"TLS does not satisfy the crypto policy: {complaint}")
                return shown_by(tls), doubts(tls, self.terms)
        except ssl.SSLCertVerificationError as error:
            shown = self._unverified()
            raise _FailedError(*_refused(error, shown, name), shown) from None
        except TimeoutError:
            raise _FailedError(online.TIME, "connected, and the TLS handshake does not end in time") from None
        except (OSError, ValueError) as error:
            raise _FailedError(online.TLS, f"no TLS: {reason(error)}") from None

    def _unverified(self) -> Shown | None:
        """Fetch the certificate that was not accepted, to describe it; None: it is not to be had."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:
            with self._connected() as sock:
                self._speak(sock)
                with context.wrap_socket(sock, server_hostname=self.host, do_handshake_on_connect=False) as tls:
                    tls.do_handshake()
                    return shown_by(tls)
        except (OSError, _FailedError, *UNREADABLE):
            return None


def _refused(error: ssl.SSLCertVerificationError, shown: Shown | None, name: str) -> Wrong:
    """Return why a certificate is not accepted, with what it says of itself."""
    if shown is None:
        return online.UNTRUSTED, f"its certificate is not accepted: {error.verify_message}"
    whose = f"the certificate of {shown.subject}"
    if error.verify_code in _EXPIRED:
        return online.EXPIRED, f"{whose} is not valid now: {error.verify_message}, {shown.not_after:%Y-%m-%d}"
    if error.verify_code in _WRONG_NAME:
        names = ", ".join(shown.names[:_SHOWN_NAMES]) or "no name at all"
        return online.SERVER_NAME, f"{whose} is for {names}, not for {name}"
    if error.verify_code in _WEAK:
        return online.TLS, f"{whose} is too weak: {error.verify_message}"
    text = f"{whose}, issued by {shown.issuer}, does not lead to the truststore: {error.verify_message}"
    return online.UNTRUSTED, f"{text} (sha256:{shown.sha256})"


def doubts(tls: ssl.SSLSocket, terms: Terms) -> tuple[Wrong, ...]:
    """Return what is doubtful about a certificate that was accepted."""
    certificate = tls.getpeercert(binary_form=True)
    assert certificate, "a server shows a certificate, or there is no handshake"
    try:
        found = certificate_findings(x509.load_der_x509_certificate(certificate), terms.now, Use.SERVER)
        return tuple((online.CERTIFICATE, text) for _, text in found)
    except UNREADABLE:
        return ()


def shown_by(tls: ssl.SSLSocket) -> Shown:
    """Describe a finished handshake. Raises one of UNREADABLE for a certificate that cannot be read."""
    certificate, cipher = tls.getpeercert(binary_form=True), tls.cipher()
    assert certificate, "a server shows a certificate, or there is no handshake"
    facts = describe(x509.load_der_x509_certificate(certificate))
    return Shown(
        version=tls.version() or "",
        cipher=cipher[0] if cipher else "",
        subject=facts.subject,
        issuer=facts.issuer,
        names=facts.names,
        not_after=facts.not_after,
        sha256=facts.sha256,
    )


def reason(error: Exception) -> str:
    """Say in words of the system what happened; neither ssl nor socket puts data of ours there."""
    if isinstance(error, ssl.SSLError):
        return error.reason or type(error).__name__
    return getattr(error, "strerror", None) or type(error).__name__
