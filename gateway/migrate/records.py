"""Properties of entries, as tolerantly as the mapping table says: attributes, child elements, pairs, lines.

An element is an entry by its name, with a property that tells, or by the properties that it has, whatever it is
called. Groups inside it belong to it. An entry inside one of its own kind (operations of a service) inherits
what stands around it, and only the innermost count.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from itertools import chain
from typing import Any, Final

from gateway.migrate.mapping import KINDS, Kind, NameMap, fold
from gateway.migrate.places import Place
from gateway.safexml import Element, children, is_element

_MOST_GROUPS: Final = 8
"""Names of a property's path; what is nested more deeply is told as not understood."""
_TELLING: Final[dict[Kind, frozenset[str]]] = {
    "bundle": frozenset({"host", "port", "datastore", "tpipes"}),
    "correlator": frozenset({"operation", "bundle", "transaction", "callout_bundles", "converter", "token"}),
    "server": frozenset(),
}
"""Properties of which one is enough where the element has a familiar name."""


@dataclass(frozen=True, slots=True)
class Property:
    """One name with its value."""

    path: tuple[str, ...]
    """Folded names: groups first, its own last. Empty for the text of the element that is being read."""
    value: str = field(repr=False)
    place: Place
    entry: str = ""
    """Folded name of the element whose entry it belongs to."""


@dataclass(frozen=True, slots=True)
class Record:
    """One entry."""

    kind: Kind
    place: Place
    levels: tuple[tuple[Property, ...], ...]
    """Its own properties, then those that it inherits, the nearest first."""


@dataclass(frozen=True, slots=True)
class Document:
    """What one file holds."""

    records: tuple[Record, ...]
    strangers: tuple[Property, ...]
    """What stands outside of every entry."""


@dataclass(frozen=True, slots=True)
class _Node:
    element: Element
    kind: Kind | None
    own: tuple[Property, ...]
    entries: tuple["_Node", ...]


def read_records(names: NameMap, file: str, root: Element) -> Document:
    """Return every entry of a document, and what stands outside of entries."""
    reader = _Reader(names, file)
    node = reader.node(root, frozenset())
    records: list[Record] = []
    strangers: list[Property] = [] if node.kind else list(node.own)
    for top in (node,) if node.kind else node.entries:
        reader.emit(top, (), records, strangers)
    return Document(tuple(records), tuple(strangers))


def record_of_lines(names: NameMap, file: str, properties: tuple[Property, ...]) -> Record | None:
    """Return the entry that a file of properties is; None: it is none that is known."""
    best: tuple[int, Kind] | None = None
    for kind in KINDS:
        known = _known(names, kind, properties)
        if (
            _whole(names, kind, known)
            and _plain(names, kind, properties)
            and (best is None or len(known) > best[0])
        ):
            best = (len(known), kind)
    return Record(best[1], Place(file), (properties,)) if best else None


def _known(names: NameMap, kind: Kind, properties: Iterable[Property]) -> set[str]:
    """Return the properties of a kind that are there."""
    found = (names.property_of(kind, one.path, one.entry) for one in properties if one.path)
    return {name for name in found if name is not None}


def _whole(names: NameMap, kind: Kind, known: set[str]) -> bool:
    return any(needed <= known for needed in names.kinds[kind].recognised_by)


def _plain(names: NameMap, kind: Kind, properties: Iterable[Property]) -> bool:
    """Tell whether a property has a name that means it anywhere: `port` alone may be anybody's."""
    known = names.kinds[kind].by_spelling
    return any(
        one.path and one.path[-1] in known and one.path[-1] not in names.ambiguous for one in properties
    ) or any("".join(one.path) in known and len(one.path) > 1 for one in properties)


def _owned(kind: Kind, name: str, own: Iterable[Property], *, familiar: bool) -> tuple[Property, ...]:
    """Return properties as those of an entry of that element.

    Of the server any element may speak: what such a one is called is then a group, `https` of `port`.
    """
    if kind == "server" and not familiar:
        return tuple(replace(one, path=(name, *one.path)) for one in own if one.path)
    return tuple(replace(one, entry=name) for one in own if one.path)


