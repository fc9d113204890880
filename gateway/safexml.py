"""The one hardened XML parser of the product, and the writer that goes with it.

Bytes become a tree in three steps, and a hostile message is refused by the cheapest one that can:

1. **Encoding.** UTF-8, or UTF-16 with its byte order mark. HTTP charset, byte order mark and XML
   declaration must agree as far as they are given (XML 1.0 appendix F, RFC 7303).
2. **Markup.** One linear pass over the characters splits the whole text into tags, text, comments and CDATA
   sections, counts them against the `Bounds`, and refuses document types, processing instructions and
   entities. So no bomb is ever seen by the next step.
3. **libxml2**, without network, DTD, entities or recovery, judges the rest of XML 1.0.

Comments stay in the tree: who reads text decides about them.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

from lxml import etree
from lxml.etree import _Element as Element

from gateway.errors import GatewayError, M
from gateway.parsing import run_parser

__all__ = [
    "TRUSTED_BOUNDS",
    "Bounds",
    "Element",
    "SchemaError",
    "children",
    "compile_schema",
    "copy",
    "first_mistake",
    "is_element",
    "markup_between",
    "parse",
    "parse_trusted",
    "reread",
    "serialize",
    "serialize_document",
]


@dataclass(frozen=True, slots=True)
class Bounds:
    """What one document may cost.

    `max_elements` counts comments and CDATA sections too. `max_attributes` holds for the attributes of one
    element, once more for its namespace declarations, and four times it for the declarations in scope at one
    place: canonicalization and lookups of prefixes pay for each of those at each element. All
    elements together may have twice as many attributes and declarations as there may be elements, or 1000: each
    takes as much memory as an element.
    """

    max_bytes: int = 10_000_000
    max_depth: int = 100
    max_elements: int = 200_000
    max_attributes: int = 64


TRUSTED_BOUNDS: Final = Bounds(max_bytes=50_000_000, max_depth=200, max_elements=2_000_000, max_attributes=500)
"""For files of the deployment: WSDL and XML Schema."""


def parse(data: bytes, bounds: Bounds, charset: str | None = None) -> Element:
    """Return the root element of a document from outside.

    `charset` is the parameter of the HTTP Content-Type, None where there was none. Raises GatewayError with
    M.CHARSET, NOT_XML, DOCTYPE, PROCESSING_INSTRUCTION or XML_BOUNDS; it repeats no text of the document.
    """
    text = _checked_text(data, bounds, charset)
    _Markup(text, bounds, instructions=False).check()
    return run_parser(lambda: _tree(text), len(text))


def parse_trusted(data: bytes, bounds: Bounds = TRUSTED_BOUNDS) -> Element:
    """Return the root element of a file of the deployment; processing instructions are left in the tree.

    Raises GatewayError as `parse` does: a WSDL with a document type is refused like a message with one.
    """
    text = _checked_text(data, bounds, None)
    _Markup(text, bounds, instructions=True).check()
    return _tree(text)


def serialize(element: Element, *, declaration: bool = False) -> bytes:
    """Return the element (without its tail) as UTF-8; `declaration` puts an XML declaration in front."""
    return etree.tostring(element, encoding="UTF-8", xml_declaration=declaration, with_tail=False)


def serialize_document(root: Element) -> bytes:
    """Return the whole document as UTF-8, with an XML declaration and what stands before and after the root."""
    return etree.tostring(root.getroottree(), encoding="UTF-8", xml_declaration=True)


def copy(element: Element) -> Element:
    """Return the element as root of a document of its own, with every prefix that was in scope around it."""
    return reread(serialize(element))


def reread(serialized: bytes) -> Element:
    """Return the root of what `serialize` gave: a copy, with every prefix that was in scope around it."""
    return _tree(serialized.decode())


def is_element(node: Element) -> bool:
    """Tell an element from a comment or processing instruction, which lxml lists among the children too."""
    return isinstance(node.tag, str)


def children(element: Element) -> list[Element]:
    """Return what stands directly in an element; a slice takes lxml half the time of `list(element)`."""
    return element[:]  # type: ignore[index, return-value]  # missing in the stubs


def markup_between(element: Element) -> Iterator[Element]:
    """Give the comments, processing instructions and entities in an element: all its nodes but elements."""
    return element.iter(etree.Comment, etree.ProcessingInstruction, etree.Entity)


# -- step 1: encoding ---------------------------------------------------------------------------------------

_UTF_8 = "utf-8"
_BYTE_ORDER_MARKS: Final = (
    (b"\xff\xfe\x00\x00", ""),  # UTF-32, little endian: begins like UTF-16, so it is looked for first
    (b"\x00\x00\xfe\xff", ""),
    (b"\xff\xfe", "utf-16-le"),
    (b"\xfe\xff", "utf-16-be"),
    (b"\xef\xbb\xbf", _UTF_8),
)
_NAMES: Final = {
    _UTF_8: {_UTF_8, "utf8"},
    "utf-16-le": {"utf-16", "utf-16le"},
    "utf-16-be": {"utf-16", "utf-16be"},
}
"""What HTTP and the XML declaration may call an encoding found by its bytes."""

_S = r"[ \t\r\n]"
_DECLARATION_START: Final = re.compile(rf"<\?xml{_S}")
_DECLARATION: Final = re.compile(
    rf"<\?xml{_S}+version{_S}*={_S}*(?P<q>['\"])(?P<version>[^'\"<>]*)(?P=q)"
    rf"(?:{_S}+encoding{_S}*={_S}*(?P<r>['\"])(?P<encoding>[A-Za-z][A-Za-z0-9._-]*)(?P=r))?"
    rf"(?:{_S}+standalone{_S}*={_S}*(?P<s>['\"])(?:yes|no)(?P=s))?{_S}*\?>"
)


def _checked_text(data: bytes, bounds: Bounds, charset: str | None) -> str:
    """Return the document's characters; the XML declaration is checked and blanked out."""
    if len(data) > bounds.max_bytes:
        raise _bound(f"{bounds.max_bytes} bytes")
    encoding, mark = _encoding(data)
    if charset is not None and charset.strip().lower() not in _NAMES[encoding]:
        raise _charset("the charset of HTTP does not fit the bytes")
    try:
        text = data[mark:].decode(encoding)
    except UnicodeDecodeError as error:
        raise _charset(f"byte {error.start + mark} is not {encoding.upper()}") from None
    text = _without_declaration(text, encoding)
    if text.startswith("\ufeff"):  # libxml2 would take it for the mark that was cut off
        raise _not_xml("a second byte order mark")
    return text


