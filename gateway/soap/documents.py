"""The files of a deployed contract: the WSDL and everything it imports or includes.

All of them lie in the service's folder; nothing is fetched from anywhere. Each is read once, by the hardened
parser, so that zeep and libxml2's schema compiler see only bytes that passed it.
"""

import os
import posixpath
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from gateway.errors import GatewayError, Problem
from gateway.safexml import Element, parse_trusted

WSDL: Final = "http://schemas.xmlsoap.org/wsdl/"
WSDL_2: Final = "http://www.w3.org/ns/wsdl"
XSD: Final = "http://www.w3.org/2001/XMLSchema"

_MOST_FILES = 1000


@dataclass(frozen=True, slots=True)
class Document:
    """One file: a WSDL or an XML Schema."""

    name: str
    """Relative to the service's folder, with slashes."""
    data: bytes
    root: Element
    sha256: str
    """Of the bytes, in hexadecimal."""

    @property
    def is_wsdl(self) -> bool:
        """Tell a WSDL from a schema."""
        return self.root.tag == f"{{{WSDL}}}definitions"


@dataclass(frozen=True, slots=True)
class Documents:
    """All files of one contract; the main WSDL is the first."""

    service: str
    by_name: Mapping[str, Document]

    @property
    def main(self) -> Document:
        """The WSDL that the correlator names."""
        return next(iter(self.by_name.values()))

    def file(self, name: str) -> str:
        """Return a file's name relative to the home, as problems give it."""
        return f"wsdl/{self.service}/{name}"

    def hashes(self) -> dict[str, str]:
        """Return the SHA-256 of each file, in hexadecimal, by its name."""
        return {name: document.sha256 for name, document in self.by_name.items()}

    def target(self, document: Document, location: str) -> Document:
        """Return the document that a location in another one means; both were read by `collect`."""
        return self.by_name[target_name(document.name, location)]


def references(root: Element) -> Iterator[Element]:
    """Yield the elements that name another file: wsdl:import, and import, include, redefine of schemas."""
    for element in root.iter(
        f"{{{WSDL}}}import", f"{{{XSD}}}import", f"{{{XSD}}}include", f"{{{XSD}}}redefine"
    ):
        if element.get(location_attribute(element)):
            yield element


def location_attribute(element: Element) -> str:
    """Return the name of the attribute that holds the location."""
    return "location" if element.tag == f"{{{WSDL}}}import" else "schemaLocation"


def inline_schemas(document: Document) -> list[Element]:
    """Return the schemas inside a WSDL, in order."""
    return document.root.findall(f"{{{WSDL}}}types/{{{XSD}}}schema")


class Folder:
    """A service's folder, beyond which nothing is read."""

    def __init__(self, path: Path) -> None:
        self._path = os.path.realpath(path)

    def read(self, name: str) -> bytes:
        """Return what is in a file; `name` is relative, without "..". ValueError: it cannot be had, and why."""
        path = self._file(name)
        if not path.startswith(f"{self._path}/"):
            raise ValueError(f"{name} leads out of the service's folder")
        try:
            with open(path, "rb") as stream:  # noqa: PTH123  a thousand services: Path takes as long as reading
                return stream.read()
        except OSError as error:
            raise ValueError(f"{name} cannot be read: {error.strerror}") from None

    def _file(self, name: str) -> str:
        """Return the path behind all links."""
        path = self._path
        for part in name.split("/"):
            path = f"{path}/{part}"
            if os.path.islink(path):  # noqa: PTH114  as above
                return os.path.realpath(f"{self._path}/{name}")
        return path

    def holds(self, hashes: Mapping[str, str]) -> bool:
        """Tell whether files still are what they were when `Documents.hashes` was made."""
        try:
            return all(sha256(self.read(name)).hexdigest() == known for name, known in hashes.items())
        except ValueError:
            return False


