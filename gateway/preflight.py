"""What can be wrong with a home beyond its values: contracts against correlators, stores, the machine.

`check` is all that `imsgw check` says; `serve` refuses to start on its errors.
"""

import resource
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from functools import partial
from itertools import groupby
from operator import itemgetter

from cryptography import x509

from gateway import tls
from gateway.clock import SYSTEM_CLOCK
from gateway.config.check import check_home, open_files, rounding
from gateway.config.checks.places import correlator_file
from gateway.config.model import Home, KeyStore, TrustStore
from gateway.config.words import dotted
from gateway.errors import ConfigError, Problem
from gateway.identity.loading import load_authenticator
from gateway.imsconnect.deadlines import judge
from gateway.soap.contract import Contract, load
from gateway.tls.check import trust_problems


def check(home: Home, now: datetime | None = None) -> tuple[Problem, ...]:
    """Return all problems of a home that was read, errors and warnings, in order."""
    now = now or SYSTEM_CLOCK.now()
    return check_home(
        home,
        rounding(judge),
        open_files(resource.getrlimit(resource.RLIMIT_NOFILE)[1]),
        _contract_problems,
        _authenticator_problems,
        partial(_store_problems, now=now),
        partial(trust_problems, now=now),
    )


def contracts(home: Home) -> dict[str, Contract]:
    """Return the contract of every service, by name. Raises ConfigError with all that does not fit."""
    loaded, problems = _load(home)
    problems.extend(_disagreements(home, loaded))
    if problems:
        raise ConfigError(tuple(problems))
    return loaded


# -- contracts against correlators --------------------------------------------------------------------------


def _contract_problems(home: Home) -> list[Problem]:
    loaded, problems = _load(home)
    warnings = (warning for contract in loaded.values() for warning in contract.warnings)
    return [*problems, *warnings, *_disagreements(home, loaded)]


def _load(home: Home) -> tuple[dict[str, Contract], list[Problem]]:
    loaded: dict[str, Contract] = {}
    problems: list[Problem] = []
    for name, service in home.services.items():
        try:
            loaded[name] = load(
                name,
                service.wsdl,
                folder=home.path / "wsdl" / name,
                validate=service.settings.validate_body,
            )
        except ConfigError as error:
            problems.extend(error.problems)
    return loaded, problems


def _disagreements(home: Home, loaded: dict[str, Contract]) -> Iterator[Problem]:
    yield from _shared_ports(loaded)
    for name, contract in loaded.items():
        file, service = f"wsdl/{name}/correlator.toml", home.services[name]
        for operation in sorted(service.settings.operations.keys() - contract.operations.keys() - {"*"}):
            known = ", ".join(sorted(contract.operations))
            key = dotted(("operations", operation))
            yield Problem(file, key, f"the WSDL has no such operation; it has {known}")
        for operation in contract.operations:
            if service.operation(operation) is None:
                text = f'operation {operation} of the WSDL has no settings: add a table for it, or one for "*"'
                yield Problem(file, "operations", text)


def _shared_ports(loaded: dict[str, Contract]) -> Iterator[Problem]:
    """Name services at one address: neither could be told from the other."""
    pairs = sorted((port, name) for name, contract in loaded.items() for port in contract.ports)
    for port, group in groupby(pairs, key=itemgetter(0)):
        first, *others = (name for _, name in group)
        for name in others:
            text = f"port {port} is also a port of service {first}: two services cannot share an address"
            yield Problem(f"wsdl/{name}/correlator.toml", "wsdl", text)


# -- authentication modules ---------------------------------------------------------------------------------


def _authenticator_problems(home: Home) -> Iterator[Problem]:
    """Make each module once, as a worker will."""
    for name, service in home.services.items():
        security = service.settings.security
        if not security.authenticator:
            continue
        file, options = correlator_file(name), security.authenticator_options or {}
        try:
            load_authenticator(security.authenticator, options, home.path, file)
        except ConfigError as error:
            yield from error.problems


# -- stores -------------------------------------------------------------------------------------------------


def _store_problems(home: Home, now: datetime) -> Iterator[Problem]:
    unusable: set[str] = set()
    for file, key, store in _stores(home):
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
    yield from _context_problems(home, unusable)


def _context_problems(home: Home, unusable: set[str]) -> Iterator[Problem]:
    """Make each context once: a key that a policy forbids shows only there. Not where a store was unusable."""
    server = home.gateway.server
    if server.keystore is not None and "gateway.toml" not in unusable:
        yield from _tried("gateway.toml", "server.keystore", lambda: tls.server_context(server))
    for name, bundle in home.bundles.items():
        file = f"bundles/{name}.toml"
        if (settings := bundle.ims_connect.tls) is not None and file not in unusable:
            yield from _tried(file, "ims_connect.tls", partial(tls.backend_context, settings))


def _tried(file: str, key: str, make: Callable[[], object]) -> Iterator[Problem]:
    try:
        make()
    except ValueError as error:
        yield Problem(file, key, str(error))


def _stores(home: Home) -> Iterator[tuple[str, str, KeyStore | TrustStore]]:
    server = home.gateway.server
    if server.keystore is not None:
        yield "gateway.toml", "server.keystore", server.keystore
    if server.client_truststore is not None:
        yield "gateway.toml", "server.client_truststore", server.client_truststore
    if home.gateway.replay.truststore is not None:
        yield "gateway.toml", "replay.truststore", home.gateway.replay.truststore
    for name, bundle in home.bundles.items():
        if (settings := bundle.ims_connect.tls) is None:
            continue
        yield f"bundles/{name}.toml", "ims_connect.tls.truststore", settings.truststore
        if settings.keystore is not None:
            yield f"bundles/{name}.toml", "ims_connect.tls.keystore", settings.keystore
