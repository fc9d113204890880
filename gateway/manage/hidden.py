"""The text of a file with the secrets that stand in it in clear hidden."""

import tomllib
from collections.abc import Iterator, Mapping
from typing import Any, Final

from gateway.config.model import Settings
from gateway.config.words import holdings_of
from gateway.manage.toml_edit import KeyPath, TomlEditError, edited

HIDDEN: Final = "***"


def without_secrets(model: type[Settings], data: bytes) -> str:
    """Return a TOML file for people: comments and all, but with `***` in place of secrets.

    Variables and files that hold secrets stay: who has to change one needs to know which.
    """
    table = tomllib.loads(data.decode("utf-8-sig"))
    found = dict.fromkeys(_clear(model, table), HIDDEN)
    try:
        shown = edited(data, found) if found else data
    except TomlEditError:
        return "# not shown: it holds a secret in clear\n"
    return shown.decode("utf-8-sig")


def _clear(model: type[Settings], table: Mapping[str, Any], above: KeyPath = ()) -> Iterator[KeyPath]:
    """Yield the paths of secrets that are no reference to a variable or file."""
    holdings = holdings_of(model)
    for key, value in table.items():
        holds, path = holdings.get(key), (*above, key)
        if holds is None or not value:
            continue
        if holds.secret:
            if not (isinstance(value, Mapping) and len(value) == 1 and set(value) <= {"env", "file"}):
                yield path
        elif holds.table is not None and isinstance(value, Mapping):
            yield from _clear(holds.table, value, path)
        elif holds.named_tables is not None and isinstance(value, Mapping):
            for name, inner in value.items():
                if isinstance(inner, Mapping):
                    yield from _clear(holds.named_tables, inner, (*path, name))
