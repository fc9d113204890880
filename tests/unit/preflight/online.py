"""For the tests of `--online`: terms, TLS servers with certificates of every kind, trust stores."""

import ssl
import tempfile
from collections.abc import Iterable
from datetime import timedelta
from ipaddress import ip_address
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from gateway.clock import SYSTEM_CLOCK
from gateway.preflight.online_tls import Security
from gateway.preflight.online_values import Found, Terms
from gateway.tls.certificates import CryptoPolicy
from gateway.tls.contexts import client_context
from tests.fixtures.certificates import CA, Holder, issue
from tests.fixtures.pki import truststore

PATIENCE = 30.0
"""Seconds that a try may take which is to end by itself; never waited for in a good run."""
SHORT = 0.3
"""Seconds that a try may take which is to run out of time."""
_KEYS = (ec.EllipticCurvePrivateKey, ed25519.Ed25519PrivateKey, rsa.RSAPrivateKey)
LOCAL = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])


def terms(seconds: float = PATIENCE) -> Terms:
    """Return terms that hold from now on."""
    return Terms(SYSTEM_CLOCK, SYSTEM_CLOCK.now(), SYSTEM_CLOCK.monotonic() + seconds)


def days(count: float) -> timedelta:
    return timedelta(days=count)


def authority(name: str = "authority") -> Holder:
    now = SYSTEM_CLOCK.now()
    return issue(name, CA, start=now - days(1), end=now + days(400))


def server(
    by: Holder, *, names: x509.SubjectAlternativeName = LOCAL, start: float = -1, end: float = 365, **how
):
    """Return a server's key and certificate; it is valid from `start` to `end`, in days from now."""
    now = SYSTEM_CLOCK.now()
    return by.issue("server", names, start=now + days(start), end=now + days(end), **how)


def context_of(holder: Holder, *chain: Holder) -> ssl.SSLContext:
    """Return the context of a server that shows this certificate, however weak."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    assert isinstance(holder.key, _KEYS)
    with tempfile.NamedTemporaryFile() as file:
        key = holder.key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
        file.write(key + holder.pem + b"".join(one.pem for one in chain))
        file.flush()
        context.load_cert_chain(file.name)
    return context


def security(
    folder: Path, trusted: Iterable[Holder], name: str = "localhost", policy: CryptoPolicy = "modern"
) -> Security:
    """Return the TLS of a client that trusts these."""
    path = folder / "trusted.pem"
    path.write_bytes(b"".join(one.pem for one in trusted))
    return Security(client_context(truststore(path), policy=policy), name, policy)


def ids(found: Found) -> list[str]:
    """Return the ids of what is wrong."""
    return [kind.id for kind, _ in found.wrong]


def text(found: Found) -> str:
    """Return the one thing that is wrong."""
    ((_, words),) = found.wrong
    return words
