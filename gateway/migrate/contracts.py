"""A WSDL with all it refers to, as the files of one service: byte for byte where that can be."""

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import unquote, urlsplit

from gateway.migrate.files import Source, XmlFile
from gateway.migrate.findings import Findings
from gateway.migrate.locate import locate
from gateway.migrate.places import Place, RefusedError
from gateway.migrate.wsdls import Wsdl, operations_of, soap_address, soap_bindings, soap_ports
from gateway.safexml import Element, parse_trusted, serialize_document
from gateway.soap.documents import line_of, location_attribute, references


@dataclass(slots=True)
class ContractFiles:
    """The files of one service's folder."""

    main: str
    """The WSDL, relative to the folder."""
    roots: dict[str, Element] = field(default_factory=dict, repr=False)
    """By name in the folder; copies that may be changed."""
    origins: dict[str, XmlFile] = field(default_factory=dict, repr=False)
    edited: set[str] = field(default_factory=set)

    def octets(self, source: Source) -> dict[str, bytes]:
        """Return what the files hold; those that were not changed and are UTF-8 are as they were."""
        found: dict[str, bytes] = {}
        for name, origin in self.origins.items():
            same = origin.text.was_utf_8 and name not in self.edited
            found[name] = source.read(origin.name) if same else serialize_document(self.roots[name])
        return found

    def without_operations(self, names: set[str]) -> None:
        """Take operations out of the bindings: nobody could call them."""
        for binding in soap_bindings(self.roots[self.main]):
            for operation in operations_of(binding):
                if operation.get("name") in names:
                    binding.remove(operation)
                    self.edited.add(self.main)

    def call_at(self, address: str) -> bool:
        """Have the ports name another address; return whether any named a different one."""
        changed = False
        for port in soap_ports(self.roots[self.main]):
            element = soap_address(port)
            if element is not None and element.get("location") != address:
                element.set("location", address)
                changed = True
        if changed:
            self.edited.add(self.main)
        return changed


def gather(wsdl: Wsdl, files: Mapping[str, XmlFile], findings: Findings) -> ContractFiles:
    """Return a WSDL and what it imports and includes. RefusedError: something of it is not there.

    Names keep their places beside each other. What is referred to by an address, or lies elsewhere than the
    reference says, is put beside the WSDL, and the reference changed.
    """
    found = _closure(wsdl, files, findings)
    top = posixpath.commonpath([posixpath.dirname(name) or "." for name in found.kept]) if found.kept else "."
    top = "" if top == "." else top
    contract = ContractFiles(posixpath.relpath(wsdl.name, top or "."))
    places = {name: posixpath.relpath(name, top or ".") for name in found.kept}
    for name in found.moved:
        places[name] = _free(posixpath.basename(name), set(places.values()), posixpath.dirname(contract.main))
    for name, place in places.items():
        contract.origins[place] = files[name]
        contract.roots[place] = parse_trusted(files[name].text.text.encode())
        if not files[name].text.was_utf_8:
            findings.change(f"was {files[name].text.encoding} and is UTF-8 here", Place(name))
    for referrer, location, target in found.changed:
        _point(contract, places[referrer], location, places[target])
        findings.change(f"{_short(location)} is read from {places[target]} beside it", Place(referrer))
    return contract


@dataclass(slots=True)
class _Closure:
    kept: list[str] = field(default_factory=list)
    moved: list[str] = field(default_factory=list)
    changed: list[tuple[str, str, str]] = field(default_factory=list)
    """Referrer, location as written, file."""


def _closure(wsdl: Wsdl, files: Mapping[str, XmlFile], findings: Findings) -> _Closure:
    found = _Closure(kept=[wsdl.name])
    pending = [wsdl.name]
    while pending:
        referrer = pending.pop()
        for element in references(files[referrer].root):
            location = element.get(location_attribute(element), "")
            exact = _exact(referrer, location)
            target = exact if exact in files else _elsewhere(referrer, location, files, element, findings)
            if target not in (*found.kept, *found.moved):
                (found.kept if target == exact else found.moved).append(target)
                pending.append(target)
            if target != exact or target in found.moved:
                found.changed.append((referrer, location, target))
    return found


def _exact(referrer: str, location: str) -> str:
    try:
        parts = urlsplit(location)
    except ValueError:
        return ""
    if parts.scheme or parts.netloc or parts.query or parts.path.startswith("/"):
        return ""
    return posixpath.normpath(posixpath.join(posixpath.dirname(referrer), unquote(parts.path)))


def _elsewhere(
    referrer: str, location: str, files: Mapping[str, XmlFile], element: Element, findings: Findings
) -> str:
    at = Place(referrer, line_of(element), str(element.tag).rpartition("}")[2])
    try:
        path = unquote(urlsplit(location).path)
        return locate(path, referrer, files)
    except ValueError as error:
        findings.damage(at, f"the file {_short(location)} that it refers to {_reason(error)}")
        raise RefusedError(f"refers to {_short(location)}, which {_reason(error)}", at.line) from None


def _reason(error: ValueError) -> str:
    return str(error) if isinstance(error, RefusedError) else "is no location"


def _point(contract: ContractFiles, referrer: str, location: str, target: str) -> None:
    for element in references(contract.roots[referrer]):
        attribute = location_attribute(element)
        if element.get(attribute) == location:
            element.set(attribute, posixpath.relpath(target, posixpath.dirname(referrer) or "."))
            contract.edited.add(referrer)


def _free(name: str, taken: set[str], folder: str) -> str:
    stem, ending = posixpath.splitext(name)
    found, number = posixpath.join(folder, name), 2
    while found in taken:
        found, number = posixpath.join(folder, f"{stem}-{number}{ending}"), number + 1
    return found


def _short(location: str) -> str:
    bare = location.partition("?")[0].rpartition("@")[2]
    return bare if len(bare) < 120 else f"...{bare[-100:]}"
