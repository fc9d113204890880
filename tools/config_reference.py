"""Write docs/configuration.md from the configuration models.

Usage: python -m tools.config_reference [--check]

With --check nothing is written; exit 1 says that the page is stale.
"""

import sys
from collections.abc import Iterator
from enum import Enum
from inspect import getdoc
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo

from gateway.config.model import (
    Bundle,
    ConsumerSettings,
    GatewaySettings,
    KeyStore,
    ProviderSettings,
    TrustStore,
)
from gateway.config.values import Settings, is_at_start
from gateway.config.words import dotted, fields_of, named_tables_of, number, placeholder, table_of, words_of
from gateway.exchange import Secret

PAGE = Path(__file__).resolve().parents[1] / "docs" / "configuration.md"
PROSE = Path(__file__).resolve().with_name("config_reference.txt")

FILES: tuple[tuple[str, str, type[Settings]], ...] = (
    ("`gateway.toml`", "gateway-toml", GatewaySettings),
    ("`bundles/<bundle>.toml`", "bundle", Bundle),
    ("`wsdl/<service>/correlator.toml`", "correlator", ProviderSettings),
    ("`wsdl/<service>/correlator.toml` of a consumer", "consumer", ConsumerSettings),
)
_AT_START = " *A change counts from the next start.*"
SHAPES: tuple[type[Settings], ...] = (KeyStore, TrustStore)
"""Tables that stand in several places and get one section of their own."""


def _toml(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case Enum():
            return _toml(value.value)
        case int() | float():
            return number(value)
        case Secret():
            return '""'
        case tuple():
            return f"[{', '.join(map(_toml, value))}]"
        case _:
            return f'"{value}"'


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "needed"
    return "" if field.default is None else f"`{_toml(field.default)}`"


def _type(field: FieldInfo) -> str:
    inner = table_of(field)
    if inner in SHAPES:
        return f"[{'key store' if inner is KeyStore else 'trust store'}](#stores)"
    text = words_of(field).text.removeprefix("a secret: ")
    if words_of(field).text.startswith("a secret"):
        return "[secret](#secrets)"
    return text.removeprefix("an ").removeprefix("a ").removeprefix("the ")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _meaning(field: FieldInfo) -> str:
    return f"{field.description or ''}{_AT_START if is_at_start(field) else ''}"


def table_rows(model: type[Settings]) -> Iterator[str]:
    """Yield the lines of a table of a model's own keys; tables below it get sections of their own."""
    rows = [
        f"| `{key}` | {_cell(_type(field))} | {_default(field)} | {_cell(_meaning(field))} |"
        for key, field in fields_of(model).items()
        if not _sections(key, field)
    ]
    if rows:
        yield "| key | type | default | meaning |"
        yield "| --- | --- | --- | --- |"
        yield from rows
        yield ""


def _sections(key: str, field: FieldInfo) -> list[tuple[str, type[Settings]]]:
    """Return the table below a key, with its name, where it gets a section."""
    inner = table_of(field)
    if inner is not None:
        return [] if inner in SHAPES else [(key, inner)]
    named = named_tables_of(field)
    return [(dotted((key, placeholder(field))), named)] if named else []


def _model(model: type[Settings], prefix: str) -> Iterator[str]:
    yield from table_rows(model)
    for key, field in fields_of(model).items():
        for name, inner in _sections(key, field):
            path = f"{prefix}{name}"
            yield f"### `[{path}]`"
            yield ""
            yield f"{getdoc(inner)} {_presence(field)}".strip()
            yield ""
            yield from _model(inner, f"{path}.")


def _presence(field: FieldInfo) -> str:
    if named_tables_of(field) and field.is_required():
        return (
            "A table `[operations.NAME]` does the same for the operation NAME alone; one of the two is needed "
            "for each operation."
        )
    if field.is_required():
        return "Needed."
    if is_at_start(field):
        return _AT_START.strip()
    return field.description or "" if field.default_factory is None else ""


def page() -> str:
    """Return the text of the page."""
    prose = dict(_prose())
    lines = [prose["intro"]]
    for file, part, model in FILES:
        lines += [f"## {file}", "", prose[part], "", *_model(model, "")]
    lines += ["## Stores", "", prose["stores"], ""]
    for shape in SHAPES:
        lines += [f"### {'Key store' if shape is KeyStore else 'Trust store'}", "", f"{getdoc(shape)}", ""]
        lines += [*table_rows(shape)]
    lines += [prose["fit"]]
    return "\n".join(lines).rstrip() + "\n"


def _prose() -> Iterator[tuple[str, str]]:
    """Yield the parts that people write: name and text, split at lines ``%% name``."""
    for part in PROSE.read_text(encoding="utf-8").split("%% ")[1:]:
        name, _, text = part.partition("\n")
        yield name.strip(), text.strip() + ("\n" if name.strip() in {"intro", "fit"} else "")


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/configuration.md is stale: run python -m tools.config_reference\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
