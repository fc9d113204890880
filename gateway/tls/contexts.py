"""TLS contexts: what our listeners offer, and what we ask of IMS Connect.

TLS 1.2 and 1.3 only, forward secrecy and authenticated ciphers only, no compression, no renegotiation, no
session tickets. Private keys never lie on disk in clear: OpenSSL's loader wants a file, so it gets one in
memory, encrypted under a password that lives as long as the call.
"""

import os
import secrets
import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    PrivateFormat,
)

from gateway.config.model import BackendTls, KeyStore, ServerSettings, TrustStore
from gateway.tls.certificates import CryptoPolicy, key_complaint
from gateway.tls.stores import KeyMaterial, StoreError, read_keystore, read_truststore

TLS12_CIPHERS: Final[dict[CryptoPolicy, str]] = {
    # Forward secrecy and AEAD (RFC 9325, section 4.2). Security level 2 of OpenSSL: 112 bits, so RSA and DH of
    # 2048 bits, curves of 224 bits, no SHA-1 in signatures.
    "modern": "@SECLEVEL=2:ECDHE+AESGCM:ECDHE+CHACHA20",
    # SP 800-52 rev. 2, section 3.3.1: of these the AES-GCM ones; ChaCha20-Poly1305 is no FIPS algorithm.
    "sp800-131a": "@SECLEVEL=2:ECDHE+AESGCM",
}
TLS13_CIPHERS: Final[dict[CryptoPolicy, frozenset[str]]] = {
    "modern": frozenset({"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256", "TLS_CHACHA20_POLY1305_SHA256"}),
    "sp800-131a": frozenset({"TLS_AES_256_GCM_SHA384", "TLS_AES_128_GCM_SHA256"}),
}
"""The ssl module cannot narrow OpenSSL's own suites, so one outside is refused after the handshake."""
SP800_131A_CURVE: Final = "prime256v1"
"""The ssl module sets one key-exchange curve or leaves them all: P-256, which every client has."""

_OPTIONS = (
    ssl.OP_NO_RENEGOTIATION  # the client cannot make us do handshakes at will (RFC 9325, section 3.5)
    | ssl.OP_NO_COMPRESSION  # CRIME
    | ssl.OP_NO_TICKET  # a ticket key outlives the keys it protects, and each worker has its own
    | ssl.OP_CIPHER_SERVER_PREFERENCE
)


@dataclass(frozen=True, slots=True)
class ListenerTls:
    """The TLS of one listener: a context, and the policy that a finished handshake is held against."""

    context: ssl.SSLContext
    policy: CryptoPolicy

    def complaint(self, connection: ssl.SSLObject | ssl.SSLSocket) -> str | None:
        """Say why a finished handshake does not satisfy the policy; None when it does."""
        return handshake_complaint(connection, self.policy)


def handshake_complaint(connection: ssl.SSLObject | ssl.SSLSocket, policy: CryptoPolicy) -> str | None:
    """Say why a finished handshake does not satisfy a policy; None when it does.

    Looked at is what the ssl module cannot restrict: ciphers of TLS 1.3, the key of the peer's certificate.
    """
    cipher = connection.cipher()
    if connection.version() == "TLSv1.3" and (cipher is None or cipher[0] not in TLS13_CIPHERS[policy]):
        return f"cipher {cipher[0] if cipher else 'none'} is outside crypto_policy {policy}"
    certificate = connection.getpeercert(binary_form=True)
    if not certificate:
        return None
    try:
        return key_complaint(x509.load_der_x509_certificate(certificate).public_key(), policy)
    except (ValueError, UnsupportedAlgorithm):
        return "the peer's certificate cannot be read"


def server_tls(settings: ServerSettings, *, client_certificates: bool = True) -> ListenerTls:
    """Return the TLS of a listener; see `server_context`."""
    context = server_context(settings, client_certificates=client_certificates)
    return ListenerTls(context, settings.crypto_policy)


