"""Write docs/management-api.md: its prose, and the table of endpoints from the code.

Usage: python -m tools.management_api [--check]

With --check nothing is written; exit 1 says that the page is stale.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from gateway.admin.api.endpoint import Endpoint
from gateway.admin.api.table import TABLE
from gateway.config.accounts import AccountRow, TokenRow
from gateway.config.values import Settings
from gateway.config.words import fields_of, words_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "management-api.md"
PROSE = Path(__file__).resolve().with_name("management_api.txt")


def _endpoints() -> Iterator[str]:
    yield "| method | address | role | what |"
    yield "| --- | --- | --- | --- |"
    for row in sorted(TABLE, key=_order):
        path = re.sub(r"<\w+:(\w+)>", r"{\1}", row.path)
        more = " (takes If-Match)" if row.conditional else ""
        yield f"| {row.method} | `{path}` | {row.role} | {row.summary}{more} |"


def _order(row: Endpoint) -> tuple[str, str, str]:
    return row.path.split("/")[2], row.path, row.method


def _keys(model: type[Settings]) -> Iterator[str]:
    yield "| key | is | what |"
    yield "| --- | --- | --- |"
    for name, field in fields_of(model).items():
        yield f"| `{name}` | {words_of(field).text} | {field.description} |"


def page() -> str:
    """Return the text of the page."""
    text = PROSE.read_text(encoding="utf-8")
    parts = {"%ENDPOINTS%": _endpoints(), "%ACCOUNT%": _keys(AccountRow), "%TOKEN%": _keys(TokenRow)}
    for place, lines in parts.items():
        text = text.replace(place, "\n".join(lines))
    return text.rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/management-api.md is stale: run python -m tools.management_api\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
