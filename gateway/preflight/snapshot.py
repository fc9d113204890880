"""A home that was read and judged, ready to be served: what a reload makes anew and brings into force whole."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING

from gateway.config.model import Home
from gateway.errors import Problem
from gateway.soap.consumer import ConsumerContract
from gateway.soap.contract import Contract

if TYPE_CHECKING:
    # callout has snapshots too, and no need of Spyne
    from gateway.soap.application import SoapApplication


@dataclass(frozen=True, slots=True)
class Snapshot:
    """One version of the whole configuration. Immutable, for any number of threads and, by fork, processes."""

    number: int
    """1 at the start of the process, one more for each that came into force."""
    digest: str
    """16 hexadecimal digits: alike wherever the same files are in force. Secrets are not in it."""
    loaded_at: datetime
    home: Home
    contracts: Mapping[str, Contract]
    """Of the providers, by name of the service."""
    consumers: Mapping[str, ConsumerContract]
    """Contracts of the consumers, by name of the service."""
    warnings: tuple[Problem, ...]
    """All that `imsgw check` would say of it."""
    soap: "Mapping[str, SoapApplication]" = field(default_factory=dict, repr=False)
    """What answers for each provider, by name of the service; `serving.with_applications` makes it."""
