"""TOML files of a home in the making: keys with where they came from, secrets kept out of them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import tomlkit
from tomlkit.items import InlineTable, Item, Table
from tomlkit.toml_document import TOMLDocument

from gateway.config.words import dotted
from gateway.exchange import Secret
from gateway.migrate.findings import Findings
from gateway.migrate.mapping import fold_value
from gateway.migrate.places import Place

SECRETS_FOLDER: Final = "keystores/secrets"

Path = tuple[str, ...]


class Section(dict[str, Any]):
    """A table with a header of its own; other mappings are written inline."""


@dataclass(slots=True)
class Draft:
    """One file."""

    file: str
    """Relative to the home."""
    findings: Findings = field(repr=False)
    table: Section = field(default_factory=Section, repr=False)
    remarks: list[str] = field(default_factory=list)
    """Comments at its top."""

    def put(self, path: Path, value: Any, *places: Place) -> None:
        """Set a key; `places` are where it came from."""
        inner = self.table
        for step in path[:-1]:
            inner = inner.setdefault(step, Section())
        inner[path[-1]] = value
        for place in places:
            self.findings.take(place, self.file, dotted(path))

    def section(self, path: Path) -> None:
        """Have a table of this name, if only an empty one."""
        inner = self.table
        for step in path:
            inner = inner.setdefault(step, Section())

    def get(self, *path: str) -> Any:
        """Return a value, None where there is none."""
        inner: Any = self.table
        for step in path:
            inner = inner.get(step) if isinstance(inner, Mapping) else None
        return inner

    def change(self, text: str, path: Path, place: Place | None = None) -> None:
        """Tell that a setting is not as it was."""
        self.findings.change(text, place, self.file, dotted(path))

    def text(self, *more: str) -> str:
        """Return the file; `more` are remarks above its own."""
        document = tomlkit.document()
        for remark in (*more, *self.remarks):
            for line in remark.splitlines() or [""]:
                document.add(tomlkit.comment("".join(c for c in line if c.isprintable())))
        _fill(document, self.table)
        return tomlkit.dumps(document)


def _fill(table: TOMLDocument | Table, values: Mapping[str, Any]) -> None:
    for key, value in values.items():
        if not isinstance(value, Section):
            table.add(key, _item(value))
    for key, value in values.items():
        if isinstance(value, Section):
            only_tables = bool(value) and all(isinstance(inner, Section) for inner in value.values())
            inner = tomlkit.table(is_super_table=only_tables)
            _fill(inner, value)
            table.add(key, inner)


def _item(value: Any) -> Item:
    if not isinstance(value, Mapping):
        item: Item = tomlkit.item(value)
        return item
    inline: InlineTable = tomlkit.inline_table()
    for key, inner in value.items():
        inline.add(key, _item(inner))
    return inline


@dataclass(slots=True)
class SecretKeeper:
    """Where the secrets go: files that only their owner can read, or variables that somebody has to set."""

    how: Literal["files", "env"]
    kept: dict[str, Secret] = field(default_factory=dict, repr=False)
    """By file, relative to the home, or by name of the variable."""

    def keep(self, name: str, secret: Secret) -> dict[str, str]:
        """Keep a secret; return what stands for it in a file of TOML. `name` says what it is: "bundle-ims1"."""
        place = self._place(name, secret)
        self.kept[place] = secret
        return {"file" if self.how == "files" else "env": place}

    def _place(self, name: str, secret: Secret) -> str:
        number = 1
        while True:
            counted = name if number == 1 else f"{name}-{number}"
            place = f"{SECRETS_FOLDER}/{counted}" if self.how == "files" else _variable(counted)
            if self.kept.get(place, secret) == secret:
                return place
            number += 1


def _variable(name: str) -> str:
    return "".join(c if c.isascii() and c.isalnum() else "_" for c in name).upper()


def unit_name(name: str, taken: Mapping[str, object], what: str) -> str:
    """Return a name for a file or folder of the home: the original's where it can be one."""
    bare = "".join(c if c.isascii() and (c.isalnum() or c in "_-") else "-" for c in name).strip("-_")[:56]
    if not bare or fold_value(bare).startswith("readme"):
        bare = f"{what}-{bare}".rstrip("-")
    found, number = bare, 2
    while any(found.lower() == other.lower() for other in taken):
        found, number = f"{bare}-{number}", number + 1
    return found
