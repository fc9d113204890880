"""The command: what it measures, in which order, with which results."""

import argparse
import json
import sys
import tempfile
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from bench import pages
from bench.comparison import home, load, place
from bench.comparison.contestants import CONTESTANTS
from bench.comparison.latency import Latency
from bench.comparison.place import Place
from bench.comparison.processes import BenchError, Server
from bench.comparison.race import Pace, Race
from bench.comparison.results import ROWS, Results
from bench.comparison.scaling import PAYLOADS, SERVICES, WAITING, Scaling
from bench.comparison.table import markdown

RESULTS: Final = home.ROOT / "bench/results/comparison.json"
QUICK: Final = home.ROOT / "build/bench/quick.json"
DOCS: Final = home.ROOT / "docs/performance.md"
PARTS: Final = tuple(ROWS)
SENDERS: Final = 2_000
LONGEST: Final = 20.0
"""Seconds of a load."""


def _seconds(text: str) -> float:
    """Read the length of a load: signed messages last five minutes, in which everybody has a turn."""
    seconds = float(text)
    if not 0 < seconds <= LONGEST:
        raise argparse.ArgumentTypeError(f"more than 0 and at most {LONGEST:g}")
    return seconds


def _told(path: Path) -> str:
    return str(path.relative_to(home.ROOT))


def _parser() -> argparse.ArgumentParser:
    names = [each.name for each in CONTESTANTS]
    parser = argparse.ArgumentParser(prog="python -m bench comparison", description=__doc__)
    parser.add_argument(
        "--seconds", type=_seconds, default=4.0, help="of one load; a figure is the median of three"
    )
    parser.add_argument(
        "--quick", action="store_true", help="loads of a moment: shows that all works, says nothing"
    )
    parser.add_argument("--servers", nargs="+", choices=names, default=names, help="who is compared")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=list(PARTS), help="what is measured")
    parser.add_argument(
        "--results", type=Path, help=f"the file that gets the figures: {_told(RESULTS)}, or {_told(QUICK)}"
    )
    parser.add_argument(
        "--write-docs", action="store_true", help="put the table of the results into the page, measure nothing"
    )
    return parser


def pace_of(arguments: argparse.Namespace) -> Pace:
    """Return how long to measure."""
    if arguments.quick:
        return Pace(0.1, rounds=1, connections=2, fastest=500, warmest=1)
    return Pace(arguments.seconds, rounds=3, connections=8, fastest=2500)


def run(argv: Sequence[str], commit: str) -> None:
    """Do what the arguments say."""
    arguments = _parser().parse_args(argv)
    if arguments.write_docs:
        pages.replace(DOCS, "comparison", markdown(json.loads((arguments.results or RESULTS).read_text())))
        return
    try:
        _run(arguments, commit)
    except BenchError as error:
        sys.exit(f"bench comparison: {error}")
    except KeyboardInterrupt:
        sys.exit("bench comparison: interrupted; the figures so far are kept")


def _run(arguments: argparse.Namespace, commit: str) -> None:
    pace = pace_of(arguments)
    path = arguments.results or (QUICK if arguments.quick else RESULTS)
    settings = {"seconds": pace.seconds, "rounds": pace.rounds, "connections": pace.connections}
    senders = 20 if arguments.quick else SENDERS
    results = Results(path, commit, {**settings, "senders": senders}, arguments.parts)
    load.build()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imsgw-bench-")))
        print(f"making {senders} senders", flush=True)
        made = place.make(folder, senders)
        standin = home.start_standin(folder, maxsoc=4_096)
        stack.callback(standin.stop)
        for part in arguments.parts:
            print(f"== {part}", flush=True)
            _measure(part, arguments, Run(made, pace, results, standin))
            results.finish()


@dataclass(frozen=True, slots=True)
class Run:
    """What every part needs."""

    place: Place
    pace: Pace
    results: Results
    standin: Server


def _measure(part: str, arguments: argparse.Namespace, run: Run) -> None:
    scaling = Scaling(run.place, run.pace, run.results, run.standin)
    few = arguments.quick
    if part == "race":
        chosen = [each for each in CONTESTANTS if each.name in arguments.servers]
        race = Race(run.place, run.pace, run.results)
        with ExitStack() as racing:
            race.start(racing, chosen, run.standin)
            race.run()
    elif part == "latency":
        Latency(run.place, run.pace, run.results, run.standin).run()
    elif part == "payload":
        scaling.payloads(PAYLOADS[:2] if few else PAYLOADS)
    elif part == "services":
        scaling.services((1, 3) if few else SERVICES)
    else:
        scaling.waiting((1, 5) if few else WAITING)
