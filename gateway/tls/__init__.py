"""Key stores, trust stores and the TLS contexts made from them.

`stores` reads what lies on disk, `certificates` says in words what a certificate is and whether it is good
enough, `contexts` turns both into `ssl.SSLContext` values. Every failure is a `StoreError`, a `ValueError`
that names the file and the reason, so that `imsgw check` can show it.
"""

from gateway.tls.certificates import CertificateFacts, describe
from gateway.tls.contexts import (
    ListenerTls,
    backend_context,
    client_context,
    server_context,
    server_tls,
)
from gateway.tls.live import LiveTrust, read_trusted
from gateway.tls.stores import KeyMaterial, StoreError, read_keystore, read_truststore
from gateway.tls.trusted import TrustedKeys

__all__ = [
    "CertificateFacts",
    "KeyMaterial",
    "ListenerTls",
    "LiveTrust",
    "StoreError",
    "TrustedKeys",
    "backend_context",
    "client_context",
    "describe",
    "read_keystore",
    "read_trusted",
    "read_truststore",
    "server_context",
    "server_tls",
]
