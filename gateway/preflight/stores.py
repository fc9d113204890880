"""Key stores and trust stores of a home: whether they open, what is in them, and whether TLS takes it."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Final

from cryptography import x509

from gateway import tls
from gateway.config.catalogue import certificates as found
from gateway.config.checks.callout_places import listening
from gateway.config.checks.places import GATEWAY_FILE, bundle_file, correlator_file
from gateway.config.model import Home, KeyStore, TrustStore
from gateway.errors import Problem
from gateway.preflight.certificates import keystore_findings
from gateway.tls.findings import Finding, Use, certificate_findings
from gateway.tls.named import named_stores
from gateway.tls.opened import Opened

_PEM = b"-----BEGIN CERTIFICATE-----"
_KEY_USES: Final = {"server.keystore": Use.SERVER, "admin.sso.keystore": Use.SIGNER}
"""What our own keys are for, by the key that names their store; all others are shown to servers."""


@dataclass(frozen=True, slots=True)
class StorePlace:
    """A store, and where a home names it."""

    file: str
    key: str
    store: KeyStore | TrustStore
    use: Use


def store_problems(home: Home, now: datetime, opened: Opened) -> Iterator[Problem]:
    """Yield stores that do not open, certificates that will not do or not for long, keys that are forbidden."""
    unusable: set[str] = set()
    known: dict[tuple[object, ...], tuple[Finding, ...]] = {}
    for place in stores_of(home):
        mark = (type(place.store), place.store.path, place.store.password, place.use)
        try:
            if mark not in known:
                known[mark] = tuple(_findings(place, now, opened))
        except ValueError as error:
            unusable.add(place.file)
            yield found.UNUSABLE.at(place.file, place.key, str(error))
            continue
        yield from (kind.at(place.file, place.key, text) for kind, text in known[mark])
    yield from _journal_problems(home, unusable)
    yield from _context_problems(home, unusable)
    yield from _callout_context_problems(home, unusable, opened)


def _findings(place: StorePlace, now: datetime, opened: Opened) -> Iterator[Finding]:
    """Yield what is wrong with what a store holds. Raises ValueError, StoreError among them."""
    if isinstance(place.store, KeyStore):
        material = opened.keys(place.store)
        yield from certificate_findings(material.certificate, now, place.use)
        yield from keystore_findings(material, now, place.use)
        return
    certificates: tuple[x509.Certificate, ...] = opened.trusted(place.store)
    for one in certificates:
        yield from certificate_findings(one, now, place.use)


def _journal_problems(home: Home, unusable: set[str]) -> Iterator[Problem]:
    """Name a truststore that PostgreSQL's client, which reads the file itself, does not take."""
    store = home.gateway.journal.truststore
    if store is None or GATEWAY_FILE in unusable:
        return
    if not store.path.is_file() or _PEM not in store.path.read_bytes():
        text = "must be one file of certificates in PEM: PostgreSQL's client reads no other"
        yield found.POSTGRESQL.at(GATEWAY_FILE, "journal.truststore", text)


def _context_problems(home: Home, unusable: set[str]) -> Iterator[Problem]:
    """Make each context once: a key that a policy forbids shows only there. Not where a store was unusable."""
    server = home.gateway.server
    if server.keystore is not None and GATEWAY_FILE not in unusable:
        yield from _tried(GATEWAY_FILE, "server.keystore", lambda: tls.server_context(server))
    for name, bundle in home.bundles.items():
        file = bundle_file(name)
        if (settings := bundle.ims_connect.tls) is not None and file not in unusable:
            yield from _tried(file, "ims_connect.tls", partial(tls.backend_context, settings))


def _callout_context_problems(home: Home, unusable: set[str], opened: Opened) -> Iterator[Problem]:
    """Make each context for calls once: stores of the bundle, or what a service has in their place."""
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            security = consumer.settings.security
            file = correlator_file(consumer.name) if security.keystore else bundle_file(bundle)
            key = "security.keystore" if security.keystore else "callout.keystore"
            if unusable.isdisjoint({bundle_file(bundle), correlator_file(consumer.name)}):
                truststore = security.truststore or callout.truststore
                keystore = security.keystore or callout.keystore
                make = partial(opened.client_context, truststore, keystore, callout.crypto_policy)
                yield from _tried(file, key, make)


def _tried(file: str, key: str, make: Callable[[], object]) -> Iterator[Problem]:
    try:
        make()
    except ValueError as error:
        yield found.TLS.at(file, key, str(error))


def stores_of(home: Home) -> Iterator[StorePlace]:
    """Yield every store with its place, each that is set; not the truststores by which providers believe."""
    for one in named_stores(home):
        if one.purpose != "signers":
            key_use = _KEY_USES.get(one.key, Use.CLIENT)
            use = key_use if isinstance(one.store, KeyStore) else Use.TRUSTED
            yield StorePlace(one.file, one.key, one.store, use)
