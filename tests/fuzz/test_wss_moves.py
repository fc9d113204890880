"""No changed message with signatures is accepted unless it means the same: IMSGW_FUZZ_EXAMPLES of each kind."""

import os
import random

import pytest

from tests.fuzz import wss_cases, wss_moves

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "1500"))
SEED = int(os.environ.get("IMSGW_FUZZ_SEED", "20240229"))


@pytest.fixture(scope="module")
def seeds():
    return wss_cases.Seeds().all


@pytest.mark.parametrize("change", [wss_moves.moved, wss_moves.mutated], ids=["tree", "bytes"])
def test_a_changed_message_is_refused_or_means_the_same(seeds, change):
    outcomes = wss_cases.run(seeds, EXAMPLES, random.Random(SEED), change)
    assert outcomes["accepted: the same"], "a run in which nothing gets through tries too little"
    assert len(outcomes) > 10, "nor does one that fails on few rules"
