"""Key stores and trust stores, as they stand in every file."""

from pydantic import Field

from gateway.config.values import ExistingPath, KeyFile, SecretValue, Settings
from gateway.exchange import Secret


class KeyStore(Settings):
    """A private key with its certificate chain."""

    path: KeyFile = Field(
        description="PKCS#12 file (.p12, .pfx), or PEM file with key and certificates, relative to the home."
    )
    password: SecretValue = Field(default=Secret(""), description="Password of the store, if it has one.")


class TrustStore(Settings):
    """Certificates that are trusted."""

    path: ExistingPath = Field(
        description="PEM or PKCS#12 file, or a folder of PEM files, relative to the home."
    )
    password: SecretValue = Field(default=Secret(""), description="Password of a PKCS#12 store.")
