from contextlib import ExitStack

import pytest

from gateway.standin import RunningStandin
from tests.unit.standin.by_hand import Client


@pytest.fixture
def connect():
    """Connect to a stand-in; closed at the end of the test."""
    with ExitStack() as clients:
        yield lambda standin: clients.enter_context(Client(standin.port))


@pytest.fixture
def client(connect, standin: RunningStandin):
    """A connection to the stand-in with its defaults."""
    return connect(standin)


@pytest.fixture
def config(tmp_path):
    """A configuration file for a stand-in that takes any free port."""
    path = tmp_path / "standin.toml"
    path.write_text('[ims_connect]\nlisten = "127.0.0.1:0"\n')
    return path
