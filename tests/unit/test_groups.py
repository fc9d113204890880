"""Tests of a group run on one worker, so that what they share is started once.

Some versions of pytest and pytest-xdist do not go together in this, and say nothing.
"""

import pytest

from tests.fixtures.scheduling import handed_out_with


@pytest.mark.xdist_group("a group")
def test_a_worker_tells_the_group_of_a_test(request):
    grouped = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@a group") is grouped


@pytest.mark.parametrize(
    ("nodeid", "scope", "together"),
    [
        ("tests/unit/test_a.py::test_b[x::y]", "tests/unit/test_a.py::test_b[x::y]", "tests/unit/test_a.py"),
        ("tests/attacks/test_a.py::test_b", "tests/attacks/test_a.py::test_b", "tests/attacks/test_a.py"),
        ("tests/unit/test_a.py::test_b@valkey", "valkey", "valkey"),
        ("tests/flows/test_a.py::test_b", "tests/flows/test_a.py::test_b", "tests/flows/test_a.py::test_b"),
    ],
    ids=["unit", "attack", "in a group", "long"],
)
def test_a_test_is_handed_out_with_its_group_or_its_file_when_it_is_short_or_alone(nodeid, scope, together):
    assert handed_out_with(nodeid, scope) == together
