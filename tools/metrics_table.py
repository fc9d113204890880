"""Write docs/metrics.md: the tables from the metrics of the code, the alerts from deploy/prometheus/alerts.yml.

The words around are in metrics_table.txt. A line `= NAME...` there stands for a table of the metrics whose
names begin so, and each metric must be in one table. The alerts follow behind the words.

Usage: python -m tools.metrics_table [--check]

With --check nothing is written; exit 1 says that the page is stale.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]
from prometheus_client import CollectorRegistry

from gateway.observe.callout_metrics import CalloutMetrics
from gateway.observe.metrics import Metrics
from gateway.observe.shown import DAYS, SKIPPED

PAGE = Path(__file__).resolve().parents[1] / "docs" / "metrics.md"
ALERTS = Path(__file__).resolve().parents[1] / "deploy" / "prometheus" / "alerts.yml"
WORDS = Path(__file__).resolve().with_suffix(".txt")
_TABLE = "= "


@dataclass(frozen=True, slots=True)
class Described:
    """One metric."""

    name: str
    """As Prometheus shows it; of a histogram without `_bucket`, `_sum` and `_count`."""
    kind: str
    labels: tuple[str, ...]
    told: str


def catalogue() -> Mapping[str, Described]:
    """Return all metrics of both processes by name."""
    callout = CalloutMetrics()
    registries = (Metrics().registry, callout.common.registry, callout.registry)
    found = {one.name: one for registry in registries for one in _registered(registry)}
    for ends, days in DAYS.items():
        text = "Days until then; negative when it has ended."
        found[days] = Described(days, "gauge", found[ends].labels, text)
    text = "Files of workers that are damaged: what was counted there is not shown."
    found[SKIPPED] = Described(SKIPPED, "gauge", (), text)
    return found


def _registered(registry: CollectorRegistry) -> Iterator[Described]:
    # the library tells names of labels only where there are values: they are asked of its own members
    collectors: Mapping[Any, Any] = registry._collector_to_names  # noqa: SLF001
    for collector in collectors:
        families = collector.describe() or collector.collect()
        for family in families:
            labels = getattr(collector, "_labelnames", None)
            if labels is None:
                labels = family._labelnames  # noqa: SLF001
            name = f"{family.name}_total" if family.type == "counter" else family.name
            yield Described(name, family.type, tuple(labels), family.documentation)


def page(words: str, metrics: Mapping[str, Described]) -> str:
    """Return the text of the page. LookupError: a metric is in no table, or a table has none."""
    lines: list[str] = []
    left = dict(metrics)
    for line in words.splitlines():
        if not line.startswith(_TABLE):
            lines.append(line)
            continue
        starts = tuple(line.removeprefix(_TABLE).split())
        rows = sorted(name for name in left if name.startswith(starts))
        if not rows:
            raise LookupError(f"{WORDS.name}: no metric (any more) for {line!r}")
        lines += _table([left.pop(name) for name in rows])
    if left:
        raise LookupError(f"{WORDS.name}: in no table: {', '.join(sorted(left))}")
    return "\n".join([*lines, *_alerts()]).rstrip() + "\n"


def _alerts() -> Iterator[str]:
    for group in yaml.safe_load(ALERTS.read_text(encoding="utf-8"))["groups"]:
        for rule in group["rules"]:
            told, lasting = rule["annotations"], rule.get("for")
            yield f"\n### {rule['alert']}\n"
            after = f", after {lasting}" if lasting else ""
            yield f"{told['summary']}: {rule['labels']['severity']}{after}.\n"
            yield f"```promql\n{rule['expr']}\n```\n"
            yield told["action"]


def _table(rows: list[Described]) -> Iterator[str]:
    yield "| metric | type | labels | what |"
    yield "| --- | --- | --- | --- |"
    for row in rows:
        labels = " ".join(f"`{label}`" for label in row.labels)
        yield f"| `{row.name}` | {row.kind} | {labels} | {row.told} |"


def main() -> int:
    """Write the page, or check it."""
    text = page(WORDS.read_text(encoding="utf-8"), catalogue())
    if "--check" in sys.argv[1:]:
        if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{PAGE.name} is stale: run python -m tools.metrics_table", file=sys.stderr)  # noqa: T201
        return 1
    PAGE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
