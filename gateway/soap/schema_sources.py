"""The schemas of a contract, and who includes and imports whom.

Sources are the schemas inside the WSDLs and the .xsd files. libxml2 takes one document for each namespace; a
WSDL may hold several. So every namespace gets a *driver*, a document of ours that includes all sources of the
namespace, and every import is pointed at drivers. Imports without a location, and imports that the author
forgot between the schemas of one WSDL, work that way too.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final
from xml.sax.saxutils import quoteattr

from lxml import etree

from gateway.safexml import Element, is_element, reread, serialize
from gateway.soap.documents import WSDL, XSD, Document, Documents, inline_schemas, line_of

XML: Final = "http://www.w3.org/XML/1998/namespace"

XML_ATTRIBUTES: Final = b"""\
<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" targetNamespace="http://www.w3.org/XML/1998/namespace">
 <xs:attribute name="lang">
  <xs:simpleType>
   <xs:union memberTypes="xs:language">
    <xs:simpleType><xs:restriction base="xs:string"><xs:enumeration value=""/></xs:restriction></xs:simpleType>
   </xs:union>
  </xs:simpleType>
 </xs:attribute>
 <xs:attribute name="space">
  <xs:simpleType>
   <xs:restriction base="xs:NCName">
    <xs:enumeration value="default"/><xs:enumeration value="preserve"/>
   </xs:restriction>
  </xs:simpleType>
 </xs:attribute>
 <xs:attribute name="base" type="xs:anyURI"/>
 <xs:attribute name="id" type="xs:ID"/>
 <xs:attributeGroup name="specialAttrs">
  <xs:attribute ref="xml:base"/><xs:attribute ref="xml:lang"/>
  <xs:attribute ref="xml:space"/><xs:attribute ref="xml:id"/>
 </xs:attributeGroup>
</xs:schema>"""
"""The attributes that XML itself defines, for schemas that import them without a file of their own."""

_BASE = "contract:///"
_MAIN = f"{_BASE}main.xsd"


@dataclass(frozen=True, slots=True)
class Source:
    """One schema document."""

    address: str
    """Unique; what libxml2 calls it in its messages."""
    document: Document
    """The file that it is, or stands in."""
    root: Element
    text: bytes
    """The same as UTF-8, with every prefix that is in scope around it."""

    @property
    def namespace(self) -> str:
        """The target namespace as written; empty for none."""
        return self.root.get("targetNamespace", "")


@dataclass(frozen=True, slots=True)
class RpcWrapper:
    """The element that an rpc/literal message is wrapped in (WS-I Basic Profile 1.1, R2729, R2735)."""

    namespace: str
    name: str
    parts: tuple[tuple[str, str, str], ...]
    """Part name, namespace and local name of its type."""


class SchemaSources:
    """All schemas of a contract and their relations."""

    def __init__(self, documents: Documents) -> None:
        self._documents = documents
        self._files: dict[str, Source] = {}
        self.inline: list[Source] = []
        for document in documents.by_name.values():
            if document.is_wsdl:
                for number, root in enumerate(inline_schemas(document), start=1):
                    address = f"{_BASE}{document.name}/{number}"
                    self.inline.append(Source(address, document, root, serialize(root)))
            else:
                address, root = f"{_BASE}{document.name}", document.root
                self._files[document.name] = Source(address, document, root, serialize(root))
        self.roots = self._roots()

    def __iter__(self) -> Iterator[Source]:
        yield from self.inline
        yield from self._files.values()

    def _roots(self) -> dict[str, list[Source]]:
        """Return, for each namespace, the sources that nobody else of that namespace includes."""
        names = self._imported_files()
        imported = [source for source in self._files.values() if source.document.name in names]
        roots: dict[str, list[Source]] = {}
        for source in (*self.inline, *imported):
            roots.setdefault(source.namespace, []).append(source)
        for namespace, sources in roots.items():
            included: set[str] = set()
            for source in sources:
                if source.address not in included:
                    included |= {inner.address for inner in self.with_included(source)} - {source.address}
            roots[namespace] = [source for source in sources if source.address not in included]
        return roots

    def _imported_files(self) -> set[str]:
        imports = (
            (document, element)
            for document in self._documents.by_name.values()
            for element in document.root.iter(f"{{{XSD}}}import", f"{{{WSDL}}}import")
        )
        locations = ((d, e.get("schemaLocation") or e.get("location")) for d, e in imports)
        return {self._documents.target(document, location).name for document, location in locations if location}

    def with_included(self, source: Source) -> list[Source]:
        """Return a source and all that it includes, each once."""
        found, pending = {source.address: source}, [source]
        while pending:
            current = pending.pop()
            for include in current.root.iterchildren(f"{{{XSD}}}include"):
                name = self._documents.target(current.document, include.get("schemaLocation", "")).name
                inner = self._files[name]
                if inner.address not in found:
                    found[inner.address] = inner
                    pending.append(inner)
        return list(found.values())

    def names(self, kind: str) -> set[str]:
        """Return the Clark names of the global elements or types; `kind` is "element" or "type"."""
        tags = ("element",) if kind == "element" else ("complexType", "simpleType")
        wanted = [f"{{{XSD}}}{tag}" for tag in tags]
        return {
            f"{{{namespace}}}{component.get('name')}" if namespace else component.get("name", "")
            for namespace, sources in self.roots.items()
            for root in sources
            for source in self.with_included(root)
            for component in source.root.iterchildren(*wanted)
        }

    def compilable(self, wrappers: tuple[RpcWrapper, ...]) -> tuple[dict[str, bytes], str]:
        """Return documents for the compiler, by address, and the address of the main one."""
        namespaces = sorted({*self.roots, *(wrapper.namespace for wrapper in wrappers), *self._of_xml()})
        drivers = {namespace: f"{_BASE}namespace/{n}" for n, namespace in enumerate(namespaces)}
        emitted = {source.address: _emit(source, self._documents, drivers) for source in self}
        for namespace, address in drivers.items():
            if namespace == XML and XML not in self.roots:
                emitted[address] = XML_ATTRIBUTES
                continue
            own = [wrapper for wrapper in wrappers if wrapper.namespace == namespace]
            emitted[address] = _driver(namespace, self.roots.get(namespace, []), own, drivers)
        emitted[_MAIN] = _schema("urn:ims-gateway:contract", _imports(drivers), "")
        return emitted, _MAIN

    def _of_xml(self) -> Iterator[str]:
        """Yield XML's own namespace if one of its attributes is meant: mostly none is."""
        # its prefix cannot be another one (Namespaces in XML 1.0, section 3)
        if any(b"xml:" in source.text or XML.encode() in source.text for source in self):
            yield XML

    def where(self, address: str, line: int) -> tuple[str, int]:
        """Return file and line of a place that the compiler names."""
        for source in self:
            if source.address == address:
                return source.document.name, line + line_of(source.root) - 1
        return self._documents.main.name, 0


