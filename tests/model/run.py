"""Runs the state machine against one stand-in; `python -m bench.evidence model` runs it for long."""

import json
import os
from collections.abc import Iterable
from pathlib import Path

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from gateway.standin import RunningStandin
from tests.fixtures.faces import LoopThread
from tests.model.inside import Inside, config
from tests.model.machine import Machine
from tests.model.moves import Tally

STEPS = 50
"""Most steps of one example."""
CHUNK = 200
"""Examples after which a new stand-in is started, and Hypothesis with another seed."""
DEFAULT_SEED = 8888
WITHOUT_SHRINKING = (Phase.generate,)


def run(
    examples: int, number: int, tally: Tally, phases: Iterable[Phase] = (Phase.generate, Phase.shrink)
) -> None:
    """Run so many examples, drawn from this seed. Raises what the first one raises that fails."""
    loop = LoopThread()
    with RunningStandin(config()) as running:
        inside = Inside(running)
        machine = type("Run", (Machine,), {"inside": inside, "loop": loop, "tally": tally})
        try:
            run_state_machine_as_test(
                seed(number)(machine),
                settings=settings(
                    max_examples=examples,
                    stateful_step_count=STEPS,
                    deadline=None,
                    database=None,
                    phases=tuple(phases),
                    report_multiple_bugs=False,
                    suppress_health_check=list(HealthCheck),
                ),
            )
        finally:
            loop.stop()


def run_for_long(steps: int, number: int, report: Path) -> Tally:
    """Run at least so many steps, with a seed after the other from `number` on, and keep what was run."""
    tally, first = Tally(), number
    while tally.steps < steps:
        run(CHUNK, number, tally)
        number += 1
        figures = {
            "steps": tally.steps,
            "examples": tally.examples,
            "seeds": [first, number - 1],
            "rules": dict(sorted(tally.rules.items())),
        }
        report.write_text(json.dumps(figures))
    return tally


def from_environment(name: str, default: int) -> int:
    """Return a number of the environment."""
    return int(os.environ.get(name, default))
