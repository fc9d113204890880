"""What may stand where in an assertion: an allow-list of elements, attributes and text.

This takes the place of validation against the SAML schemas, and is narrower: no wildcards, no abstract or
derived types, no place for an element of another namespace beside the one `ds:Signature`. So an assertion
has no corner in which another one, or somebody else's signed part, could be kept. Cost is linear: each
element is looked at once.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.safexml import Element, children
from gateway.wss.names import SAML1, SAML2, WSU, XML
from gateway.wss.saml.names import XS, XSI, XSI_NIL, XSI_TYPE

MANY: Final = 1_000_000
MAX_ELEMENTS: Final = 5000
"""Elements of one assertion; group lists of some hundred values are the longest seen."""

_BLANK: Final = " \t\r\n"
_CLOSED: Final = frozenset({"", XML, WSU, XSI, SAML1, SAML2})
"""Namespaces whose attributes stand only where a shape names them; "" is for no namespace."""
_ANYTHING: Final = re.compile(r"(?s:.*)")
_WHOLE: Final = re.compile(r"[+-]?[0-9]{1,9}")
_VALUE_TYPES: Final[Mapping[str, re.Pattern[str]]] = {
    "anyType": _ANYTHING,
    "string": _ANYTHING,
    "anyURI": _ANYTHING,
    "boolean": re.compile(r"true|false|[01]"),
    "int": _WHOLE,
    "integer": _WHOLE,
    "long": _WHOLE,
}
"""Types of XML Schema that stacks give to an AttributeValue, and the texts that they may hold."""


@dataclass(frozen=True, slots=True)
class Part:
    """One step in the order of an element's children: any of `tags`, `least` to `most` times."""

    tags: frozenset[str]
    least: int = 0
    most: int = MANY


@dataclass(frozen=True, slots=True)
class Shape:
    """What one element may look like. Attributes are those without a namespace."""

    type: str = ""
    """Name of its type in the schema of SAML, for `xsi:type`; empty: none may be given."""
    parts: tuple[Part, ...] = ()
    needed: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()
    text: bool = False
    value: bool = False
    """An AttributeValue: text, and `xsi:type` and `xsi:nil` as XML Schema has them."""
    extensible: bool = False
    """Takes attributes of other namespaces, which nobody here reads."""
    facets: Mapping[str, re.Pattern[str]] = field(default_factory=dict)
    """What the value of an attribute looks like, where nobody reads it who would notice."""


def one(*tags: str) -> Part:
    """Return a part that stands there once, as one of the tags."""
    return Part(frozenset(tags), 1, 1)


def maybe(*tags: str) -> Part:
    """Return a part that may stand there once."""
    return Part(frozenset(tags), 0, 1)


def some(tags: Iterable[str], least: int = 1) -> Part:
    """Return a part that stands there `least` times or more."""
    return Part(frozenset(tags), least)


def leaf(kind: str = "", needed: str = "", optional: str = "", *, text: bool = False) -> Shape:
    """Return the shape of an element without children; attributes are separated by blanks."""
    return Shape(kind, needed=frozenset(needed.split()), optional=frozenset(optional.split()), text=text)


def misplaced(root: Element, grammar: Mapping[str, Shape]) -> str:
    """Return what does not belong in an assertion, empty when all does.

    An element that the grammar lets stand without giving it a shape is opaque: its inside is judged elsewhere.
    """
    pending = [root]
    while pending:
        element = pending.pop()
        shape = grammar.get(element.tag)
        if shape is None:
            continue
        nodes = children(element)
        found = _children(nodes, shape) or _attributes(element, shape) or _text(element, nodes, shape)
        if found:
            return f"{shown(element)}: {found}"
        pending.extend(nodes)
    return ""


def shown(element: Element) -> str:
    """Return an element's local name, short enough for a line of a log."""
    return str(element.tag).rpartition("}")[2][:60]


def _children(nodes: list[Element], shape: Shape) -> str:
    if not nodes and not shape.parts:
        return ""
    steps = iter(shape.parts)
    step: Part | None = next(steps, None)
    count = 0
    for child in nodes:
        tag = child.tag
        while step is not None and (tag not in step.tags or count == step.most):
            if count < step.least:
                return f"{_names(step)} is missing before {shown(child)}"
            step, count = next(steps, None), 0
        if step is None:
            return f"{shown(child)} does not belong here"
        count += 1
    while step is not None:
        if count < step.least:
            return f"{_names(step)} is missing"
        step, count = next(steps, None), 0
    return ""


def _names(part: Part) -> str:
    return " or ".join(sorted(tag.rpartition("}")[2] for tag in part.tags))


def _attributes(element: Element, shape: Shape) -> str:
    present = frozenset(element.keys())
    if present == shape.needed and not shape.facets:
        return ""
    if missing := shape.needed - present:
        return f"attribute {min(missing)} is missing"
    for name in present - shape.needed - shape.optional:
        text = str(name)
        if text == XSI_TYPE and not _wrong_type(element, shape):
            continue
        if text == XSI_NIL and shape.value and element.get(name) in {"true", "1"} and not element.text:
            continue
        space = text[1:].partition("}")[0] if text.startswith("{") else ""
        if not shape.extensible or space in _CLOSED:
            return f"attribute {text.rpartition('}')[2][:60]} does not belong here"
    for key, facet in shape.facets.items():
        if key in present and not facet.fullmatch(element.get(key) or ""):
            return f"attribute {key} has a value that it cannot have"
    return ""


def _wrong_type(element: Element, shape: Shape) -> bool:
    """Tell whether `xsi:type` names another type than the element's own."""
    prefix, _, local = (element.get(XSI_TYPE) or "").strip(_BLANK).rpartition(":")
    space = element.nsmap.get(prefix or None)
    if shape.value:
        pattern = _VALUE_TYPES.get(local) if space == XS else None
        if pattern is None:
            return True
        text = element.text or ""
        return not pattern.fullmatch(text if pattern is _ANYTHING else text.strip(_BLANK))
    own = element.tag.partition("}")[0][1:]
    return not shape.type or (space, local) != (own, shape.type)


def _text(element: Element, nodes: list[Element], shape: Shape) -> str:
    if shape.text:
        return ""
    between = [element.text, *[child.tail for child in nodes]]
    stray = [text for text in between if text and text.strip(_BLANK)]
    return "text stands where none belongs" if stray else ""