def _emit(source: Source, documents: Documents, drivers: Mapping[str, str]) -> bytes:
    """Return a source with its references pointed at addresses of ours."""
    root = reread(source.text)
    missing = dict(drivers)
    missing.pop(source.namespace, None)
    for element in list(root.iterchildren(f"{{{XSD}}}import")):
        namespace = element.get("namespace", "")
        if namespace in missing:
            element.set("schemaLocation", missing.pop(namespace))
        elif namespace in drivers:
            root.remove(element)  # of its own namespace or a second time: said already
        else:
            element.attrib.pop("schemaLocation", "")
    for element in root.iterchildren(f"{{{XSD}}}include"):
        target = documents.target(source.document, element.get("schemaLocation", ""))
        element.set("schemaLocation", f"{_BASE}{target.name}")
    if source.namespace:  # without one it takes that of who includes it, which it may not import then
        for namespace, address in missing.items():
            root.insert(0, _import(namespace, address))
    return serialize(root)


def _import(namespace: str, address: str) -> Element:
    element = etree.Element(f"{{{XSD}}}import", schemaLocation=address)
    if namespace:
        element.set("namespace", namespace)
    return element


def _driver(
    namespace: str, sources: list[Source], wrappers: list[RpcWrapper], drivers: Mapping[str, str]
) -> bytes:
    others = {
        other: address for other, address in drivers.items() if other != namespace and (other or namespace)
    }
    includes = "".join(f"<xs:include schemaLocation={quoteattr(source.address)}/>" for source in sources)
    return _schema(namespace, includes + _imports(others), "".join(_wrapper(wrapper) for wrapper in wrappers))


def _wrapper(wrapper: RpcWrapper) -> str:
    parts = "".join(
        f"<xs:element name={quoteattr(name)} type={quoteattr(f't:{local}' if namespace else local)}"
        f"{f' xmlns:t={quoteattr(namespace)}' if namespace else ''}/>"
        for name, namespace, local in wrapper.parts
    )
    sequence = f"<xs:complexType><xs:sequence>{parts}</xs:sequence></xs:complexType>"
    return f"<xs:element name={quoteattr(wrapper.name)}>{sequence}</xs:element>"


def _imports(drivers: Mapping[str, str]) -> str:
    return "".join(
        f"<xs:import namespace={quoteattr(namespace)} schemaLocation={quoteattr(address)}/>"
        if namespace
        else f"<xs:import schemaLocation={quoteattr(address)}/>"
        for namespace, address in drivers.items()
    )


def _schema(namespace: str, references: str, components: str) -> bytes:
    target = f" targetNamespace={quoteattr(namespace)}" if namespace else ""
    return f'<xs:schema xmlns:xs="{XSD}"{target}>{references}{components}</xs:schema>'.encode()


def wildcards_or_href(source: Source) -> bool:
    """Tell whether a schema allows attributes called href, by name or by a wildcard."""
    if b"any" not in source.text and b"href" not in source.text:
        return False  # no need to look at each element
    for element in source.root.iter():
        if not is_element(element):
            continue
        if element.tag in {f"{{{XSD}}}any", f"{{{XSD}}}anyAttribute"}:
            return True
        if element.tag == f"{{{XSD}}}attribute" and element.get("name") == "href":
            return True
        if element.get("type", "").rpartition(":")[2] == "anyType":
            return True
    return False
