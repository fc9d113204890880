"""The certificates of all stores that the configuration names, those that end first on top."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from typing import Final

from cryptography import x509
from pydantic import Field

from gateway.admin.api.endpoint import Call, Endpoint, Query, Shown
from gateway.admin.roles import Role
from gateway.config.checks.places import correlator_file
from gateway.config.model import Home, KeyStore, TrustStore
from gateway.preflight.stores import stores_of
from gateway.tls.certificates import CertificateFacts, describe
from gateway.tls.opened import Opened

MOST_PLACES: Final = 20
"""Of one certificate: thousands of services may name one store."""
MOST_UNREAD: Final = 100


class StoreNamed(Shown):
    """Where the configuration names a store that holds the certificate."""

    file: str = Field(description="Relative to the home.")
    key: str
    store: str = Field(description="The store itself: a file or folder.")
    own: bool = Field(description="Whether the store holds its private key.")


class CertificateShown(Shown):
    """One certificate, and all places that rest on it."""

    subject: str
    issuer: str
    names: tuple[str, ...] = Field(description="Host names and addresses.")
    not_before: datetime
    not_after: datetime
    days_left: int = Field(description="Negative: it has expired.")
    valid: bool
    key: str = Field(description="Kind and size of its key.")
    sha256: str
    places: tuple[StoreNamed, ...] = Field(description=f"The first {MOST_PLACES}.")
    places_total: int


class StoreUnread(Shown):
    """A store that cannot be read now."""

    file: str
    key: str
    reason: str


class CertificatesAsked(Query):
    """How many are shown."""

    limit: int = Field(default=500, ge=1, le=5000, description="At most so many, those that end first.")


class Certificates(Shown):
    """Those that end first on top."""

    certificates: tuple[CertificateShown, ...]
    total: int = Field(description="How many there are.")
    unread: tuple[StoreUnread, ...] = Field(description=f"The first {MOST_UNREAD}.")
    unread_total: int


def certificates(call: Call) -> Certificates:
    """Show the certificates as the files hold them now."""
    home, now = call.desk.configuration, call.desk.clock.now()
    opened = Opened()
    places: defaultdict[str, list[StoreNamed]] = defaultdict(list)
    facts: dict[str, CertificateFacts] = {}
    unread: list[StoreUnread] = []
    for file, key, store in _stores(home):
        try:
            found = [(describe(one), own) for one, own in _held(store, opened)]
        except ValueError as error:
            unread.append(StoreUnread(file=file, key=key, reason=str(error)))
            continue
        for fact, own in found:
            facts[fact.sha256] = fact
            places[fact.sha256].append(StoreNamed(file=file, key=key, store=_name(home, store), own=own))
    ordered = sorted(facts.values(), key=lambda fact: (fact.not_after, fact.subject))
    limit = call.queried(CertificatesAsked).limit
    return Certificates(
        certificates=tuple(_shown(fact, now, places[fact.sha256]) for fact in ordered[:limit]),
        total=len(ordered),
        unread=tuple(unread[:MOST_UNREAD]),
        unread_total=len(unread),
    )


def _stores(home: Home) -> Iterator[tuple[str, str, KeyStore | TrustStore]]:
    for place in stores_of(home):
        yield place.file, place.key, place.store
    for name, service in home.services.items():
        if service.settings.security.truststore is not None:
            yield correlator_file(name), "security.truststore", service.settings.security.truststore


def _held(store: KeyStore | TrustStore, opened: Opened) -> Iterator[tuple[x509.Certificate, bool]]:
    """Yield the certificates, and whether the key is there too. Raises ValueError."""
    if isinstance(store, TrustStore):
        yield from ((one, False) for one in opened.trusted(store))
        return
    material = opened.keys(store)
    yield material.certificate, True
    yield from ((one, False) for one in material.chain)


def _name(home: Home, store: KeyStore | TrustStore) -> str:
    path = store.path
    return str(path.relative_to(home.path) if path.is_relative_to(home.path) else path)


def _shown(fact: CertificateFacts, now: datetime, places: list[StoreNamed]) -> CertificateShown:
    return CertificateShown(
        subject=fact.subject,
        issuer=fact.issuer,
        names=fact.names,
        not_before=fact.not_before,
        not_after=fact.not_after,
        days_left=(fact.not_after - now).days,
        valid=fact.not_before <= now <= fact.not_after,
        key=fact.key,
        sha256=fact.sha256,
        places=tuple(places[:MOST_PLACES]),
        places_total=len(places),
    )


ENDPOINTS: Final = (
    Endpoint(
        "GET",
        "/api/certificates",
        Role.VIEWER,
        "The certificates of all stores, those that end first on top",
        certificates,
        Certificates,
        query=CertificatesAsked,
    ),
)
