"""`python -m bench [NAME ...]`: run measurements and keep their results.

`python -m bench comparison` and `python -m bench layers` have options of their own: see their --help.
"""

import argparse
import importlib
import json
import os
import platform
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

from gateway.clock import SYSTEM_CLOCK

ROOT = Path(__file__).parents[1]
NAMES = ("sleepers", "throughput", "outage", "wss", "client", "callout", "loading")
WITH_OPTIONS = ("comparison", "layers")
"""Packages that read their own arguments, and are run by name only."""


def commit() -> str:
    """Return the id of the commit that is measured, marked when the tree is changed."""
    git = ["git", "-C", str(ROOT)]
    head = subprocess.run([*git, "rev-parse", "--short=12", "HEAD"], capture_output=True, text=True, check=True)
    changed = subprocess.run(
        [*git, "status", "--porcelain", "gateway"], capture_output=True, text=True, check=True
    )
    return head.stdout.strip() + ("+changes" if changed.stdout.strip() else "")


def keep(name: str, figures: object, folder: Path) -> None:
    """Write the figures with what is needed to judge them."""
    when: datetime = SYSTEM_CLOCK.now().astimezone(UTC)
    record = {
        "name": name,
        "commit": commit(),
        "date": when.strftime("%Y-%m-%d"),
        "python": platform.python_version(),
        "cores": os.cpu_count(),
        "figures": figures,
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n")
    print(json.dumps(record, indent=2))


def main() -> None:
    """Run the measurements named."""
    if sys.argv[1:2] and sys.argv[1] in WITH_OPTIONS:
        importlib.import_module(f"bench.{sys.argv[1]}.main").run(sys.argv[2:], commit())
        return
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of {', '.join(NAMES)}; none: all")
    chosen = parser.parse_args().names or NAMES
    for name in chosen:
        if name not in NAMES:
            parser.error(f"there is no measurement {name}; there are {', '.join(NAMES)}")
        print(f"== {name}", flush=True)
        keep(name, importlib.import_module(f"bench.{name}").measure(), ROOT / "bench/results")


if __name__ == "__main__":
    main()
