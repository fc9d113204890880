"""A table against its model: every problem of it, in words of ours.

Two passes. `survey` walks the raw table beside the model: unknown keys, things of later versions, careless
secrets; what it complains of it takes out, so that `validate` can judge all the rest. Pydantic's own
messages never get out: they speak of Python and could show a value.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import ValidationError
from pydantic.fields import FieldInfo

from gateway.config import later, roles, words
from gateway.config.catalogue import Kind, files
from gateway.config.values import MisfitError, NoSecretError, RefusalError, Resolver, Settings
from gateway.errors import ConfigError, Problem

S = TypeVar("S", bound=Settings)

KeyPath = tuple[str | int, ...]

_MANY_KEYS = 8


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing wrong with a table, before it is said in which file."""

    path: KeyPath
    text: str
    incomplete: bool = False
    """A key is missing or does not fit another: a table to be merged with more may still be right."""
    warning: bool = False
    kind: Kind = files.VALUE

    def problem(self, file: str) -> Problem:
        """Return the fault as a line of `imsgw check`."""
        return Problem(words.shown(file), words.dotted(self.path), self.text, self.warning, self.kind.id)


@dataclass(slots=True)
class _Survey:
    root: type[Settings]
    resolver: Resolver
    faults: list[Fault] = field(default_factory=list)

    def table(self, model: type[Settings], raw: Mapping[str, Any], at: KeyPath) -> dict[str, Any]:
        known, holdings = words.fields_of(model), words.holdings_of(model)
        kept: dict[str, Any] = {}
        for key, value in raw.items():
            here = (*at, key)
            if key not in known:
                self.faults.append(Fault(here, self._unknown(model, key, value), kind=files.UNKNOWN))
            elif later.is_later_value(model, key, value):
                text = f'"{value}" is not in this version; it takes {words.words_of(known[key]).text}'
                self.faults.append(Fault(here, text, kind=files.LATER))
            else:
                kept[key] = self._value(holdings[key], value, here)
        return kept

    def _value(self, holding: words.Holding, value: Any, at: KeyPath) -> Any:
        if holding.secret:
            notice = self.resolver.notice(value)
            if notice:
                kind = files.LITERAL if isinstance(value, str) else files.READABLE
                self.faults.append(Fault(at, notice, warning=True, kind=kind))
            return value
        if not isinstance(value, Mapping):
            return value
        if inner := holding.table:
            return self.table(inner, value, at)
        if inner := holding.named_tables:
            return {
                name: self.table(inner, item, (*at, name)) if isinstance(item, Mapping) else item
                for name, item in value.items()
            }
        return value

    def _unknown(self, model: type[Settings], key: str, value: Any) -> str:
        what = "unknown table" if isinstance(value, Mapping) else "unknown key"
        known = words.fields_of(model)
        if role := roles.role_of_key(model, key):
            near = words.nearest(key, known)
            return f'{what} here; it belongs in role = "{role}"' + (f"; did you mean {near}?" if near else "")
        if homes := _homes(self.root, key):
            return f"{what} here; it belongs in {' or '.join(homes)}"
        if near := words.nearest(key, known):
            return f"{what}; did you mean {near}?"
        return what + (f"; known here: {', '.join(known)}" if len(known) <= _MANY_KEYS else "")


def _homes(model: type[Settings], key: str, at: KeyPath = ()) -> list[str]:
    """Return the tables that have the key."""
    found: list[str] = []
    for name, info in words.fields_of(model).items():
        if name == key:
            found.append(f"[{words.dotted(at)}]" if at else "the file's top, before the first table")
        inner, here = words.table_of(info), (*at, name)
        if inner is None:
            inner, here = words.named_tables_of(info), (*at, name, words.placeholder(info))
        if inner is not None:
            found += _homes(inner, key, here)
    return found


def survey(
    model: type[Settings], raw: Mapping[str, Any], resolver: Resolver
) -> tuple[dict[str, Any], tuple[Fault, ...]]:
    """Return the table without what does not belong there, and what was said of it."""
    walk = _Survey(model, resolver)
    kept = walk.table(model, raw, ())
    return kept, tuple(walk.faults)


def _mismatch(info: FieldInfo | None, value: Any) -> str:
    if info is None:  # the name of a table, which the model leaves to the user
        return f"must be a table, found {words.kind_of(value)}"
    wanted = words.words_of(info)
    text = f"must be {wanted.text}"
    if not isinstance(value, str):
        return f"{text}, found {words.kind_of(value)}"
    if not words.takes_text(info):
        return f"{text}, found a text"
    near = words.nearest(value, wanted.choices)
    return f'{text}; did you mean "{near}"?' if near else text


def _missing(info: FieldInfo, path: KeyPath) -> str:
    if words.table_of(info):
        return f"is missing: table [{words.dotted(path)}]"
    return f"is missing: {words.words_of(info).text}"


def _faults(model: type[Settings], detail: Mapping[str, Any]) -> Iterator[Fault]:
    path: KeyPath = tuple(detail["loc"])
    info = words.field_at(model, path)
    cause = detail.get("ctx", {}).get("error")
    if detail["type"] == "missing" and info is not None:
        yield Fault(path, _missing(info, path), incomplete=True)
    elif isinstance(cause, MisfitError):
        for key, text in cause.texts.items():
            yield Fault((*path, key), text, incomplete=True)
    elif isinstance(cause, RefusalError):
        yield Fault(path, str(cause), kind=files.SECRET if isinstance(cause, NoSecretError) else files.VALUE)
    else:
        yield Fault(path, _mismatch(info, detail["input"]))


def validate(
    model: type[S], table: Mapping[str, Any], resolver: Resolver
) -> tuple[S | None, tuple[Fault, ...]]:
    """Return the settings, or None and every fault."""
    try:
        return model.model_validate(table, context={"resolver": resolver}), ()
    except ValidationError as error:
        details = error.errors(include_url=False)
    return None, tuple(fault for detail in details for fault in _faults(model, detail))


def settle(model: type[S], raw: Mapping[str, Any], file: str, resolver: Resolver) -> S:
    """Return a table's settings, whatever the warnings.

    Raises ConfigError with every problem, warnings included, if there is an error among them.
    """
    kept, noticed = survey(model, raw, resolver)
    settings, faults = validate(model, kept, resolver)
    if settings is None or any(not fault.warning for fault in noticed):
        raise ConfigError(tuple(sorted({fault.problem(file) for fault in (*noticed, *faults)})))
    return settings
