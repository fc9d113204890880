"""IVTNO, the transaction in front of the phone book, and IVTNOD, its converter for the XML adapter.

Text is laid out as in the sample program DFSIVA34: transaction code 10, command 8, last name 10, first name
10, extension 10, zip code 7; a short message counts as filled with blanks. The answer: message 40, the fields
from the command on, and a segment number of 4. XML follows the contract of the phone-book example.
"""

from typing import Any, Final

from gateway.codepage import UnmappableCharacter
from gateway.safexml import Element, is_element
from gateway.standin.phonebook import WIDTHS, Answer, Entry, PhoneBook, Request
from gateway.standin.programs import HOST, AbendError, Context, Reply, element, root

NAMESPACE: Final = "urn:ims-gateway:example:phonebook"

_TRANSACTION_WIDTH: Final = 10
_MESSAGE_WIDTH: Final = 40
_SEGMENT_NUMBER: Final = "0001"
ABEND_NOT_A_REQUEST: Final = "U0016"


class Ivtno:
    """The program: text in, text out; XML in, XML out."""

    def __init__(self, book: PhoneBook) -> None:
        self._book = book

    async def run(self, context: Context) -> Reply:
        """Answer one request. XML that is not a request, or several segments of text, abend U0016."""
        document = context.xml
        try:
            request = read_text(context.segments) if document is None else read_document(document)
        except ValueError as error:
            raise AbendError(ABEND_NOT_A_REQUEST, str(error)) from None
        answer = await self._book.perform(request, context.unit)
        if document is None:
            return Reply((write_text(answer),))
        return context.xml_reply(write_document(answer.message, answer.fields))


class Ivtnod:
    """The converter: between the contract's XML and the layout of the text."""

    def to_bytes(self, document: Element, transaction: str) -> tuple[bytes, ...]:
        """Return the one segment of a request. Raises ValueError for anything that is not one."""
        fields = read_document(document).fields
        try:
            text = _laid_out(fields)
            return (HOST.encode(transaction.ljust(_TRANSACTION_WIDTH) + text),)
        except UnmappableCharacter as error:
            raise ValueError(f"a character at {error.position} is not in code page {HOST.ccsid}") from None

    def to_xml(self, segments: tuple[bytes, ...]) -> Element:
        """Return the response for the answer's one segment. Raises ValueError when it is not an answer."""
        if len(segments) != 1:
            raise ValueError(f"{len(segments)} segments instead of one")
        text = HOST.decode(segments[0])
        length = _MESSAGE_WIDTH + sum(WIDTHS.values()) + len(_SEGMENT_NUMBER)
        if len(text) != length:
            raise ValueError(f"{len(text)} bytes instead of {length}")
        return write_document(text[:_MESSAGE_WIDTH].rstrip(), _cut(text[_MESSAGE_WIDTH:]))


def read_text(segments: tuple[bytes, ...]) -> Request:
    """Return the request in the layout of the sample program; ValueError when it is longer or in pieces."""
    if len(segments) != 1:
        raise ValueError(f"{len(segments)} segments instead of one")
    text = HOST.decode(segments[0])
    if len(text) > _TRANSACTION_WIDTH + sum(WIDTHS.values()):
        raise ValueError("longer than the layout")
    return _request(_cut(text[_TRANSACTION_WIDTH:]))


def write_text(answer: Answer) -> bytes:
    """Return the answer in the layout of the sample program."""
    return HOST.encode(answer.message.ljust(_MESSAGE_WIDTH) + _laid_out(answer.fields) + _SEGMENT_NUMBER)


def read_document(document: Element) -> Request:
    """Return the request in a ``phonebook`` document; ValueError when an element is missing or strange."""
    if document.tag != f"{{{NAMESPACE}}}phonebook":
        raise ValueError("the document is not phonebook")
    fields: dict[str, str] = {}
    for child in document:
        if not is_element(child):
            continue
        namespace, _, name = str(child.tag).rpartition("}")
        if namespace != f"{{{NAMESPACE}" or name not in WIDTHS or name in fields or len(child):
            raise ValueError("an element of the document is not of the contract")
        fields[name] = (child.text or "").strip()
    if not {"command", "lastName"} <= fields.keys():
        raise ValueError("command or lastName is missing")
    return _request(fields)


def write_document(message: str, fields: dict[str, str]) -> Element:
    """Return a ``phonebookResponse`` document."""
    document: Any = root(NAMESPACE, "phonebookResponse")
    for name, text in {"message": message, **fields}.items():
        element(document, NAMESPACE, name, text)
    return document  # type: ignore[no-any-return]  # lxml's own stubs leave trees untyped


def _request(fields: dict[str, str]) -> Request:
    entry = Entry(*(fields.get(name, "") for name in ("lastName", "firstName", "extension", "zipCode")))
    return Request(fields.get("command", ""), entry)


def _cut(text: str) -> dict[str, str]:
    fields, start = {}, 0
    for name, width in WIDTHS.items():
        fields[name] = text[start : start + width].rstrip()
        start += width
    return fields


def _laid_out(fields: dict[str, str]) -> str:
    for name, width in WIDTHS.items():
        if len(fields[name]) > width:
            raise ValueError(f"{name} is longer than {width}")
    return "".join(fields[name].ljust(width) for name, width in WIDTHS.items())
