"""Write deploy/grafana/dashboard.json: the panels of dashboard_panels.py in Grafana's shape.

Usage: python -m tools.dashboard [--check]

With --check nothing is written; exit 1 says that the file is stale.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.dashboard_panels import ROWS, Panel

FILE = Path(__file__).resolve().parents[1] / "deploy" / "grafana" / "dashboard.json"
SCHEMA_VERSION = 39
"""Of Grafana 11; newer ones take it and bring it up to date."""
_SOURCE = {"type": "prometheus", "uid": "${datasource}"}
_WIDTH, _HEIGHT = 8, 7
"""Of a panel, in cells: a row of the screen has 24."""


def dashboard() -> dict[str, Any]:
    """Return the dashboard as Grafana imports it."""
    return {
        "__inputs": [],
        "title": "IMS Gateway",
        "uid": "imsgw",
        "tags": ["imsgw"],
        "description": "Made by python -m tools.dashboard. The metrics are described in docs/metrics.md.",
        "schemaVersion": SCHEMA_VERSION,
        "version": 1,
        "editable": True,
        "graphTooltip": 1,
        "refresh": "30s",
        "time": {"from": "now-3h", "to": "now"},
        "timezone": "browser",
        "annotations": {"list": []},
        "links": [],
        "templating": {"list": list(_variables())},
        "panels": list(_panels()),
    }


def _variables() -> Iterator[dict[str, Any]]:
    yield {
        "name": "datasource",
        "label": "Data source",
        "type": "datasource",
        "query": "prometheus",
        "current": {},
    }
    queries = (
        ("job", "Gateways", "label_values(imsgw_threads, job)"),
        ("instance", "Instance", 'label_values(imsgw_threads{job=~"$job"}, instance)'),
        ("service", "Service", 'label_values(imsgw_request_bytes_total{job=~"$job"}, service)'),
        ("callout", "Callout", "label_values(imsgw_callout_journal_up, job)"),
    )
    for name, label, query in queries:
        yield {
            "name": name,
            "label": label,
            "type": "query",
            "datasource": _SOURCE,
            "definition": query,
            "query": {"query": query, "refId": name},
            "refresh": 2,
            "sort": 1,
            "includeAll": True,
            "multi": True,
            "allValue": ".*",
            "current": {"text": ["All"], "value": ["$__all"]},
        }


def _panels() -> Iterator[dict[str, Any]]:
    number = y = 0
    for title, panels in ROWS.items():
        number += 1
        yield {
            "id": number,
            "type": "row",
            "title": title,
            "collapsed": False,
            "panels": [],
            "gridPos": {"h": 1, "w": 24, "x": 0, "y": y},
        }
        y += 1
        for index, panel in enumerate(panels):
            number += 1
            across, down = index % 3 * _WIDTH, y + index // 3 * _HEIGHT
            yield _panel(panel, number, {"h": _HEIGHT, "w": _WIDTH, "x": across, "y": down})
        y += -(-len(panels) // 3) * _HEIGHT


def _panel(panel: Panel, number: int, place: dict[str, int]) -> dict[str, Any]:
    now = panel.kind != "timeseries"
    return {
        "id": number,
        "type": panel.kind,
        "title": panel.title,
        "description": panel.told,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {
            "defaults": {"unit": panel.unit, "min": None if panel.unit == "d" else 0},
            "overrides": [],
        },
        "options": _OPTIONS[panel.kind],
        "targets": [
            {
                "refId": chr(ord("A") + index),
                "datasource": _SOURCE,
                "expr": query,
                "legendFormat": legend,
                "instant": now,
                "range": not now,
                "format": "table" if panel.kind == "table" else "time_series",
            }
            for index, (query, legend) in enumerate(panel.queries)
        ],
    }


_OPTIONS: dict[str, dict[str, Any]] = {
    "timeseries": {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    "stat": {
        "colorMode": "value",
        "graphMode": "none",
        "reduceOptions": {"calcs": ["lastNotNull"], "fields": "", "values": False},
        "textMode": "value_and_name",
    },
    "table": {"showHeader": True, "cellHeight": "sm"},
}


def main() -> int:
    """Write the dashboard, or check it."""
    text = json.dumps(dashboard(), indent=1) + "\n"
    if "--check" in sys.argv[1:]:
        if FILE.exists() and FILE.read_text(encoding="utf-8") == text:
            return 0
        print(f"{FILE.name} is stale: run python -m tools.dashboard", file=sys.stderr)  # noqa: T201
        return 1
    FILE.write_text(text, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
