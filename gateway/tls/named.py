"""The stores that a home names, and where: of keys and of trust, each place once."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from gateway.config.checks.places import GATEWAY_FILE, bundle_file, correlator_file
from gateway.config.model import Home, KeyStore, TrustStore

Purpose = Literal[
    "server",
    "clients",
    "signers",
    "ims_connect",
    "callout",
    "replay",
    "limits",
    "journal",
    "telemetry",
    "sso",
    "audit",
]
"""What a store is for: the certificate that clients see; their certificates; those that sign messages; IMS
Connect; web services that are called; the stores of replay and limits; the journal; the collector of traces;
people's sign-in; the syslog receiver of the audit trail."""


@dataclass(frozen=True, slots=True)
class Named:
    """A store, and the place that names it."""

    file: str
    """Relative to the home."""
    key: str
    purpose: Purpose
    store: KeyStore | TrustStore


def named_stores(home: Home) -> Iterator[Named]:
    """Yield every place that names a store."""
    for file, key, purpose, store in (*_gateways(home), *_bundles(home), *_services(home)):
        if store is not None:
            yield Named(file, key, purpose, store)


_Place = tuple[str, str, Purpose, KeyStore | TrustStore | None]


def _gateways(home: Home) -> Iterator[_Place]:
    gateway = home.gateway
    yield GATEWAY_FILE, "server.keystore", "server", gateway.server.keystore
    yield GATEWAY_FILE, "server.client_truststore", "clients", gateway.server.client_truststore
    yield GATEWAY_FILE, "replay.truststore", "replay", gateway.replay.truststore
    yield GATEWAY_FILE, "limits.store_truststore", "limits", gateway.limits.store_truststore
    yield GATEWAY_FILE, "journal.truststore", "journal", gateway.journal.truststore
    yield GATEWAY_FILE, "telemetry.truststore", "telemetry", gateway.telemetry.truststore
    yield GATEWAY_FILE, "telemetry.keystore", "telemetry", gateway.telemetry.keystore
    yield GATEWAY_FILE, "audit.truststore", "audit", gateway.audit.truststore
    yield GATEWAY_FILE, "audit.keystore", "audit", gateway.audit.keystore
    if gateway.admin.sso is not None:
        yield GATEWAY_FILE, "admin.sso.keystore", "sso", gateway.admin.sso.keystore


def _bundles(home: Home) -> Iterator[_Place]:
    for name, bundle in home.bundles.items():
        file = bundle_file(name)
        if (settings := bundle.ims_connect.tls) is not None:
            yield file, "ims_connect.tls.truststore", "ims_connect", settings.truststore
            yield file, "ims_connect.tls.keystore", "ims_connect", settings.keystore
        if bundle.callout is not None:
            yield file, "callout.truststore", "callout", bundle.callout.truststore
            yield file, "callout.keystore", "callout", bundle.callout.keystore


def _services(home: Home) -> Iterator[_Place]:
    for name, consumer in home.consumers.items():
        security = consumer.settings.security
        yield correlator_file(name), "security.truststore", "callout", security.truststore
        yield correlator_file(name), "security.keystore", "callout", security.keystore
    for name, service in home.services.items():
        yield correlator_file(name), "security.truststore", "signers", service.settings.security.truststore
