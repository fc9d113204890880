"""What is deployed: the part of one snapshot of the home that callout works by."""

from collections.abc import Mapping
from dataclasses import dataclass

from gateway.config.model import Bundle, Consumer
from gateway.soap.consumer import ConsumerContract


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
