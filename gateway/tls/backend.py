"""What a finished handshake with IMS Connect is held against, beyond what OpenSSL has checked."""

import ssl
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from cryptography import x509

from gateway.tls.certificates import CryptoPolicy
from gateway.tls.contexts import handshake_complaint


@dataclass(frozen=True, slots=True)
class HandshakeCheck:
    """Checks connections to one address; made once, called for every one, by many threads."""

    policy: CryptoPolicy
    seen: Callable[[datetime], None]
    """Hears until when the certificate is valid that IMS Connect has shown."""

    def __call__(self, connection: ssl.SSLSocket) -> str | None:
        """Say why the handshake does not satisfy the policy; None when it does."""
        if complaint := handshake_complaint(connection, self.policy):
            return complaint
        certificate = connection.getpeercert(binary_form=True)
        assert certificate, "a server shows a certificate, or there is no handshake"
        self.seen(x509.load_der_x509_certificate(certificate).not_valid_after_utc)
        return None
