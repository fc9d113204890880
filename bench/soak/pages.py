"""The plot and the page of a soak, from its figures."""

import json
from pathlib import Path
from typing import Any

from bench.soak.plot import Line, Panel, svg
from bench.soak.samples import FLAT, SPARE_DESCRIPTORS, WARM_UP

TEMPLATE = Path(__file__).with_name("page.template.md")
HELD = "All of it held in this run."
NOT_JUDGED = "**A short run, to try it out: whether memory and descriptors are flat was not judged.**"


def write_pages(record: Path, docs: Path) -> None:
    """Write both for the figures in a file of `bench.evidence`."""
    told = json.loads(record.read_text())
    (docs / "soak.svg").write_text(_plot(told["figures"]))
    (docs / "soak.md").write_text(_page(told))


def _numbers(text: str) -> list[float]:
    return [float(each) for each in text.split()]


def _plot(figures: dict[str, Any]) -> str:
    series = figures["series"]
    minutes = [each / 60 for each in _numbers(series["seconds"])]
    reloads = [each / 60 for each in _numbers(series["reloads"])]

    def panel(title: str, what: str, scale: float = 1.0) -> Panel:
        lines = [
            Line(name, [each / scale for each in _numbers(series[name][what])]) for name in figures["processes"]
        ]
        return Panel(title, lines)

    panels = [
        panel("memory, PSS in MiB", "pss_kib", 1024),
        panel("open descriptors", "descriptors"),
        panel("threads", "threads"),
    ]
    return svg(minutes, panels, marks=reloads, warm_up=WARM_UP * minutes[-1])


def _page(told: dict[str, Any]) -> str:
    figures = told["figures"]
    processes = [_row(name, each) for name, each in figures["processes"].items()]
    kinds = [f"| {name} | {count} |" for name, count in figures["right_answers"].items()]
    values = {
        **told,
        **figures,
        "warm_up": WARM_UP,
        "flat": FLAT,
        "spare": SPARE_DESCRIPTORS,
        "verdict": HELD if figures["judged"] else NOT_JUDGED,
        "processes": "\n".join(processes),
        "kinds": "\n".join(kinds),
    }
    return TEMPLATE.read_text().format_map(values)


def _row(name: str, each: dict[str, Any]) -> str:
    pss, files, threads = each["pss_kib"], each["descriptors"], each["threads"]
    cells = (
        f"{pss['first_quarter'] / 1024:.1f} MiB",
        f"{pss['last_quarter'] / 1024:.1f} MiB",
        f"{each['pss_growth_percent']:+.2f} %",
        f"{each['private_growth_percent']:+.2f} %",
        f"{files['first_quarter']:g} → {files['last_quarter']:g}",
        f"{threads['first_quarter']:g} → {threads['last_quarter']:g}",
    )
    return f"| {name} | {' | '.join(cells)} |"
