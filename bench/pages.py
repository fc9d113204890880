"""Figures in pages: what stands between two markers is made of the results, and made anew by a command."""

from collections.abc import Iterable, Sequence
from pathlib import Path


def begin(name: str) -> str:
    """Return the marker above a part."""
    return f"<!-- {name}: begin, written by python -m bench {name} --write-docs -->"


def end(name: str) -> str:
    """Return the marker below it."""
    return f"<!-- {name}: end -->"


def replace(page: Path, name: str, text: str) -> None:
    """Put a text between the markers of that name; ValueError when the page has them not."""
    above, found, rest = page.read_text().partition(begin(name))
    _, closed, below = rest.partition(end(name))
    if not found or not closed:
        raise ValueError(f"{page} has no part {name}: {begin(name)} ... {end(name)}")
    page.write_text(f"{above}{begin(name)}\n{text.strip()}\n{end(name)}{below}")


def table(head: Sequence[str], rows: Iterable[Sequence[str]], *, numbers: bool = True) -> str:
    """Return a table in Markdown; `numbers`: all columns but the first stand to the right."""
    lines = [head, ["---", *["---:" if numbers else "---"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
