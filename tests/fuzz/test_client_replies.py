"""Changed replies to whole interactions: IMSGW_FUZZ_EXAMPLES of them, IMSGW_FUZZ_SEED repeats a run."""

import os

from tests.fuzz import reply_cases

EXAMPLES = int(os.environ.get("IMSGW_FUZZ_EXAMPLES", "1500"))
SEED = int(os.environ.get("IMSGW_FUZZ_SEED", "20240229"))


def test_any_reply_ends_in_a_value_or_a_named_error_and_never_reaches_the_next_caller():
    endings = reply_cases.run(SEED, EXAMPLES)
    # the run means nothing unless good and bad endings were seen, and sessions were used again
    assert endings.get("IGW2005E", 0) > EXAMPLES // 100
    assert any(name.endswith("reused") for name in endings)
    assert sum(endings.values()) == EXAMPLES
