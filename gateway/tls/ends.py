"""When the certificates in a home's stores end: looked at now and then, as files change under their names."""

from collections.abc import Iterable
from datetime import datetime

from cryptography import x509

from gateway.config.model import Home, KeyStore, TrustStore
from gateway.observe.certificate_metrics import StoreEnds
from gateway.tls.live import marks_of
from gateway.tls.named import Purpose, named_stores
from gateway.tls.stores import StoreError, read_keystore, read_truststore
from gateway.tls.unreadable import UNREADABLE

_Mark = tuple[object, ...]
_Ends = tuple[datetime, ...]


class Ends:
    """Knows the ends of the certificates in the stores of a home. For one thread at a time.

    A store is read when its files have changed; of one that cannot be read any more, what it held is told.
    """

    def __init__(self) -> None:
        self._read: dict[tuple[Purpose, str], tuple[_Mark, _Ends]] = {}

    def look(self, home: Home, now: datetime) -> tuple[StoreEnds, ...]:
        """Return what the stores of a home hold, each once for each purpose."""
        named = {(one.purpose, _name(home, one.store)): one.store for one in named_stores(home)}
        found = {place: self._ends(place, store) for place, store in named.items()}
        self._read = {place: read for place, read in self._read.items() if place in named}
        return tuple(_told(*place, ends, now) for place, ends in found.items() if ends is not None)

    def _ends(self, place: tuple[Purpose, str], store: KeyStore | TrustStore) -> _Ends | None:
        """Return the ends in a store; None for one that could not be read yet, which others tell."""
        known = self._read.get(place)
        mark = (store.password, *marks_of((store.path,)))
        if known is not None and known[0] == mark:
            return known[1]
        try:
            ends = tuple(one.not_valid_after_utc for one in _held(store))
        except (StoreError, *UNREADABLE):
            return known[1] if known is not None else None
        self._read[place] = mark, ends
        return ends


def _held(store: KeyStore | TrustStore) -> Iterable[x509.Certificate]:
    if isinstance(store, TrustStore):
        return read_truststore(store)
    material = read_keystore(store)
    return (material.certificate, *material.chain)


def _name(home: Home, store: KeyStore | TrustStore) -> str:
    path = store.path
    return str(path.relative_to(home.path) if path.is_relative_to(home.path) else path)


def _told(purpose: Purpose, store: str, ends: _Ends, now: datetime) -> StoreEnds:
    valid = [end for end in ends if end > now]
    latest = max(ends, default=None)
    return StoreEnds(purpose, store, min(valid, default=latest), len(ends) - len(valid))
