"""The WSDLs of the installation: which one an entry means, and what is in it."""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import PurePosixPath
from typing import Final

from gateway.config.words import shown
from gateway.migrate.entries import Entry
from gateway.migrate.files import WSDL_NAMESPACE, XmlFile
from gateway.migrate.locate import locate
from gateway.migrate.places import RefusedError
from gateway.safexml import Element, is_element

SOAP_NAMESPACES: Final = ("http://schemas.xmlsoap.org/wsdl/soap/", "http://schemas.xmlsoap.org/wsdl/soap12/")


_TOKENS: Final = frozenset(
    {"UsernameToken", "SamlToken", "IssuedToken", "SupportingTokens", "SignedSupportingTokens", "SecurityToken"}
)
"""Elements of WS-SecurityPolicy, of all versions."""


def wsdl_tag(local: str) -> str:
    """Return the Clark name of an element of WSDL 1.1."""
    return f"{{{WSDL_NAMESPACE}}}{local}"


@dataclass(frozen=True)
class Wsdl:
    """One WSDL, as far as a migration has to know it. The gateway's own reader judges the rest."""

    file: XmlFile = field(repr=False)

    @property
    def name(self) -> str:
        """Its path in the installation."""
        return self.file.name

    @property
    def stem(self) -> str:
        """Its name without folder and ending: the WSID of a consumer."""
        return PurePosixPath(self.file.name).stem

    @cached_property
    def services(self) -> tuple[str, ...]:
        """Names of its wsdl:service elements."""
        return tuple(one.get("name", "") for one in self.file.root.iterchildren(wsdl_tag("service")))

    @cached_property
    def ports(self) -> tuple[str, ...]:
        """Names of the ports with a SOAP binding: its addresses."""
        return tuple(port.get("name", "") for port in soap_ports(self.file.root))

    @cached_property
    def asks_for_token(self) -> bool:
        """Whether a policy in it speaks of security tokens."""
        names = {str(one.tag).rpartition("}")[2] for one in self.file.root.iter() if is_element(one)}
        return bool(names & _TOKENS)

    @cached_property
    def operations(self) -> tuple[str, ...]:
        """Names of the operations that its bindings of SOAP have."""
        found = (
            one.get("name", "") for binding in soap_bindings(self.file.root) for one in operations_of(binding)
        )
        return tuple(dict.fromkeys(found))


def soap_ports(root: Element) -> list[Element]:
    """Return the ports that have an address of SOAP."""
    ports = (
        port
        for service in root.iterchildren(wsdl_tag("service"))
        for port in service.iterchildren(wsdl_tag("port"))
    )
    return [port for port in ports if soap_address(port) is not None]


def soap_address(port: Element) -> Element | None:
    """Return the soap:address of a port."""
    return next(iter(port.iterchildren(*(f"{{{one}}}address" for one in SOAP_NAMESPACES))), None)


def soap_bindings(root: Element) -> list[Element]:
    """Return the bindings of SOAP."""
    tags = [f"{{{one}}}binding" for one in SOAP_NAMESPACES]
    return [
        one
        for one in root.iterchildren(wsdl_tag("binding"))
        if next(iter(one.iterchildren(*tags)), None) is not None
    ]


def operations_of(binding: Element) -> list[Element]:
    """Return the operations of a binding."""
    return list(binding.iterchildren(wsdl_tag("operation")))


class Wsdls:
    """All of them, to be asked for the one that an entry means."""

    def __init__(self, files: Iterable[XmlFile], damaged: Iterable[str] = ()) -> None:
        """Take those that were read, and the names of files that could not be."""
        self._all = tuple(Wsdl(file) for file in files)
        self._damaged = tuple(damaged)
        self._by_name = {one.name: one for one in self._all}

    def __iter__(self) -> Iterator[Wsdl]:
        return iter(self._all)

    def of(self, entry: Entry) -> Wsdl:
        """Return the WSDL that an entry names, or that has its service. RefusedError: none, or several."""
        named = entry.text("wsdl")
        if named:
            return self._named(named, entry)
        for way in _ways(entry):
            if found := self._best([one for one in self._all if way(one)], entry):
                return found
        raise RefusedError("has no WSDL among the files")

    def _named(self, text: str, entry: Entry) -> Wsdl:
        try:
            return self._by_name[_located(text, entry, tuple(self._by_name))]
        except RefusedError as error:
            missing = error
        try:
            broken = _located(text, entry, self._damaged)
        except RefusedError:
            raise RefusedError(f"names a WSDL that {missing}") from None
        raise RefusedError(f"names {shown(broken)}, which is damaged")

    def _best(self, found: list[Wsdl], entry: Entry) -> Wsdl | None:
        """Return the one that has the operation, or lies beside the entry. RefusedError: several are."""
        operation = entry.text("operation")
        with_it = [one for one in found if operation in one.operations]
        left = with_it or found
        if len(left) > 1:
            folder = PurePosixPath(entry.place.file).parent
            left = [one for one in left if PurePosixPath(one.name).parent == folder] or left
        if len(left) > 1:
            raise RefusedError(f"could mean {' or '.join(one.name for one in left[:4])}")
        return left[0] if left else None


def _ways(entry: Entry) -> Iterator[Callable[[Wsdl], bool]]:
    """Yield ways to tell the WSDL of an entry, the surest first.

    Where the service is named, it has to be in the WSDL, or the two files have one name: a WSDL that only has
    the same operation is another service's.
    """
    service, stem = entry.text("service"), PurePosixPath(entry.place.file).stem.lower()
    if service:
        yield lambda one: service in one.services
        yield lambda one: service == one.stem
        yield lambda one: service in one.ports
        yield lambda one: service.lower() in {name.lower() for name in (*one.services, *one.ports, one.stem)}
    yield lambda one: one.stem.lower() == stem
    if not service:
        action = re.sub(r"^urn:", "", entry.text("soap_action"), flags=re.IGNORECASE).lower()
        yield lambda one: one.stem.lower() == action
        operation = entry.text("operation")
        yield lambda one: operation in one.operations


def _located(text: str, entry: Entry, names: tuple[str, ...]) -> str:
    """Return which of the names is meant, with or without its ending. RefusedError says why none is."""
    try:
        return locate(text, entry.place.file, names)
    except RefusedError:
        return locate(f"{text}.wsdl", entry.place.file, names)
