"""How long `imsgw serve` takes to load 1, 100 and 2,000 services, and a reload after which one is another."""

import argparse
import gc
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from bench.many_services import ENVIRON, change, make

ROOT = Path(__file__).parents[1]
SERVICES = (1, 100, 2000)
RELOADS = 5
REPLACED = 200
"""Contracts that reloads replace, for the memory that is left behind."""

T = TypeVar("T")


class _Watch:
    """Seconds on the clock, and of CPU: on a machine that others use the second says what the work is."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}

    def time(self, name: str, work: Callable[[], T]) -> T:
        """Do the work and remember the least that it took so far."""
        began, used = time.perf_counter(), time.process_time()
        done = work()
        spent = (time.perf_counter() - began, time.process_time() - used)
        for kind, seconds in zip(("seconds", "cpu_seconds"), spent, strict=True):
            key = f"{name}_{kind}"
            self.figures[key] = round(min(self.figures.get(key, seconds), seconds), 3)
        return done


def _yardstick() -> float:
    """Return the milliseconds of CPU that a fixed piece of Python takes: 8 when this machine is quiet."""
    began, total = time.thread_time(), 0
    for number in range(200_000):
        total += number * number
    return round((time.thread_time() - began) * 1e3, 1)


def _memory() -> float:
    """Return the resident set in megabytes."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return round(pages * os.sysconf("SC_PAGE_SIZE") / 1e6, 1)


def one(home: Path, services: int) -> dict[str, Any]:
    """Load a home in this process, which has done nothing else, and load it again."""
    from gateway.preflight.loading import load  # noqa: PLC0415
    from gateway.preflight.serving import keep, with_applications  # noqa: PLC0415

    watch = _Watch()
    bare, yardsticks = _memory(), [_yardstick()]
    read = watch.time("read_judge_and_make_contracts", lambda: load(home, environ=ENVIRON))
    yardsticks.append(_yardstick())
    snapshot = watch.time("make_spyne_applications", lambda: with_applications(read))
    watch.time("keep", keep)
    full = _memory()

    def reload() -> None:
        nonlocal snapshot
        snapshot = with_applications(load(home, environ=ENVIRON, before=snapshot), snapshot)

    for _ in range(RELOADS):
        watch.time("reload_of_the_same", reload)
    for number in range(RELOADS):
        change(home, number % services)
        watch.time("reload_with_one_changed", reload)
    settled = _memory()
    for start in range(0, REPLACED, min(services, REPLACED)):
        for number in range(min(services, REPLACED)):
            change(home, (start + number) % services)
        reload()
    gc.collect()
    return {
        "yardstick_ms_before_and_behind_reading": yardsticks,
        **watch.figures,
        "memory_mb_before": bare,
        "memory_mb_loaded": full,
        "memory_mb_after_reloads": settled,
        f"memory_mb_after_{REPLACED}_replaced": _memory(),
    }


def measure() -> dict[str, Any]:
    """Return the figures for each number of services, each taken in a process of its own."""
    figures = {}
    for services in SERVICES:
        with tempfile.TemporaryDirectory(prefix="imsgw-loading-") as folder:
            home = Path(folder) / "home"
            make(home, services)
            command = [sys.executable, "-m", "bench.loading", str(home), str(services)]
            done = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE)
            figures[str(services)] = json.loads(done.stdout)
    return {"services": figures}


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bench.loading", description=one.__doc__)
    parser.add_argument("home", type=Path)
    parser.add_argument("services", type=int)
    asked = parser.parse_args()
    print(json.dumps(one(asked.home, asked.services)))
