"""Write docs/limits.md: the words from limits_table.txt, the numbers from the code.

A line of a table there reads `= SOURCE [UNIT] | what is limited | what is beyond it`. SOURCE is `MODULE:NAME`,
for a constant, or `FILE KEY`: a key of `gateway`, `bundle`, `provider` or `consumer`. `{M.NAME}` is the id of a
message.

Usage: python -m tools.limits_table [--check]

With --check nothing is written; exit 1 says that the page is stale.
"""

import re
import sys
from collections.abc import Iterator
from importlib import import_module
from itertools import groupby
from pathlib import Path
from typing import Any

from gateway.config.model import Bundle, ConsumerSettings, GatewaySettings, ProviderSettings
from gateway.config.values import Settings
from gateway.config.words import field_at, words_of
from gateway.errors import M

PAGE = Path(__file__).resolve().parents[1] / "docs" / "limits.md"
WORDS = Path(__file__).resolve().with_suffix(".txt")
FILES: dict[str, type[Settings]] = {
    "gateway": GatewaySettings,
    "bundle": Bundle,
    "provider": ProviderSettings,
    "consumer": ConsumerSettings,
}
_ROW = "= "
_ID = re.compile(r"\{M\.(\w+)\}")
_NUMBER = re.compile(r"\b\d[\d_]{4,}\b")


def page(words: str) -> str:
    """Return the text of the page. LookupError: the source of a line is not there (any more)."""
    lines: list[str] = []
    for is_table, group in groupby(words.splitlines(), lambda line: line.startswith(_ROW)):
        lines += list(_table(group) if is_table else group)  # noqa: B031  once, in either case
    return "\n".join(lines).rstrip() + "\n"


def _table(rows: Iterator[str]) -> Iterator[str]:
    yield "| limit | value | set by | beyond it |"
    yield "| --- | --- | --- | --- |"
    for row in rows:
        source, what, beyond = (cell.strip() for cell in row.removeprefix(_ROW).split("|"))
        try:
            value, unit, told = _constant(*source.split()) if ":" in source else _key(*source.split())
        except (AttributeError, ImportError, KeyError) as error:
            raise LookupError(f"{WORDS.name}: {source} is not there any more: {error}") from error
        shown = f"{value} {unit}".strip()
        yield f"| {what} | {shown} | {told} | {_ID.sub(_message, beyond)} |"


def _message(match: re.Match[str]) -> str:
    return f"`{getattr(M, match[1]).id}`"


def _constant(source: str, unit: str = "") -> tuple[str, str, str]:
    module, _, names = source.partition(":")
    value: Any = import_module(module)
    for name in names.split("."):
        value = _default_of(value, name)
    return _shown(value), unit, "fixed"


def _default_of(owner: Any, name: str) -> Any:
    """Return an attribute, or the default of a field of a dataclass."""
    if isinstance(owner, type):
        return owner.__dataclass_fields__[name].default  # type: ignore[attr-defined]
    return getattr(owner, name)


def _key(file: str, key: str, unit: str = "") -> tuple[str, str, str]:
    field = field_at(FILES[file], key.split("."))
    if field is None:
        raise KeyError(f"{file} has no key {key}")
    bounds = words_of(field).text.removeprefix("a whole number").removeprefix("a number").strip()
    path = key.replace(".*.", '."*".')
    told = f"`{path}`" + (f", {_grouped(bounds)}" if bounds else "")
    return _shown(field.default), unit, told


def _shown(value: Any) -> str:
    match value:
        case range():
            return f"{value.start} to {value.stop - 1}"
        case re.Pattern():
            return f"`{value.pattern}`"
        case float():
            return f"{value:,g}"
        case int():
            return f"{value:,}"
    raise TypeError(f"{value!r} is no limit")


def _grouped(text: str) -> str:
    return _NUMBER.sub(lambda match: f"{int(match[0]):,}", text)


def main() -> int:
    """Write the page, or check it."""
    text = page(WORDS.read_text(encoding="utf-8"))
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE.name} is stale: run python -m tools.limits_table", file=sys.stderr)  # noqa: T201
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
