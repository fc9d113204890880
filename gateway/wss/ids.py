"""Names of elements: every ID of a message in one index, and no value given twice.

XML Signature points at elements by ID, and which attributes are IDs is for the receiver to know. So all that
anybody takes for one are indexed here, over the whole document. A value that could mean two elements ends the
judgement before a signature is looked at, since signature wrapping lives on that (WSS 4.2; XML Signature 1.1,
section 4.4.3.2). Nothing but this index is asked for the target of a reference.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, Final

from gateway.errors import WssFault
from gateway.safexml import Element
from gateway.wss.names import (
    ASSERTION_11,
    ASSERTION_20,
    DS,
    DS_REFERENCE,
    KEY_IDENTIFIER,
    REFERENCE,
    SIGNATURE,
    WSU_ID,
    XML_ID,
)
from gateway.wss.rules import R
from gateway.wss.verdict import Trail

_ASSERTION_ID: Final = "AssertionID"
_PLAIN: Final = "id"
_OF_SIGNATURE: Final = f"{{{DS}}}"
_NAMES: Final = frozenset({WSU_ID, XML_ID, "Id", "ID", _PLAIN, _ASSERTION_ID})
_ASSERTIONS: Final = frozenset({ASSERTION_11, ASSERTION_20})

_NCNAME: Final = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}")
"""The ASCII part of NCName. It may begin with a digit, which it may not in XML: senders of the field do so."""

_HELD: Final = 1000
"""Nodes that are held for as long as the index: lxml makes an object of a node anew, with its name, for each
look at it, unless somebody still has the one before. Far more than an ordinary message has."""

_MOST_TOLD: Final = 20
"""Values that are remembered as wrong; one is enough to refuse."""


def is_name(value: str) -> bool:
    """Whether a value can be an ID here."""
    return _NCNAME.fullmatch(value) is not None


def id_attribute(tag: str) -> str:
    """Return the Clark name of the attribute by which a reference may name an element with this tag.

    WSS 4.2: `wsu:Id`, except for elements whose own schema has an ID: SAML 2.0, SAML 1.1 and XML Signature.
    """
    if tag == ASSERTION_20:
        return "ID"
    if tag == ASSERTION_11:
        return _ASSERTION_ID
    return "Id" if tag.startswith(_OF_SIGNATURE) else WSU_ID


class IdIndex:
    """All IDs of one document, and its signatures and assertions wherever they stand.

    A plain `id` inside the payload of the Body is business data: it names nothing, and may come twice unless
    something refers to it or another ID has its value.
    """

    def __init__(self, root: Element) -> None:
        self._root = root
        self._held = list(islice(root.iter(), _HELD))
        self._named: dict[str, tuple[Element, str]] = {}
        self._business: Counter[str] = Counter()
        self._several: list[list[str]] = []
        self._duplicates: dict[str, None] = {}
        self._malformed: dict[str, None] = {}
        self.size = 1
        """Elements of the document."""
        namespace, brace, _ = root.tag.rpartition("}")
        body = next(root.iterchildren(f"{namespace}{brace}Body"), None)
        self._read(root, root.keys(), payload=False)
        for child in root.iterchildren("*"):
            self._read_all(child, payload=child is body)
        marked = list(root.iter(SIGNATURE, ASSERTION_11, ASSERTION_20))
        self.signatures = tuple(element for element in marked if element.tag == SIGNATURE)
        """Every ds:Signature of the document, in document order."""
        self.assertions = tuple(element for element in marked if element.tag != SIGNATURE)
        """Every SAML assertion of the document, in document order."""
        self._compare()

    @classmethod
    def of(cls, root: Element) -> "IdIndex":
        """Index the document of a root element; takes time linear in its size."""
        return cls(root)

    @property
    def duplicates(self) -> tuple[str, ...]:
        """Values that two elements have, 20 at most."""
        return tuple(self._duplicates)

    @property
    def malformed(self) -> tuple[str, ...]:
        """Values that are no names, 20 at most."""
        return tuple(self._malformed)

    @property
    def ambiguous(self) -> bool:
        """Whether an element is referred to by two different IDs of its."""
        if not self._several:
            return False
        referenced = frozenset(self._referenced())
        return any(sum(value in referenced for value in values) > 1 for values in self._several)

    def element(self, value: str) -> Element | None:
        """Return the element with this ID, None when there is none."""
        found = self._named.get(value)
        return None if found is None else found[0]

    def attribute(self, value: str) -> str:
        """Return the Clark name of the attribute that gives this ID, empty when there is none."""
        found = self._named.get(value)
        return "" if found is None else found[1]

    def target(self, value: str) -> Element | None:
        """Return the element that a reference to this ID means.

        None when there is none, or when the ID is not in the attribute that is for elements of its kind. For an
        assertion `wsu:Id` will do as well: some senders give it one for their signature.
        """
        found = self._named.get(value)
        if found is None:
            return None
        element, attribute = found
        own = attribute == id_attribute(element.tag)
        return element if own or (attribute == WSU_ID and element.tag in _ASSERTIONS) else None

    def _read_all(self, top: Element, *, payload: bool) -> None:
        names = _NAMES
        self._read(top, top.keys(), payload=False)
        size = 1
        for element in top.iterdescendants("*"):
            size += 1
            keys = element.keys()
            if keys and not names.isdisjoint(keys):
                self._read(element, keys, payload=payload)
        self.size += size

    def _read(self, element: Element, keys: Iterable[Any], *, payload: bool) -> None:
        found: list[str] = []
        for name in _NAMES.intersection(keys):
            if name == _ASSERTION_ID and element.tag != ASSERTION_11:
                continue
            value = element.get(name, "")
            if payload and name == _PLAIN:
                self._business[value] += 1
                continue
            if not is_name(value):
                _note(self._malformed, value)
            elif value in self._named:
                if self._named[value][0] is not element:
                    _note(self._duplicates, value)
            else:
                self._named[value] = (element, name)
                found.append(value)
        if len(found) > 1:
            self._several.append(found)

    def _compare(self) -> None:
        """Find the business data that could be taken for an ID."""
        if not self._business:
            return
        for value in self._business.keys() & self._named.keys():
            _note(self._duplicates, value)
        for value in self._referenced():
            if self._business[value] > 1:
                _note(self._duplicates, value)

    def _referenced(self) -> Iterator[str]:
        """Give every value that something in the document refers to."""
        for element in self._root.iter(DS_REFERENCE, REFERENCE):
            yield element.get("URI", "").removeprefix("#")
        for element in self._root.iter(KEY_IDENTIFIER):
            yield (element.text or "").strip(" \t\r\n")


def _note(values: dict[str, None], value: str) -> None:
    if len(values) < _MOST_TOLD:
        values[value] = None


def judge_ids(root: Element, trail: Trail) -> IdIndex:
    """Index a document and refuse it unless each ID names one element."""
    ids = IdIndex.of(root)
    trail.require(R.ID_NAME, not ids.malformed, "an ID is no name", WssFault.INVALID_SECURITY)
    twice = ", ".join(value[:128] for value in ids.duplicates)
    trail.require(R.ID_UNIQUE, not twice, f"given twice: {twice!a}", WssFault.INVALID_SECURITY)
    trail.require(R.ID_ONE, not ids.ambiguous, "one element by two IDs", WssFault.INVALID_SECURITY)
    return ids
