"""Mutations of the corpus and random bytes: IMSGW_FUZZ_EXAMPLES of them, IMSGW_FUZZ_SEED repeats a run."""

import os
import random

from tests.fuzz import wire_cases

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "300"))
SEED = int(os.environ.get("IMSGW_FUZZ_SEED", "20240229"))


def test_any_bytes_from_either_side_parse_or_are_the_one_error_of_that_side():
    wire_cases.run(SEED, EXAMPLES)


def test_every_seed_of_the_corpus_holds_the_invariants_unchanged():
    choose = random.Random(SEED)
    for data in wire_cases.seeds("output") + wire_cases.seeds("hostile"):
        wire_cases.check_output(data)
        wire_cases.check_client(data, choose)
    for data in wire_cases.seeds("input") + wire_cases.seeds("refused"):
        wire_cases.check_input(data)
        wire_cases.check_server(data, choose)
