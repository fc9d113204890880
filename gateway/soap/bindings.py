"""The SOAP bindings of a contract: what they say of each operation, and what of it cannot be served.

Every element that zeep passes over in silence, or reads with a warning, is looked at here, so that a deployer
learns of it before a caller does. Rules R… are those of the WS-I Basic Profile 1.1.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from gateway.envelope import WSSE
from gateway.errors import Problem
from gateway.safexml import Element
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

_ADDRESSING: Final = tuple(f"{{{namespace}}}" for namespace in (WSAM, WSAW))
"""Extensions that a caller satisfies: it says WS-Addressing."""

_REQUIRED: Final = f"{{{WSDL}}}required"
_HTTP: Final = {"http://schemas.xmlsoap.org/soap/http", "http://www.w3.org/2003/05/soap/bindings/HTTP/"}
_MIME: Final = (
    "{http://schemas.xmlsoap.org/wsdl/mime/}",
    "{http://schemas.xmlsoap.org/ws/2002/04/dime/wsdl/}",
)
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
    reply_wrapper: RpcWrapper | None = None
    """What rpc/literal replies are wrapped in."""
    explicit_action: bool = False
    """The WSDL gives `input_action` by an attribute."""

    @property
    def one_way(self) -> bool:
        """Whether there is no reply."""
        return self.output_element is None

    @property
    def request_action(self) -> str:
        """The wsa:Action of a request that we make (WS-Addressing Metadata 1.0, section 4.4.1)."""
        return self.input_action if self.explicit_action or not self.soap_action else self.soap_action


class _Reading:
    """What is read in, and what was found wrong so far."""

    def __init__(self, contract: Wsdl, sources: SchemaSources, *, calling: bool) -> None:
        self.wsdl = contract
        self.calling = calling
        self.elements = sources.names("element")
        self.types = sources.names("type")
        self.problems: list[Problem] = []

    def wrong(self, at: Found, text: str) -> None:
        """Remember a problem, once; a caller can do without one operation, so to it that is a warning."""
        problem = self.wsdl.problem(at, text, warning=self.calling)
        if problem not in self.problems:
            self.problems.append(problem)

    def needs(self, element: Element) -> bool:
        """Tell whether an element is marked as indispensable and nobody here knows it."""
        if element.get(_REQUIRED) not in {"true", "1"}:
            return False
        tag = str(element.tag)
        return not (_is_known(tag) or (self.calling and tag.startswith(_ADDRESSING)))


class BindingReader:
    """Reads the operations of ports and gathers what is wrong with them.

    `calling`: the contract is that of a service that is called. What cannot be called is left out with a
    warning, and what matters to a server only (headers of replies, faults) is passed over.
    """

    def __init__(self, contract: Wsdl, sources: SchemaSources, *, calling: bool = False) -> None:
        self._reading = _Reading(contract, sources, calling=calling)
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
            if self._reading.calling:
                return []
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
            if self._reading.needs(child):
                self._wrong(Found(at.document, child), "a required extension that is not supported")


class _Operation:
    """One operation of one port."""

    def __init__(self, reading: _Reading, port: ServedPort, binding: Found, operation: Found) -> None:
        self._reading = reading
        self._failed = False
        self._wrong = self._refuse
        self._wsdl = reading.wsdl
        self._port = port
        self._operation = operation
        self._name = operation.get("name")
        soap = operation.child(f"{{{port.soap}}}operation")
        self._soap_action = soap.get("soapAction") if soap else ""
        self._style = (soap and soap.get("style")) or binding.get("style") or "document"

    def _refuse(self, at: Found, text: str) -> None:
        self._failed = True
        self._reading.wrong(at, text)

    def read(self) -> Bound | None:
        """Return the operation, None when it cannot be served or called; problems say why."""
        abstract = self._abstract()
        if abstract is None:
            return None
        kind = self._kind(abstract)
        self._check_use()
        request = self._message(abstract, "input")
        reply = self._message(abstract, "output") if kind == "request-response" else None
        if self._failed or request is None:
            return None
        declared = abstract.child(wsdl("input"))
        return Bound(
            name=self._name,
            style=self._style,
            input_element=request[0],
            output_element=reply[0] if reply else None,
            soap_action=self._soap_action,
            input_action=self._action(abstract, "input", "Request" if reply else ""),
            output_action=self._action(abstract, "output", "Response") if reply else "",
            wrapper=request[1],
            reply_wrapper=reply[1] if reply else None,
            explicit_action=bool(declared and _declared_action(declared)),
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
            if self._reading.calling and _of_fault(element):
                continue
            at = Found(self._operation.document, element)
            if element.get("use", "literal") != "literal":
                self._wrong(at, f'use="{element.get("use")}" is not supported: only literal is (R2706)')
            if str(element.tag).startswith(_MIME):
                self._wrong(at, "MIME bindings and attachments are not supported")
            elif self._reading.needs(element):
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
        parts = self._body_parts(direction, message, bound, bodies[0])
        if self._style == "rpc":
            return self._rpc(direction, bodies[0], parts)
        return self._document(direction, message, parts)

    def _body_parts(self, direction: str, message: Found, bound: Found, body: Found) -> list[Found]:
        """Return the parts of the message that go into the Body."""
        in_header = set()
        for header in bound.children(f"{{{self._port.soap}}}header"):
            of = self._wsdl.find("message", header, "message")
            part = next((p for p in _parts(of) if p.get("name") == header.get("part")), None)
            element = Wsdl.type_name(part, "element") if part else ""
            ours = element.startswith(tuple(f"{{{namespace}}}" for namespace in UNDERSTOOD_HEADERS))
            if ours or self._reading.calling:
                in_header.add(header.get("part") if of and of.element is message.element else "")
            if not ours:
                self._unknown_header(direction, header)
        wanted = body.element.get("parts")
        names = None if wanted is None else set(wanted.split())
        return [
            part
            for part in _parts(message)
            if part.get("name") not in in_header and (names is None or part.get("name") in names)
        ]

    def _unknown_header(self, direction: str, header: Found) -> None:
        if not self._reading.calling:
            self._wrong(header, "header parts are not supported, but for WS-Security and WS-Addressing")
        elif direction == "input":
            self._reading.wrong(header, "requests are sent without this header part")

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
        if (direction == "input" or self._reading.calling) and element in self._reading.elements:
            return self._wrong(
                self._operation, "the rpc wrapper has the name of an element that the schemas declare"
            )
        return element, RpcWrapper(namespace, name, tuple(typed))

    def _action(self, abstract: Found, direction: str, suffix: str) -> str:
        """Return the action by WS-Addressing Metadata 1.0, section 4.4."""
        role = abstract.child(wsdl(direction))
        assert role is not None, "checked by _message"
        declared = _declared_action(role)
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


def _declared_action(role: Found) -> str:
    return role.element.get(f"{{{WSAM}}}Action") or role.element.get(f"{{{WSAW}}}Action") or ""


def _of_fault(element: Element) -> bool:
    """Tell whether an element says how faults are bound; whoever calls reads them as they come."""
    around = (element, *element.iterancestors())
    return any(str(one.tag) == wsdl("fault") or str(one.tag).endswith("}headerfault") for one in around)


def _is_known(tag: str) -> bool:
    return tag.startswith((f"{{{WSDL}}}", "{http://schemas.xmlsoap.org/wsdl/soap"))
