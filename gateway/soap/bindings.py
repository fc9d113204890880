"""The SOAP bindings of a contract: what they say of each operation, and what of it cannot be served.

Every element that zeep passes over in silence, or reads with a warning, is looked at here, so that a deployer
learns of it before a caller does. Rules R… are those of the WS-I Basic Profile 1.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.envelope import WSSE
from gateway.errors import Problem
from gateway.soap.documents import WSDL, XSD
from gateway.soap.schema_sources import RpcWrapper, SchemaSources
from gateway.soap.wsdl import Found, ServedPort, Wsdl, clark, wsdl

WSAM: Final = "http://www.w3.org/2007/05/addressing/metadata"
WSAW: Final = "http://www.w3.org/2006/05/addressing/wsdl"
UNDERSTOOD_HEADERS: Final = (
    WSSE,
    "http://www.w3.org/2005/08/addressing",
    "http://schemas.xmlsoap.org/ws/2004/08/addressing",
)
"""Namespaces of header blocks that the product itself processes, so a WSDL may bind them."""

_HTTP: Final = {"http://schemas.xmlsoap.org/soap/http", "http://www.w3.org/2003/05/soap/bindings/HTTP/"}
_MIME: Final = ("http://schemas.xmlsoap.org/wsdl/mime/", "http://schemas.xmlsoap.org/ws/2002/04/dime/wsdl/")
_INPUT_OUTPUT: Final = {
    ("input",): "one-way",
    ("input", "output"): "request-response",
    ("output",): "notification",
    ("output", "input"): "solicit-response",
}


@dataclass(frozen=True, slots=True)
class Bound:
    """One operation of one port, as the WSDL binds it."""

    name: str
    style: str
    """`document` or `rpc`; the use is always literal."""
    input_element: str
    """Clark name of the payload."""
    output_element: str | None
    soap_action: str
    input_action: str
    """The WS-Addressing action of the request, by attribute or default pattern."""
    output_action: str
    wrapper: RpcWrapper | None
    """What rpc/literal requests are wrapped in."""

    @property
    def one_way(self) -> bool:
        """Whether there is no reply."""
        return self.output_element is None


class _Reading:
    """What is read in, and what was found wrong so far."""

    def __init__(self, contract: Wsdl, sources: SchemaSources) -> None:
        self.wsdl = contract
        self.elements = sources.names("element")
        self.types = sources.names("type")
        self.problems: list[Problem] = []

    def wrong(self, at: Found, text: str) -> None:
        """Remember a problem, once."""
        problem = self.wsdl.problem(at, text)
        if problem not in self.problems:
            self.problems.append(problem)


class BindingReader:
    """Reads the operations of ports and gathers what is wrong with them."""

    def __init__(self, contract: Wsdl, sources: SchemaSources) -> None:
        self._reading = _Reading(contract, sources)
        self._wrong = self._reading.wrong

    @property
    def problems(self) -> list[Problem]:
        """What was found wrong so far."""
        return self._reading.problems

    def read(self, port: ServedPort) -> list[Bound]:
        """Return the operations of a port that can be served."""
        self._check_extensions(port.port)
        self._check_extensions(port.binding)
        binding = port.binding.child(f"{{{port.soap}}}binding")
        assert binding is not None, "that is how a port comes to be served"
        if binding.get("transport") not in _HTTP:
            self._wrong(binding, f"transport {binding.get('transport')!r} is not HTTP")
        bound, seen = [], set()
        for operation in port.binding.children(wsdl("operation")):
            if operation.get("name") in seen:
                self._wrong(operation, "overloaded operations are not supported: the name occurs twice (R2304)")
                continue
            seen.add(operation.get("name"))
            found = _Operation(self._reading, port, binding, operation).read()
            if found:
                bound.append(found)
        if not seen:
            self._wrong(port.binding, "the binding has no operation")
        return bound

    def _check_extensions(self, at: Found) -> None:
        """Refuse what the author marked as indispensable and nobody here knows."""
        for child in at.element.iterchildren("*"):
            if child.get(f"{{{WSDL}}}required") in {"true", "1"} and not _is_known(str(child.tag)):
                self._wrong(Found(at.document, child), "a required extension that is not supported")


class _Operation:
    """One operation of one port."""

    def __init__(self, reading: _Reading, port: ServedPort, binding: Found, operation: Found) -> None:
        self._reading = reading
        self._wrong = reading.wrong
        self._wsdl = reading.wsdl
        self._port = port
        self._operation = operation
        self._name = operation.get("name")
        soap = operation.child(f"{{{port.soap}}}operation")
        self._soap_action = soap.get("soapAction") if soap else ""
        self._style = (soap and soap.get("style")) or binding.get("style") or "document"

    def read(self) -> Bound | None:
        """Return the operation, None when it cannot be served; problems say why."""
        before = len(self._reading.problems)
        abstract = self._abstract()
        if abstract is None:
            return None
        kind = self._kind(abstract)
        self._check_use()
        request = self._message(abstract, "input")
        reply = self._message(abstract, "output") if kind == "request-response" else None
        if len(self._reading.problems) > before or request is None:
            return None
        return Bound(
            name=self._name,
            style=self._style,
            input_element=request[0],
            output_element=reply[0] if reply else None,
            soap_action=self._soap_action,
            input_action=self._action(abstract, "input", "Request" if reply else ""),
            output_action=self._action(abstract, "output", "Response") if reply else "",
            wrapper=request[1],
        )

    def _abstract(self) -> Found | None:
        """Return the operation of the port type."""
        same = [o for o in self._port.port_type.children(wsdl("operation")) if o.get("name") == self._name]
        if len(same) == 1:
            return same[0]
        if same:
            self._wrong(same[1], "overloaded operations are not supported: the name occurs twice (R2304)")
        else:
            self._wrong(
                self._operation, f"the portType {self._port.port_type.get('name')} has no such operation"
            )
        return None

    def _kind(self, abstract: Found) -> str:
        order = tuple(
            str(child.tag).rpartition("}")[2]
            for child in abstract.element.iterchildren(wsdl("input"), wsdl("output"))
        )
        kind = _INPUT_OUTPUT.get(order, "neither one-way nor request-response")
        if kind not in {"one-way", "request-response"}:
            self._wrong(abstract, f"only one-way and request-response are served; this is {kind}")
        return kind

    def _check_use(self) -> None:
        """Refuse SOAP encoding, MIME and unknown styles anywhere below the operation's binding."""
        if self._style not in {"document", "rpc"}:
            self._wrong(self._operation, f"style {self._style!r} is neither document nor rpc")
        for element in self._operation.element.iterdescendants("*"):
            at = Found(self._operation.document, element)
            if element.get("use", "literal") != "literal":
                self._wrong(at, f'use="{element.get("use")}" is not supported: only literal is (R2706)')
            if str(element.tag).startswith(tuple(f"{{{namespace}}}" for namespace in _MIME)):
                self._wrong(at, "MIME bindings and attachments are not supported")
            elif element.get(f"{{{WSDL}}}required") in {"true", "1"} and not _is_known(str(element.tag)):
                self._wrong(at, "a required extension that is not supported")

    def _message(self, abstract: Found, direction: str) -> tuple[str, RpcWrapper | None] | None:
        """Return the payload's element and, for rpc, its wrapper; None when something is wrong."""
        role = abstract.child(wsdl(direction))
        bound = self._operation.child(wsdl(direction))
        if role is None:
            return None  # said by _kind
        message = self._wsdl.find("message", role, "message")
        if message is None:
            return self._wrong(role, f"there is no message {role.get('message')!r}")
        bodies = bound.children(f"{{{self._port.soap}}}body") if bound else []
        if bound is None or len(bodies) != 1:
            return self._wrong(bound or self._operation, f"the {direction} needs exactly one soap:body")
        parts = self._body_parts(message, bound, bodies[0])
        if self._style == "rpc":
            return self._rpc(direction, bodies[0], parts)
        return self._document(direction, message, parts)

    def _body_parts(self, message: Found, bound: Found, body: Found) -> list[Found]:
        """Return the parts of the message that go into the Body."""
        in_header = set()
        for header in bound.children(f"{{{self._port.soap}}}header"):
            of = self._wsdl.find("message", header, "message")
            part = next((p for p in _parts(of) if p.get("name") == header.get("part")), None)
            element = Wsdl.type_name(part, "element") if part else ""
            if element.startswith(tuple(f"{{{namespace}}}" for namespace in UNDERSTOOD_HEADERS)):
                in_header.add(header.get("part") if of and of.element is message.element else "")
            else:
                self._wrong(header, "header parts are not supported, but for WS-Security and WS-Addressing")
        wanted = body.element.get("parts")
        names = None if wanted is None else set(wanted.split())
        return [
            part
            for part in _parts(message)
            if part.get("name") not in in_header and (names is None or part.get("name") in names)
        ]

    def _document(self, direction: str, message: Found, parts: list[Found]) -> tuple[str, None] | None:
        if len(parts) != 1:
            return self._wrong(
                message,
                f"document/literal needs exactly one part in the Body of the {direction}; here: {len(parts)}",
            )
        if not parts[0].get("element"):
            return self._wrong(parts[0], "a part of document/literal needs an element, not a type (R2204)")
        element = Wsdl.type_name(parts[0], "element")
        if element not in self._reading.elements:
            return self._wrong(parts[0], f"the schemas declare no element {element}")
        return element, None

    def _rpc(self, direction: str, body: Found, parts: list[Found]) -> tuple[str, RpcWrapper] | None:
        namespace = body.get("namespace")
        if not namespace:
            return self._wrong(body, "soap:body of rpc/literal needs a namespace (R2717)")
        typed = []
        for part in parts:
            if not part.get("type"):
                return self._wrong(part, "a part of rpc/literal needs a type, not an element (R2203)")
            type_namespace, _, local = Wsdl.type_name(part, "type").rpartition("}")
            if type_namespace[1:] != XSD and clark(type_namespace[1:], local) not in self._reading.types:
                return self._wrong(part, f"the schemas declare no type {type_namespace}}}{local}")
            typed.append((part.get("name"), type_namespace[1:], local))
        name = self._name if direction == "input" else f"{self._name}Response"
        element = clark(namespace, name)
        if direction == "input" and element in self._reading.elements:
            return self._wrong(
                self._operation, "the rpc wrapper has the name of an element that the schemas declare"
            )
        return element, RpcWrapper(namespace, name, tuple(typed))

    def _action(self, abstract: Found, direction: str, suffix: str) -> str:
        """Return the action by WS-Addressing Metadata 1.0, section 4.4."""
        role = abstract.child(wsdl(direction))
        assert role is not None, "checked by _message"
        declared = role.element.get(f"{{{WSAM}}}Action") or role.element.get(f"{{{WSAW}}}Action")
        if declared:
            return declared
        target = self._port.port_type.document.root.get("targetNamespace", "")
        separator = ":" if target.lower().startswith("urn:") else "/"
        base = target.removesuffix(separator)
        name = role.get("name") or f"{self._name}{suffix}"
        return separator.join((base, self._port.port_type.get("name"), name))


def _parts(message: Found | None) -> Iterator[Found]:
    if message is not None:
        yield from message.children(wsdl("part"))


def _is_known(tag: str) -> bool:
    return tag.startswith((f"{{{WSDL}}}", "{http://schemas.xmlsoap.org/wsdl/soap"))
