"""Reading elements of a signature against an allow-list: attributes, children, text, base64."""

from collections.abc import Iterable
from typing import Final

from gateway.errors import WssFault
from gateway.safexml import Element, children
from gateway.wss.names import INCLUSIVE_NAMESPACES
from gateway.wss.octets import octets_of
from gateway.wss.rules import R
from gateway.wss.verdict import RuleBrokenError, Trail

NO_ATTRIBUTES: Final[frozenset[str]] = frozenset()
ONLY_ALGORITHM: Final = frozenset({"Algorithm"})

_PREFIX_LIST: Final = frozenset({"PrefixList"})
_XML_SPACE: Final = " \t\r\n"


def strange(trail: Trail, detail: str) -> RuleBrokenError:
    """Note that a signature holds what is not needed and return the exception to raise."""
    return trail.broken(R.SIG_SHAPE, detail, WssFault.INVALID_SECURITY)


def children_of(element: Element, attributes: frozenset[str], trail: Trail) -> list[Element]:
    """Return the child elements of one that has no other attributes, and no text between its children."""
    _judge_attributes(element, attributes, trail)
    nodes = children(element)
    if text_between(element, nodes):
        raise strange(trail, "text where elements belong")
    return nodes


def text_between(element: Element, nodes: Iterable[Element]) -> bool:
    """Whether more than white space stands between the children of an element."""
    text = element.text
    if text and text.strip(_XML_SPACE):
        return True
    for child in nodes:
        text = child.tail
        if text and text.strip(_XML_SPACE):
            return True
    return False


def parameters_of(element: Element, trail: Trail) -> str:
    """Return the Algorithm of an element that has no parameters."""
    if _is_empty(element):
        _judge_attributes(element, ONLY_ALGORITHM, trail)
    elif children_of(element, ONLY_ALGORITHM, trail):
        raise strange(trail, "parameters of an algorithm that has none")
    return element.get("Algorithm", "")


def octets_in(element: Element, attributes: frozenset[str], trail: Trail) -> bytes:
    """Return the bytes that stand in an element as base64."""
    _judge_attributes(element, attributes, trail)
    try:
        return octets_of(element)
    except ValueError as error:
        raise trail.broken(R.SIG_OCTETS, f"base64: {error}", WssFault.INVALID_SECURITY) from error


def prefixes_of(element: Element, trail: Trail) -> tuple[str, ...]:
    """Return the PrefixList of a method or transform: white space splits it, repetition says nothing."""
    if _is_empty(element):
        _judge_attributes(element, ONLY_ALGORITHM, trail)
        return ()
    parameters = children_of(element, ONLY_ALGORITHM, trail)
    if not parameters:
        return ()
    if len(parameters) != 1 or parameters[0].tag != INCLUSIVE_NAMESPACES or len(parameters[0]):
        raise strange(trail, "canonicalization has other parameters than InclusiveNamespaces")
    _judge_attributes(parameters[0], _PREFIX_LIST, trail)
    return tuple(dict.fromkeys(parameters[0].get("PrefixList", "").split()))


def _is_empty(element: Element) -> bool:
    """Whether nothing stands in an element, as with almost every method and transform."""
    return not len(element) and not element.text


def _judge_attributes(element: Element, attributes: frozenset[str], trail: Trail) -> None:
    names = element.keys()
    if names and not attributes.issuperset(names):
        raise strange(trail, "an attribute that does not belong there")
