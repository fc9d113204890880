"""What is deployed: the part of one snapshot of the home that callout works by."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from gateway.config.model import Bundle, Consumer, Home
from gateway.errors import ConfigError, Problem
from gateway.soap.consumer import ConsumerContract, load_consumer


@dataclass(frozen=True, slots=True)
class Deployed:
    """One consumer service with its contract."""

    consumer: Consumer
    contract: ConsumerContract

    @property
    def wsid(self) -> str:
        """What messages call it (WSID): the file name of its WSDL without extension."""
        return self.consumer.wsdl.stem


@dataclass(frozen=True, slots=True)
class Deployment:
    """All consumer services, and the bundles that have a `[callout]`."""

    services: Mapping[str, Deployed]
    """By the name of the service's folder."""
    bundles: Mapping[str, Bundle]
    """Those with `callout` only."""


@dataclass(frozen=True, slots=True)
class Consumers:
    """The contracts of a home that could be read, by name of the service, and what is wrong with the others."""

    contracts: Mapping[str, ConsumerContract]
    unreadable: tuple[Problem, ...] = ()


def deploy(home: Home, contracts: Mapping[str, ConsumerContract] | None = None) -> Deployment:
    """Return what a home has for callout; `contracts` of all its consumers, None: they are read.

    Raises ConfigError with every problem of contracts that were read.
    """
    if contracts is None:
        found = read_contracts(home)
        if found.unreadable:
            raise ConfigError(found.unreadable)
        contracts = found.contracts
    services = {name: Deployed(home.consumers[name], contract) for name, contract in contracts.items()}
    bundles = {name: bundle for name, bundle in home.bundles.items() if bundle.callout is not None}
    return Deployment(MappingProxyType(services), MappingProxyType(bundles))


def read_contracts(home: Home, before: Mapping[str, ConsumerContract] = MappingProxyType({})) -> Consumers:
    """Read the contract of every consumer; those of `before` are taken over where their files are the same."""
    loaded: dict[str, ConsumerContract] = {}
    problems: list[Problem] = []
    for name, consumer in home.consumers.items():
        folder = home.path / "wsdl" / name
        validate = consumer.settings.validate_body
        known = before.get(name)
        if known is not None and known.is_of(consumer.wsdl, folder=folder, validate=validate):
            loaded[name] = known
            continue
        try:
            loaded[name] = load_consumer(name, consumer.wsdl, folder=folder, validate=validate)
        except ConfigError as error:
            problems.extend(error.problems)
    return Consumers(loaded, tuple(problems))