def _encoding(data: bytes) -> tuple[str, int]:
    """Return the encoding that the first bytes show and the length of the byte order mark."""
    if data[:1] == b"<" and data[1:2] != b"\x00":
        return _UTF_8, 0  # as nearly all do; no mark begins so
    for mark, encoding in _BYTE_ORDER_MARKS:
        if data.startswith(mark):
            if not encoding:
                raise _charset("UTF-32")
            return encoding, len(mark)
    if b"\x00" in data[:2]:
        raise _charset("UTF-16 needs its byte order mark")
    return _UTF_8, 0


def _without_declaration(text: str, encoding: str) -> str:
    if not _DECLARATION_START.match(text):
        return text
    found = _DECLARATION.match(text)
    if found is None:
        raise _not_xml("the XML declaration is not in order")
    if found["version"] != "1.0":
        raise _not_xml("only XML version 1.0 is read")
    if found["encoding"] is not None and found["encoding"].lower() not in _NAMES[encoding]:
        raise _charset("the XML declaration does not fit the bytes")
    # libxml2 must not act on the name of an encoding that is no longer there; line numbers stay right
    return "\n" * found[0].count("\n") + text[found.end() :]


# -- step 2: markup -----------------------------------------------------------------------------------------

# Wider than the Name of XML 1.0, which libxml2 checks; what matters here is where a name ends.
_NAME = r"[^\x00-\x20<>&\"'=/!?]++"
_TEXT = r"[^<]*+"
_VALUE = r"(?:\"[^<\"]*+\"|'[^<']*+')"
_ATTRIBUTE = rf"{_S}++{_NAME}{_S}*+={_S}*+{_VALUE}"
_ATTRIBUTE_NAME: Final = re.compile(rf"{_S}++(?P<name>{_NAME}){_S}*+={_S}*+{_VALUE}")
_SHORTEST_ATTRIBUTE = len(" a=''")
_IN_SCOPE = 4
_ATTRIBUTES_AT_LEAST = 1000
LONGEST_NAMESPACE: Final = 1000
"""Most characters of a namespace declaration.

libxml2 keeps the name once, lxml writes it out for every element and attribute in it: one of a megabyte and
thousands of small elements would be gigabytes to go through.
"""
_MODEST: Final = 16_384
"""Characters of a message that is looked at as a whole first."""
_TEXT_ONLY: Final = re.compile(_TEXT)
_TAG_START: Final = re.compile(rf"<{_NAME}")
_NO_REFERENCE: Final = re.compile(r"&(?!(?:amp|lt|gt|quot|apos|#[0-9]{1,7}|#x[0-9A-Fa-f]{1,6});)")
_OPAQUE: Final = frozenset({"other", "instruction"})
"""Markup in which an ampersand is no reference."""
_DOCTYPE: Final = re.compile(r"<!DOCTYPE")
_INSTRUCTION: Final = re.compile(r"<\?(?![Xx][Mm][Ll][ \t\r\n?])")


