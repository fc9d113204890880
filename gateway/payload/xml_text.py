"""XML as IMS programs give it: text in a code page, with a declaration in front and padding behind it."""

import re
from typing import Final

from gateway.codepage import CodePage

PADDING: Final = b"\x00\x20\x40\t\r\n"
"""What fills a COBOL output area behind the XML: low-values, blanks (ASCII, EBCDIC), line ends."""

_DECLARATION: Final = re.compile(r"\A\s*<\?xml\s[^>]*\?>")


def xml_text(data: bytes, ccsid: int) -> str:
    """Return the text of `data` in a CCSID, without padding behind the last tag.

    EBCDIC's new line (X'15') reads as U+0085, which XML 1.0 does not know as white space, so it becomes a line
    feed. Raises UnicodeDecodeError.
    """
    page = CodePage.of(ccsid)
    return page.decode(without_padding(data, page.encode(">"))).replace("\x85", "\n")


def without_padding(data: bytes, end_of_tag: bytes) -> bytes:
    """Return `data` up to its last tag's end, if there is nothing but padding behind it."""
    end = data.rfind(end_of_tag)
    if end < 0:
        return data
    end += len(end_of_tag)
    return data if data[end:].strip(PADDING) else data[:end]


def without_declaration(text: str) -> str:
    """Return a document's text without its XML declaration: the encoding that it names is of no more use."""
    return _DECLARATION.sub("", text, count=1)
