"""The contracts of providers against their correlators."""

from collections.abc import Iterator
from itertools import groupby
from operator import itemgetter

from gateway.config.checks.places import correlator_file
from gateway.config.model import Home
from gateway.config.words import dotted
from gateway.errors import ConfigError, Problem
from gateway.soap.contract import Contract, load


def contracts(home: Home) -> dict[str, Contract]:
    """Return the contract of every provider, by name. Raises ConfigError with all that does not fit."""
    loaded, problems = _load(home)
    problems.extend(_disagreements(home, loaded))
    if problems:
        raise ConfigError(tuple(problems))
    return loaded


def contract_problems(home: Home) -> list[Problem]:
    """Return what is wrong with contracts of providers, and how they differ from their correlators."""
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
        file, service = correlator_file(name), home.services[name]
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
            yield Problem(correlator_file(name), "wsdl", text)
