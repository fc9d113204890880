"""Connections to a Valkey server (or Redis, which speaks the same protocol), for whoever keeps things there."""

import ssl
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import valkey
from valkey.exceptions import ValkeyError

from gateway import tls
from gateway.config.stores import TrustStore
from gateway.exchange import Secret

FAILURES: Final = (ValkeyError, OSError, ValueError)
"""What an operation raises that did not work."""
_TEXT: Final = 200
_PORT: Final = 6379


@dataclass(frozen=True, slots=True)
class Access:
    """Where a server is, and how it is entered."""

    address: str
    """``valkey://host:port/database``, or ``valkeys://``."""
    user: str
    password: Secret
    truststore: TrustStore | None
    timeout_seconds: float

    @property
    def name(self) -> str:
        """Host and port, for people."""
        parts = urlsplit(self.address)
        return f"{parts.hostname}:{parts.port or _PORT}"

    def reason(self, error: Exception) -> str:
        """Say what failed: bounded, and without the password, should the server have repeated it."""
        text = str(error)
        if self.password:
            text = text.replace(self.password.reveal(), "***")
        return f"{self.name}: {type(error).__name__}: {text[:_TEXT]}"


def open_pool(access: Access) -> valkey.ConnectionPool:
    """Return a pool that makes as many connections as there are calls at once; none before the first call.

    Raises gateway.tls.StoreError for the trust store.
    """
    address = urlsplit(access.address)
    options: dict[str, Any] = {
        "host": address.hostname,
        "port": address.port or _PORT,
        "db": int(address.path.strip("/") or 0),
        "username": access.user or None,
        "password": access.password.reveal() or None,
        "socket_timeout": access.timeout_seconds,
        "socket_connect_timeout": access.timeout_seconds,
        "socket_keepalive": True,
        # no word about the library, which a restricted user could not send
        "lib_name": None,
        "lib_version": None,
    }
    if address.scheme == "valkeys":
        options["connection_class"] = _TlsConnection
        options["context"] = tls.client_context(access.truststore)
    return valkey.ConnectionPool(**options)


class _TlsConnection(valkey.Connection):
    """A connection with the product's own TLS settings; the library's would not check the server's name."""

    def __init__(self, *, context: ssl.SSLContext, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]  # nothing of it is typed
        self._context = context

    def _connect(self) -> ssl.SSLSocket:
        plain = super()._connect()  # type: ignore[no-untyped-call]
        try:
            return self._context.wrap_socket(plain, server_hostname=self.host)
        except BaseException:
            plain.close()
            raise
