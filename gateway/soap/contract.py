"""A deployed contract: which operations there are, which one a message means, whether its body is valid."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.errors import ConfigError, GatewayError, M, Problem
from gateway.safexml import Element
from gateway.soap.bindings import BindingReader, Bound
from gateway.soap.documents import Folder, collect
from gateway.soap.operations import Operation, by_element, merge
from gateway.soap.publish import PublishedContract
from gateway.soap.schema import BodySchema, compile_body_schema
from gateway.soap.schema_sources import RpcWrapper, SchemaSources, wildcards_or_href
from gateway.soap.wsdl import ServedPort, Wsdl
from gateway.soap.zeep_reader import read_with_zeep

__all__ = ["Contract", "Operation", "load"]

_LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Contract:
    """One service's contract; `load` makes it. Immutable, for any number of threads."""

    name: str
    operations: Mapping[str, Operation]
    ports: tuple[str, ...]
    """Names of the ports, which are the addresses of the service."""
    knows_href: bool
    """Whether the schemas allow an attribute called href."""
    warnings: tuple[Problem, ...]
    """What a deployer should know: ports that are not served, say."""
    by_element: Mapping[str, tuple[Operation, ...]]
    published: PublishedContract
    schema: BodySchema | None
    """None when the contract was loaded without."""
    documents: Mapping[str, str]
    """SHA-256, in hexadecimal, of each file that was read, by its name relative to the service's folder.

    The main WSDL is the first.
    """

    def is_of(self, wsdl: Path, *, folder: Path, validate: bool) -> bool:
        """Tell whether `load` would make the same again, by reading the files that this was made of."""
        name = wsdl.relative_to(folder).as_posix()
        same = (name, validate) == (next(iter(self.documents)), self.schema is not None)
        return same and Folder(folder).holds(self.documents)

    def resolve(self, payload_tag: str, *actions: str | None) -> Operation:
        """Return the operation that a body element means.

        `actions` are those that the message gives (SOAPAction header or action parameter, wsa:Action), as sent;
        None, empty and "" mean none. Raises GatewayError with M.NO_OPERATION, ACTION_MISMATCH or ACTION_NEEDED.
        """
        told = {"service": self.name, "element": payload_tag[:_LONGEST_NAME]}
        candidates = self.by_element.get(payload_tag, ())
        if not candidates:
            raise GatewayError(M.NO_OPERATION, told)
        given = [action for action in (_unquoted(action) for action in actions if action) if action]
        for action in given:
            candidates = tuple(one for one in candidates if action in one.actions)
            if not candidates:
                raise GatewayError(M.ACTION_MISMATCH, {**told, "action": action[:_LONGEST_NAME]})
        if len(candidates) > 1:
            raise GatewayError(M.ACTION_NEEDED, told)
        return candidates[0]

    def validate(self, operation: Operation, payload: Element) -> None:
        """Check a request's payload against the schemas. Raises GatewayError with M.NOT_VALID."""
        assert self.schema is not None, "loaded without its schemas"
        if payload.tag != operation.input_element:
            raise GatewayError(M.NOT_VALID, {"reason": f"the body is not {operation.input_element}"})
        self.schema.validate(payload)

    def document(self, name: str | None, base_url: str) -> bytes:
        """Return a document of the contract, as UTF-8 XML, with live addresses in it.

        None is the main WSDL; names are those that its addresses give (`?wsdl=NAME`, `?xsd=NAME`). `base_url`
        is how the caller sees us, `https://HOST`. Raises GatewayError with M.NOT_FOUND.
        """
        return self.published.document(name, base_url)


def load(name: str, wsdl: Path, *, folder: Path | None = None, validate: bool = True) -> Contract:
    """Read a deployed contract.

    `folder` is the service's folder, beyond which nothing is read; the WSDL's own by default. `validate`:
    compile the schemas. Raises ConfigError with every problem found.
    """
    documents, problems = collect(name, wsdl, folder or wsdl.parent)
    _raise_any(problems)
    if not documents.main.is_wsdl:
        raise ConfigError((Problem(documents.file(documents.main.name), "", "A WSDL 1.1 is expected"),))
    index, sources = Wsdl(documents), SchemaSources(documents)
    ports, problems = index.ports()
    bound, more = _read_operations(index, sources, ports)
    problems += more
    _raise_any(problems)
    operations, more = merge(index, bound)
    problems += more
    _raise_any(problems)
    problems += read_with_zeep(documents, ports, operations)
    _raise_any(problems)
    schema = None
    if validate:
        schema, more = compile_body_schema(documents, sources, _wrappers(bound))
        _raise_any(more)
    return Contract(
        name=name,
        operations=operations,
        ports=tuple(port.name for port in ports),
        knows_href=any(wildcards_or_href(source) for source in sources),
        warnings=tuple(problems),
        by_element=by_element(operations),
        published=PublishedContract(documents, ports),
        schema=schema,
        documents=documents.hashes(),
    )


def _raise_any(problems: list[Problem]) -> None:
    if any(not problem.warning for problem in problems):
        raise ConfigError(tuple(problems))


def _read_operations(
    index: Wsdl, sources: SchemaSources, ports: list[ServedPort]
) -> tuple[list[tuple[ServedPort, Bound]], list[Problem]]:
    reader = BindingReader(index, sources)
    bound = [(port, operation) for port in ports for operation in reader.read(port)]
    return bound, reader.problems


def _wrappers(bound: list[tuple[ServedPort, Bound]]) -> tuple[RpcWrapper, ...]:
    return tuple({operation.wrapper: None for _, operation in bound if operation.wrapper})


def _unquoted(action: str) -> str:
    """Return an action without the quotes of the SOAPAction header (SOAP 1.1 section 6.1.1)."""
    action = action.strip()
    if len(action) > 1 and action[0] == action[-1] == '"':
        return action[1:-1].strip()
    return action
