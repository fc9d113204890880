"""Nothing is lost where the process is killed: see kills.py; `bench/callout_kills.py` kills more often."""

import pytest

from tests.fixtures.postgresql import PASSWORD, USER
from tests.flows.callout.kills import kill_one, kill_one_of_two

KILLS = 6
OF_TWO = 4


@pytest.fixture
def told(capsys):
    """Show figures though all is well."""

    def show(figures):
        with capsys.disabled():
            print(f"\n{figures}")  # noqa: T201  the count of doubles is wanted

    return show


def test_a_process_that_is_killed_loses_nothing(callout_lab, service, told):
    told(kill_one(callout_lab, service, KILLS, seed=5))


def test_where_one_of_two_processes_is_killed_nothing_is_lost(callout_lab, service, shared_postgresql, told):
    store = f"postgresql://{USER}@127.0.0.1:{shared_postgresql.port}/{shared_postgresql.new_database()}"
    told(kill_one_of_two(callout_lab, service, {"store": store, "password": PASSWORD}, OF_TWO, seed=7))
