"""The deployed contract as it is served: every address in it is a live one of ours."""

from collections.abc import Mapping
from hashlib import sha256
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from gateway.errors import GatewayError, M
from gateway.safexml import Element, parse_trusted, serialize_document
from gateway.soap.documents import Document, Documents, location_attribute, references
from gateway.soap.wsdl import SOAP_BINDING, ServedPort, wsdl

ENDPOINTS: Final = "/imssoap/services"
"""Where ports are served, as the original product does; one port is one address below."""

_QUOTES: Final = {'"': "&quot;"}


class PublishedContract:
    """All documents of a contract, ready but for the address that the caller reached us by.

    The same request gives the same bytes. Prefixes, comments and processing instructions stay as deployed.
    """

    def __init__(self, documents: Documents, ports: list[ServedPort]) -> None:
        self._documents = documents
        self._main = documents.main.name
        digest = sha256(b"".join(document.data for document in documents.by_name.values())).hexdigest()
        self._mark = f"address-of-the-gateway-{digest[:24]}"
        self._ports = {port.name for port in ports}
        self._link = self._address(ports[0].name)
        self._templates: Mapping[str, bytes] = {
            name: self._template(document) for name, document in documents.by_name.items()
        }

    def document(self, name: str | None, base_url: str) -> bytes:
        """Return a document with addresses below `base_url`; None: the main WSDL. Raises M.NOT_FOUND."""
        template = self._templates.get(self._main if name is None else name)
        if template is None:
            raise GatewayError(M.NOT_FOUND)
        return template.replace(self._mark.encode(), escape(base_url.rstrip("/"), _QUOTES).encode())

    def _address(self, port: str) -> str:
        return f"{self._mark}{ENDPOINTS}/{quote(port)}"

    def _template(self, document: Document) -> bytes:
        root = parse_trusted(document.data)
        copy = Document(document.name, document.data, root)
        for element in references(copy):
            attribute = location_attribute(element)
            target = self._documents.target(document, element.get(attribute, ""))
            kind = "wsdl" if target.is_wsdl else "xsd"
            element.set(attribute, f"{self._link}?{kind}={quote(target.name)}")
        for service in root.iterchildren(wsdl("service")):
            self._set_addresses(service)
        return serialize_document(root)

    def _set_addresses(self, service: Element) -> None:
        addresses = [f"{{{namespace}}}address" for namespace in SOAP_BINDING.values()]
        for port in service.iterchildren(wsdl("port")):
            name = port.get("name", "")
            if name in self._ports:
                for address in port.iterchildren(*addresses):
                    address.set("location", self._address(name))
