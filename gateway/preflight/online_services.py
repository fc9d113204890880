"""Addresses of the web services that IMS programs call, and the proxies before them: TCP and TLS, nothing more.

No request is made: what a service does with one is nobody's to try.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import NamedTuple
from urllib.parse import urlsplit

from gateway.config.checks.callout_places import listening
from gateway.config.checks.places import bundle_file, correlator_file
from gateway.config.model import BundleCallout, Consumer, Home, KeyStore, TrustStore
from gateway.preflight.online_tls import Security, look
from gateway.preflight.online_values import Found, Terms, Try
from gateway.soap.consumer import ConsumerContract, is_address
from gateway.tls import StoreError
from gateway.tls.certificates import CryptoPolicy
from gateway.tls.opened import Opened


class _Way(NamedTuple):
    """What a connection to a service is made of: those that agree in it are tried once."""

    host: str
    port: int
    secure: bool
    truststore: TrustStore | None
    keystore: KeyStore | None
    policy: CryptoPolicy


@dataclass(slots=True)
class _Named:
    """Where a way is named first, and by how many services."""

    kind: str
    file: str
    key: str
    services: list[str] = field(default_factory=list)


def service_tries(home: Home, contracts: Mapping[str, ConsumerContract]) -> Iterator[Try]:
    """Yield a try for each address of each consumer, in each way that its bundles call it."""
    ways: dict[_Way, _Named] = {}
    for bundle, (callout, consumers) in listening(home).items():
        for consumer in consumers:
            contract = contracts.get(consumer.name)
            if contract is None:
                continue  # its WSDL cannot be read, which is told
            for way, named in _ways(bundle, callout, consumer, contract):
                services = ways.setdefault(way, named).services
                if consumer.name not in services[-1:]:
                    services.append(consumer.name)
    opened = Opened()
    for way, named in ways.items():
        try:
            security = _security(way, opened)
        except StoreError:
            continue  # told where stores are looked at
        run = partial(_tried, way, security)
        yield Try(named.kind, _names(named.services), f"{way.host}:{way.port}", named.file, named.key, run)


def _security(way: _Way, opened: Opened) -> Security | None:
    if not way.secure:
        return None
    return Security(opened.client_context(way.truststore, way.keystore, way.policy), way.host, way.policy)


def _tried(way: _Way, security: Security | None, terms: Terms) -> Found:
    return look(way.host, way.port, security, terms)


def _names(services: list[str]) -> str:
    return services[0] if len(services) == 1 else f"{services[0]} and {len(services) - 1} more"


def _ways(
    bundle: str, callout: BundleCallout, consumer: Consumer, contract: ConsumerContract
) -> Iterator[tuple[_Way, _Named]]:
    own, settings = consumer.settings.security, consumer.settings
    proxy = callout.proxy if settings.proxy is None else settings.proxy
    stores = (own.truststore or callout.truststore, own.keystore or callout.keystore, callout.crypto_policy)
    if proxy:
        file, key = (bundle_file(bundle), "callout.proxy")
        if settings.proxy is not None:
            file, key = correlator_file(consumer.name), "proxy"
        yield _way(proxy, stores), _Named("proxy", file, key)
        return
    for port in contract.ports.values():
        if is_address(port.address):
            yield _way(port.address, stores), _Named("service", correlator_file(consumer.name), "wsdl")


def _way(address: str, stores: tuple[TrustStore | None, KeyStore | None, CryptoPolicy]) -> _Way:
    parts = urlsplit(address)
    secure = parts.scheme == "https"
    port = parts.port or (443 if secure else 80)
    return _Way(parts.hostname or "", port, secure, *(stores if secure else (None, None, stores[2])))
