"""The report as a page for people: migration-report.md."""

import re
from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Final

from gateway.config.words import shown
from gateway.migrate.findings import Told
from gateway.migrate.places import Place
from gateway.migrate.report import Report

_MARKUP: Final = re.compile(r"([\\`*_\[\]<>|#~&!])")
_TICKS: Final = re.compile(r"`+")
_MOST_ABOUT: Final = 40
_NEXT: Final = (
    "What matters most stands first. Hand in passwords that are missing and spellings that were not understood",
    "(`--passwords`, `--mapping`) and migrate again, into a new folder; mend everything else in this home.",
    "Then: `imsgw check`, `imsgw check --online`, and a call of each service before clients are moved.",
)


def markdown(report: Report) -> str:
    """Return the page."""
    sections = (
        _head(report),
        _list("Before the gateway starts", report.blockers, "These keep the gateway from starting."),
        _aside(report),
        _questions(report),
        _told("Damaged, or not there", report.damaged, "The rest was taken."),
        _told("Contradictions and doubts", report.contradictions, "Decide each of them."),
        _told(
            "Not understood",
            report.unknown,
            "A spelling can be added to the mapping table (`--print-mapping`).",
        ),
        _told("Changed", report.changed, "What is not as it was, and why."),
        _told("Without a counterpart", report.needless, "Nothing has to be done."),
        _secrets(report),
        _check(report),
        _taken(report),
        _list(
            "Files left alone", [_code(name) for name in report.left_alone], "They are none of what is read."
        ),
    )
    return "\n".join(line for section in sections for line in section) + "\n"


def _head(report: Report) -> Iterator[str]:
    yield "# Migration report"
    yield ""
    yield f"{len(report.services)} service(s), {len(report.bundles)} bundle(s), {len(report.aside)} set aside."
    yield ""
    yield "| service | role | token | bundles | address |"
    yield "| --- | --- | --- | --- | --- |"
    for one in report.services:
        bundles, places = ", ".join(one.bundles), ", ".join(map(_code, one.addresses)) or "-"
        token = f"{one.token}, signed, trust {one.trust}" if one.trust else one.token
        yield f"| {_text(one.name)} | {one.role} | {token} | {_text(bundles)} | {places} |"
    yield ""
    yield from _NEXT
    yield ""


def _aside(report: Report) -> Iterator[str]:
    if not report.aside:
        return
    yield "## Set aside"
    yield ""
    yield "Not part of the home: the gateway would not start with it, or would do other than the original."
    yield ""
    for one in report.aside:
        kept = f" Its draft: {_code(one.kept)}." if one.kept else ""
        yield f"- **{_text(one.unit)}**: {_text(one.reason)}.{kept}"
    yield ""


def _questions(report: Report) -> Iterator[str]:
    if not report.questions:
        return
    yield "## What to ask whom"
    yield ""
    for whom, group in groupby(report.questions, key=lambda one: one[0]):
        yield f"### {whom.value}"
        yield ""
        for _, text, about in group:
            more = f", and {len(about) - _MOST_ABOUT} more" if len(about) > _MOST_ABOUT else ""
            named = f" ({', '.join(map(_text, about[:_MOST_ABOUT]))}{more})" if about else ""
            yield f"- {_text(text[:1].upper() + text[1:])}{named}"
        yield ""


def _told(title: str, told: Iterable[Told], intro: str) -> Iterator[str]:
    lines = [_line(one) for one in told]
    yield from _list(title, lines, intro)


def _line(one: Told) -> str:
    target = f" ({_code(f'{one.file}: {one.key}' if one.key else one.file)})" if one.file else ""
    return f"{_at(one.place)}{_text(one.text)}{target}"


def _at(place: Place | None) -> str:
    return f"{_code(str(place))}: " if place is not None else ""


def _list(title: str, lines: Iterable[str], intro: str) -> Iterator[str]:
    found = list(lines)
    if not found:
        return
    yield f"## {title}"
    yield ""
    yield intro
    yield ""
    yield from (f"- {line}" for line in found)
    yield ""


def _secrets(report: Report) -> Iterator[str]:
    names = [_code(name) for name in report.variables]
    yield from _list(
        "Variables to set", names, "Secrets are read from the environment; this page has no values."
    )
    files = [_code(name) for name in report.secret_files]
    yield from _list("Files with secrets", files, "Mode 600: their owner alone can read them.")


def _check(report: Report) -> Iterator[str]:
    lines = [_code(str(problem)) for problem in report.problems]
    yield from _list("What imsgw check says", lines, "Warnings do not keep the gateway from starting.")


def _taken(report: Report) -> Iterator[str]:
    if not report.taken:
        return
    yield "## Taken"
    yield ""
    yield "| from | to |"
    yield "| --- | --- |"
    for one in report.taken:
        target = f"{one.file}: {one.key}" if one.key else one.file
        yield f"| {_code(str(one.place))} | {_code(target)} |"
    yield ""


def _text(text: str) -> str:
    r"""Return a text of the installation that is read as text: `<b>` stays `<b>`."""
    return _MARKUP.sub(
        r"\\\1", shown(text) if len(text) <= 200 else "".join(c for c in text if c.isprintable())
    )


def _code(text: str) -> str:
    """Return a text as code, whatever is in it; in a table a bar would end the cell."""
    bare = "".join(c if c.isprintable() else "?" for c in text).replace("|", "\\|")
    fence = "`" * (1 + max(map(len, _TICKS.findall(bare)), default=0))
    return f"{fence} {bare} {fence}" if "`" in bare else f"`{bare}`"
