"""The contract of a web service that is called: which ports and operations it has, what is said and heard."""

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, Literal
from urllib.parse import urlsplit

from gateway.envelope import SoapVersion
from gateway.errors import ConfigError, Problem
from gateway.safexml import Element
from gateway.soap.bindings import BindingReader, Bound
from gateway.soap.contract import Contract
from gateway.soap.documents import Documents, collect
from gateway.soap.operations import Operation, as_operation, by_element
from gateway.soap.outbound.message import prepare
from gateway.soap.publish import PublishedContract
from gateway.soap.schema import compile_body_schema
from gateway.soap.schema_sources import SchemaSources, wildcards_or_href
from gateway.soap.wsdl import SOAP_BINDING, Found, ServedPort, Wsdl
from gateway.soap.zeep_reader import zeep_document

__all__ = ["ConsumerContract", "ConsumerPort", "load_consumer"]

_VERSIONS: Final[dict[str, Literal["1.1", "1.2"]]] = {"1.1": "1.1", "1.2": "1.2"}


@dataclass(frozen=True, slots=True)
class ConsumerPort:
    """One port of the WSDL that has a SOAP binding."""

    name: str
    service: str
    """Local name of its wsdl:service."""
    address: str
    """Location of its soap:address, as the WSDL has it: it may be a placeholder, see the warnings."""
    version: Literal["1.1", "1.2"]
    operations: frozenset[str]
    """Those that can be called."""
    bound: Mapping[str, Bound] = field(repr=False)
    """How each of them is said at this port: elements, soapAction, style."""


@dataclass(frozen=True, slots=True)
class ConsumerContract:
    """One consumer service's contract; `load_consumer` makes it. Immutable, for any number of threads."""

    name: str
    namespace: str
    """Target namespace of the WSDL."""
    ports: Mapping[str, ConsumerPort]
    """In the order of the WSDL."""
    operations: Mapping[str, Operation]
    """Of all ports; where ports differ in one, as the first of them has it (`ConsumerPort.bound` has each)."""
    contract: Contract = field(repr=False)
    document: Any = field(repr=False)
    """zeep's reading of the same files."""

    @property
    def warnings(self) -> tuple[Problem, ...]:
        """What a deployer should know."""
        return self.contract.warnings

    def is_of(self, wsdl: Path, *, folder: Path, validate: bool) -> bool:
        """Tell whether `load_consumer` would make the same again, by reading the files again."""
        return self.contract.is_of(wsdl, folder=folder, validate=validate)

    def validate(self, payload: Element) -> None:
        """Check a request's or response's payload against the schemas, if they were loaded.

        Raises GatewayError with M.NOT_VALID.
        """
        if self.contract.schema is not None:
            self.contract.schema.validate(payload)


def load_consumer(
    name: str, wsdl: Path, *, folder: Path | None = None, validate: bool = True
) -> ConsumerContract:
    """Read the contract of a consumer service, from the files of its folder only: nothing is fetched.

    `folder` as with `gateway.soap.contract.load`; `validate`: compile the schemas. A WSDL from outside may hold
    more than can be called, so ports and operations that cannot are left out, and the warnings say which.
    Raises ConfigError with every problem found: files that are missing or no WSDL, nothing left to call,
    schemas that do not compile, a WSDL that zeep cannot read.
    """
    documents, problems = collect(name, wsdl, folder or wsdl.parent)
    _raise_any(problems)
    if not documents.main.is_wsdl:
        raise ConfigError((Problem(documents.file(documents.main.name), "", "A WSDL 1.1 is expected"),))
    reading = _Reading(documents)
    problems = reading.problems
    _raise_any(problems)
    document = _zeep(documents, reading.ports)
    schema = None
    if validate:
        wrappers = (w for one in reading.all for w in (one.wrapper, one.reply_wrapper) if w)
        schema, more = compile_body_schema(documents, reading.sources, tuple(dict.fromkeys(wrappers)))
        _raise_any(more)
    contract = Contract(
        name=name,
        operations=reading.operations,
        ports=tuple(reading.ports),
        knows_href=any(wildcards_or_href(source) for source in reading.sources),
        warnings=tuple(problems),
        by_element=by_element(reading.operations),
        published=PublishedContract(documents, reading.served),
        schema=schema,
        documents=documents.hashes(),
    )
    namespace = documents.main.root.get("targetNamespace", "")
    ports = MappingProxyType(reading.ports)
    return ConsumerContract(name, namespace, ports, reading.operations, contract, document)


