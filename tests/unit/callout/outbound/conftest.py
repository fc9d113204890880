"""The service that each test deploys and calls."""

import pytest

from tests.unit.callout.outbound.calls import Calling


@pytest.fixture
def calling(tmp_path):
    made = Calling(tmp_path)
    yield made
    made.close()
