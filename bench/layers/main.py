"""The command: layer by layer, for each kind of message; or a profile of one kind."""

import argparse
import cProfile
import json
import pstats
import tempfile
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any, Final

from bench import pages
from bench.comparison import home, load, place, race
from bench.comparison.load import Plan
from bench.comparison.place import SERVICES, Place
from bench.comparison.processes import Server
from bench.comparison.results import machine
from bench.layers.floors import floors
from bench.layers.meter import Cost, Meter
from bench.layers.seams import SEAMS, wrapped
from bench.layers.subject import Subject, begun, in_worker_threads, requests_of
from bench.layers.table import markdown
from gateway.clock import SYSTEM_CLOCK

RESULTS: Final = home.ROOT / "bench/results/layers.json"
DOCS: Final = home.ROOT / "docs/performance.md"
SENDERS: Final = 20


@dataclass(frozen=True, slots=True)
class Pace:
    """How much is measured."""

    requests: int
    """Of one round."""
    rounds: int
    seconds: float
    """Of the load on a whole server."""


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench layers", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="few requests: all works, figures say nothing")
    parser.add_argument("--profile", choices=SERVICES, help="profile one kind of message, measure nothing")
    parser.add_argument("--sort", choices=("tottime", "cumtime"), default="tottime", help="of the profile")
    parser.add_argument("--results", type=Path, default=RESULTS, help="the file that gets the figures")
    parser.add_argument(
        "--write-docs", action="store_true", help="put the results into docs/performance.md, measure nothing"
    )
    return parser


def _send(subject: Subject, requests: Sequence[bytes]) -> None:
    for request in requests:
        answer = subject(request)
        if not answer.startswith(b"HTTP/1.1 200 "):
            raise AssertionError(f"a request that is measured was refused: {answer!r}")


class Bench:
    """The measurements of one run."""

    def __init__(self, made: Place, standin: Server, pace: Pace) -> None:
        self._place = made
        self._standin = standin
        self._pace = pace

    def _requests(self, service: str, count: int | None = None) -> list[bytes]:
        count = count or self._pace.requests
        made = list(race.messages(service, self._place, count, SYSTEM_CLOCK.now()))
        return requests_of(service, made)

    def layers(self, service: str, cost: Cost) -> tuple[dict[str, float], float]:
        """Return the CPU time of a request in each layer, and that of its way with nothing measured within.

        Microseconds, the medians of rounds; those of the one and of the other take turns.
        """
        meter, rounds, wholes = Meter(), list[dict[str, float]](), list[float]()
        with wrapped(meter.wrap), begun(self._place, self._standin.port) as subject:
            self._go(subject, self._requests(service))
            for _ in range(self._pace.rounds):
                meter.clear()
                self._go(subject, self._requests(service))
                rounds.append(meter.microseconds(cost, self._pace.requests))
                meter.on = False
                wholes.append(self._go(subject, self._requests(service)))
                meter.on = True
        medians = {layer: median(each.get(layer, 0.0) for each in rounds) for layer in SEAMS}
        found = {layer: round(took, 1) for layer, took in medians.items() if took}
        return found, round(median(wholes), 1)

    def served(self, server: Server, service: str) -> float:
        """Return the CPU time of a request to `imsgw serve` over HTTP: microseconds."""
        for seconds in (self._pace.seconds / 2, self._pace.seconds):  # the first warms it up
            count = max(int(seconds * 2500), 50)
            made = race.messages(service, self._place, count, SYSTEM_CLOCK.now())
            file = self._place.folder / "served.requests"
            load.write(file, ((service, message) for message in made))
            outcome, cpu = load.run(server.port, None, Plan(file, seconds, once=True), server.cpu_seconds)
        if outcome.right != outcome.requests:
            raise AssertionError(outcome.detail)
        return round(cpu / outcome.requests * 1e6, 1)

    def profile(self, service: str, sort: str) -> None:
        """Print where the time of a request goes, function by function."""
        profiler = cProfile.Profile(time.thread_time)
        with begun(self._place, self._standin.port) as subject:
            self._go(subject, self._requests(service))
            requests = self._requests(service, 400)

            def profiled(some: Sequence[bytes]) -> None:
                profiler.enable()
                try:
                    _send(subject, some)
                finally:
                    profiler.disable()

            in_worker_threads(requests, profiled)
        print(f"{len(requests)} requests; times are seconds of all together, profiling makes calls dearer")
        pstats.Stats(profiler).sort_stats(sort).print_stats(60)

    def _go(self, subject: Subject, requests: Sequence[bytes]) -> float:
        """Send them; return the CPU microseconds of one."""
        began = time.process_time()
        in_worker_threads(requests, lambda some: _send(subject, some))
        return (time.process_time() - began) / len(requests) * 1e6


def _measure(bench: Bench, made: Place, server: Server, rounds: int) -> dict[str, Any]:
    cost = Cost()
    figures: dict[str, Any] = {"floors": dict(floors(made.senders.many[0], SYSTEM_CLOCK.now(), rounds))}
    for service in SERVICES:
        layers, whole = bench.layers(service, cost)
        served = bench.served(server, service)
        figures[service] = {
            "layers_microseconds": layers,
            "sum_of_layers": round(sum(layers.values()), 1),
            "whole_in_process": whole,
            "served_over_http": served,
            "loop_threads_sockets": round(served - whole, 1),
        }
        print(json.dumps({service: figures[service]}, indent=2), flush=True)
    print(json.dumps(figures["floors"], indent=2))
    return figures


def run(argv: Sequence[str], commit: str) -> None:
    """Do what the arguments say."""
    arguments = _parser().parse_args(argv)
    if arguments.write_docs:
        pages.replace(DOCS, "layers", markdown(json.loads(arguments.results.read_text())))
        return
    pace = Pace(20, 1, 0.2) if arguments.quick else Pace(200, 9, 3.0)
    load.build()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imsgw-bench-")))
        made = place.make(folder, SENDERS)
        standin = home.start_standin(folder)
        stack.callback(standin.stop)
        bench = Bench(made, standin, pace)
        if arguments.profile:
            bench.profile(arguments.profile, arguments.sort)
            return
        server = home.start("served", made, standin, home.Shape())
        stack.callback(server.stop)
        figures = _measure(bench, made, server, pace.rounds)
    date = SYSTEM_CLOCK.now().strftime("%Y-%m-%d")
    record = {"name": "layers", "commit": commit, "date": date, "machine": machine(), "figures": figures}
    arguments.results.parent.mkdir(parents=True, exist_ok=True)
    arguments.results.write_text(json.dumps(record, indent=2) + "\n")