class _Reading:
    """What the files say."""

    def __init__(self, documents: Documents) -> None:
        self._index = Wsdl(documents)
        self.sources = SchemaSources(documents)
        self.served, self.problems = self._index.ports(calling=True)
        reader = BindingReader(self._index, self.sources, calling=True)
        self.ports: dict[str, ConsumerPort] = {}
        for port in self.served:
            bound = {one.name: one for one in reader.read(port) if self._can_be_said(port, one)}
            self.ports[port.name] = self._port(port, bound)
        self.problems += reader.problems
        self.operations: dict[str, Operation] = {}
        for one in self.all:
            self.operations.setdefault(one.name, as_operation(one))
        if self.served and not self.operations:
            main = Found(documents.main, documents.main.root)
            self.problems.append(self._index.problem(main, "no operation of any port can be called"))

    @property
    def all(self) -> list[Bound]:
        """Every operation of every port."""
        return [one for port in self.ports.values() for one in port.bound.values()]

    def _port(self, port: ServedPort, bound: dict[str, Bound]) -> ConsumerPort:
        found = port.port.child(f"{{{SOAP_BINDING[port.version]}}}address")
        assert found is not None, "that is how a port comes to be served"
        address = found.get("location").strip()
        if not is_address(address):
            text = "its location is none that can be called; control data can give another (DFSENDPOINTURL)"
            self.problems.append(self._index.problem(found, text, warning=True))
        version = _VERSIONS[port.version.value]
        operations = MappingProxyType(bound)
        return ConsumerPort(port.name, port.service, address, version, frozenset(bound), operations)

    def _can_be_said(self, port: ServedPort, one: Bound) -> bool:
        """Tell whether the soapAction fits into a header of HTTP, between quotes."""
        fits = one.soap_action.isascii() and one.soap_action.isprintable() and '"' not in one.soap_action
        if not fits:
            text = f"operation {one.name}: its soapAction does not fit into a header of HTTP"
            self.problems.append(self._index.problem(port.binding, text, warning=True))
        return fits


def is_address(address: str) -> bool:
    """Tell whether an address is an absolute one of HTTP or HTTPS."""
    try:
        parts = urlsplit(address)
        return parts.scheme in {"http", "https"} and bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False


def _zeep(documents: Documents, ports: Mapping[str, ConsumerPort]) -> Any:
    """Return zeep's reading, which must agree with ours, ready to send payloads. Raises ConfigError."""
    file = documents.file(documents.main.name)
    all_of = [(port, one) for port in ports.values() for one in port.bound.values()]
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # zeep warns of what is said better by us, or is left out
            document = zeep_document(documents)
        views = [_view(document, port, one) for port, one in all_of]
    except Exception as error:  # noqa: BLE001  zeep raises whatever its reading of a document runs into
        raise ConfigError((Problem(file, "", f"zeep cannot read it: {error}"),)) from None
    wrong = [
        Problem(file, f"port {port.name} / operation {one.name}", f"zeep reads it differently: {view}")
        for (port, one), view in zip(all_of, views, strict=True)
        if view != (one.style, one.input_element, one.soap_action)
    ]
    if wrong:
        raise ConfigError(tuple(wrong))
    for port in (port for port in ports.values() if port.bound):  # zeep passes over the others
        binding = document.services[port.service].ports[port.name].binding
        prepare(binding, SoapVersion(port.version), port.bound)
    return document


def _view(document: Any, port: ConsumerPort, one: Bound) -> tuple[str, str, str]:
    """Return style, payload element and soapAction of an operation as zeep sees them."""
    seen = document.services[port.service].ports[port.name].binding.get(one.name)
    return seen.style, seen.input.body.qname.text, seen.soapaction or ""


def _raise_any(problems: list[Problem]) -> None:
    if any(not problem.warning for problem in problems):
        raise ConfigError(tuple(problems))
