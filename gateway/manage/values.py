"""What a key of a file is set to: `key=value` of a command line, or a value of JSON, typed by the models."""

import tomllib
from collections.abc import Iterable, Mapping
from typing import Any, Final

from gateway.config.model import Settings
from gateway.config.words import (
    dotted,
    field_at,
    fields_of,
    is_secret,
    named_tables_of,
    nearest,
    table_of,
    takes_text,
)
from gateway.exchange import Secret
from gateway.manage.results import ManageError, Why
from gateway.manage.toml_edit import REMOVED, KeyPath

Value = str | int | float | bool | list[Any] | Mapping[str, Any] | Secret | None
"""A value as TOML has it. None takes the key out. A `Secret` is written into a file of its own."""

_HOW: Final = "a secret is given as env:NAME or file:PATH, or asked for; it never stands on the command line"
_CLEAR: Final = (
    'a secret is never written in clear: give { env = "NAME" } or { file = "PATH" }, '
    "on a command line env:NAME or file:PATH"
)
_TOML: Final = """lists and tables are written as in TOML, texts in quotes: 'KEY=["A", "B"]'"""


def key_path(model: type[Settings], key: str) -> KeyPath:
    """Return the steps of a dotted key, written as TOML writes it. Raises ManageError: no such key."""
    path = _steps(key)
    above = [field for end in range(1, len(path)) if (field := field_at(model, path[:end]))]
    if field_at(model, path) is None or any(is_secret(field) or takes_text(field) for field in above):
        near = nearest(key, keys_of(model)) or _by_its_end(model, path)
        raise ManageError(Why.WRONG, f"there is no key {key}" + (f"; did you mean {near}?" if near else ""))
    return path


def _by_its_end(model: type[Settings], path: KeyPath) -> str | None:
    """Return the one key whose last step is that of a path, or near it in the table that the path leads to."""
    alike = [known for known in keys_of(model) if known.rpartition(".")[2] == path[-1]]
    if len(alike) == 1:
        return alike[0]
    above = field_at(model, path[:-1]) if len(path) > 1 else None
    inner = table_of(above) if above else None
    if inner is None and len(path) > 2 and (named := field_at(model, path[:-2])):
        inner = named_tables_of(named)
    near = nearest(path[-1], fields_of(inner)) if inner else None
    return dotted((*path[:-1], near)) if near else None


def _steps(key: str) -> KeyPath:
    """Split a key as TOML does, quotes and all."""
    try:
        table: Any = tomllib.loads(f"{key} = 0") if "\n" not in key and "#" not in key else {}
    except tomllib.TOMLDecodeError:
        table = {}
    path: list[str] = []
    while isinstance(table, dict) and len(table) == 1:
        [(step, table)] = table.items()
        path.append(step)
    if not path or table != 0:
        raise ManageError(Why.WRONG, f"{key!r} is no key; one reads ims_connect.port")
    return tuple(path)


def keys_of(model: type[Settings], prefix: str = "") -> list[str]:
    """Return all keys of a model, dotted, those of tables under free names left out: what completion offers."""
    found: list[str] = []
    for name, field in fields_of(model).items():
        inner = table_of(field)
        if inner is not None:
            found += keys_of(inner, f"{prefix}{name}.")
        elif named_tables_of(field) is None:
            found.append(f"{prefix}{name}")
    return found


def secret_keys_of(model: type[Settings]) -> list[str]:
    """Return the keys of a model that hold secrets, dotted."""
    return [key for key in keys_of(model) if (field := field_at(model, _steps(key))) and is_secret(field)]


def assignments(model: type[Settings], texts: Iterable[str]) -> dict[KeyPath, Value]:
    """Read `key=value` of a command line. Raises ManageError with WRONG; it shows no value.

    Texts are taken as they are; numbers, true and false, lists and tables are written as in TOML; a secret is
    `env:NAME` or `file:PATH`.
    """
    found: dict[KeyPath, Value] = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not equals:
            raise ManageError(Why.WRONG, f"{key!r} has no value: write KEY=VALUE")
        path = key_path(model, key.strip())
        if path in found:
            raise ManageError(Why.WRONG, f"{dotted(path)} is given twice")
        found[path] = _read(model, path, value)
    return found


def _read(model: type[Settings], path: KeyPath, text: str) -> Value:
    field = field_at(model, path)
    assert field is not None, "key_path has seen to it"
    if is_secret(field):
        return _reference(path, text)
    if takes_text(field) and not text.startswith(('"', "'")):
        return text
    try:
        value: Value = tomllib.loads(f"value = {text}")["value"]
    except (tomllib.TOMLDecodeError, KeyError, RecursionError):
        if "\n" not in text and not text.lstrip().startswith(("[", "{")):
            return text  # its model says what it takes
        raise ManageError(Why.WRONG, f"{dotted(path)}: {_TOML}") from None
    return value


def _reference(path: KeyPath, text: str) -> Mapping[str, str]:
    kind, _, name = text.partition(":")
    if kind not in {"env", "file"} or not name:
        raise ManageError(Why.WRONG, f"{dotted(path)}: {_HOW}")
    return {kind: name}


def plain(model: type[Settings], values: Mapping[str, Value]) -> dict[KeyPath, Value]:
    """Return values of JSON by the steps of their keys. Raises ManageError: no such key, a secret in clear."""
    return {key_path(model, key): value for key, value in values.items()}


def refuse_clear(model: type[Settings], changes: Mapping[KeyPath, Value]) -> None:
    """Raise ManageError where a secret would be written in clear, however deep in a table."""
    for path, value in changes.items():
        field = field_at(model, path)
        assert field is not None, "key_path has seen to it"
        if is_secret(field):
            if isinstance(value, str) and value:
                raise ManageError(Why.WRONG, f"{dotted(path)}: {_CLEAR}")
            continue
        inner = table_of(field)
        if inner is not None and isinstance(value, Mapping):
            known = {key: item for key, item in value.items() if key in fields_of(inner)}
            refuse_clear(inner, {(key,): item for key, item in known.items()})


def for_file(value: Value) -> Any:
    """Return a value as `toml_edit` takes it."""
    return REMOVED if value is None else value
