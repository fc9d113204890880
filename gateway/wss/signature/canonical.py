"""Exclusive XML Canonicalization 1.0 of a subtree, without comments (W3C, 18 July 2002).

libxml2 does it, through lxml. The PrefixList is ours, for lxml looks its entries up among the names that the
calling thread has seen and silently drops all others: `#default` always, and any prefix where the document was
parsed in another thread, as `gateway.safexml` does. What a PrefixList changes is namespace declarations in
start tags only, so they are put right in the canonical form, tag by tag.
"""

import re
from collections.abc import Mapping
from typing import IO, Final, cast

from lxml import etree

from gateway.safexml import Element

DEFAULT: Final = "#default"
"""What a PrefixList calls the default namespace."""

MAX_OCTETS: Final = 128 * 1024 * 1024
"""Most bytes of one canonical form. A declaration comes back at every element that uses it, so a document of
10 MB could have a form of hundreds."""

SMALL: Final = 2000
"""Elements of a document whose canonical form stays below `MAX_OCTETS` under the bounds of `safexml`: 64
declarations of 1000 characters each."""

_EMPTY_DEFAULT: Final = b' xmlns=""'
_DECLARATIONS: Final = rb"(?: xmlns(?::[^=]+)?=\"[^\"]*\")"
# In a canonical form without comments and instructions "<" begins a tag wherever it stands. Declarations follow
# the name, the default one first, the others by prefix.
_TAG: Final = re.compile(rb"<([^\s/>]+)(" + _DECLARATIONS + rb"*)")
_DECLARING_TAG: Final = re.compile(rb"<([^\s/>]+)(" + _DECLARATIONS + rb"+)")
_AMPERSAND: Final = re.compile(rb"<[^\s/>]+" + _DECLARATIONS + rb"* xmlns(?::[^=]+)?=\"[^\"&]*&")
_AMPERSAND_INSIDE: Final = "an ampersand in a namespace name"
"""libxml2 writes it as it is and not as `&amp;`, so two names would have one form. Nothing else that has to be
written otherwise gets past its check of namespace names."""
_DECLARATION: Final = re.compile(rb" xmlns(?::([^=]+))?=\"([^\"]*)\"")


class CanonicalError(Exception):
    """There is no canonical form: a relative namespace name, an instruction, or too long."""


def canonical(apex: Element, prefixes: tuple[str, ...] = (), *, small: bool = True) -> bytes:
    """Return the exclusive canonical form of an element, UTF-8, without comments and without its tail.

    `prefixes` is the InclusiveNamespaces PrefixList; the namespaces are those in scope at the element in the
    live tree. `small` tells that the document has `SMALL` elements at most. Raises CanonicalError, also for a
    namespace name that is relative (XML Namespaces 1.0, section 2; they are never an empty string here).
    """
    octets = _small(apex) if small else _large(apex)
    if b"&" in octets and _AMPERSAND.search(octets):
        raise CanonicalError(_AMPERSAND_INSIDE)
    return _promoted(apex, octets, prefixes) if prefixes else octets


def with_default(octets: bytes) -> bytes:
    """Return a canonical form with a declaration of the default namespace on its apex, empty if there is none.

    Makes the form that the STR-Transform asks for (WSS 1.1.1, section 8.3) of one with `#default` in its list.
    """
    apex = _TAG.match(octets)
    if apex is None or apex[2].startswith(b' xmlns="'):
        return octets
    return octets[: apex.end(1)] + _EMPTY_DEFAULT + octets[apex.end(1) :]


def without_child(octets: bytes, child: Element) -> bytes:
    """Return the canonical form of the parent of `child` without it; the white space around it stays.

    What the child contributes to the form is one piece, and nothing else in the form depends on it. It is found
    by counting tags, since every element has two, so the tree is not touched.
    """
    if b"<?" in octets:
        raise CanonicalError("a processing instruction")
    before = 1 + sum(_tags(sibling) for sibling in child.itersiblings("*", preceding=True))
    start = _nth(octets, before, 0)
    last = _nth(octets, _tags(child) - 2, start + 1)
    return octets[:start] + octets[octets.index(b">", last) + 1 :]


def _tags(element: Element) -> int:
    return 2 * sum(1 for _ in element.iter("*"))


def _nth(octets: bytes, count: int, start: int) -> int:
    """Return where the tag begins that comes after `count` others from `start` on."""
    position = octets.index(b"<", start)
    for _ in range(count):
        position = octets.index(b"<", position + 1)
    return position


# -- libxml2 --------------------------------------------------------------------------------------------------


def _small(apex: Element) -> bytes:
    try:
        return etree.tostring(apex, method="c14n", exclusive=True, with_comments=False, with_tail=False)
    except etree.C14NError:
        raise CanonicalError("no canonical form; a relative namespace name?") from None


class _Pieces:
    """Takes what libxml2 writes, up to a bound."""

    def __init__(self) -> None:
        self._left = MAX_OCTETS
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> None:
        """Keep a piece. Raises CanonicalError when it is too much, which ends the writing."""
        self._left -= len(piece)
        if self._left < 0:
            self._pieces.clear()
            raise CanonicalError("too long")
        self._pieces.append(piece)

    def octets(self) -> bytes:
        """Return all that was written."""
        return b"".join(self._pieces)


