"""The contracts of providers against their correlators."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from types import MappingProxyType

from gateway.config.catalogue import contracts as kinds
from gateway.config.checks.places import correlator_file
from gateway.config.model import Home
from gateway.config.words import dotted
from gateway.errors import ConfigError, Problem
from gateway.preflight.marked import marked
from gateway.soap.contract import Contract, load


@dataclass(frozen=True, slots=True)
class Providers:
    """The contracts of a home that could be read, by name of the service, and what is wrong with the others."""

    contracts: Mapping[str, Contract]
    unreadable: tuple[Problem, ...]


def contract_problems(home: Home, found: Providers) -> list[Problem]:
    """Return what is wrong with contracts of providers, and how they differ from their correlators."""
    warnings = (warning for contract in found.contracts.values() for warning in contract.warnings)
    return [*marked(found.unreadable), *marked(warnings), *_disagreements(home, found.contracts)]


def read_contracts(home: Home, before: Mapping[str, Contract] = MappingProxyType({})) -> Providers:
    """Read the contract of every provider; those of `before` are taken over where their files are the same."""
    loaded: dict[str, Contract] = {}
    problems: list[Problem] = []
    for name, service in home.services.items():
        folder, validate = home.path / "wsdl" / name, service.settings.validate_body
        known = before.get(name)
        if known is not None and known.is_of(service.wsdl, folder=folder, validate=validate):
            loaded[name] = known
            continue
        try:
            loaded[name] = load(name, service.wsdl, folder=folder, validate=validate)
        except ConfigError as error:
            problems.extend(error.problems)
    return Providers(loaded, tuple(problems))


def _disagreements(home: Home, loaded: Mapping[str, Contract]) -> Iterator[Problem]:
    yield from _shared_ports(loaded)
    for name, contract in loaded.items():
        file, service = correlator_file(name), home.services[name]
        for operation in sorted(service.settings.operations.keys() - contract.operations.keys() - {"*"}):
            known = ", ".join(sorted(contract.operations))
            key = dotted(("operations", operation))
            yield kinds.OPERATION.at(file, key, f"the WSDL has no such operation; it has {known}")
        for operation in contract.operations:
            if service.operation(operation) is None:
                text = f'operation {operation} of the WSDL has no settings: add a table for it, or one for "*"'
                yield kinds.SETTINGS.at(file, "operations", text)


def _shared_ports(loaded: Mapping[str, Contract]) -> Iterator[Problem]:
    """Name services at one address: neither could be told from the other."""
    pairs = sorted((port, name) for name, contract in loaded.items() for port in contract.ports)
    for port, group in groupby(pairs, key=itemgetter(0)):
        first, *others = (name for _, name in group)
        for name in others:
            text = f"port {port} is also a port of service {first}: two services cannot share an address"
            yield kinds.PORT.at(correlator_file(name), "wsdl", text)
