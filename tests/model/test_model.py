"""Random legal and illegal sequences against the stand-in and the client, held against a model of OTMA.

IMSGW_MODEL_EXAMPLES sets how many examples are run, IMSGW_MODEL_SEED another seed than the fixed one;
IMSGW_MODEL_STEPS and IMSGW_MODEL_REPORT ask for a long run, whose figures go to that file.
"""

import os
import sys
from pathlib import Path

import pytest

from tests.model.moves import Tally
from tests.model.run import DEFAULT_SEED, from_environment, run, run_for_long


@pytest.mark.slow
@pytest.mark.timeout(14_400)
def test_client_and_standin_keep_to_the_model():
    number = from_environment("IMSGW_MODEL_SEED", DEFAULT_SEED)
    sys.stdout.write(f"IMSGW_MODEL_SEED={number}\n")
    report, steps = os.environ.get("IMSGW_MODEL_REPORT"), from_environment("IMSGW_MODEL_STEPS", 0)
    if report:
        assert run_for_long(steps, number, Path(report)).steps >= steps
        return
    tally = Tally()
    run(from_environment("IMSGW_MODEL_EXAMPLES", 100), number, tally)
    kinds = {name.split(" ")[0] for name in tally.rules}
    assert kinds >= {
        "transaction",
        "answer",
        "resume",
        "send-only",
        "respond",
        "library",
        "pool",
        "release",
        "queue",
    }
