"""Random legal and illegal sequences against the stand-in and the client, held against a model of OTMA.

IMSGW_MODEL_EXAMPLES sets how many examples are run, IMSGW_MODEL_SEED another seed than the fixed one.
"""

import os

from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis.stateful import run_state_machine_as_test

from gateway.standin import RunningStandin
from tests.fixtures.faces import LoopThread
from tests.model.inside import Inside, config
from tests.model.machine import Machine, Tally

EXAMPLES = int(os.environ.get("IMSGW_MODEL_EXAMPLES", "40"))
STEPS = 50


def test_client_and_standin_keep_to_the_model():
    tally, loop = Tally(), LoopThread()
    with RunningStandin(config()) as running:

        class Run(Machine):
            inside = Inside(running)

        Run.tally = tally
        Run.loop = loop
        run_state_machine_as_test(
            Run,
            settings=settings(
                max_examples=EXAMPLES,
                stateful_step_count=STEPS,
                deadline=None,
                derandomize=True,
                database=None,
                print_blob=False,
                report_multiple_bugs=False,
                phases=[Phase.generate]
                if os.environ.get("IMSGW_MODEL_SHRINK") == "0"
                else [Phase.generate, Phase.shrink],
                suppress_health_check=list(HealthCheck),
            ),
        )
    loop.stop()
    print(tally.examples, sum(tally.rules.values()))
    for name, n in sorted(tally.rules.items()):
        print(n, name)
