"""The results of a run: written after every figure, so that an interrupted run leaves what it has."""

import json
import os
import platform
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.comparison import contestants
from gateway.clock import SYSTEM_CLOCK

ROWS: Final[Mapping[str, Sequence[str]]] = {
    "race": ("refused", "rows", "memory"),
    "latency": ("latency",),
    "payload": ("payload",),
    "services": ("services",),
    "waiting": ("waiting",),
}
"""The parts of a run, and which rows of the record each writes."""

QUIET: Final = 0.5
"""Load of a core up to which a machine counts as quiet."""


def machine() -> dict[str, Any]:
    """Return what figures depend on."""
    cpu = [line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": cpu[0].partition(":")[2].strip() if cpu else platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(memory / 2**30),
        "kernel": platform.release(),
        "load_before": [round(value, 1) for value in os.getloadavg()],
    }


def caution(facts: Mapping[str, Any]) -> str:
    """Return what is to be said of a machine that was busy just before the run, empty when it was quiet."""
    quiet = facts["load_before"][0] < QUIET * facts["cores"]
    if quiet:
        return ""
    return " It was busy until then, perhaps during the run: only ratios mean anything, and those roughly."


class Results:
    """One record, and the file that has it."""

    def __init__(self, path: Path, commit: str, settings: Mapping[str, Any], parts: Sequence[str]) -> None:
        """Begin; what a run of this commit, with these settings, found of other parts stays."""
        self._path = path
        self.record: dict[str, Any] = {
            "name": "comparison",
            "commit": commit,
            "date": SYSTEM_CLOCK.now().strftime("%Y-%m-%d"),
            "complete": False,
            "settings": dict(settings),
            "machine": machine(),
            "versions": {},
            "missing": {},
            **{name: [] for names in ROWS.values() for name in names},
        }
        kept = {name for part, names in ROWS.items() if part not in parts for name in names}
        if "race" not in parts:
            kept |= {"versions", "missing"}
        self.record.update({name: value for name, value in self._before().items() if name in kept})

    def _before(self) -> dict[str, Any]:
        """Return the record that is there, if this one goes on with it."""
        if not self._path.exists():
            return {}
        found: dict[str, Any] = json.loads(self._path.read_text())
        same = all(found.get(name) == self.record[name] for name in ("commit", "settings"))
        return found if same else {}

    def describe(self, chosen: contestants.Contestant) -> None:
        """Keep which versions a contestant is of."""
        self.record["versions"][chosen.name] = chosen.versions()
        self.save()

    def lacks(self, name: str, reasons: list[str]) -> None:
        """Keep why there are no figures of a contestant."""
        self.record["missing"].setdefault(name, []).extend(reasons)
        self.save()
        print(f"{name}: {'; '.join(reasons)}", flush=True)

    def add(self, part: str, **figures: Any) -> None:
        """Keep a row, and show it."""
        self.record[part].append(figures)
        self.save()
        print(f"{part}: " + ", ".join(f"{name} {value}" for name, value in figures.items()), flush=True)

    def finish(self) -> None:
        """Say that a part is over, and with the last one that nothing is missing."""
        measured = all(self.record[name] for names in ROWS.values() for name in names)
        self.record["complete"] = measured and not self.record["missing"]
        self.save()

    def save(self) -> None:
        """Write the file whole, or leave the one that is there."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        new = self._path.with_suffix(".new")
        new.write_text(json.dumps(self.record, indent=2) + "\n")
        new.replace(self._path)