@lru_cache(maxsize=16)
def _token(max_attributes: int, *, instructions: bool) -> re.Pattern[str]:
    """Return the pattern of text followed by one piece of markup.

    Every loop is possessive or atomic, so nothing is ever tried twice: the time is linear in the text,
    whatever it holds. A tag matches with up to twice `max_attributes`, as namespace declarations count apart.
    Loops over groups are atomic: possessive ones go wrong before Python 3.11.5 when a group fails part-way.
    """
    kinds = [
        rf"(?P<end></{_NAME}{_S}*+>)",
        rf"(?P<tag><{_NAME}(?>(?:{_ATTRIBUTE}){{0,{2 * max_attributes}}}){_S}*+)(?:(?P<empty>/>)|(?P<start>>))",
        r"(?P<other><!--(?>.*?--)>|<!\[CDATA\[.*?\]\]>)",
    ]
    if instructions:
        kinds.append(rf"(?P<instruction>{_INSTRUCTION.pattern}.*?\?>)")
    return re.compile(rf"{_TEXT}(?:{'|'.join(kinds)})", re.DOTALL)


class _Markup:
    """One pass over the markup of a document, counting."""

    def __init__(self, text: str, bounds: Bounds, *, instructions: bool) -> None:
        self._text = text
        self._bounds = bounds
        self._token = _token(bounds.max_attributes, instructions=instructions)
        self._worth_counting = _SHORTEST_ATTRIBUTE * bounds.max_attributes
        self._has_references = "&" in text
        self._attributes = 0
        # an attribute has one of these at least, so mostly nothing needs to be counted
        self._most_attributes = max(2 * bounds.max_elements, _ATTRIBUTES_AT_LEAST)
        self._counts_all = text.count("=") > self._most_attributes

    def check(self) -> None:
        """Raise GatewayError at the first thing that is refused."""
        if self._is_modest():
            return
        match, position = self._token.match, 0
        in_scope: list[int] = []  # for each open element, the namespace declarations on the way down to it
        pieces = 0
        while found := match(self._text, position):
            position = found.end()
            kind = found.lastgroup or ""
            self._check_references(found.start(), found.start(kind) if kind in _OPAQUE else position)
            if kind == "end":
                if not in_scope:
                    break  # closes nothing: libxml2 will say so
                in_scope.pop()
                continue
            pieces += 1
            if pieces > self._bounds.max_elements:
                raise _bound(f"{self._bounds.max_elements} elements")
            if kind in {"start", "empty"}:
                declared = self._open(found.start("tag"), found.end("tag"), in_scope)
                if kind == "start":
                    in_scope.append(declared)
        self._refuse_rest(position)

    def _is_modest(self) -> bool:
        """Tell whether a few counts show that nothing here can break a bound, as with any ordinary message.

        There is no markup but tags, so libxml2 sees no document type, and knows no entities but XML's own. No
        "<" stands inside a tag, so what follows each is one tag at most, and an attribute has a "=".
        """
        text, bounds = self._text, self._bounds
        if len(text) > _MODEST or self._counts_all:
            return False
        if "<!" in text or "<?" in text or text[:1] in {"!", "?"}:
            return False
        tags = text.split("<")
        if len(tags) - text.count("</") > min(bounds.max_depth, bounds.max_elements):
            return False
        if text.count("xmlns") > bounds.max_attributes or (self._has_references and _NO_REFERENCE.search(text)):
            return False
        long = [tag for tag in tags if len(tag) > self._worth_counting]
        return not any(
            tag.count("=") > bounds.max_attributes or (len(tag) > LONGEST_NAMESPACE and "xmlns" in tag)
            for tag in long
        )

    def _open(self, start: int, end: int, in_scope: list[int]) -> int:
        """Check one start tag; return how many namespace declarations are in scope inside it."""
        if len(in_scope) >= self._bounds.max_depth:
            raise _bound(f"{self._bounds.max_depth} levels of elements")
        declared = in_scope[-1] if in_scope else 0
        if self._counts_all or end - start > self._worth_counting or self._text.find("xmlns", start, end) >= 0:
            declared += self._count_attributes(start, end)
            if declared > _IN_SCOPE * self._bounds.max_attributes:
                raise _bound(f"{_IN_SCOPE * self._bounds.max_attributes} namespace declarations in scope")
        return declared

    def _count_attributes(self, start: int, end: int) -> int:
        """Check the attributes of one tag; return the number of its namespace declarations."""
        name = _TAG_START.match(self._text, start)
        assert name is not None, "the pattern of tags begins so"
        namespaces = others = 0
        for found in _ATTRIBUTE_NAME.finditer(self._text, name.end(), end):
            if found["name"] != "xmlns" and not found["name"].startswith("xmlns:"):
                others += 1
                continue
            namespaces += 1
            if found.end() - found.start() > LONGEST_NAMESPACE:
                raise _bound(f"{LONGEST_NAMESPACE} characters of a namespace declaration")
        if others > self._bounds.max_attributes:
            raise _bound(f"{self._bounds.max_attributes} attributes of one element")
        if namespaces > self._bounds.max_attributes:
            raise _bound(f"{self._bounds.max_attributes} namespace declarations of one element")
        self._attributes += namespaces + others
        if self._attributes > self._most_attributes:
            raise _bound(f"{self._most_attributes} attributes of all elements")
        return namespaces

    def _refuse_rest(self, position: int) -> None:
        """Say why the text goes on although no piece of markup matches; return if only text is left."""
        text = _TEXT_ONLY.match(self._text, position)
        assert text is not None, "the pattern matches nothing, too"
        self._check_references(position, text.end())
        position = text.end()
        if position == len(self._text):
            return
        if _DOCTYPE.match(self._text, position):
            raise GatewayError(M.DOCTYPE)
        if _INSTRUCTION.match(self._text, position):
            raise GatewayError(M.PROCESSING_INSTRUCTION)
        if self._is_overfull_tag(position):
            raise _bound(f"{self._bounds.max_attributes} attributes of one element")
        raise self._not_xml_at(position)

    def _check_references(self, start: int, end: int) -> None:
        if self._has_references and (wrong := _NO_REFERENCE.search(self._text, start, end)):
            raise self._not_xml_at(wrong.start())

    def _not_xml_at(self, position: int) -> GatewayError:
        line = self._text.count("\n", 0, position) + 1
        column = position - self._text.rfind("\n", 0, position)
        return _not_xml(f"line {line}, column {column}")

    def _is_overfull_tag(self, position: int) -> bool:
        name = _TAG_START.match(self._text, position)
        end = name.end() if name else len(self._text)
        for _ in range(2 * self._bounds.max_attributes + 1):
            attribute = _ATTRIBUTE_NAME.match(self._text, end)
            if attribute is None:
                return False
            end = attribute.end()
        return True


