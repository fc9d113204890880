"""Key stores and trust stores of a home: whether they open, what is in them, and whether TLS takes it."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial

from cryptography import x509

from gateway import tls
from gateway.config.checks.callout_places import listening
from gateway.config.checks.places import GATEWAY_FILE, bundle_file, correlator_file
from gateway.config.model import Home, KeyStore, TrustStore
from gateway.errors import Problem

_PEM = b"-----BEGIN CERTIFICATE-----"


def store_problems(home: Home, now: datetime) -> Iterator[Problem]:
    """Yield stores that do not open, certificates that have expired or soon will, keys that are forbidden."""
    unusable: set[str] = set()
    for file, key, store in stores_of(home):
        try:
            if isinstance(store, KeyStore):
                certificates: Iterable[x509.Certificate] = (tls.read_keystore(store).certificate,)
            else:
                certificates = tls.read_truststore(store)
            facts = [tls.describe(certificate) for certificate in certificates]
        except ValueError as error:
            unusable.add(file)
            yield Problem(file, key, str(error))
            continue
        for fact in facts:
            if complaint := fact.complaint(now):
                yield Problem(file, key, complaint, warning=True)
    yield from _journal_problems(home, unusable)
    yield from _context_problems(home, unusable)
    yield from _callout_context_problems(home, unusable)


def _journal_problems(home: Home, unusable: set[str]) -> Iterator[Problem]:
    """Name a truststore that PostgreSQL's client, which reads the file itself, does not take."""
    store = home.gateway.journal.truststore
    if store is None or GATEWAY_FILE in unusable:
        return
    if not store.path.is_file() or _PEM not in store.path.read_bytes():
        text = "must be one file of certificates in PEM: PostgreSQL's client reads no other"
        yield Problem(GATEWAY_FILE, "journal.truststore", text)


def _context_problems(home: Home, unusable: set[str]) -> Iterator[Problem]:
    """Make each context once: a key that a policy forbids shows only there. Not where a store was unusable."""
    server = home.gateway.server
    if server.keystore is not None and GATEWAY_FILE not in unusable:
        yield from _tried(GATEWAY_FILE, "server.keystore", lambda: tls.server_context(server))
    for name, bundle in home.bundles.items():
        file = bundle_file(name)
        if (settings := bundle.ims_connect.tls) is not None and file not in unusable:
            yield from _tried(file, "ims_connect.tls", partial(tls.backend_context, settings))


def _callout_context_problems(home: Home, unusable: set[str]) -> Iterator[Problem]:
    """Make each context for calls once: stores of the bundle, or what a service has in their place."""
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            security = consumer.settings.security
            file = correlator_file(consumer.name) if security.keystore else bundle_file(bundle)
            key = "security.keystore" if security.keystore else "callout.keystore"
            if unusable.isdisjoint({bundle_file(bundle), correlator_file(consumer.name)}):
                truststore = security.truststore or callout.truststore
                keystore = security.keystore or callout.keystore
                make = partial(tls.client_context, truststore, keystore, callout.crypto_policy)
                yield from _tried(file, key, make)


def _tried(file: str, key: str, make: Callable[[], object]) -> Iterator[Problem]:
    try:
        make()
    except ValueError as error:
        yield Problem(file, key, str(error))


def stores_of(home: Home) -> Iterator[tuple[str, str, KeyStore | TrustStore]]:
    """Yield every store with its place, each that is set."""
    gateway = home.gateway
    found: list[tuple[str, str, KeyStore | TrustStore | None]] = [
        (GATEWAY_FILE, "server.keystore", gateway.server.keystore),
        (GATEWAY_FILE, "server.client_truststore", gateway.server.client_truststore),
        (GATEWAY_FILE, "replay.truststore", gateway.replay.truststore),
        (GATEWAY_FILE, "journal.truststore", gateway.journal.truststore),
    ]
    for name, bundle in home.bundles.items():
        file = bundle_file(name)
        if (settings := bundle.ims_connect.tls) is not None:
            found.append((file, "ims_connect.tls.truststore", settings.truststore))
            found.append((file, "ims_connect.tls.keystore", settings.keystore))
        if bundle.callout is not None:
            found.append((file, "callout.truststore", bundle.callout.truststore))
            found.append((file, "callout.keystore", bundle.callout.keystore))
    for name, consumer in home.consumers.items():
        security = consumer.settings.security
        found.append((correlator_file(name), "security.truststore", security.truststore))
        found.append((correlator_file(name), "security.keystore", security.keystore))
    yield from ((file, key, store) for file, key, store in found if store is not None)
