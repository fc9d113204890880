"""The deployed contract as it is served: every address in it is a live one of ours."""

from hashlib import sha256
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

from gateway.errors import GatewayError, M
from gateway.safexml import Element, parse_trusted, serialize_document
from gateway.soap.documents import Documents, location_attribute, references, target_name
from gateway.soap.wsdl import SOAP_BINDING, ServedPort, wsdl

ENDPOINTS: Final = "/imssoap/services"
"""Where ports are served, as the original product does; one port is one address below."""

_QUOTES: Final = {'"': "&quot;"}


class PublishedContract:
    """All documents of a contract, ready but for the address that the caller reached us by.

    The same request gives the same bytes. Prefixes, comments and processing instructions stay as deployed.
    """

    def __init__(self, documents: Documents, ports: list[ServedPort]) -> None:
        self._data = {name: document.data for name, document in documents.by_name.items()}
        self._wsdls = {name for name, document in documents.by_name.items() if document.is_wsdl}
        self._main = documents.main.name
        # nobody can have written it into one of the documents
        known = "".join(documents.hashes().values())
        self._mark = f"address-of-the-gateway-{sha256(known.encode()).hexdigest()[:24]}"
        self._ports = {port.name for port in ports}
        self._link = self._address(ports[0].name)
        # made when first asked for; two threads that ask at once make the same
        self._templates: dict[str, bytes] = {}

    def document(self, name: str | None, base_url: str) -> bytes:
        """Return a document with addresses below `base_url`; None: the main WSDL. Raises M.NOT_FOUND."""
        name = self._main if name is None else name
        if name not in self._data:
            raise GatewayError(M.NOT_FOUND)
        template = self._templates.get(name)
        if template is None:
            template = self._templates[name] = self._template(name)
        return template.replace(self._mark.encode(), escape(base_url.rstrip("/"), _QUOTES).encode())

    def _address(self, port: str) -> str:
        return f"{self._mark}{ENDPOINTS}/{quote(port)}"

    def _template(self, name: str) -> bytes:
        root = parse_trusted(self._data[name])
        for element in references(root):
            attribute = location_attribute(element)
            target = target_name(name, element.get(attribute, ""))
            kind = "wsdl" if target in self._wsdls else "xsd"
            element.set(attribute, f"{self._link}?{kind}={quote(target)}")
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
