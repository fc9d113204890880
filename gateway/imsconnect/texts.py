"""Texts as segments, and back: which code a transaction code and a text are written in, where a text is cut.

Names are in the code of the header, whatever code page the data is in: IMS Connect and IMS look for the
transaction code there. Whatever cannot be written so is a ValueError; nothing is replaced or cut off.

Source: Message translation; Format of user portion of IRM (IRM_TRNCOD); Input message format for IMS Connect.
"""

from typing import Final

from gateway.codepage import CodePage, UnmappableCharacter
from gateway.imsconnect.wire import HeaderCode
from gateway.imsconnect.wire.frame import LLZZ, MAX_SEGMENT

TRANSACTION_CODE_LENGTH: Final = 8
LONGEST_SEGMENT: Final = MAX_SEGMENT - LLZZ
"""Most bytes of data in one segment: what LL can say, less LL and ZZ."""

_NAMES_CCSID: Final = 37
"""What texts are in, where nobody says, on a connection in EBCDIC; what names are in always."""


def encoded(text: str, ccsid: int | None = None, code: HeaderCode = HeaderCode.EBCDIC) -> bytes:
    """Return a text in a code page; None: 37, or ASCII on a connection in ASCII.

    Raises UnmappableCharacter, a ValueError, which names the character; ValueError for an unknown CCSID.
    """
    if ccsid is None and code is HeaderCode.ASCII:
        try:
            return text.encode("ascii")
        except UnicodeEncodeError as error:
            raise UnmappableCharacter(text[error.start], error.start) from None
    return CodePage.of(_NAMES_CCSID if ccsid is None else ccsid).encode(text)


def decoded(data: bytes, ccsid: int | None = None, code: HeaderCode = HeaderCode.EBCDIC) -> str:
    """Return the text of bytes; None as in `encoded`. Raises UnicodeDecodeError, ValueError for the CCSID."""
    if ccsid is None and code is HeaderCode.ASCII:
        return data.decode("ascii")
    return CodePage.of(_NAMES_CCSID if ccsid is None else ccsid).decode(data)


def segments_of(
    text: str,
    ccsid: int | None = None,
    *,
    code: HeaderCode = HeaderCode.EBCDIC,
    longest: int = LONGEST_SEGMENT,
) -> tuple[bytes, ...]:
    """Return a text as segments of at most `longest` bytes each, without LL and ZZ; no text is no segment.

    No character is cut in two, and each segment is text by itself, its shifts balanced (`CodePage.split`).
    Raises what `encoded` does, and ValueError for a `longest` that no segment has.
    """
    return cut(encoded(text, ccsid, code), ccsid, code=code, longest=longest)


def cut(
    data: bytes,
    ccsid: int | None = None,
    *,
    code: HeaderCode = HeaderCode.EBCDIC,
    longest: int = LONGEST_SEGMENT,
) -> tuple[bytes, ...]:
    """Return the bytes of a text as `segments_of` does."""
    _check_longest(longest)
    if ccsid is None and code is HeaderCode.ASCII:
        return tuple(data[at : at + longest] for at in range(0, len(data), longest))
    return CodePage.of(_NAMES_CCSID if ccsid is None else ccsid).split(data, longest)


def transaction_input(  # noqa: PLR0913  of which all but two have defaults
    transaction: str,
    text: str = "",
    *,
    ccsid: int | None = None,
    code: HeaderCode = HeaderCode.EBCDIC,
    width: int = TRANSACTION_CODE_LENGTH,
    longest: int = LONGEST_SEGMENT,
) -> tuple[bytes, ...]:
    """Return a transaction's input: its code in a field of `width` characters and a text, cut as `segments_of`.

    `code` is that of the connection (`ConnectionSettings.code`): the transaction code is written in it, the
    text in `ccsid`, None: 37, or ASCII on a connection in ASCII. The layout of a program's input says how wide
    the field is (IVTNO: 10). A text that is too long for one segment goes on in further ones, each as long as
    the text has room in the first. Raises ValueError for a code that is none, a field in which IMS would read
    another one, and what `segments_of` raises.
    """
    _check_longest(longest)
    field = code_field(transaction, width, code)
    if longest <= width:
        raise ValueError(f"a segment of {longest} bytes has no room behind a field of {width}")
    first, *others = segments_of(text, ccsid, code=code, longest=longest - width) or (b"",)
    return (field + first, *others)


def _check_longest(longest: int) -> None:
    if not 1 <= longest <= LONGEST_SEGMENT:
        raise ValueError(f"a segment has 1 to {LONGEST_SEGMENT} bytes of data, not {longest}")


def code_field(transaction: str, width: int, code: HeaderCode = HeaderCode.EBCDIC) -> bytes:
    """Return a transaction code in its field of `width` characters, in the code of the header.

    Raises ValueError for a code that is none, and for a field in which IMS would read another one.
    """
    fits = transaction.isascii() and transaction.isprintable() and transaction == transaction.upper()
    if not 1 <= len(transaction) <= TRANSACTION_CODE_LENGTH or not fits or " " in transaction:
        raise ValueError("a transaction code is 1 to 8 printable upper case characters without blanks")
    # IMS reads eight characters, or up to the first blank
    needed = min(len(transaction) + 1, TRANSACTION_CODE_LENGTH)
    if width < needed:
        raise ValueError(f"the field of {transaction} has {needed} characters or more: a blank ends the code")
    return transaction.ljust(width).encode(code.value)
