"""The files of an installation: found without following links, read whole, sorted by what they are."""

import os
import re
import stat
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from gateway.errors import GatewayError, M
from gateway.migrate.places import Place, RefusedError
from gateway.migrate.text import Text, xml_text
from gateway.safexml import Bounds, Element, parse_trusted

_MOST_FILES: Final = 50_000
_MOST_BYTES: Final = 20_000_000
_BOUNDS: Final = Bounds(max_bytes=2 * _MOST_BYTES, max_depth=100, max_elements=1_000_000, max_attributes=500)
_STORES: Final = frozenset({".jks", ".jceks", ".keystore", ".truststore", ".ks", ".ts", ".p12", ".pfx"})
_CERTIFICATES: Final = frozenset({".pem", ".crt", ".cer", ".der", ".arm"})
_PROPERTIES: Final = frozenset({".properties", ".props", ".cfg", ".conf", ".config", ".ini"})
_XML: Final = frozenset({".xml", ".wsdl", ".xsd", ".corr", ".correlator"})
_NEVER: Final = frozenset({".log", ".class", ".jar", ".so", ".dll", ".exe", ".zip", ".gz", ".tar", ".pax"})
_MAGIC: Final = (b"\xfe\xed\xfe\xed", b"\xce\xce\xce\xce")
WSDL_NAMESPACE: Final = "http://schemas.xmlsoap.org/wsdl/"
XSD_NAMESPACE: Final = "http://www.w3.org/2001/XMLSchema"


@dataclass(frozen=True, slots=True)
class XmlFile:
    """A file of XML that was read."""

    name: str
    """Relative to the installation, with slashes."""
    root: Element = field(repr=False)
    text: Text = field(repr=False)

    @property
    def is_wsdl(self) -> bool:
        """Whether it is a WSDL 1.1."""
        return self.root.tag == f"{{{WSDL_NAMESPACE}}}definitions"

    @property
    def is_schema(self) -> bool:
        """Whether it is an XML Schema."""
        return self.root.tag == f"{{{XSD_NAMESPACE}}}schema"


@dataclass(frozen=True, slots=True)
class Refused:
    """A file that was not read, and why."""

    place: Place
    reason: str


@dataclass(frozen=True, slots=True)
class Source:
    """The files below one folder. Nothing in it is ever written."""

    folder: Path
    files: tuple[str, ...]
    """Regular files, relative, sorted."""
    refused: tuple[Refused, ...]
    """Links, and what is no file."""

    def read(self, name: str) -> bytes:
        """Return what a file holds. RefusedError: it cannot be read, is no file, or too long."""
        try:
            descriptor = os.open(self.folder / name, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK)
            with os.fdopen(descriptor, "rb") as file:
                if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
                    raise RefusedError("is no regular file")
                data = file.read(_MOST_BYTES + 1)
        except OSError as error:
            raise RefusedError(f"cannot be read: {error.strerror}") from None
        if len(data) > _MOST_BYTES:
            raise RefusedError(f"is longer than {_MOST_BYTES} bytes")
        return data

    def xml(self, name: str) -> XmlFile:
        """Return a file of XML. RefusedError: it is none, or one that the hardened parser refuses."""
        text = xml_text(self.read(name))
        try:
            return XmlFile(name, parse_trusted(text.text.encode(errors="strict"), _BOUNDS), text)
        except UnicodeEncodeError:
            raise RefusedError("holds half of a surrogate pair") from None
        except GatewayError as error:
            raise RefusedError(_xml_reason(error), _xml_line(text.text, error)) from None


def find_files(folder: Path) -> Source:
    """List a folder and all below it. Links are refused, not followed. Raises OSError: no such folder."""
    files: list[str] = []
    refused: list[Refused] = []
    for name, mode in sorted(_walk(folder, "")):
        if stat.S_ISLNK(mode):
            refused.append(Refused(Place(name), "is a symbolic link, which is not followed"))
        elif not stat.S_ISREG(mode):
            refused.append(Refused(Place(name), "is no regular file" if mode else "cannot be read"))
        elif len(files) >= _MOST_FILES:
            refused.append(Refused(Place(name), f"is left out: there are more than {_MOST_FILES} files"))
            break
        elif not _is_text(name):
            refused.append(Refused(Place(name), "has a name that is no text"))
        else:
            files.append(name)
    return Source(folder, tuple(files), tuple(refused))


def _is_text(name: str) -> bool:
    """Tell a name of characters from one of octets that are none."""
    try:
        return name.isprintable() and bool(name.encode())
    except UnicodeEncodeError:
        return False


def _walk(folder: Path, prefix: str) -> Iterator[tuple[str, int]]:
    """Yield names and modes of what is no folder; mode 0: a folder that cannot be listed."""
    pending = [(folder, prefix)]
    while pending:
        here, before = pending.pop()
        try:
            entries = list(os.scandir(here))
        except OSError:
            if not before:
                raise
            yield before.rstrip("/"), 0
            continue
        for entry in entries:
            mode = entry.stat(follow_symlinks=False).st_mode
            if stat.S_ISDIR(mode):
                pending.append((here / entry.name, f"{before}{entry.name}/"))
            else:
                yield f"{before}{entry.name}", mode


def is_of_interest(name: str) -> bool:
    """Tell whether a file is worth reading: logs, programs and hidden files are not."""
    return Path(name).suffix.lower() not in _NEVER and not Path(name).name.startswith(".")


def looks_like(name: str, data: bytes) -> str:
    """Say what a file may be: "xml", "store", "certificate", "properties", or "" for nothing that is read."""
    suffix = Path(name).suffix.lower()
    if data.startswith(_MAGIC) or suffix in _STORES:
        return "store"
    if suffix in _CERTIFICATES:
        return "certificate"
    if suffix in _XML or _begins_like_xml(data):
        return "xml"
    return "properties" if suffix in _PROPERTIES else ""


def _begins_like_xml(data: bytes) -> bool:
    start = data[:64].lstrip(b"\xef\xbb\xbf\xff\xfe\x00 \t\r\n\x40\x15\x25")
    return start.startswith((b"<?xml", b"<\x00?", b"\x00<", b"\x4c\x6f\xa7\x94"))


def _xml_reason(error: GatewayError) -> str:
    if error.message is M.DOCTYPE:
        return "is refused: it has a document type, which is never read; take the <!DOCTYPE> out of a copy"
    reason = error.fields.get("reason") or error.fields.get("bound") or ""
    what = "is not well-formed XML" if error.message is M.NOT_XML else "is refused"
    return f"{what}: {reason}" if reason else f"is refused: {error.text}"


def _xml_line(text: str, error: GatewayError) -> int:
    """Return the line of a mistake, 0 where it cannot be told."""
    if error.message is M.DOCTYPE:
        return text.count("\n", 0, text.find("<!DOCTYPE")) + 1
    said = re.search(r"line (\d+)", error.text)
    return int(said[1]) if said else 0
