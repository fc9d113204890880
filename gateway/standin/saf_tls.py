"""TLS on the port as AT-TLS does it: before IMS Connect sees a byte, and unknown to it.

The user of a client certificate (SAFCheck) decides whether the connection stands; it is put into no message.
"""

import ssl
from typing import Final, Literal

from cryptography import x509

from gateway.config.model import ServerSettings
from gateway.standin.config_saf import SafTables
from gateway.standin.config_security import ClientAuthentication, TlsSettings
from gateway.standin.racf import Racf, RacfCode
from gateway.standin.saf_certificates import CertificateUsers
from gateway.tls import server_tls

_ASKS: Final[dict[ClientAuthentication, Literal["none", "optional", "required"]]] = {
    "none": "none",
    "full": "optional",
    "required": "required",
    "safcheck": "required",
}


class PortTls:
    """The TLS of the port: a context, and what a finished handshake is held against."""

    def __init__(self, settings: TlsSettings, config: SafTables) -> None:
        """Read keys and authorities. Raises StoreError, and ConfigError for certificates of two users."""
        listener = server_tls(
            ServerSettings.model_construct(
                keystore=settings.keystore,
                client_truststore=settings.client_truststore,
                client_authentication=_ASKS[settings.authentication],
                crypto_policy=settings.crypto_policy,
            )
        )
        self._listener = listener
        self._safcheck = settings.authentication == "safcheck"
        self._users = CertificateUsers({name: user.certificates for name, user in config.users.items()})
        self.context = listener.context
        if settings.min_version == "1.3":
            self.context.minimum_version = ssl.TLSVersion.TLSv1_3

    def complaint(self, connection: ssl.SSLObject, racf: Racf) -> str | None:
        """Say why a finished handshake does not do; None when it does."""
        if complaint := self._listener.complaint(connection):
            return complaint
        if not self._safcheck:
            return None
        der = connection.getpeercert(binary_form=True)
        assert der, "a certificate is required"
        certificate = x509.load_der_x509_certificate(der)
        user = self._users.user_of(certificate)
        if not user:
            return f"SAFCheck: the certificate {certificate.subject.rfc4514_string()} is no user's"
        code = racf.look_up(user, "")
        return None if code is RacfCode.OK else f"SAFCheck: {user}: {code.name.lower().replace('_', ' ')}"
