"""Keys of a TOML file set and removed; every byte outside of them stays: comments, order, line ends, spaces.

tomlkit makes the edit. Whether it made this one and no other is checked by tomllib, which did not: a file that
would come out with anything else different is not written.
"""

import tomllib
from collections.abc import Iterable, Mapping, MutableMapping
from typing import Any, Final, cast

import tomlkit
from tomlkit.exceptions import TOMLKitError
from tomlkit.items import InlineTable

from gateway.config.words import dotted
from gateway.manage.toml_tables import without_table

KeyPath = tuple[str, ...]
_BOM: Final = "\ufeff"


class TomlEditError(Exception):
    """The file cannot be edited this way; the text says why and shows no value."""


class _Missing:
    """What a key that goes is set to."""


REMOVED: Final = _Missing()


def edited(data: bytes, changes: Mapping[KeyPath, Any]) -> bytes:
    """Return a TOML file with keys set to plain values (`REMOVED`: taken out).

    Tables on the way are made. Raises TomlEditError: no TOML, a key on the way that is no table.
    """
    try:
        text = data.decode("utf-8-sig")
        wanted = tomllib.loads(text)
        result = text
        for path, value in changes.items():
            _set(wanted, path, value)
            result = _one_edit(result, path, value)
    except (ValueError, TOMLKitError, RecursionError):
        raise TomlEditError("is not valid TOML; imsgw check says where") from None
    result = _with_line_ends(text, result)
    if not _same(_plain(result), wanted, changes):
        keys = ", ".join(dotted(path) for path in changes)
        raise TomlEditError(f"is written in a way that does not let {keys} be set without touching the rest")
    return (_BOM if data.startswith(_BOM.encode()) else "").encode() + result.encode()


def _one_edit(text: str, path: KeyPath, value: Any) -> str:
    """Return the text with one key set or removed."""
    if value is REMOVED and (shorter := without_table(text, path)) is not None:
        wanted = tomllib.loads(text)
        _set(wanted, path, value)
        if _same(_plain(shorter), wanted, (path,)):
            return shorter
    document = tomlkit.parse(text)
    _edit(document, path, value)
    return tomlkit.dumps(document)


def _plain(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _same(found: dict[str, Any] | None, wanted: dict[str, Any], paths: Iterable[KeyPath]) -> bool:
    """Tell whether two tables are the same, but for tables that have nothing in them above what was removed."""
    if found is None:
        return False
    for path in paths:
        for length in range(len(path) - 1, 0, -1):
            _drop_empty(found, path[:length])
            _drop_empty(wanted, path[:length])
    return found == wanted


def _drop_empty(table: dict[str, Any], path: KeyPath) -> None:
    for key in path[:-1]:
        inner = table.get(key)
        if not isinstance(inner, dict):
            return
        table = inner
    if table.get(path[-1]) == {}:
        del table[path[-1]]


def _with_line_ends(before: str, after: str) -> str:
    """Return new lines with the ends that all old ones have."""
    ends = before.count("\n")
    if ends and before.count("\r\n") == ends:
        return after.replace("\r\n", "\n").replace("\n", "\r\n")
    return after


def _set(table: dict[str, Any], path: KeyPath, value: Any) -> None:
    """Do to a plain table what `_edit` does to the document. Raises TomlEditError."""
    for number, key in enumerate(path[:-1], start=1):
        if value is REMOVED and key not in table:
            return
        inner = table.setdefault(key, {})
        if not isinstance(inner, dict):
            raise TomlEditError(f"has something else than a table at {dotted(path[:number])}")
        table = inner
    if value is REMOVED:
        table.pop(path[-1], None)
    else:
        table[path[-1]] = _copied(value)


def _copied(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _copied(inner) for key, inner in value.items()}
    return [_copied(inner) for inner in value] if isinstance(value, list | tuple) else value


def _edit(document: MutableMapping[str, Any], path: KeyPath, value: Any) -> None:
    table = document
    for key in path[:-1]:
        if key not in table:
            if value is REMOVED:
                return
            table[key] = tomlkit.inline_table() if isinstance(table, InlineTable) else tomlkit.table()
        table = cast("MutableMapping[str, Any]", table[key])
    last = path[-1]
    if value is REMOVED:
        if last in table:
            del table[last]
        return
    table[last] = _item(value)


def _item(value: Any) -> Any:
    """Return a value as it is written: tables inside of values stand on the line."""
    if isinstance(value, Mapping):
        inline = tomlkit.inline_table()
        for key, inner in value.items():
            inline[key] = _item(inner)
        return inline
    if isinstance(value, list | tuple):
        array = tomlkit.array()
        for inner in value:
            array.append(_item(inner))
        return array
    return tomlkit.item(value)


def written(tables: Iterable[tuple[KeyPath, Any]]) -> bytes:
    """Return a new TOML file with the keys set, in order."""
    return edited(b"", dict(tables))
