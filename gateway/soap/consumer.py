"""The contract of a web service that is called: which ports and operations it has, what may be said and heard."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from gateway.errors import Problem
from gateway.safexml import Element
from gateway.soap.contract import Contract, load
from gateway.soap.operations import Operation

__all__ = ["ConsumerContract", "ConsumerPort", "load_consumer"]


@dataclass(frozen=True, slots=True)
class ConsumerPort:
    """One port of the WSDL that has a SOAP binding."""

    name: str
    service: str
    """Local name of its wsdl:service."""
    address: str
    """Location of its soap:address."""
    version: Literal["1.1", "1.2"]
    operations: frozenset[str]


@dataclass(frozen=True, slots=True)
class ConsumerContract:
    """One consumer service's contract; `load_consumer` makes it. Immutable, for any number of threads."""

    name: str
    namespace: str
    """Target namespace of the WSDL."""
    ports: Mapping[str, ConsumerPort]
    """In the order of the WSDL."""
    operations: Mapping[str, Operation]
    contract: Contract

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What a deployer should know."""
        return self.contract.warnings

    def validate(self, payload: Element) -> None:
        """Check a request's or response's payload against the schemas, if they were loaded.

        Raises GatewayError with M.NOT_VALID.
        """
        if self.contract.schema is not None:
            self.contract.schema.validate(payload)


def load_consumer(
    name: str, wsdl: Path, *, folder: Path | None = None, validate: bool = True
) -> ConsumerContract:
    """Read the contract of a consumer service. Raises ConfigError with every problem found."""
    contract = load(name, wsdl, folder=folder, validate=validate)
    return ConsumerContract(name, "", {}, contract.operations, contract)
