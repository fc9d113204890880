"""Fields as lines of text: offset decimal and hexadecimal, name, length, bytes, meaning; long data dumped."""

from collections.abc import Iterable, Iterator
from typing import Final

from gateway.imsconnect.wire.anatomy import HIDDEN, Field

ROW: Final = 16
"""Bytes in a line of a dump."""
LONG: Final = 8
"""Data of more bytes than this does not fit its line."""
_NAME: Final = 24
_INDENT: Final = " " * 11


def rows(fields: Iterable[Field], *, dumps: bool) -> Iterator[str]:
    """Yield a line for each field; below one with long data, with `dumps`, its bytes."""
    for found in fields:
        yield _row(found, dumps=dumps)
        if dumps and len(found.data) > LONG and not found.hidden:
            for line in dump(found.data, found.offset):
                yield _INDENT + line


def _row(found: Field, *, dumps: bool) -> str:
    place = f"{found.offset:>5} {found.offset:04X}  {found.name:<{_NAME}} {len(found.data):>7}"
    return f"{place}  {_bytes(found, dumps=dumps):<{2 * LONG}}  {found.meaning}".rstrip()


def _bytes(found: Field, *, dumps: bool) -> str:
    if found.hidden:
        return HIDDEN
    if len(found.data) <= LONG:
        return found.data.hex().upper()
    return "" if dumps else f"{found.data[: LONG - 1].hex().upper()}.."


def dump(data: bytes, start: int = 0) -> Iterator[str]:
    """Yield lines of offset (the first is `start`), bytes, and the text in EBCDIC and in ASCII."""
    for at in range(0, len(data), ROW):
        row = data[at : at + ROW]
        ebcdic, ascii_ = (_visible(row.decode(code, errors="replace")) for code in ("cp037", "latin-1"))
        yield f"{start + at:06X}  {row.hex(' ', 4).upper():<35}  |{ebcdic:<{ROW}}|  |{ascii_:<{ROW}}|"


def _visible(text: str) -> str:
    return "".join(c if c.isprintable() and c.isascii() else "." for c in text)
