"""Write docs/attacks.md from the catalogue of attacks in tests/attacks/wss.

Usage: python -m tools.attack_table [--check]

With --check nothing is written; exit 1 says that the page is stale.
"""

import sys
from collections.abc import Iterator
from itertools import groupby
from pathlib import Path

from tests.attacks.wss.attacks import ATTACKS, SECTIONS
from tests.attacks.wss.catalogue import Attack
from tests.attacks.wss.honest import HONEST
from tests.attacks.wss.refusals import Refusal, refusals

PAGE = Path(__file__).resolve().parents[1] / "docs" / "attacks.md"
PROSE = Path(__file__).resolve().with_name("attack_table.txt")


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


def _code(words: tuple[str, ...]) -> str:
    return ", ".join(f"`{word}`" for word in words)


def _row(name: str, found: list[Attack], refusal: Refusal) -> str:
    titles = "; ".join(dict.fromkeys(attack.title for attack in found))
    sources = "; ".join(dict.fromkeys(attack.source for attack in found))
    faults = ", ".join(refusal.faults)
    cells = (f"`{name}`", titles, sources, str(len(found)), _code(refusal.rules), faults)
    return f"| {' | '.join(_cell(cell) for cell in cells)} |"


def _section(title: str) -> Iterator[str]:
    recorded = refusals()
    found = sorted(
        (attack for source in SECTIONS[title] for attack in source()), key=lambda attack: _place(attack.id)
    )
    yield f"## {title}"
    yield ""
    yield "| id | attack | source | messages | refused by | fault |"
    yield "| --- | --- | --- | ---: | --- | --- |"
    for name, group in groupby(found, key=lambda attack: attack.id):
        yield _row(name, list(group), recorded[name])
    yield ""


def _place(name: str) -> int:
    """Return where an attack's id comes first, so that rows keep the order of the catalogue."""
    return list(dict.fromkeys(attack.id for attack in ATTACKS.values())).index(name)


def page() -> str:
    """Return the text of the page."""
    intro = PROSE.read_text(encoding="utf-8")
    ids = {attack.id for attack in ATTACKS.values()}
    counts = {"MESSAGES": len(ATTACKS), "ATTACKS": len(ids), "HONEST": len(HONEST)}
    for word, count in counts.items():
        intro = intro.replace(f"%{word}%", str(count))
    lines = [intro.rstrip(), ""]
    for title in SECTIONS:
        lines += _section(title)
    return "\n".join(lines).rstrip() + "\n"


def main(arguments: list[str]) -> int:
    """Write or check the page."""
    text = page()
    if "--check" not in arguments:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    sys.stderr.write("docs/attacks.md is stale: run python -m tools.attack_table\n")
    return 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
