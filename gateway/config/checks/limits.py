"""Limits that do not do what whoever wrote them expects."""

from collections.abc import Iterator

from gateway.config.catalogue import limits as found
from gateway.config.checks.places import GATEWAY_FILE, bundle_file, correlator_file, takes_token
from gateway.config.limits import parse_rate
from gateway.config.model import Home
from gateway.errors import Problem

_RATES = ("rate_per_address", "rate_per_user", "rate_per_service")


def concurrency(home: Home) -> Iterator[Problem]:
    """Name a concurrency that can never be reached."""
    threads = home.gateway.server.threads
    more = "is more than the {} threads of a worker (server.threads)"
    if home.gateway.limits.concurrency > threads:
        yield found.CONCURRENCY.at(GATEWAY_FILE, "limits.concurrency", more.format(threads))
    for name, bundle in home.bundles.items():
        if bundle.limits.concurrency > threads:
            yield found.CONCURRENCY.at(bundle_file(name), "limits.concurrency", more.format(threads))
    for name, service in home.services.items():
        most = service.settings.limits.concurrency
        of_bundle = home.bundles[service.settings.bundle].limits.concurrency
        text = more.format(threads) if most > threads else ""
        if of_bundle and most > of_bundle:
            text = f"is more than bundle {service.settings.bundle} has for all its services ({of_bundle})"
        if text:
            yield found.CONCURRENCY.at(correlator_file(name), "limits.concurrency", text)


def users(home: Home) -> Iterator[Problem]:
    """Name rates of users where requests carry no token."""
    for name, service in home.services.items():
        if service.settings.limits.rate_per_user and not takes_token(service):
            text = 'counts nobody: with token = "none" there are no users'
            yield found.USERS.at(correlator_file(name), "limits.rate_per_user", text)
    if home.gateway.limits.rate_per_user and not any(map(takes_token, home.services.values())):
        text = "counts nobody: no service takes a security token"
        yield found.USERS.at(GATEWAY_FILE, "limits.rate_per_user", text)


def share(home: Home) -> Iterator[Problem]:
    """Name rates that workers cannot divide, and those that machines count apart."""
    limits, workers = home.gateway.limits, home.gateway.server.workers
    shared = home.gateway.replay.store.startswith("valkey")
    if limits.store.startswith("valkey") or (shared and not limits.store):
        return
    rates = list(_rates(home))
    for file, key, text in rates:
        rate = parse_rate(text)
        if rate is not None and rate.amount < workers:
            told = f"{text} counted in memory: each of {workers} workers lets one request through"
            yield found.SHARE.at(file, key, told)
    if shared and rates:
        text = '"memory" counts on each machine apart; replay.store is a Valkey that all of them use'
        yield found.APART.at(GATEWAY_FILE, "limits.store", text)


def connections(home: Home) -> Iterator[Problem]:
    """Name bounds of connections that never count."""
    limits, most = home.gateway.limits, home.gateway.server.worker_connections
    for key in ("connections_per_client", "handshakes"):
        if getattr(limits, key) > most:
            text = f"is more than the {most} connections of a worker (server.worker_connections)"
            yield found.CONNECTIONS.at(GATEWAY_FILE, f"limits.{key}", text)


def _rates(home: Home) -> Iterator[tuple[str, str, str]]:
    """Yield file, key and text of each rate that is set."""
    for key in _RATES:
        if text := getattr(home.gateway.limits, key):
            yield GATEWAY_FILE, f"limits.{key}", text
    for name, service in home.services.items():
        for key in ("rate", "rate_per_user"):
            if text := getattr(service.settings.limits, key):
                yield correlator_file(name), f"limits.{key}", text
