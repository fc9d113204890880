"""Stores of a home, each read once, however many services and bundles name it: for one look at a whole home."""

import ssl
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from cryptography import x509

from gateway.config.model import KeyStore, TrustStore
from gateway.tls.certificates import CryptoPolicy
from gateway.tls.contexts import client_context
from gateway.tls.crl import RevocationList, read_crls
from gateway.tls.stores import KeyMaterial, StoreError, read_keystore, read_truststore
from gateway.tls.unreadable import UNREADABLE

T = TypeVar("T")


class Opened:
    """What stores hold. For one thread, and for one look only: a file that changes meanwhile does not show.

    Every method raises StoreError, the same each time it is asked.
    """

    def __init__(self) -> None:
        self._found: dict[tuple[Any, ...], object] = {}

    def trusted(self, store: TrustStore) -> tuple[x509.Certificate, ...]:
        """Return the certificates of a trust store."""
        return self._once(("trusted", *_mark(store)), lambda: read_truststore(store))

    def keys(self, store: KeyStore) -> KeyMaterial:
        """Return key and certificates of a key store."""
        return self._once(("keys", *_mark(store)), lambda: read_keystore(store))

    def lists(self, path: Path) -> tuple[RevocationList, ...]:
        """Return revocation lists."""
        return self._once(("lists", path), lambda: _read_lists(path))

    def client_context(
        self, truststore: TrustStore | None, keystore: KeyStore | None, policy: CryptoPolicy
    ) -> ssl.SSLContext:
        """Return what `gateway.tls.client_context` makes."""
        place = ("context", *_mark(truststore), *_mark(keystore), policy)
        return self._once(place, lambda: client_context(truststore, keystore, policy))

    def _once(self, place: tuple[Any, ...], read: Callable[[], T]) -> T:
        if place not in self._found:
            try:
                self._found[place] = read()
            except StoreError as error:
                self._found[place] = error
        found = self._found[place]
        if isinstance(found, StoreError):
            raise StoreError(found.path, found.reason)
        return found  # type: ignore[return-value]  # `read` of this place gave it


def _mark(store: KeyStore | TrustStore | None) -> tuple[object, ...]:
    return (store.path, store.password) if store is not None else (None, None)


def _read_lists(path: Path) -> tuple[RevocationList, ...]:
    found = read_crls(path)
    try:
        return tuple(RevocationList.of(one) for one in found)
    except UNREADABLE as error:
        raise StoreError(path, "a revocation list in it cannot be read") from error
