"""Files of Java properties: `key = value`, as java.util.Properties reads them."""

import re
from collections.abc import Iterator
from typing import Final

from gateway.migrate.places import Place, RefusedError
from gateway.migrate.records import Property, dotted_path

_KEY: Final = re.compile(r"(?:\\.|[^\\=:\s])+")
_SEPARATOR: Final = re.compile(r"[ \t\f]*[=:]?[ \t\f]*")
_ESCAPE: Final = re.compile(r"\\(?:u([0-9A-Fa-f]{4})|(.))", re.DOTALL)
_NAMED: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_MOST_LINES: Final = 100_000


def read_properties(text: str, file: str) -> tuple[Property, ...]:
    """Return the properties of a file. RefusedError: it is none, by its first line that could not be one."""
    found: list[Property] = []
    for line, said in _logical_lines(text):
        key = _KEY.match(said)
        if key is None or not any(letter.isalnum() for letter in key[0]):
            raise RefusedError("is no line of a properties file", line)
        separator = _SEPARATOR.match(said, key.end())
        assert separator is not None, "it matches nothing, too"
        name, value = _plain(key[0]), _plain(said[separator.end() :])
        # a line that is one word is what a damage left of another, may be of a password: the word is not told
        told = name if len(said) > key.end() else ""
        found.append(Property(dotted_path(name), value.strip(), Place(file, line, told)))
    return tuple(found)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Yield lines that say something, continued ones joined, with the number of their first."""
    joined, start = "", 0
    for number, line in enumerate(text.split("\n"), start=1):
        if number > _MOST_LINES:
            raise RefusedError(f"has more than {_MOST_LINES} lines", number)
        bare = line.rstrip("\r").lstrip(" \t\f")
        if not joined and (not bare or bare[0] in "#!"):
            continue
        start = start or number
        backslashes = len(bare) - len(bare.rstrip("\\"))
        if backslashes % 2:
            joined += bare[:-1]
            continue
        yield start, joined + bare
        joined, start = "", 0
    if joined:
        yield start, joined


def _plain(text: str) -> str:
    def character(match: re.Match[str]) -> str:
        if match[1]:
            one = chr(int(match[1], 16))
            return one if not "\ud800" <= one <= "\udfff" else "\ufffd"
        return _NAMED.get(match[2], match[2])

    return _ESCAPE.sub(character, text)
