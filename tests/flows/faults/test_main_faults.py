"""Faults of the suite at a quick pace; `python -m bench.evidence faults` runs all of them, longer."""

import pytest

from bench.faults.fault import QUICK, judged
from bench.faults.suite import FAULTS, can_run
from tests.interop.outside import need

MAIN = (
    *("worker-killed", "ims-hung", "valkey-killed", "descriptors-exhausted", "slow-loris", "bombs"),
    "audit-disk-full-refuse",
)
PROGRAMS = {"valkey-server": ("valkey-server",)}

pytestmark = pytest.mark.xdist_group("faults")


@pytest.mark.slow
@pytest.mark.parametrize("name", MAIN)
def test_what_is_promised_is_kept_while_something_fails(name):
    fault = FAULTS[name]
    if not can_run(fault):
        need(*PROGRAMS.get(fault.needs, ()))
        pytest.skip(f"this machine does not let us: {fault.needs}")
    ledger = judged(fault, QUICK)
    assert ledger.breaches == [], ledger.figures()


def test_every_fault_says_what_it_promises_and_what_is_done():
    for name, fault in FAULTS.items():
        assert name == fault.name
        assert fault.promise.endswith(".")
        assert fault.done.endswith(".")