# -- step 3: libxml2 ----------------------------------------------------------------------------------------

_BOUNDS_OF_LIBXML2: Final = frozenset(
    {
        etree.ErrorTypes.ERR_NAME_TOO_LONG,
        etree.ErrorTypes.ERR_RESOURCE_LIMIT,
    }
)


def _parser(schema: etree.XMLSchema | None = None) -> Any:
    return etree.XMLParser(  # noqa: TID251  this is the one
        schema=schema,
        encoding="UTF-8",
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        attribute_defaults=False,
        huge_tree=False,
        recover=False,
        remove_comments=False,
        remove_pis=False,
        remove_blank_text=False,
        strip_cdata=True,
        ns_clean=False,
    )


def _tree(text: str) -> Element:
    try:
        # a parser for each document: parsers lock, and keep the errors of the document before
        root: Element = etree.fromstring(text.encode(), _parser())  # noqa: TID251  this is the one
    except etree.XMLSyntaxError as error:
        # libxml2's own words may hold pieces of the message, a password with a stray & among them
        if getattr(error, "code", None) in _BOUNDS_OF_LIBXML2:
            raise _bound("length of a name or text") from None
        raise _not_xml(f"line {error.lineno}, column {error.offset}") from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise GatewayError(M.DOCTYPE)
    return root


