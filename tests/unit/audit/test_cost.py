"""What a record costs: it is part of every request. The best of several runs, CPU time, with much to spare."""

import time

import pytest

from gateway.audit.file_target import FileSettings, FileTarget
from gateway.audit.formats import FORMATS
from gateway.audit.requests import of_request
from gateway.clock import SYSTEM_CLOCK
from gateway.exchange import Secret
from tests.unit.audit.events import ANSWERED, STAMP

RUNS, EACH = 5, 200


@pytest.mark.parametrize(("chain", "most"), [(False, 200e-6), (True, 300e-6)], ids=["plain", "chained"])
@pytest.mark.parametrize("name", sorted(FORMATS))
def test_a_record_is_made_and_written_in_a_fraction_of_what_a_request_costs(tmp_path, name, chain, most):
    settings = FileSettings(tmp_path / "a", chain=chain, chain_key=Secret("k" * 16 if chain else ""))
    target, line = FileTarget(settings, FORMATS[name].chained, SYSTEM_CLOCK), FORMATS[name].line
    spent = []
    for _ in range(RUNS):
        began = time.process_time()
        for _ in range(EACH):
            target.write(line(of_request(ANSWERED, STAMP)))
        spent.append((time.process_time() - began) / EACH)

    assert min(spent) < most
