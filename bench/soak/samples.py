"""What the processes take, every few seconds, and whether it stays flat."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import psutil

WARM_UP = 0.25
"""Share of the run that is not judged: caches fill, threads are made, all code has run once."""
FLAT = 0.05
"""By how much the median of the last quarter behind the warm-up may be above that of the first."""
SPARE_DESCRIPTORS = 4
"""Descriptors come and go with connections: so many more may be open at the end than before."""


@dataclass
class Series:
    """One process over the run."""

    pid: int
    pss: list[int] = field(default_factory=list)
    """KiB: its share of the pages that it has in memory."""
    private: list[int] = field(default_factory=list)
    """KiB: those that it alone has, which no neighbour changes by coming or going."""
    rss: list[int] = field(default_factory=list)
    """KiB: all that it has in memory."""
    descriptors: list[int] = field(default_factory=list)
    threads: list[int] = field(default_factory=list)

    def take(self) -> None:
        """Take one sample. Raises OSError or psutil.Error when the process is gone."""
        told = Path(f"/proc/{self.pid}/smaps_rollup").read_text().splitlines()
        sizes = {line.split(":")[0]: int(line.split()[1]) for line in told if line.endswith("kB")}
        process = psutil.Process(self.pid)
        self.pss.append(sizes["Pss"])
        self.private.append(sizes["Private_Clean"] + sizes["Private_Dirty"])
        self.rss.append(sizes["Rss"])
        self.descriptors.append(process.num_fds())
        self.threads.append(process.num_threads())

    def figures(self) -> dict[str, Any]:
        """Return medians of the first and of the last quarter behind the warm-up."""
        found: dict[str, Any] = {}
        for name, values in self.named.items():
            first, last = quarters(values)
            found[name] = {"first_quarter": first, "last_quarter": last, "most": max(values)}
        for name in ("pss", "private"):
            first, last = quarters(self.named[f"{name}_kib"])
            found[f"{name}_growth_percent"] = round(100 * (last - first) / first, 2)
        return found

    @property
    def named(self) -> Mapping[str, list[int]]:
        """The series by name."""
        return {
            "pss_kib": self.pss,
            "private_kib": self.private,
            "rss_kib": self.rss,
            "descriptors": self.descriptors,
            "threads": self.threads,
        }

    def trouble(self, name: str) -> list[str]:
        """Say what was not flat."""
        found = []
        for what, values in (("PSS", self.pss), ("private memory", self.private)):
            first, last = quarters(values)
            if last > first * (1 + FLAT):
                found.append(f"{name}: {what} went from {first} to {last} KiB")
        first, last = quarters(self.descriptors)
        if last > first + SPARE_DESCRIPTORS:
            found.append(f"{name}: descriptors went from {first} to {last}")
        return found


def quarters(values: list[int]) -> tuple[float, float]:
    """Return the medians of the first and of the last quarter of what is behind the warm-up."""
    judged = values[int(len(values) * WARM_UP) :]
    quarter = max(1, len(judged) // 4)
    return median(judged[:quarter]), median(judged[-quarter:])
