"""Binary values as XML writes them: base64 of RFC 4648, white space allowed, nothing else."""

import binascii
from typing import Final

from gateway.safexml import Element
from gateway.wss.text import plain_text

_WHITE_SPACE: Final = b" \t\r\n"


def decode_base64(text: str) -> bytes:
    """Return the bytes that the text stands for; XML white space may stand anywhere in it.

    Strict: letters outside the alphabet, wrong padding, and bits left over that are not zero are refused, so
    that a value has one spelling only (RFC 4648, sections 3.3 and 3.5). Raises ValueError.
    """
    try:
        compact = text.encode("ascii").translate(None, _WHITE_SPACE)
        octets = binascii.a2b_base64(compact, strict_mode=True)
    except (binascii.Error, UnicodeEncodeError):
        raise ValueError("not base64") from None
    if binascii.b2a_base64(octets, newline=False) != compact:
        raise ValueError("not the base64 of these bytes")
    return octets


def octets_of(element: Element) -> bytes:
    """Return the bytes that an element's text stands for.

    Raises ValueError as `decode_base64` does, and where anything but text stands in the element.
    """
    text = plain_text(element)
    if text is None:
        raise ValueError("not plain text")
    return decode_base64(text)
