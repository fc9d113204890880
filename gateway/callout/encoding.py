"""Between the bytes of a callout message and what they say: XML, or a single value.

An XML message shows its encoding by its first byte: ``<`` is X'4C' in every EBCDIC code page and X'3C' in
UTF-8, and UTF-16 has its byte order mark. What an XML declaration says of EBCDIC is not believed: it names the
page that the program's author had in mind, and the bytes may have been converted since.
"""

import re
from base64 import b64decode, b64encode
from dataclasses import replace
from typing import Final

from gateway import safexml
from gateway.callout.codes import CalloutError, Hope, Status
from gateway.callout.values import Form
from gateway.codepage import UTF_8, CodePage, UnmappableCharacter
from gateway.errors import GatewayError, M
from gateway.payload.references import encode_with_references
from gateway.payload.request import standalone
from gateway.payload.xml_text import PADDING, without_declaration, without_padding, xml_text

_EBCDIC_START: Final = b"\x4c"
_UNICODE: Final = (
    (b"<", b">"),
    (b"\xef\xbb\xbf", b">"),
    (b"\xff\xfe", b">\x00"),
    (b"\xfe\xff", b"\x00>"),
)
"""How Unicode messages begin, and the end of a tag in them."""

_WIDEST: Final = 3
"""Bytes in UTF-8 that one byte of EBCDIC becomes at most."""

_NOT_XML: Final = re.compile("[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_BLANKS: Final = " \t\r\n"
"""White space of XML, which base64 may have anywhere and hexadecimal digits around them."""
_NO_BLANKS: Final = dict.fromkeys(map(ord, _BLANKS))
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]*={0,2}")
_HEX: Final = re.compile(r"(?:[0-9A-Fa-f]{2})*")


def read_document(data: bytes, host_ccsid: int, bounds: safexml.Bounds) -> tuple[safexml.Element, int]:
    """Return the root element of an XML message and its CCSID: `host_ccsid`, or that of UTF-8 for Unicode.

    Raises CalloutError: RECEIVING_DISCARDED for what is no XML, PARSING_DISCARDED for what is not in order.
    """
    if not data.strip(PADDING):
        raise CalloutError(Status.RECEIVING_DISCARDED, "the message is empty")
    try:
        if data.startswith(_EBCDIC_START):
            return _ebcdic(data, host_ccsid, bounds), host_ccsid
        for start, end_of_tag in _UNICODE:
            if data.startswith(start):
                return safexml.parse(without_padding(data, end_of_tag), bounds), UTF_8
    except UnicodeDecodeError as error:
        text = f"byte {error.start} of the message is no character of CCSID {host_ccsid}"
        raise CalloutError(Status.PARSING_DISCARDED, text) from None
    except GatewayError as error:
        raise unreadable(error) from None
    text = "the message is no XML: it begins with '<' neither in EBCDIC nor in UTF-8"
    raise CalloutError(Status.RECEIVING_DISCARDED, text)


def _ebcdic(data: bytes, ccsid: int, bounds: safexml.Bounds) -> safexml.Element:
    if len(data) > bounds.max_bytes:
        raise GatewayError(M.XML_BOUNDS, {"bound": f"{bounds.max_bytes} bytes"})
    document = without_declaration(xml_text(data, ccsid)).encode()
    return safexml.parse(document, replace(bounds, max_bytes=_WIDEST * bounds.max_bytes))


def unreadable(error: GatewayError, status: Status = Status.PARSING_DISCARDED) -> CalloutError:
    """Return what an error of the parser or of a schema is to the program; it quotes nothing of the message."""
    hope = Hope.LATER if error.message is M.BUSY else Hope.NONE
    return CalloutError(status, error.text, error.private or "", hope)


def write_element(payload: safexml.Element, ccsid: int) -> bytes:
    """Return an element as XML text in a CCSID, without XML declaration, with the namespaces that it needs.

    What a code page lacks becomes a character reference. Raises CalloutError INVOKING where XML has none.
    """
    try:
        return encode_with_references(standalone(payload), ccsid)
    except UnmappableCharacter as error:
        raise _lacking(error, ccsid) from None


def text_of(data: bytes, form: Form, ccsid: int) -> str:
    """Return the text that stands in an element for the bytes of a message.

    `TEXT`: low-values behind the text are left out, everything else is kept. Raises CalloutError
    PARSING_DISCARDED for what is no text, or none that XML can hold.
    """
    if form is Form.BASE64:
        return b64encode(data).decode()
    if form is Form.HEX:
        return data.hex().upper()
    try:
        text = CodePage.of(ccsid).decode(data.rstrip(b"\x00"))
    except UnicodeDecodeError as error:
        told = f"byte {error.start} of the message is no character of CCSID {ccsid}"
        raise CalloutError(Status.PARSING_DISCARDED, told) from None
    if found := _NOT_XML.search(text):
        told = f"character {found.start()} of the message is a control character that XML cannot hold"
        raise CalloutError(Status.PARSING_DISCARDED, told)
    return text


def bytes_of(text: str, form: Form, ccsid: int) -> bytes:
    """Return the bytes that the text in an element stands for; the inverse of `text_of`.

    Raises CalloutError INVOKING: a character that the CCSID lacks, or what is neither base64 nor hexadecimal.
    """
    try:
        if form is Form.BASE64:
            return _from_base64(text.translate(_NO_BLANKS))
        if form is Form.HEX:
            return bytes.fromhex(_hexadecimal(text.strip(_BLANKS)))
        return CodePage.of(ccsid).encode(text)
    except UnmappableCharacter as error:
        raise _lacking(error, ccsid) from None
    except ValueError:
        raise CalloutError(Status.INVOKING, f"the response's value is not {form.value}") from None


def _from_base64(text: str) -> bytes:
    if len(text) % 4 or _BASE64.fullmatch(text) is None:
        raise ValueError("not base64")  # b64decode passes over padding that is too much
    return b64decode(text, validate=True)


def _hexadecimal(text: str) -> str:
    if _HEX.fullmatch(text) is None:
        raise ValueError("not hexadecimal")
    return text


def _lacking(error: UnmappableCharacter, ccsid: int) -> CalloutError:
    text = f"the response has character U+{ord(error.character):04X}, which CCSID {ccsid} lacks"
    return CalloutError(Status.INVOKING, text)
