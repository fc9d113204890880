"""A SOAP body's payload as the input segments of a transaction."""

import re
from copy import deepcopy
from typing import Any, Final

from lxml import etree

from gateway.codepage import CodePage, UnmappableCharacter
from gateway.config.model import OperationSettings
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

_PREFIX: Final = re.compile(r"([\w.-]+):")


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
    segments = split(data, max_segment - SEGMENT_HEADER, utf8=operation.inbound_ccsid == 1208)
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


def standalone(payload: Any) -> str:
    """Return the element's text with the namespace declarations that it needs and no others.

    Serialising a part of a document carries along all declarations in scope, those of the envelope too. One
    stays when a name uses it, or when its prefix stands before a colon in a text or an attribute value
    (xsi:type, QName content).
    """
    element = etree.Element(payload.tag, payload.attrib, nsmap=payload.nsmap)
    element.text = payload.text
    element.extend(deepcopy(child) for child in payload)
    etree.cleanup_namespaces(element, keep_ns_prefixes=sorted(_prefixes_in_content(element)))
    return etree.tostring(element, encoding="unicode")


def _prefixes_in_content(element: Any) -> set[str]:
    values = (
        value
        for node in element.iter()
        for value in (node.text or "", node.tail or "", *node.attrib.values())
        if ":" in value
    )
    return {prefix for value in values for prefix in _PREFIX.findall(value)}


def split(data: bytes, width: int, *, utf8: bool) -> tuple[bytes, ...]:
    """Cut data into segments of at most `width` bytes, in UTF-8 between characters only."""
    segments = []
    start = 0
    while start < len(data):
        end = min(start + width, len(data))
        while utf8 and end < len(data) and data[end] & 0xC0 == 0x80:
            end -= 1
        segments.append(data[start:end])
        start = end
    return tuple(segments)
