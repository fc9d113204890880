"""Write docs/check.md from the catalogue of findings.

Usage: python -m tools.check_kinds [--check]

With --check nothing is written; exit 1 says that the page is stale.
"""

import sys
from collections.abc import Iterator
from inspect import getdoc
from pathlib import Path

from gateway.config.catalogue import KINDS, SUBJECTS, kinds_of

PAGE = Path(__file__).resolve().parents[1] / "docs" / "check.md"
PROSE = Path(__file__).resolve().with_name("check_kinds.txt")
PLACE = "%KINDS%"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _kinds() -> Iterator[str]:
    for subject in SUBJECTS:
        title = (getdoc(subject) or "").splitlines()[0].rstrip(".")
        yield f"### {title}"
        yield ""
        yield "| id | severity | what is found | what to do |"
        yield "| --- | --- | --- | --- |"
        for kind in kinds_of(subject):
            cells = (f"`{kind.id}`", kind.severity, kind.finds, kind.action)
            yield f"| {' | '.join(map(_cell, cells))} |"
        yield ""


def page() -> str:
    """Return the text of the page."""
    prose = PROSE.read_text(encoding="utf-8").replace("%COUNT%", str(len(KINDS)))
    return prose.replace(PLACE, "\n".join(_kinds()).rstrip()).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/check.md is stale: run python -m tools.check_kinds\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
