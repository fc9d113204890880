"""Entries by the meaning of their properties: records that went through the mapping table."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from gateway.migrate.findings import Findings
from gateway.migrate.mapping import NameMap
from gateway.migrate.places import Place
from gateway.migrate.records import Property, Record


@dataclass(frozen=True, slots=True)
class Entry:
    """A bundle, an operation of a service, or the server."""

    place: Place
    said: Mapping[str, tuple[Property, ...]]
    """By property, the values that count: those of the nearest level that has any; blanks before them."""

    def text(self, name: str) -> str:
        """Return a value, empty where there is none."""
        found = self.said.get(name, ())
        return next((one.value for one in found if one.value), "")

    def at(self, name: str) -> Place:
        """Return where a value stands, or the entry itself."""
        found = self.said.get(name, ())
        return next((one.place for one in found if one.value), found[0].place if found else self.place)

    def texts(self, name: str) -> tuple[str, ...]:
        """Return the words of a list, however it is written: repeated, by blanks, commas or semicolons."""
        values = (one.value for one in self.said.get(name, ()))
        words = (word for value in values for word in value.replace(",", " ").replace(";", " ").split())
        return tuple(dict.fromkeys(words))

    def has(self, name: str) -> bool:
        """Tell whether a property is there and not blank."""
        return bool(self.text(name))


def understand(names: NameMap, record: Record, findings: Findings) -> Entry:
    """Return an entry; what the table does not know is told, once for each place."""
    said: dict[str, tuple[Property, ...]] = {}
    bare: list[Property] = []
    for level in record.levels:
        of_level: dict[str, list[Property]] = {}
        for one in level:
            name = names.property_of(record.kind, one.path, one.entry)
            if name is None:
                _tell(names, record, one, findings)
            elif record.kind == "correlator" and name == "name":
                bare.append(one)
            else:
                of_level.setdefault(name, []).append(one)
        for name, found in of_level.items():
            if not any(
                one.value for one in said.get(name, ())
            ):  # a blank is no word against what stands around
                said[name] = (*said.get(name, ()), *found)
    for one in bare:
        _name(one, said, findings)
    return Entry(record.place, said)


def _name(one: Property, said: dict[str, tuple[Property, ...]], findings: Findings) -> None:
    """Take the bare `name` of a correlator: of an element called so the operation's, else the service's."""
    meant = "operation" if "operation" in one.entry else "service"
    for name in (meant, "operation"):
        if not any(other.value for other in said.get(name, ())):
            said[name] = (one,)
            return
    findings.spare("is only a name: service and operation are named beside it", one.place)


def _tell(names: NameMap, record: Record, one: Property, findings: Findings) -> None:
    if names.is_needless(record.kind, one.path):
        findings.spare("has no counterpart here", one.place)
    else:
        tell_stranger(one, findings)


def tell_stranger(one: Property, findings: Findings) -> None:
    """Tell of one property that nobody knows."""
    findings.stranger("is not known to the mapping table", one.place)


def together(entries: Iterable[Entry], findings: Findings, what: str) -> Entry | None:
    """Return one entry made of several; where they say different things the first counts, and that is told."""
    said: dict[str, tuple[Property, ...]] = {}
    place: Place | None = None
    for entry in entries:
        place = place or entry.place
        for name, found in entry.said.items():
            before = said.setdefault(name, found)
            if [one.value for one in before] != [one.value for one in found]:
                text = f"{what} has another {name.replace('_', ' ')} at {before[0].place}, which counts"
                findings.contradict(text, found[0].place)
    return Entry(place, said) if place else None
