"""How a model reads: its keys as TOML spells them, the type of a field in words, the kind of a value found."""

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, time
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from types import NoneType, UnionType
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le, MinLen
from pydantic.fields import FieldInfo

from gateway.config.values import Settings, Words
from gateway.exchange import Secret, SyncLevel, Undeliverable

_LONGEST = 200
_PLACEHOLDER = re.compile(r'\[\w+\."?([*A-Z]+)')
"""In the words of a field that holds tables under names: `[operations."*"]`, `[raw.TPIPE]`."""


@cache
def fields_of(model: type[Settings]) -> Mapping[str, FieldInfo]:
    """Return the model's fields by the key that stands in the file."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _bare(field: FieldInfo) -> Any:
    """Return the field's type without "or None"."""
    annotation = field.annotation
    if get_origin(annotation) not in {Union, UnionType}:
        return annotation
    kinds = [kind for kind in get_args(annotation) if kind is not NoneType]
    return kinds[0] if len(kinds) == 1 else annotation


def table_of(field: FieldInfo) -> type[Settings] | None:
    """Return the model behind a field that is a table."""
    kind = _bare(field)
    return kind if isinstance(kind, type) and issubclass(kind, Settings) else None


def named_tables_of(field: FieldInfo) -> type[Settings] | None:
    """Return the model behind a field that holds tables under names of the user's choice."""
    kind = _bare(field)
    if get_origin(kind) is not Mapping:
        return None
    model = get_args(kind)[1]
    return model if isinstance(model, type) and issubclass(model, Settings) else None


def placeholder(field: FieldInfo) -> str:
    """Return what stands for the names of such tables: `*` where that means all, a word like TPIPE."""
    found = _PLACEHOLDER.search(words_of(field).text)
    return found[1] if found else "NAME"


def is_secret(field: FieldInfo) -> bool:
    """Tell whether the field's value is a secret."""
    return _bare(field) is Secret


@dataclass(frozen=True, slots=True)
class Holding:
    """What a field holds, as far as a walk through a table needs to know."""

    secret: bool
    table: type[Settings] | None
    """See `table_of`."""
    named_tables: type[Settings] | None
    """See `named_tables_of`."""


@cache
def holdings_of(model: type[Settings]) -> Mapping[str, Holding]:
    """Return what the model's fields hold, by key: a home has thousands of tables and a few models."""
    return {
        key: Holding(is_secret(field), table_of(field), named_tables_of(field))
        for key, field in fields_of(model).items()
    }


def field_at(model: type[Settings], path: Sequence[str | int]) -> FieldInfo | None:
    """Return the field that a path of keys leads to; a path into a list ends at the list."""
    rest = list(path)
    while rest:
        field = fields_of(model).get(str(rest.pop(0)))
        if field is None or not rest:
            return field
        inner = table_of(field)
        if inner is None:
            inner = named_tables_of(field)
            rest.pop(0)
        if inner is None:
            return field
        model = inner
    return None


def number(value: float) -> str:
    """Write a number as it would stand in a file."""
    return f"{value:_}" if isinstance(value, int) and abs(value) >= 100_000 else f"{value:g}"


def _bounds(field: FieldInfo) -> str:
    low: Any = None
    high: Any = None
    above = False
    for item in field.metadata:
        match item:
            case Ge():
                low = item.ge
            case Gt():
                low, above = item.gt, True
            case Le():
                high = item.le
    if low is not None and high is not None and not above:
        return f" from {number(low)} to {number(high)}"
    lower = f"{'above' if above else 'of at least'} {number(low)}" if low is not None else ""
    upper = f"at most {number(high)}" if high is not None else ""
    return " " + ", ".join(part for part in (lower, upper) if part) if lower or upper else ""


def _listed(choices: Sequence[str]) -> str:
    quoted = [f'"{choice}"' for choice in choices]
    return " or ".join([", ".join(quoted[:-1]), quoted[-1]]) if len(quoted) > 1 else quoted[0]


def _plain(kind: Any) -> str:
    names: dict[Any, str] = {int: "a whole number", float: "a number", str: "a text", bool: "true or false"}
    return names.get(kind) or ("a table" if get_origin(kind) in {dict, Mapping} else "a list")


def words_of(field: FieldInfo) -> Words:
    """Return the field's type in words that follow "must be"."""
    for item in field.metadata:
        if isinstance(item, Words):
            return item
    kind = _bare(field)
    for item in getattr(kind, "__metadata__", ()):
        # of a value that may be absent the words stand inside
        if isinstance(item, Words):
            return item
    if get_origin(kind) is Literal:
        choices = tuple(str(choice) for choice in get_args(kind))
        return Words(_listed(choices), choices)
    if table_of(field):
        return Words("a table")
    if kind is str and any(isinstance(item, MinLen) for item in field.metadata):
        return Words("a text that is not empty")
    return Words(_plain(kind) + _bounds(field))


def takes_text(field: FieldInfo) -> bool:
    """Tell whether a text is the right kind of value, whatever it says."""
    kind = _bare(field)
    return kind in {str, Secret, Path, SyncLevel, Undeliverable} or get_origin(kind) is Literal


def kind_of(value: Any) -> str:
    """Say what kind of TOML value this is; numbers and booleans are shown, texts never."""
    match value:
        case bool():
            return str(value).lower()
        case int() | float():
            return repr(value) if not abs(value) >= 10**15 else "a very large number"
        case str():
            return "a text"
        case date() | time():
            return "a date or time"
        case Mapping():
            return "a table"
        case _:
            return "a list"


def shown(text: str) -> str:
    """Make a text of the user's fit for one line of output: bounded, nothing unprintable."""
    cut = text if len(text) <= _LONGEST else text[:_LONGEST] + "..."
    return "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in cut)


def dotted(path: Iterable[str | int]) -> str:
    """Write a path of keys as TOML does, with quotes where they are needed."""
    return ".".join(_key(str(part)) for part in path)


def _key(key: str) -> str:
    bare = key.isascii() and key.replace("-", "_").replace("_", "a").isalnum()
    return shown(key) if bare else '"' + shown(key).replace('"', '\\"') + '"'


def nearest(word: str, known: Iterable[str]) -> str | None:
    """Return the known spelling nearest to a word, None when none is near."""
    folded = {name.casefold(): name for name in known}
    found = get_close_matches(word[:_LONGEST].casefold(), folded, n=1, cutoff=0.6)
    return folded[found[0]] if found else None
