"""200 reloads, good and bad in random order, while callers call all the time: nothing fails, nothing mixes.

See tests/fixtures/reloading.py, which a test runs with fewer reloads.
"""

import tempfile
from pathlib import Path
from statistics import median
from typing import Any

from tests.fixtures.reloading import OPEN_STANDIN, Churn
from tests.fixtures.running_gateway import gateways
from tests.fixtures.standin import standin_config

RELOADS = 200
CALLERS = 6
SEED = 7
SETTLED = 40
"""Good reloads after which memory is to stay what it is."""


def measure() -> dict[str, Any]:
    """Return the figures. Raises AssertionError when a call failed, or was served by a mixture."""
    from gateway.standin import RunningStandin  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory(prefix="imsgw-reloads-") as folder,
        RunningStandin(standin_config(ims_connect=OPEN_STANDIN)) as standin,
        gateways(Path(folder)) as factory,
    ):
        ledger = Churn(factory(standin), CALLERS).run(RELOADS, SEED)
    assert (ledger.failed, ledger.mixed, ledger.stale) == ([], [], []), ledger
    settled, last = median(ledger.memory[SETTLED : SETTLED + 10]), median(ledger.memory[-10:])
    return {
        "reloads": RELOADS,
        "in_force": ledger.good,
        "refused": ledger.refused,
        "calls": ledger.calls,
        "calls_that_failed": len(ledger.failed),
        "calls_served_by_a_mixture": len(ledger.mixed),
        "calls_served_by_a_wrong_version": len(ledger.stale),
        "versions_seen_by_callers": len(ledger.versions),
        "milliseconds_of_a_reload_median": median(ledger.milliseconds),
        "memory_kib_after_40_good_reloads": settled,
        "memory_kib_at_the_end": last,
        "memory_kib_after_each_tenth_good_reload": ledger.memory[::10],
    }
