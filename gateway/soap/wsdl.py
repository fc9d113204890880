"""What stands in the WSDLs of a contract, found by name: ports, bindings, port types, messages (WSDL 1.1)."""

from dataclasses import dataclass, replace
from typing import Final

from gateway.envelope import SoapVersion
from gateway.errors import Problem
from gateway.safexml import Element
from gateway.soap.documents import WSDL, Document, Documents, place

SOAP_BINDING: Final = {
    SoapVersion.SOAP11: "http://schemas.xmlsoap.org/wsdl/soap/",
    SoapVersion.SOAP12: "http://schemas.xmlsoap.org/wsdl/soap12/",
}
"""Namespaces of the elements that bind to SOAP, by version."""


@dataclass(frozen=True, slots=True)
class Found:
    """An element and the file it stands in."""

    document: Document
    element: Element

    def child(self, tag: str) -> "Found | None":
        """Return the first child of that Clark name."""
        element = self.element.find(tag)
        return None if element is None else Found(self.document, element)

    def children(self, tag: str) -> list["Found"]:
        """Return the children of that Clark name."""
        return [Found(self.document, element) for element in self.element.iterchildren(tag)]

    def get(self, name: str, default: str = "") -> str:
        """Return an attribute."""
        return self.element.get(name, default)


@dataclass(frozen=True, slots=True)
class ServedPort:
    """A port with a SOAP binding: an address of ours, or of a service that is called."""

    name: str
    port: Found
    version: SoapVersion
    """Of the binding; requests of both versions are served whichever it is."""
    binding: Found
    port_type: Found
    service: str
    """Local name of its wsdl:service."""

    @property
    def soap(self) -> str:
        """The namespace of the binding's SOAP elements."""
        return SOAP_BINDING[self.version]


class Wsdl:
    """The WSDLs of one contract."""

    def __init__(self, documents: Documents) -> None:
        self.documents = documents
        self._named: dict[tuple[str, str], Found] = {}
        for document in documents.by_name.values():
            if document.is_wsdl:
                self._index(document)

    def _index(self, document: Document) -> None:
        target = document.root.get("targetNamespace", "")
        for kind in ("message", "portType", "binding"):
            for element in document.root.iterchildren(wsdl(kind)):
                name = clark(target, element.get("name", ""))
                self._named.setdefault((kind, name), Found(document, element))

    def problem(self, at: Found, text: str, *, warning: bool = False) -> Problem:
        """Return a problem that names file and element."""
        return Problem(self.documents.file(at.document.name), place(at.element), text, warning)

    def find(self, kind: str, at: Found, attribute: str) -> Found | None:
        """Return the message, portType or binding that an attribute names."""
        return self._named.get((kind, self.qname(at, attribute)))

    @staticmethod
    def qname(at: Found, attribute: str) -> str:
        """Return the Clark name that an attribute holds; no prefix: of the default or target namespace."""
        value = at.get(attribute).strip()
        prefix, _, local = value.rpartition(":")
        default = None if prefix else at.document.root.get("targetNamespace", "")
        namespace = at.element.nsmap.get(prefix or None, default)
        return clark(namespace or "", local)

    @staticmethod
    def type_name(at: Found, attribute: str) -> str:
        """Return the Clark name of a schema component that an attribute holds."""
        prefix, _, local = at.get(attribute).strip().rpartition(":")
        return clark(at.element.nsmap.get(prefix or None) or "", local)

    def ports(self, *, calling: bool = False) -> tuple[list[ServedPort], list[Problem]]:
        """Return the ports that have a SOAP binding, and what is wrong or will not be served.

        `calling`: the WSDL is that of a service that is called, so a port that is not in order is left out with
        a warning.
        """
        served: list[ServedPort] = []
        problems: list[Problem] = []
        main = Found(self.documents.main, self.documents.main.root)
        for service in main.children(wsdl("service")):
            for port in service.children(wsdl("port")):
                found = self._port(port, service.get("name"), "called" if calling else "served")
                if isinstance(found, Problem):
                    problems.append(replace(found, warning=found.warning or calling))
                elif any(found.name == other.name for other in served):
                    text = "there is another port of this name"
                    problems.append(self.problem(port, text, warning=calling))
                else:
                    served.append(found)
        if not served and all(problem.warning for problem in problems):
            problems.append(self.problem(main, "the WSDL has no port with a SOAP binding"))
        return served, problems

    def _port(self, port: Found, service: str, what: str) -> ServedPort | Problem:
        binding = self.find("binding", port, "binding")
        if binding is None:
            return self.problem(port, f"there is no binding {port.get('binding')!r}")
        version = next((v for v, ns in SOAP_BINDING.items() if binding.child(f"{{{ns}}}binding")), None)
        if version is None:
            return self.problem(port, f"is not {what}: its binding is none of SOAP", warning=True)
        port_type = self.find("portType", binding, "type")
        if port_type is None:
            return self.problem(binding, f"there is no portType {binding.get('type')!r}")
        if port.child(f"{{{SOAP_BINDING[version]}}}address") is None:
            return self.problem(port, "it has no soap:address of its binding's SOAP version")
        if not port.get("name"):
            return self.problem(port, "it has no name, so it can have no address")
        return ServedPort(port.get("name"), port, version, binding, port_type, service)


def wsdl(local: str) -> str:
    """Return the Clark name of an element of WSDL 1.1."""
    return f"{{{WSDL}}}{local}"


def clark(namespace: str, local: str) -> str:
    """Return a name in Clark notation, as lxml gives it."""
    return f"{{{namespace}}}{local}" if namespace else local
