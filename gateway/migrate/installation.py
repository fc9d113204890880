"""An installation as a whole: every file read, every entry understood."""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.config.words import shown
from gateway.migrate.entries import Entry, tell_stranger, together, understand
from gateway.migrate.files import Refused, Source, XmlFile, is_of_interest, looks_like
from gateway.migrate.findings import Findings
from gateway.migrate.mapping import Kind, NameMap
from gateway.migrate.places import Place, RefusedError
from gateway.migrate.properties import read_properties
from gateway.migrate.records import Record, read_records, record_of_lines
from gateway.migrate.text import plain_text

Progress = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and how much there is (0: nobody knows)."""


@dataclass(frozen=True, slots=True)
class Installation:
    """What was found."""

    bundles: tuple[Entry, ...]
    operations: tuple[Entry, ...]
    server: Entry | None
    wsdls: tuple[XmlFile, ...]
    schemas: tuple[XmlFile, ...]
    stores: tuple[str, ...]
    """Files that may hold keys or certificates; read where something names them."""
    left_alone: tuple[str, ...]
    """Files that are none of what is read."""
    damaged: tuple[str, ...]
    """Files that should have been read and could not be."""


def read_installation(source: Source, names: NameMap, findings: Findings, progress: Progress) -> Installation:
    """Read every file. What cannot be read is told, and the rest goes on."""
    for refused in source.refused:
        findings.damage(refused.place, refused.reason)
    reader = _Reader(source, names, findings)
    for number, name in enumerate(source.files, start=1):
        progress("Reading files", number, len(source.files))
        reader.file(name)
    return reader.result()


class _Reader:
    def __init__(self, source: Source, names: NameMap, findings: Findings) -> None:
        self._source = source
        self._names = names
        self._findings = findings
        self._entries: dict[Kind, list[Entry]] = {"bundle": [], "correlator": [], "server": []}
        self._wsdls: list[XmlFile] = []
        self._schemas: list[XmlFile] = []
        self._stores: list[str] = []
        self._left_alone: list[str] = []
        self._damaged = [one.place.file for one in source.refused]

    def file(self, name: str) -> None:
        """Read one file."""
        try:
            data = self._source.read(name) if is_of_interest(name) else b""
            kind = looks_like(name, data) if data else ""
            if kind == "xml":
                self._xml(self._source.xml(name))
            elif kind == "properties":
                self._lines(name, data)
            elif kind:
                self._stores.append(name)
            else:
                self._left_alone.append(name)
        except RefusedError as error:
            refused = Refused(Place(name, error.line), str(error))
            self._findings.damage(refused.place, refused.reason)
            self._damaged.append(name)

    def _xml(self, file: XmlFile) -> None:
        if file.is_wsdl:
            self._wsdls.append(file)
            return
        if file.is_schema:
            self._schemas.append(file)
            return
        document = read_records(self._names, file.name, file.root)
        if not document.records:
            root = shown(str(file.root.tag).rpartition("}")[2])
            text = f"nothing in it is known to the mapping table (its root is {root})"
            self._findings.stranger(text, Place(file.name))
            return
        for record in document.records:
            self._record(record)
        for one in document.strangers:
            if one.path and one.value and not self._names.is_needless("server", one.path):
                tell_stranger(one, self._findings)

    def _lines(self, name: str, data: bytes) -> None:
        try:
            properties = read_properties(plain_text(data).text, name)
        except RefusedError:
            if name.endswith(".properties"):
                raise
            self._left_alone.append(name)
            return
        record = record_of_lines(self._names, name, properties)
        if record is None:
            self._left_alone.append(name)
        else:
            self._record(record)

    def _record(self, record: Record) -> None:
        self._entries[record.kind].append(understand(self._names, record, self._findings))

    def result(self) -> Installation:
        """Return what was found so far."""
        return Installation(
            self._bundles(),
            tuple(self._entries["correlator"]),
            together(self._entries["server"], self._findings, "the server"),
            tuple(self._wsdls),
            tuple(self._schemas),
            tuple(self._stores),
            tuple(self._left_alone),
            tuple(self._damaged),
        )

    def _bundles(self) -> tuple[Entry, ...]:
        """Return the bundles, those of one name as one."""
        by_name: dict[str, list[Entry]] = {}
        for entry in self._entries["bundle"]:
            if name := entry.text("name"):
                by_name.setdefault(name, []).append(entry)
            else:
                self._findings.damage(entry.place, "is a connection bundle without a name")
        merged = (together(same, self._findings, f"bundle {shown(name)}") for name, same in by_name.items())
        return tuple(entry for entry in merged if entry is not None)