def _large(apex: Element) -> bytes:
    pieces = _Pieces()
    try:
        etree.ElementTree(apex).write(
            cast("IO[bytes]", pieces), method="c14n", exclusive=True, with_comments=False
        )
    except etree.C14NError:
        raise CanonicalError("no canonical form; a relative namespace name?") from None
    return pieces.octets()


# -- PrefixList -----------------------------------------------------------------------------------------------

_Declared = dict[bytes, bytes]

_FEW: Final = 16
"""Prefixes that are looked for one by one."""


def _promoted(apex: Element, octets: bytes, prefixes: tuple[str, ...]) -> bytes:
    """Treat the prefixes as Canonical XML 1.0 does: declare each where its meaning changes, used or not."""
    if b"<?" in octets:
        raise CanonicalError("a processing instruction")
    wanted = {"" if prefix == DEFAULT else prefix for prefix in prefixes} - {"xml"}
    changes = _changes(apex, wanted)
    if not changes:
        return octets
    names = frozenset(prefix.encode() for prefix in wanted)
    rewriter = _Rewriter(changes, names)
    apex_tag = _DECLARING_TAG.match(octets)
    if changes.keys() != {0} or apex_tag is None:
        return rewriter.rewrite(_TAG, octets)
    once = _used_at_apex_only(names, octets, apex_tag.end())
    return rewriter.rewrite(_DECLARING_TAG, octets, count=1 if once else 0)


def _used_at_apex_only(names: frozenset[bytes], octets: bytes, start: int) -> bool:
    """Whether, as far as that is cheap to tell, no tag from `start` on declares one of the prefixes."""
    if len(names) > _FEW:
        return False
    written = (b' xmlns:%s="' % name if name else b' xmlns="' for name in names)
    return all(octets.find(declaration, start) < 0 for declaration in written)


def _changes(apex: Element, wanted: set[str]) -> Mapping[int, _Declared]:
    """Return by start tag, counted from 0, the wanted prefixes whose namespace is another than outside it."""
    scope = {prefix or "": uri or "" for prefix, uri in apex.nsmap.items()}
    of_apex = {prefix: scope[prefix] for prefix in wanted if scope.get(prefix)}
    changes = {0: _encoded(of_apex)} if of_apex else {}
    walk = etree.iterwalk(apex, events=("start-ns",))
    if any(prefix in wanted and of_apex.get(prefix, "") != (uri or "") for _, (prefix, uri) in walk):
        changes.update(_changes_inside(apex, wanted, of_apex))
    return changes


def _changes_inside(apex: Element, wanted: set[str], of_apex: dict[str, str]) -> dict[int, _Declared]:
    """Return the changes below the apex."""
    changes: dict[int, _Declared] = {}
    meaning = dict.fromkeys(wanted, "") | of_apex
    declared: list[tuple[str, str]] = []  # in force, with what the prefix meant before
    pending: dict[str, str] = {}
    tag = 0
    for event, value in etree.iterwalk(apex, events=("start-ns", "start", "end-ns")):
        if event == "start":
            if pending and tag:
                changes[tag] = _encoded(pending)
            pending = {}
            tag += 1
        elif event == "end-ns":
            prefix, before = declared.pop()
            if prefix in meaning:
                meaning[prefix] = before
        else:
            prefix, uri = value[0] or "", value[1] or ""
            declared.append((prefix, meaning.get(prefix, "")))
            if prefix in meaning and meaning[prefix] != uri:
                pending[prefix] = meaning[prefix] = uri
    return changes


def _encoded(declared: Mapping[str, str]) -> _Declared:
    if any("&" in uri for uri in declared.values()):
        raise CanonicalError(_AMPERSAND_INSIDE)
    return {prefix.encode(): uri.encode() for prefix, uri in declared.items()}


class _Rewriter:
    """Replaces the declarations of wanted prefixes in one pass over the start tags."""

    def __init__(self, changes: Mapping[int, _Declared], wanted: frozenset[bytes]) -> None:
        self._changes = changes
        self._wanted = wanted
        self._tag = -1

    def rewrite(self, tags: re.Pattern[bytes], octets: bytes, count: int = 0) -> bytes:
        """Return the form anew.

        `tags` finds every start tag, or where only the first one changes those that declare; 0: all of them.
        """
        return tags.sub(self._start_tag, octets, count)

    def _start_tag(self, found: re.Match[bytes]) -> bytes:
        self._tag += 1
        added = self._changes.get(self._tag)
        if not found[2] and added is None:
            return found[0]
        kept = {prefix: uri for prefix, uri in _DECLARATION.findall(found[2]) if prefix not in self._wanted}
        declarations = sorted((kept | (added or {})).items())
        written = (
            b' %s="%s"' % (b"xmlns:" + prefix if prefix else b"xmlns", uri) for prefix, uri in declarations
        )
        return b"<" + found[1] + b"".join(written)
