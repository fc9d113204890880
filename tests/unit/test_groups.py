"""Tests of a group run on one worker, so that what they share is started once.

Some versions of pytest and pytest-xdist do not go together in this, and say nothing.
"""

import pytest


@pytest.mark.xdist_group("a group")
def test_a_worker_tells_the_group_of_a_test(request):
    grouped = getattr(request.config.option, "loadgroup", False)
    assert request.node.nodeid.endswith("@a group") is grouped
