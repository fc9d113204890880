"""`make evidence`: long runs that CI has no time for, and the measurements. Results go to evidence/.

Fuzzing throws FUZZ_EXAMPLES inputs at each parser of outside bytes; every run is repeatable by its seed.
"""

import argparse
import importlib
import os
import re
import subprocess
import sys
import time
from pathlib import Path

from bench.__main__ import NAMES, ROOT, keep

FUZZ_EXAMPLES = 100_000
SLOWER = {"http_service": 10, "wire_round_trips": 10, "wss_judge": 5}
"""Runs over real sockets, drawn by Hypothesis or with signatures to make: this many times fewer inputs."""
FUZZ_FILES = sorted((ROOT / "tests/fuzz").glob("test_*.py"))
FOLDER = ROOT / "evidence"
LONG = ("chaos", "model", "callout-kills", "reloads", "faults", "soak")
"""Runs that only belong here."""


def fuzz(file: Path, examples: int) -> dict[str, object]:
    """Run one fuzz test file with many inputs; raises when it fails."""
    started = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:xdist", "--timeout", "14400", str(file)],
        cwd=ROOT,
        env={**os.environ, "IMSGW_FUZZ_EXAMPLES": str(examples)},
        capture_output=True,
        text=True,
        check=False,
    )
    print(done.stdout[-3000:], flush=True)
    if done.returncode:
        raise SystemExit(f"{file.name} failed")
    passed = re.search(r"(\d+) passed", done.stdout)
    return {
        "examples_asked_of_each_test": examples,
        "tests_passed": int(passed[1]) if passed else 0,
        "seconds": round(time.monotonic() - started),
    }


def faults(arguments: argparse.Namespace) -> None:
    """Run the fault suite, or those named, whose figures are shown and not kept."""
    from bench.faults import pages, suite  # noqa: PLC0415  needs all of the product

    if arguments.list:
        print("\n".join(f"{name}: {fault.promise}" for name, fault in suite.FAULTS.items()))
    elif arguments.only:
        suite.measure(arguments.only)
    else:
        keep("faults", suite.measure(), FOLDER)
        pages.write_page(FOLDER / "faults.json", ROOT / "docs")


def soak(arguments: argparse.Namespace) -> None:
    """Run the soak; its figures and its plot are kept."""
    from bench.soak import measure, write_pages  # noqa: PLC0415  needs all of the product

    keep("soak", measure(arguments.minutes), FOLDER)
    write_pages(FOLDER / "soak.json", ROOT / "docs")


OWN = {"faults": faults, "soak": soak}
"""Runs that take options."""


def _parser(names: list[str]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench.evidence", description=__doc__)
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join([*names, *LONG, *NAMES])}; none: all"
    )
    parser.add_argument("--examples", type=int, default=FUZZ_EXAMPLES, help="inputs for each fuzz test")
    parser.add_argument("--only", nargs="+", default=[], metavar="FAULT", help="faults: these alone")
    parser.add_argument("--list", action="store_true", help="faults: show what there is, run nothing")
    parser.add_argument("--minutes", type=float, default=20.0, help="soak: how long")
    return parser


def main() -> None:
    """Run all of it, or what is named."""
    names = [file.stem.removeprefix("test_") for file in FUZZ_FILES]
    arguments = _parser(names).parse_args()
    if arguments.list or arguments.only:
        faults(arguments)
        return
    chosen = arguments.names or [*names, *LONG, *NAMES]
    for name, file in zip(names, FUZZ_FILES, strict=True):
        if name in chosen:
            print(f"== fuzz {name}", flush=True)
            examples = arguments.examples // SLOWER.get(name, 1)
            keep(f"fuzz-{name}", fuzz(file, examples), FOLDER)
    for name in (*LONG, *NAMES):
        if name in chosen:
            print(f"== {name}", flush=True)
            if name in OWN:
                OWN[name](arguments)
                continue
            keep(name, importlib.import_module(f"bench.{name.replace('-', '_')}").measure(), FOLDER)


if __name__ == "__main__":
    main()
