"""Groups of a schema that refer to groups: how large they are once libxml2 has put them in.

Each of thirty groups that holds the one before it twice is a few kilobytes of schema and a billion states of
libxml2's: gigabytes, and minutes in which nothing else runs. So the sum is made before.
"""

import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.safexml import Element, SchemaError, reread

MOST: Final = 200_000
"""Elements, attributes and wildcards of one declaration, those of groups counted wherever they are put in."""
_DEEPEST: Final = 200
_XSD: Final = "{http://www.w3.org/2001/XMLSchema}"
_GROUPS: Final = (f"{_XSD}group", f"{_XSD}attributeGroup")
_ANY_GROUP: Final = re.compile(rb"[gG]roup\s")
_LEAVES: Final = tuple(f"{_XSD}{name}" for name in ("element", "any", "attribute", "anyAttribute"))

_Name = tuple[str, str, str]
"""Tag, namespace, local name."""


def refuse_explosive(documents: Mapping[str, bytes]) -> None:
    """Raise SchemaError for declarations that are too large. `documents` as `compile_schema` takes them."""
    if not any(_ANY_GROUP.search(data) for data in documents.values()):
        return
    roots = {address: reread(data) for address, data in documents.items()}
    sizes = _Sizes(roots.values())
    wrong = tuple(
        (address, _line(declared), text)
        for address, root in roots.items()
        for declared in root.iterchildren(*_GROUPS, *_LEAVES, f"{_XSD}complexType")
        if (text := sizes.complaint(declared))
    )
    if wrong:
        raise SchemaError(wrong)


def _line(element: Element) -> int:
    line: Any = element.sourceline
    return line or 0


class _Sizes:
    def __init__(self, roots: Iterable[Element]) -> None:
        self._groups: dict[_Name, Element] = {}
        for root in roots:
            for group in root.iterchildren(*_GROUPS):
                self._groups[str(group.tag), root.get("targetNamespace", ""), group.get("name", "")] = group
        self._known: dict[Element, int] = {}
        self._under_way: set[Element] = set()

    def complaint(self, declared: Element) -> str:
        """Say what is wrong with the size of a declaration; empty: nothing."""
        self._under_way.clear()
        try:
            size = self._size(declared, 0)
        except RecursionError:
            return f"groups refer to one another more than {_DEEPEST} deep"
        return f"holds more than {MOST} elements or attributes, its groups put in" if size > MOST else ""

    def _size(self, element: Element, depth: int) -> int:
        """Return the size of what stands in an element. Raises RecursionError: it is too deep."""
        if element in self._known:
            return self._known[element]
        if element in self._under_way:
            return 0  # libxml2 refuses what refers to itself
        if depth > _DEEPEST:
            raise RecursionError
        self._under_way.add(element)
        size = sum(1 for _ in element.iter(*_LEAVES))
        for one in element.iter(*_GROUPS):
            target = self._target(one)
            if target is not None:
                size = min(size + self._size(target, depth + 1), MOST + 1)
        self._under_way.discard(element)
        self._known[element] = size
        return size

    def _target(self, reference: Element) -> Element | None:
        """Return the group that is referred to; a schema without a namespace takes that of who includes it."""
        prefix, _, local = reference.get("ref", "").strip().rpartition(":")
        namespace = reference.nsmap.get(prefix or None, "")
        for one in (namespace, ""):
            if local and (found := self._groups.get((str(reference.tag), one, local))) is not None:
                return found
        return None