# -- schemas of the deployment -------------------------------------------------------------------------------


_PIECE: Final = 8192


class SchemaError(Exception):
    """A schema does not compile: address of the document, line and text of each thing that is wrong."""

    def __init__(self, found: tuple[tuple[str, int, str], ...]) -> None:
        super().__init__("; ".join(text for _, _, text in found))
        self.found = found


def compile_schema(documents: Mapping[str, bytes], main: str) -> etree.XMLSchema:
    """Compile XML Schema documents of the deployment, given by their addresses.

    They must come out of `serialize`, so that their markup has been checked. Includes and imports are looked
    up in `documents` only: neither file nor network is asked for anything else. Raises SchemaError.
    """
    given = _Given(documents)
    parser = _parser()
    parser.resolvers.add(given)
    root = etree.fromstring(documents[main], parser, base_url=main)  # noqa: TID251  markup checked before
    try:
        schema = etree.XMLSchema(root)
    except etree.XMLSchemaParseError as error:
        entries = [(entry.filename, entry.line, entry.message) for entry in error.error_log]
        raise SchemaError(tuple(entries) or ((main, 0, "the schema does not compile"),)) from None
    if given.missing:  # for libxml2 no more than a warning
        raise SchemaError(
            tuple((main, 0, f"{address} is not among the documents") for address in given.missing)
        )
    return schema


def first_mistake(schema: etree.XMLSchema, element: Element) -> Any:
    """Validate an element of any size; return libxml2's first complaint, None when there is none.

    lxml notes with every complaint about a tree the path to its place, and counts all siblings before it. So a
    tree with many mistakes costs the square of their number, hours for one message. Here the element's text is
    validated as a stream, which has no paths, and no further than the piece that has the first mistake.
    """
    data = serialize(element)
    return run_parser(lambda: _first_mistake(schema, data), len(data))


def _first_mistake(schema: etree.XMLSchema, data: bytes) -> Any:
    parser = _parser(schema)
    try:
        for start in range(0, len(data), _PIECE):
            parser.feed(data[start : start + _PIECE])
            if parser.feed_error_log:
                return parser.feed_error_log[0]
        parser.close()
    except etree.XMLSyntaxError as error:
        log: Any = error.error_log
        return log[0]
    return None


class _Given(etree.Resolver):
    """Serves given documents, and an empty one in place of all others."""

    def __init__(self, documents: Mapping[str, bytes]) -> None:
        super().__init__()
        self._documents = documents
        self.missing: list[str] = []

    # the stubs forget the third argument that lxml passes
    def resolve(self, system_url: str, public_id: str, context: Any) -> Any:  # type: ignore[override]  # noqa: ARG002
        """Answer libxml2's question for a document."""
        if system_url in self._documents:
            return self.resolve_string(self._documents[system_url], context, base_url=system_url)
        self.missing.append(system_url)
        return self.resolve_empty(context)  # type: ignore[attr-defined]  # missing in the stubs


def _charset(reason: str) -> GatewayError:
    return GatewayError(M.CHARSET, {"reason": reason})


def _not_xml(reason: str) -> GatewayError:
    return GatewayError(M.NOT_XML, {"reason": reason})


def _bound(bound: str) -> GatewayError:
    return GatewayError(M.XML_BOUNDS, {"bound": bound})
