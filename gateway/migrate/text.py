"""Files as they come from z/OS, Windows and Linux: octets to text, whatever the encoding.

An XML declaration names its encoding; where a file came from z/OS by a binary transfer it is EBCDIC, and the
declaration cannot even be read before that is known. What leaves here is UTF-8 without a declaration, which is
what the gateway's own parser takes.
"""

import codecs
import re
from dataclasses import dataclass, field
from typing import Final

from gateway.codepage import CodePage
from gateway.migrate.places import RefusedError

_EBCDIC: Final = 1047
"""Code page of z/OS UNIX files. Names and the markup of XML itself are the same in 037 and 1140."""
_EBCDIC_STARTS: Final = (b"\x4c\x6f\xa7\x94", b"\x4c\x5a\x60\x60")
"""`<?xm` and `<!--`."""
_UTF_32: Final = (b"\xff\xfe\x00\x00", b"\x00\x00\xfe\xff")
_UTF_16: Final = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"))
_DECLARATION: Final = re.compile(r"\s*<\?xml[ \t\r\n][^<>]*?\?>")
_ENCODING: Final = re.compile(r"""encoding[ \t\r\n]*=[ \t\r\n]*["']([A-Za-z][A-Za-z0-9._-]*)["']""")
_HONEST: Final = frozenset({"utf-8", "utf8", "us-ascii", "ascii"})
_HEAD: Final = 400
_OF_TEXT: Final = re.compile(
    r"ascii|utf-8|utf-16(?:-[lb]e)?|iso8859-\d+|cp\d+|koi8-\w|euc_\w+|shift_jis\w*|gb\w+|big5\w*"
)
"""Names of Python's codecs that are encodings of text: rot13, zip and escapes are codecs, too."""


@dataclass(frozen=True, slots=True)
class Text:
    """What a file says."""

    text: str = field(repr=False)
    encoding: str
    """What it was in."""

    @property
    def was_utf_8(self) -> bool:
        """Whether the octets are those that the gateway reads."""
        return self.encoding == "UTF-8"


def xml_text(data: bytes) -> Text:
    """Return an XML document without its declaration, line numbers kept. RefusedError: not in its encoding."""
    found = _decoded(data)
    declaration = _DECLARATION.match(found.text)
    if declaration is None:
        return found
    return Text("\n" * declaration[0].count("\n") + found.text[declaration.end() :], found.encoding)


def _decoded(data: bytes) -> Text:
    if data.startswith(_UTF_32):
        raise RefusedError("is UTF-32, which nothing reads")
    for mark, name in _UTF_16:
        if data.startswith(mark):
            return Text(_decode(data[2:], name), "UTF-16")
    data = data.removeprefix(codecs.BOM_UTF8)
    if _is_ebcdic(data):
        return Text(_ebcdic(data), "EBCDIC")
    named = _ENCODING.search(data[:_HEAD].decode("ascii", "replace"))
    declared = named[1].lower() if named and data.lstrip()[:5] == b"<?xml" else "utf-8"
    if declared in _HONEST:
        return Text(_decode(data, "utf-8"), "UTF-8")
    return Text(_decode(data, _known(declared)), declared.upper())


def plain_text(data: bytes) -> Text:
    """Return a file of text that is not XML: UTF-8 where it can be, EBCDIC, or ISO-8859-1 as Java has it."""
    for mark, name in _UTF_16:
        if data.startswith(mark):
            return Text(_decode(data[2:], name), "UTF-16")
    if data and b"\x00" not in data and _looks_ebcdic(data):
        return Text(_ebcdic(data), "EBCDIC")
    try:
        return Text(data.removeprefix(codecs.BOM_UTF8).decode(), "UTF-8")
    except UnicodeDecodeError:
        return Text(data.decode("iso-8859-1"), "ISO-8859-1")


def _is_ebcdic(data: bytes) -> bool:
    """Tell whether a document begins with markup in EBCDIC, white space before it included."""
    return data.lstrip(b"\x40\x05\x0d\x15\x25")[:4].startswith(_EBCDIC_STARTS) or (
        data[:1] == b"\x4c" and _looks_ebcdic(data[:_HEAD])
    )


def _looks_ebcdic(data: bytes) -> bool:
    """Tell whether most octets are letters and digits of EBCDIC rather than of ASCII."""
    sample = data[:4000]
    ebcdic = sum(0x81 <= one <= 0xE9 or 0xF0 <= one <= 0xF9 for one in sample)
    ascii_letters = sum(0x61 <= one <= 0x7A for one in sample)
    return ebcdic > len(sample) // 2 and ebcdic > 2 * ascii_letters and b"\x7e" in sample


def _ebcdic(data: bytes) -> str:
    return CodePage.of(_EBCDIC).decode(data).replace("\x85", "\n")


def _known(name: str) -> str:
    """Return the name of an encoding that reads bytes to text. RefusedError: there is none of that name."""
    try:
        found = codecs.lookup(name)
    except LookupError:
        raise RefusedError(f"names the encoding {name}, which nobody here knows") from None
    if not _OF_TEXT.fullmatch(found.name):
        raise RefusedError(f"names the encoding {name}, which is none of text")
    return found.name


def _decode(data: bytes, name: str) -> str:
    try:
        return data.decode(name)
    except UnicodeDecodeError as error:
        raise RefusedError(f"is not {name.upper()}", data[: error.start].count(b"\n") + 1) from None
    except ValueError:  # LookupError is told before; some codecs raise this one bare
        raise RefusedError(f"is not {name.upper()}") from None