class _Reader:
    """Reads one document, from the leaves up, so that everything is looked at once."""

    def __init__(self, names: NameMap, file: str) -> None:
        self._names = names
        self._file = file

    def node(self, element: Element, above: frozenset[Kind]) -> _Node:
        """Return what an element holds. `above`: kinds that elements around it are named like."""
        name = fold(_local(element))
        named = frozenset(kind for kind in KINDS if name in self._names.kinds[kind].elements)
        own = list(self._attributes(element))
        entries: list[_Node] = []
        inner = [child for child in children(element) if is_element(child)]
        for child in inner:
            if (pair := self._pair(child)) is not None:
                own.append(pair)
                continue
            node = self.node(child, above | named)
            if node.kind:
                entries.append(node)
            else:
                own += _below(fold(_local(child)), node.own)
                entries += node.entries
        text = _text(element)
        if text or not (inner or element.attrib):
            own.append(Property((), text, self._place(element)))
        return _Node(element, self._kind(name, named, own, above), tuple(own), tuple(entries))

    def emit(
        self,
        node: _Node,
        inherited: tuple[tuple[Property, ...], ...],
        records: list[Record],
        strangers: list[Property],
    ) -> None:
        """Add the entries at and in a node."""
        assert node.kind is not None, "only entries are emitted"
        name = fold(_local(node.element))
        familiar = name in self._names.kinds[node.kind].elements
        own = _owned(node.kind, name, node.own, familiar=familiar)
        below = (own, *inherited)
        same = [inner for inner in node.entries if inner.kind == node.kind]
        for inner in node.entries:
            self.emit(inner, below if inner.kind == node.kind else (), records, strangers)
        if same:
            return
        known = _known(self._names, node.kind, chain.from_iterable(below))
        if known & _TELLING[node.kind] or _whole(self._names, node.kind, known):
            records.append(Record(node.kind, self._place(node.element), below))
        else:
            strangers += own

    def _kind(
        self, name: str, named: frozenset[Kind], own: list[Property], above: frozenset[Kind]
    ) -> Kind | None:
        """Return the kind of entry that an element is; within one called like a kind, groups stay groups."""
        best: tuple[tuple[bool, int], Kind] | None = None
        for kind in KINDS:
            familiar = kind in named
            owned = _owned(kind, name, own, familiar=familiar)
            known = _known(self._names, kind, owned)
            whole = _whole(self._names, kind, known)
            if familiar:
                fits = bool(known) and (bool(known & _TELLING[kind]) or kind in above or whole)
            else:
                fits = whole and kind not in above and _plain(self._names, kind, owned)
            if fits and (best is None or (familiar, len(known)) > best[0]):
                best = ((familiar, len(known)), kind)
        return best[1] if best else None

    def _attributes(self, element: Element) -> Iterator[Property]:
        for name, value in element.attrib.items():
            if fold(str(name)) not in self._names.ignored:
                shown = str(name).rpartition("}")[2]
                yield Property((fold(str(name)),), str(value).strip(), self._place(element, f"/@{shown}"))

    def _pair(self, element: Element) -> Property | None:
        """Return the property that an element of a pair holds; None: it is none."""
        if fold(_local(element)) not in self._names.pairs:
            return None
        said = {fold(str(name)): str(value).strip() for name, value in element.attrib.items()}
        inner = [one for one in children(element) if is_element(one)]
        if any(len(one) or one.attrib for one in inner):
            return None
        for one in inner:
            said.setdefault(fold(_local(one)), _text(one))
        key = next((said[name] for name in self._names.pair_names if said.get(name)), "")
        value = next((said[name] for name in self._names.pair_values if name in said), None)
        if value is None and not inner:
            value = _text(element)
        if not key or value is None:
            return None
        return Property(dotted_path(key), value, self._place(element, f" {key}"))

    def _place(self, element: Element, more: str = "") -> Place:
        return Place(self._file, _line(element), f"{_local(element)}{more}")


def _line(element: Element) -> int:
    line: Any = element.sourceline
    return line or 1


def dotted_path(key: str) -> tuple[str, ...]:
    """Return the path of a name whose groups stand before dots."""
    return tuple(fold(part) for part in key.split(".") if fold(part)) or (key,)


def _below(name: str, own: tuple[Property, ...]) -> Iterator[Property]:
    """Yield a child's properties as its parent's. A lone value, or text, is that of the child's name."""
    texts = any(not one.path and one.value for one in own)
    for one in own:
        alone = one.path == ("value",) and not texts
        path = (name,) if alone else (name, *one.path)
        if len(path) <= _MOST_GROUPS:
            yield replace(one, path=path)


def _local(element: Element) -> str:
    return str(element.tag).rpartition("}")[2]


def _text(element: Element) -> str:
    """Return the text that stands directly in an element, comments left out."""
    tails = (child.tail for child in children(element))
    return "".join(part for part in (element.text, *tails) if part).strip()