def collect(service: str, wsdl: Path, folder: Path) -> tuple[Documents, list[Problem]]:
    """Read the WSDL and what it refers to, from `folder` only; return what could be read, and what is wrong."""
    name = wsdl.relative_to(folder).as_posix()
    reader = _Reader(service, folder)
    reader.read(name, partial(Problem, f"wsdl/{service}/correlator.toml", "wsdl"))
    pending = [name]
    while pending:
        document = reader.documents.get(pending.pop())
        if document is not None:
            pending.extend(reader.read_references(document))
    return Documents(service, reader.documents), reader.problems


class _Reader:
    """Reads files once each and gathers what is wrong with them."""

    def __init__(self, service: str, folder: Path) -> None:
        self._service = service
        self._folder = Folder(folder)
        self.documents: dict[str, Document] = {}
        self.problems: list[Problem] = []
        self._failed: set[str] = set()

    def read_references(self, document: Document) -> list[str]:
        """Read the files that a document refers to; return the names of those not seen before."""
        names = []
        for element in references(document.root):
            blame = partial(self._blame, document, element)
            if element.tag == f"{{{XSD}}}redefine":
                self.problems.append(blame("xsd:redefine is not supported"))
                continue
            location = element.get(location_attribute(element), "")
            try:
                name = target_name(document.name, location)
            except ValueError as error:
                self.problems.append(blame(str(error)))
                continue
            if name not in self.documents and name not in self._failed:
                self.read(name, blame)
                names.append(name)
        return names

    def read(self, name: str, blame: Callable[[str], Problem]) -> None:
        """Read one file; `blame` makes a problem of whoever wants it."""
        own_file = f"wsdl/{self._service}/{name}"
        if len(self.documents) >= _MOST_FILES:
            self._fail(name, blame(f"more than {_MOST_FILES} files belong to this contract"))
            return
        try:
            data = self._folder.read(name)
        except ValueError as error:
            self._fail(name, blame(str(error)))
            return
        try:
            self.documents[name] = Document(name, data, parse_trusted(data), sha256(data).hexdigest())
        except GatewayError as error:
            self._fail(name, Problem(own_file, "", error.text))
            return
        root = self.documents[name].root
        if root.tag not in {f"{{{WSDL}}}definitions", f"{{{XSD}}}schema"}:
            del self.documents[name]
            wanted = (
                "WSDL 2.0 is not supported; a WSDL 1.1"
                if str(root.tag).startswith(f"{{{WSDL_2}}}")
                else "A WSDL 1.1"
            )
            self._fail(name, Problem(own_file, "", f"{wanted} or an XML Schema is expected"))

    def _fail(self, name: str, problem: Problem) -> None:
        self._failed.add(name)
        self.problems.append(problem)

    def _blame(self, document: Document, element: Element, text: str) -> Problem:
        return Problem(f"wsdl/{self._service}/{document.name}", place(element), text)


def target_name(base: str, location: str) -> str:
    """Return the name of the file that a location in file `base` means. ValueError: none of the folder."""
    try:
        parts = urlsplit(location)
    except ValueError:
        raise ValueError(f"{location!r} is no location") from None
    if parts.scheme or parts.netloc:
        raise ValueError(f"{location} is not fetched: put a copy into the service's folder and refer to it")
    if not parts.path or parts.path.startswith("/") or parts.query:
        raise ValueError(f"{location!r} does not name a file of the service's folder")
    name = posixpath.normpath(posixpath.join(posixpath.dirname(base), unquote(parts.path)))
    if name.startswith("../") or name == ".." or "\\" in name or "\x00" in name:
        raise ValueError(f"{location!r} leads out of the service's folder")
    return name


def place(element: Element) -> str:
    """Return where an element stands, for people: its named ancestors and its line."""
    steps = []
    for node in (*reversed(list(element.iterancestors())), element):
        name = node.get("name") if node.getparent() is not None else None
        if name or node is element:
            local = str(node.tag).rpartition("}")[2]
            steps.append(f"{local} {name}" if name else local)
    return f"{' / '.join(steps)} (line {line_of(element)})"


def line_of(element: Element) -> int:
    """Return the line that an element stands in, 1 where the parser did not keep it."""
    line: Any = element.sourceline
    return line or 1
