"""What the gateway adds to the time of a call: at half load, and where hardly anything is to be done."""

import json
import subprocess
import sys
from typing import Final

from bench.comparison import home, load
from bench.comparison.load import Outcome, Plan
from bench.comparison.place import ONE, PLAIN, Place
from bench.comparison.processes import BenchError, Server
from bench.comparison.race import Pace, messages
from bench.comparison.results import Results
from gateway.clock import SYSTEM_CLOCK

QUIET_RATE: Final = 50
"""Calls a second of one caller, on a machine that is otherwise idle."""


class Latency:
    """Loads with a rate on one gateway, beside direct calls with the same."""

    def __init__(self, place: Place, pace: Pace, results: Results, standin: Server) -> None:
        self._place = place
        self._pace = pace
        self._results = results
        self._standin = standin

    def run(self) -> None:
        """Measure messages without a token and signed ones."""
        server = home.start("latency", self._place, self._standin, home.Shape())
        try:
            for service in (PLAIN, ONE):
                self._load(server, service, self._pace.connections, 0)  # warms it up
                most = self._load(server, service, self._pace.connections, 0)
                fastest = most.right / most.seconds
                self._compare(server, service, "half load", self._pace.connections, fastest / 2)
                self._compare(server, service, "one caller", 1, min(QUIET_RATE, fastest / 2))
        finally:
            server.stop()

    def _load(self, server: Server, service: str, connections: int, rate: float) -> Outcome:
        count = int(self._pace.seconds * (rate or self._pace.fastest)) + connections
        file = self._place.folder / "latency.requests"
        made = messages(service, self._place, count, SYSTEM_CLOCK.now())
        load.write(file, ((service, message) for message in made))
        plan = Plan(file, self._pace.seconds, connections, rate, once=True)
        outcome, _ = load.run(server.port, None, plan)
        if outcome.right != outcome.requests:
            raise BenchError(f"{outcome.wrong + outcome.failed} calls failed: {outcome.detail}")
        return outcome

    def _compare(self, server: Server, service: str, load_name: str, callers: int, rate: float) -> None:
        direct = self._direct(rate, callers)
        ours = self._load(server, service, callers, rate).microseconds
        self._results.add(
            "latency",
            service=service,
            load=load_name,
            calls_per_second=round(rate),
            direct_milliseconds={at: direct[at] / 1000 for at in ("p50", "p99")},
            gateway_milliseconds={at: ours[at] / 1000 for at in ("p50", "p99")},
            added_milliseconds={at: round((ours[at] - direct[at]) / 1000, 2) for at in ("p50", "p99")},
        )

    def _direct(self, rate: float, callers: int) -> dict[str, int]:
        arguments = [str(self._standin.port), str(rate), str(self._pace.seconds), str(callers)]
        command = [sys.executable, "-m", "bench.comparison.direct", *arguments]
        done = subprocess.run(command, cwd=home.ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(done.stderr[-3000:])
        found: dict[str, int] = json.loads(done.stdout)
        return found
