"""Write docs/stand-in-configuration.md from the models of the stand-in's configuration.

Usage: python -m tools.standin_reference [--check]

With --check nothing is written; exit 1 says that the page is stale.
"""

import sys
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path

from gateway.config.model import KeyStore, TrustStore
from gateway.config.values import Settings
from gateway.config.words import fields_of, named_tables_of, table_of
from gateway.standin.config import StandinConfig
from gateway.standin.faults import Fault
from tools.config_reference import table_rows

PAGE = Path(__file__).resolve().parents[1] / "docs" / "stand-in-configuration.md"
INTRO = """# Configuration of the stand-in

Every table and key of the file that `imsgw standin --config FILE` reads; [stand-in.md](stand-in.md) says what
comes of it. Made from the code by `make docs`. TOML, read strictly: an unknown key, a wrong type, a missing
file is an error that names key and reason. Every table may be left out. Paths count from the file's folder.
Secrets, key stores and trust stores are written as in [the gateway's files](configuration.md).
"""
FIRST = ("ims_connect", "datastores", "state")
"""Tables that come first; the others follow in the order of the model."""


def _sections() -> Iterator[tuple[str, type[Settings]]]:
    """Yield the heading and the model of every table, in the order of the file."""
    fields = fields_of(StandinConfig)
    for key in (*FIRST, *(key for key in fields if key not in FIRST)):
        field = fields[key]
        inner, named = table_of(field), named_tables_of(field)
        if inner is not None:
            yield f"[{key}]", inner
        elif named is not None:
            assert issubclass(named, Settings), "a table of the configuration"
            yield f"[{key}.NAME]", named


def _rows(model: type[Settings]) -> list[str]:
    """Return the lines of a table; secrets and stores are explained on the gateway's page."""
    return [row.replace("](#", "](configuration.md#") for row in table_rows(model)]


def page() -> str:
    """Return the text of the page."""
    lines = [INTRO]
    sections: list[tuple[str, type[Settings]]] = [*_sections(), ("[[faults]]", Fault)]
    for heading, model in sections:
        lines += [f"## `{heading}`", "", f"{getdoc(model)}", "", *_rows(model)]
        for key, field in fields_of(model).items():
            inner = table_of(field)
            if inner is not None and inner not in {KeyStore, TrustStore}:
                lines += [f"### `{key}` of `{heading}`", "", f"{getdoc(inner)}", "", *_rows(inner)]
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/stand-in-configuration.md is stale: run python -m tools.standin_reference\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
