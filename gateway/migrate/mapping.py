"""The mapping table: which names in IBM's files mean what. Shipped as mapping.toml; users may change it."""

import re
import tomllib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Final, Literal

from pydantic import Field

from gateway.config.document import read_toml
from gateway.config.secrets import HomeFiles
from gateway.config.strict import settle
from gateway.config.values import Settings, Texts
from gateway.config.words import dotted, nearest, shown
from gateway.errors import ConfigError, Problem

SHIPPED: Final = Path(__file__).with_name("mapping.toml")
Kind = Literal["bundle", "correlator", "server"]
KINDS: Final[tuple[Kind, ...]] = ("bundle", "correlator", "server")
_SEPARATORS: Final = re.compile(r"[^a-z0-9]+")


def fold_value(text: str) -> str:
    """Return a value as it is compared: without case and what separates words; never empty where it is not."""
    return _SEPARATORS.sub("", text.lower()) or text.strip()


def fold(name: str) -> str:
    """Return a name as it is compared: like a value, and without namespace or prefix."""
    return fold_value(name.rpartition("}")[2].rpartition(":")[2])


class Reading(Settings):
    """How properties are found in XML."""

    pairs: Texts = Field(description="Elements that hold one property.")
    pair_names: Texts = Field(description="Where such an element has the property's name.")
    pair_values: Texts = Field(description="Where it has the value.")
    ambiguous: Texts = Field(description="Names that count together with their group only.")
    ignored: Texts = Field(description="Names that are passed over.")


class KindTable(Settings):
    """What one kind of entry is called, and its properties."""

    elements: Texts = Field(description="Names of the element that holds one entry.")
    recognised_by: list[list[str]] = Field(description="Sets of properties that make any element an entry.")
    needless: Texts = Field(description="Names that are understood and have no counterpart here.")
    properties: dict[str, list[str]] = Field(description="Spellings by property.")


class MappingTable(Settings):
    """The file."""

    reading: Reading = Field(description="How properties are found.")
    bundle: KindTable = Field(description="Connection bundles.")
    correlator: KindTable = Field(description="Correlators.")
    server: KindTable = Field(description="The server.")
    values: dict[str, list[str]] = Field(description="Spellings of values.")


@dataclass(frozen=True, slots=True)
class Names:
    """The names of one kind, folded."""

    elements: frozenset[str]
    recognised_by: tuple[frozenset[str], ...]
    needless: frozenset[str]
    by_spelling: Mapping[str, str]
    """Property by its folded spelling."""


@dataclass(frozen=True, slots=True)
class NameMap:
    """The table in the form in which it is asked."""

    pairs: frozenset[str]
    pair_names: tuple[str, ...]
    pair_values: tuple[str, ...]
    ambiguous: frozenset[str]
    ignored: frozenset[str]
    kinds: Mapping[Kind, Names]
    values: Mapping[str, frozenset[str]]

    def property_of(self, kind: Kind, path: tuple[str, ...], entry: str = "") -> str | None:
        """Return the property that a path of folded names means, None: unknown.

        The names of groups are left out from the front; a name that is ambiguous needs one of them. `entry`:
        what the element is called whose property it is; that counts as a group, too, but is not needed.
        """
        known = self.kinds[kind].by_spelling
        if (whole := entry + "".join(path)) in known:
            return known[whole]
        for start in range(len(path)):
            name = "".join(path[start:])
            if start and start == len(path) - 1 and name in self.ambiguous:
                return None
            if name in known:
                return known[name]
        return None

    def is_needless(self, kind: Kind, path: tuple[str, ...]) -> bool:
        """Tell whether a name is one that has no counterpart here."""
        needless = self.kinds[kind].needless
        return path[-1] in needless or "".join(path) in needless

    def value_is(self, meaning: str, text: str) -> bool:
        """Tell whether a text is one of the spellings of a value."""
        return fold_value(text) in self.values.get(meaning, frozenset())


def shipped_text() -> str:
    """Return the shipped table, for `--print-mapping`."""
    return SHIPPED.read_text("utf-8")


def read_mapping(path: Path | None = None) -> NameMap:
    """Read the shipped table and, over it, a user's. Raises ConfigError: no TOML, unknown keys, wrong types."""
    table = _shipped()
    if path is None:
        return _name_map(settle(MappingTable, table, SHIPPED.name, HomeFiles(SHIPPED.parent, {})))
    merged = _merged(table, read_toml(path, path.name))
    settled = settle(MappingTable, merged, path.name, HomeFiles(path.parent, {}))
    if problems := tuple(_complaints(settled, path.name)):
        raise ConfigError(problems)
    return _name_map(settled)


@cache
def _shipped() -> dict[str, Any]:
    return tomllib.loads(shipped_text())


def _merged(below: Mapping[str, Any], above: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(below)
    for key, value in above.items():
        old = merged.get(key)
        both = isinstance(old, Mapping) and isinstance(value, Mapping)
        merged[key] = _merged(old, value) if both else value  # type: ignore[arg-type]
    return merged


def _complaints(table: MappingTable, file: str) -> Iterator[Problem]:
    """Name properties and values that nobody asks for, and spellings that would mean two things."""
    shipped = _shipped()
    for kind in KINDS:
        one: KindTable = getattr(table, kind)
        known, meant = shipped[kind]["properties"], dict[str, str]()
        for name, spellings in one.properties.items():
            key = dotted((kind, "properties", name))
            if name not in known:
                yield Problem(file, key, f"unknown property{_hint(name, known)}")
            for spelling in spellings:
                other = meant.setdefault(fold(spelling), name)
                if other != name:
                    yield Problem(file, key, f"{shown(spelling)} means {other} already")
        for name in sorted({name for names in one.recognised_by for name in names} - set(known)):
            yield Problem(file, f"{kind}.recognised_by", f"unknown property {shown(name)}{_hint(name, known)}")
    for name in sorted(table.values.keys() - shipped["values"].keys()):
        yield Problem(file, dotted(("values", name)), f"unknown value{_hint(name, shipped['values'])}")


def _hint(name: str, known: Iterable[str]) -> str:
    near = nearest(name, known)
    return f"; did you mean {near}?" if near else ""


def _name_map(table: MappingTable) -> NameMap:
    reading = table.reading
    kinds: dict[Kind, Names] = {}
    for kind in KINDS:
        one: KindTable = getattr(table, kind)
        kinds[kind] = Names(
            frozenset(map(fold, one.elements)),
            tuple(frozenset(names) for names in one.recognised_by),
            frozenset(map(fold, one.needless)),
            {fold(spelling): name for name, spellings in one.properties.items() for spelling in spellings},
        )
    return NameMap(
        frozenset(map(fold, reading.pairs)),
        tuple(map(fold, reading.pair_names)),
        tuple(map(fold, reading.pair_values)),
        frozenset(map(fold, reading.ambiguous)),
        frozenset(map(fold, reading.ignored)),
        kinds,
        {name: frozenset(map(fold_value, spellings)) for name, spellings in table.values.items()},
    )
