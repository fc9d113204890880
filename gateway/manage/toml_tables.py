"""A table with a header of its own taken out of a TOML text, line by line.

What stands below the table's last key, up to the next header, is about what comes next, so it stays. A library
that knows no lines takes those comments out with the table.
"""

import re
import tomllib
from collections.abc import Sequence
from typing import Any, Final

_HEADER: Final = re.compile(r"\s*(\[[^\[].*\])\s*(?:#.*)?")
_ANY_HEADER: Final = re.compile(r"\s*\[\[?[^=]*\]\]?\s*(?:#.*)?")
_NOTHING: Final = re.compile(r"\s*(?:#.*)?")
OWN_COMMENT: Final = "# takes "
"""How the comment begins that stands above an operation in a proposed correlator: it goes with its table."""


def without_table(text: str, path: Sequence[str]) -> str | None:
    """Return the text without the table; None: it has no header of its own.

    The result has to be checked: a line of a text of several lines may look like a header.
    """
    lines = text.splitlines(keepends=True)
    headers = [number for number, line in enumerate(lines) if _ANY_HEADER.fullmatch(line.rstrip("\r\n"))]
    start = next((number for number in headers if _path_of(lines[number]) == list(path)), None)
    if start is None:
        return None
    end = next((number for number in headers if number > start), len(lines))
    while end > start + 1 and _NOTHING.fullmatch(lines[end - 1].rstrip("\r\n")):
        end -= 1
    if start and lines[start - 1].startswith(OWN_COMMENT):
        start -= 1
    # of the blank lines around it one is enough
    if start and end < len(lines) and not lines[start - 1].strip() and not lines[end].strip():
        end += 1
    return "".join([*lines[:start], *lines[end:]])


def _path_of(line: str) -> list[str] | None:
    """Return the path that a header names."""
    header = _HEADER.fullmatch(line.rstrip("\r\n"))
    try:
        table: Any = tomllib.loads(header[1]) if header else None
    except tomllib.TOMLDecodeError:
        return None
    path: list[str] = []
    while isinstance(table, dict) and len(table) == 1:
        [(key, table)] = table.items()
        path.append(key)
    return path or None
