"""A SOAP body's payload as the input segments of a transaction."""

import re
from typing import Any, Final

from lxml import etree

from gateway.codepage import CodePage, UnmappableCharacter
from gateway.config.model import OperationSettings
from gateway.envelope import SoapVersion
from gateway.errors import GatewayError, M

TRANSACTION_WIDTH: Final = 8
"""The transaction code stands in front of the XML, padded with blanks to this width, in the host's code page.

unverified: IBM says that LL, ZZ and code precede the XML, not the width; 8 is the longest code there is.
"""

CODE_WITH_ADAPTER: Final = False
"""With the XML adapter only the XML follows LL and ZZ: IRM_F0_XMLD says that the IRM carries the code.

unverified: HWSSOAP1 is object code only and its input is not published.
"""

SEGMENT_HEADER: Final = 4  # LL and ZZ
PREFIX_BYTES: Final = 256  # room for LLLL, the longest IRM without extensions and the end marker

# A run is looked at from its first character only: from each of them, a long run without a colon would cost
# the square of its length, with the whole process waiting.
_PREFIX: Final = re.compile(r"(?<![\w.-])([\w.-]++):")
_SOAP: Final = frozenset(version.namespace for version in SoapVersion)
_START: Final = re.compile(r"<[^\s/>]++")
_ATTRIBUTE: Final = re.compile(r"\s++(?P<name>[^\s=]++)=(?:\"[^\"]*+\"|'[^']*+')")


def request_segments(
    payload: Any, operation: OperationSettings, max_segment: int, max_message: int
) -> tuple[bytes, ...]:
    """Return the segment data (without LL and ZZ) for one payload element.

    Raises GatewayError: a character that the code page lacks, a message over `max_message` bytes.
    """
    head = b""
    if operation.adapter == "none" or CODE_WITH_ADAPTER:
        code = operation.transaction.ljust(TRANSACTION_WIDTH)
        head = CodePage.of(operation.host_ccsid).encode(code)
    data = head + encode_xml(payload, operation.inbound_ccsid)
    # the bytes of the code are characters of one byte in every EBCDIC page, and continue no character in UTF-8
    segments = CodePage.of(operation.inbound_ccsid).split(data, max_segment - SEGMENT_HEADER)
    size = PREFIX_BYTES + sum(SEGMENT_HEADER + len(segment) for segment in segments)
    if size > max_message:
        raise GatewayError(M.REQUEST_SIZE, {"size": str(size), "limit": str(max_message)})
    return segments


def encode_xml(payload: Any, ccsid: int) -> bytes:
    """Return the element as XML text in a CCSID, without XML declaration, without the envelope's namespaces."""
    text = standalone(payload)
    try:
        return CodePage.of(ccsid).encode(text)
    except UnmappableCharacter as error:
        fields = {
            "character": f"U+{ord(error.character):04X}",
            "position": str(error.position),
            "ccsid": str(ccsid),
        }
        raise GatewayError(M.UNMAPPABLE, fields) from error


def standalone(payload: Any, wrapping: frozenset[str] = _SOAP) -> str:
    """Return the element's text with the namespace declarations that it needs from around it and no others.

    Serialising a part of a document carries along all declarations in scope, those of the envelope too. One
    stays when a name uses its namespace, or when its prefix stands before a colon in a text or an attribute
    value (xsi:type, QName content); a default one always, but for those of the message that it is taken from,
    which are `wrapping`. Declarations inside the payload stay as they are, `xmlns=""` among them: without it an
    element would slip into the namespace around it, and IMS get another message than was checked.
    """
    text = etree.tostring(payload, encoding="unicode", with_tail=False)
    unneeded = _unneeded_declarations(payload, wrapping)
    name = _START.match(text)
    assert name is not None, "that is how an element is written"
    position = name.end()
    kept = [name[0]]
    while found := _ATTRIBUTE.match(text, position):
        if found["name"] not in unneeded:
            kept.append(found[0])
        position = found.end()
    return "".join((*kept, text[position:]))


def _unneeded_declarations(payload: Any, wrapping: frozenset[str]) -> set[str]:
    """Return the declarations, as attributes, that come from around the payload and mean nothing in it."""
    parent = payload.getparent()
    around = {} if parent is None else parent.nsmap
    names = {"xmlns" if prefix is None else f"xmlns:{prefix}": prefix for prefix in around}
    candidates = {name: prefix for name, prefix in names.items() if payload.nsmap[prefix] == around[prefix]}
    if not candidates:
        return set()
    namespaces, prefixes = _namespaces_of_names(payload), _prefixes_in_content(payload)
    return {
        name
        for name, prefix in candidates.items()
        if around[prefix] not in namespaces
        and prefix not in prefixes
        and (prefix or around[prefix] in wrapping)
    }


def _namespaces_of_names(payload: Any) -> set[str]:
    names = {name for node in payload.iter(etree.Element) for name in (node.tag, *node.attrib)}
    return {str(name)[1:].partition("}")[0] for name in names if str(name).startswith("{")}


def _prefixes_in_content(element: Any) -> set[str]:
    values = (
        value
        for node in element.iter()
        for value in (node.text or "", node.tail or "", *node.attrib.values())
        if ":" in value
    )
    return {prefix for value in values for prefix in _PREFIX.findall(value)}
