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


def deploy(home: Home) -> Deployment:
    """Return what a home has for callout. Raises ConfigError with every problem of the contracts."""
    services: dict[str, Deployed] = {}
    problems: list[Problem] = []
    for name, consumer in home.consumers.items():
        folder = home.path / "wsdl" / name
        try:
            contract = load_consumer(
                name, consumer.wsdl, folder=folder, validate=consumer.settings.validate_body
            )
        except ConfigError as error:
            problems.extend(error.problems)
        else:
            services[name] = Deployed(consumer, contract)
    if problems:
        raise ConfigError(tuple(problems))
    bundles = {name: bundle for name, bundle in home.bundles.items() if bundle.callout is not None}
    return Deployment(MappingProxyType(services), MappingProxyType(bundles))
