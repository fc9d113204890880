"""A second opinion on a contract: zeep reads it too, and must see what we see.

zeep passes over much that cannot be served, so `gateway.soap.operations` reads the WSDL itself. Two readers
written by different people rarely make the same mistake; where they differ, the deployer is told.
"""

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote, urlsplit

from zeep.settings import Settings
from zeep.wsdl.wsdl import Document as ZeepDocument

from gateway.errors import Problem
from gateway.soap.documents import Documents
from gateway.soap.operations import Operation
from gateway.soap.schema_sources import XML_ATTRIBUTES
from gateway.soap.wsdl import ServedPort

_XML_ATTRIBUTES_ADDRESS: Final = "https://www.w3.org/2001/xml.xsd"
"""Where zeep looks for the attributes of XML itself."""


class DeployedOnly:
    """A transport for zeep that gives it the files of one contract and nothing else."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents

    def load(self, url: str) -> bytes:
        """Return a file's bytes, checked by the hardened parser. ValueError: it is none of the contract."""
        if url == _XML_ATTRIBUTES_ADDRESS:
            return XML_ATTRIBUTES
        parts = urlsplit(url)
        document = self._documents.by_name.get(unquote(parts.path).removeprefix("/"))
        if parts.scheme != "file" or parts.netloc or document is None:
            raise ValueError(f"{url} is no file of the contract")
        return document.data


def read_with_zeep(
    documents: Documents, ports: list[ServedPort], operations: Mapping[str, Operation]
) -> list[Problem]:
    """Return where zeep sees other operations than given, or a warning when it cannot read the contract."""
    file = documents.file(documents.main.name)
    try:
        document = zeep_document(documents)
        seen = {port.name: _seen(document, port.name) for port in ports}
    except Exception as error:  # noqa: BLE001  zeep raises whatever its reading of a document runs into
        text = f"zeep cannot read it, so clients made with zeep cannot either: {error}"
        return [Problem(file, "", text, warning=True)]
    return [
        Problem(file, f"port {port} / operation {name}", f"zeep reads this operation differently: {view}")
        for port, views in seen.items()
        for name, view in views.items()
        if name not in operations or not _agrees(operations[name], view)
    ]


def zeep_document(documents: Documents) -> Any:
    """Return zeep's reading of a contract. Raises whatever zeep's reading of a document runs into."""
    # our transport refuses what is not deployed; zeep's own setting would refuse the XML attributes too
    settings: Any = Settings(forbid_dtd=True, forbid_external=False)
    transport: Any = DeployedOnly(documents)
    return ZeepDocument(f"file:///{quote(documents.main.name)}", transport, settings=settings)


def _seen(document: Any, port_name: str) -> dict[str, tuple[str, str, str]]:
    """Return style, payload element and soapAction of a port's operations as zeep sees them."""
    for service in document.services.values():
        if port_name in service.ports:
            found = service.ports[port_name].binding.all()
            return {
                name: (one.style, one.input.body.qname.text, one.soapaction or "")
                for name, one in found.items()
            }
    raise ValueError(f"it finds no port {port_name}")


def _agrees(operation: Operation, view: tuple[str, str, str]) -> bool:
    style, element, action = view
    return (style, element) == (operation.style, operation.input_element) and action in {"", *operation.actions}
