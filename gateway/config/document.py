"""One TOML file, from bytes to a table, with every way to fail put into words."""

import os
import re
import stat
import tomllib
from pathlib import Path
from typing import Any

from gateway.config.catalogue import files
from gateway.config.words import shown
from gateway.errors import ConfigError

MAX_DOCUMENT_BYTES = 1024 * 1024

_PLACE = re.compile(r" \(at (?:line (?P<line>\d+), column (?P<column>\d+)|end of document)\)$")

_SYNTAX: tuple[tuple[str, str], ...] = (
    ("Cannot declare", "this table is there twice"),
    ("Duplicate inline table key", "a key of this table is there twice"),
    ("Cannot overwrite a value", "this key is there twice"),
    ("Cannot redefine namespace", "this table is there twice"),
    ("Cannot mutate immutable namespace", "this table or list is already complete and takes no more"),
    ("Expected newline", "a new line was expected here"),
    ("Expected '=' after a key", "'=' was expected after the key"),
    ("Expected ']]'", "']]' was expected after the name of the table"),
    ("Expected ']'", "']' was expected after the name of the table"),
    ("Expected", "the text that begins here has no end"),
    ("Unterminated string", "a text has no closing quote"),
    ("Illegal character '\\n'", "a text has no closing quote on its line"),
    ("Illegal character", "a control character must not stand in a text"),
    ("Found invalid character '\\n'", "a text has no closing quote on its line"),
    ("Found invalid character", "a control character must not stand in a text or comment"),
    ("Unescaped", "a backslash begins no valid escape; a text in 'single quotes' takes it as it is"),
    ("Invalid hex value", "an escape needs 4 (\\u) or 8 (\\U) hexadecimal digits"),
    ("Escaped character is not", "an escape names no Unicode character"),
    ("Invalid date", "no such date or time"),
    ("Invalid value", "this is no value; a text needs quotes"),
    ("Unclosed array", "a list has no closing bracket, or a comma is missing in it"),
    ("Unclosed inline table", "a table has no closing brace, or a comma is missing in it"),
    (
        "Invalid initial character",
        "this is no key; other characters than A-Z a-z 0-9 _ - need quotes",
    ),
    ("Invalid statement", "this is neither a key nor a table"),
)
"""Beginnings of tomllib's messages. Ours never repeat a piece of the file: it may be a secret."""


def _syntax(message: str) -> str:
    place = _PLACE.search(message)
    meaning = next((ours for theirs, ours in _SYNTAX if message.startswith(theirs)), "this is not TOML")
    known = place is not None and place["line"] is not None
    where = f"line {place['line']}, column {place['column']}" if place and known else "at the end of the file"
    return f"is not valid TOML: {where}: {meaning}"


def _cannot_read(error: OSError) -> str:
    return f"cannot be read: {os.strerror(error.errno)}" if error.errno else "cannot be read"


def read_bounded(path: Path, limit: int) -> bytes:
    """Return the content of a regular file.

    ValueError, with a text that follows the file's name in a sentence, when it is something else, larger
    than `limit` bytes, or cannot be read.
    """
    if "\0" in str(path):
        raise ValueError("does not exist")
    try:
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise ValueError("is a folder, not a file" if stat.S_ISDIR(mode) else "is not a regular file")
        with path.open("rb") as stream:
            data = stream.read(limit + 1)
    except FileNotFoundError:
        raise ValueError("does not exist") from None
    except OSError as error:
        raise ValueError(_cannot_read(error)) from None
    if len(data) > limit:
        raise ValueError(f"is longer than {limit} bytes")
    return data


def _parse(data: bytes) -> dict[str, Any]:
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(f"is not UTF-8 text (line {data[: error.start].count(10) + 1})") from None
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ValueError(_syntax(str(error))) from None
    except RecursionError:
        raise ValueError("is not valid TOML: nested too deeply") from None
    except ValueError:
        # int() refuses more than some thousand digits
        raise ValueError("is not valid TOML: a number is too long") from None


def read_toml(path: Path, file: str) -> dict[str, Any]:
    """Read one TOML file; `file` names it in problems. Raises ConfigError with one problem."""
    try:
        return _parse(read_bounded(path, MAX_DOCUMENT_BYTES))
    except ValueError as error:
        text = str(error)
    raise ConfigError((files.FILE.at(shown(file), "", text),))
