"""The target of all attacks of a worker process."""

from collections.abc import Iterator

import pytest

from tests.attacks.wss.target import Target, running_target
from tests.forge.keys import Pki


@pytest.fixture(scope="session")
def forge_pki() -> Pki:
    return Pki()


@pytest.fixture(scope="session")
def shared_target(forge_pki: Pki, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    with running_target(tmp_path_factory.mktemp("wss"), forge_pki) as running:
        yield running


@pytest.fixture
def target(shared_target: Target) -> Target:
    shared_target.standin.forget()
    return shared_target