def server_context(settings: ServerSettings, *, client_certificates: bool = True) -> ssl.SSLContext:
    """Return a context for a listener of ours.

    `client_certificates` False leaves `client_authentication` aside: the admin listener asks for none. Raises
    StoreError, or ValueError when no keystore is set.
    """
    if settings.keystore is None:
        raise ValueError(
            "HTTPS needs a keystore: set server.keystore (imsgw keystore create-test makes one to try)"
        )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    _restrict(context, settings.crypto_policy)
    context.num_tickets = 0  # TLS 1.3 tickets as well: the next connection proves itself anew
    context.set_alpn_protocols(["http/1.1"])
    _load_key(context, settings.keystore, settings.crypto_policy)
    if client_certificates and settings.client_authentication != "none":
        required = settings.client_authentication == "required"
        context.verify_mode = ssl.CERT_REQUIRED if required else ssl.CERT_OPTIONAL
        assert settings.client_truststore is not None, "the model demands it"
        _trust(context, read_truststore(settings.client_truststore))
    return context


def backend_context(settings: BackendTls) -> ssl.SSLContext:
    """Return a context for connections to IMS Connect: its certificate and name are checked, always.

    The caller passes `settings.server_name` or the host as server_hostname, and has each handshake looked at by
    `gateway.tls.backend.HandshakeCheck`. Raises StoreError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _restrict(context, settings.crypto_policy)
    _trust(context, read_truststore(settings.truststore))
    if settings.keystore is not None:
        _load_key(context, settings.keystore, settings.crypto_policy)
    return context


def client_context(
    truststore: TrustStore | None, keystore: KeyStore | None = None, policy: CryptoPolicy = "modern"
) -> ssl.SSLContext:
    """Return a context for connections to a server of the operator's: certificate and name are checked, always.

    Without a trust store the authorities of the operating system are trusted; with a key store its key and
    certificate are shown to a server that asks. `handshake_complaint` judges what no context can restrict.
    Raises StoreError.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    _restrict(context, policy)
    if truststore is None:
        context.load_default_certs(ssl.Purpose.SERVER_AUTH)
    else:
        _trust(context, read_truststore(truststore))
    if keystore is not None:
        _load_key(context, keystore, policy)
    return context


def _restrict(context: ssl.SSLContext, policy: CryptoPolicy) -> None:
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.maximum_version = ssl.TLSVersion.TLSv1_3
    context.options |= _OPTIONS
    context.set_ciphers(TLS12_CIPHERS[policy])
    if policy == "sp800-131a":
        context.set_ecdh_curve(SP800_131A_CURVE)


def _trust(context: ssl.SSLContext, certificates: tuple[x509.Certificate, ...]) -> None:
    """Trust exactly what stands in the store, an intermediate authority or a single certificate too."""
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN
    context.load_verify_locations(cadata=b"".join(one.public_bytes(Encoding.DER) for one in certificates))


def _load_key(context: ssl.SSLContext, store: KeyStore, policy: CryptoPolicy) -> None:
    material = read_keystore(store)
    complaint = key_complaint(material.certificate.public_key(), policy)
    if complaint:
        raise StoreError(store.path, f"the certificate has {complaint}")
    password = secrets.token_hex(32)
    with _in_memory(_encrypted_pem(material, password)) as path:
        try:
            context.load_cert_chain(path, password=password)
        except ssl.SSLError as error:
            raise StoreError(
                store.path, f"OpenSSL does not take it: {error.reason or 'unknown reason'}"
            ) from error


def _encrypted_pem(material: KeyMaterial, password: str) -> bytes:
    key = material.key.private_bytes(
        Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(password.encode())
    )
    certificates = (material.certificate, *material.chain)
    return key + b"".join(one.public_bytes(Encoding.PEM) for one in certificates)


@contextmanager
def _in_memory(data: bytes) -> Iterator[Path]:
    """Give a path to read `data` from: a file in memory, elsewhere a temporary file removed at once."""
    if hasattr(os, "memfd_create"):
        descriptor = os.memfd_create("imsgw-key", os.MFD_CLOEXEC)
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
            file.flush()
            yield Path(f"/proc/self/fd/{descriptor}")
        return
    with tempfile.NamedTemporaryFile(prefix="imsgw-") as file:
        file.write(data)
        file.flush()
        yield Path(file.name)
