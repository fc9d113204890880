"""XML in a code page that lacks some of its characters: those become references where XML has any."""

import re
from collections.abc import Mapping
from typing import Final

from gateway.codepage import CodePage, UnmappableCharacter

_MARKUP: Final = re.compile(
    r"(?P<comment><!--.*?-->)|(?P<instruction><\?.*?\?>)|<!\[CDATA\[(?P<data>.*?)\]\]>|(?P<tag><[^>]*>)",
    re.DOTALL,
)
_VALUE: Final = re.compile(r"\"[^\"]*\"|'[^']*'")
_ESCAPED: Final = {ord("&"): "&amp;", ord("<"): "&lt;", ord(">"): "&gt;"}


def encode_with_references(text: str, ccsid: int) -> bytes:
    """Return the text of an element, as lxml writes it, in a CCSID.

    A character that the code page lacks becomes a reference (``&#8364;``) in text and in attribute values. A
    comment that has one is left out, since it says nothing to a program. Raises UnmappableCharacter for one in
    a name or a processing instruction, where XML knows no references.
    """
    page = CodePage.of(ccsid)
    try:
        return page.encode(text)
    except UnmappableCharacter:
        return page.encode(_with_references(text, _lacking(text, page)))


def _lacking(text: str, page: CodePage) -> dict[int, str]:
    return {ord(character): f"&#{ord(character)};" for character in set(text) if not _has(page, character)}


def _has(page: CodePage, character: str) -> bool:
    try:
        page.encode(character)
    except UnmappableCharacter:
        return False
    return True


def _with_references(text: str, lacking: Mapping[int, str]) -> str:
    pieces, position = [], 0
    for found in _MARKUP.finditer(text):
        pieces.append(text[position : found.start()].translate(lacking))
        pieces.append(_markup(found, lacking))
        position = found.end()
    pieces.append(text[position:].translate(lacking))
    return "".join(pieces)


def _markup(found: re.Match[str], lacking: Mapping[int, str]) -> str:
    if found["tag"] is not None:
        return _VALUE.sub(lambda value: value[0].translate(lacking), found[0])
    if found["data"] is not None:
        return found["data"].translate(_ESCAPED).translate(lacking)
    if found["comment"] is not None and found[0].translate(lacking) != found[0]:
        return ""
    return found[0]
