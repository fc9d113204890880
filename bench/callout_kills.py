"""`imsgw callout` killed (-9) at random moments under asynchronous load: nothing lost, doubles counted.

First one process with the journal in SQLite, then two that share one in PostgreSQL, one of them killed each
time. See tests/flows/callout/kills.py, which the tests run with fewer kills.
"""

import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from gateway import testkeys
from gateway.exchange import Secret
from gateway.testkeys import LOCAL_NAMES
from tests.fixtures.callout import CalloutLab
from tests.fixtures.hostile_service import Service
from tests.fixtures.pki import PASSWORD as PKI_PASSWORD
from tests.fixtures.pki import Pki
from tests.fixtures.postgresql import PASSWORD, USER, running_postgresql
from tests.flows.callout.kills import kill_one, kill_one_of_two

KILLS = 50
SEED = 1


@contextmanager
def _stage() -> Iterator[tuple[Callable[..., CalloutLab], Service, Path]]:
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="imsgw-kills-")))
        service = Service()
        stack.callback(service.close)

        def make(**standin: Any) -> CalloutLab:
            return CalloutLab(folder / "lab", stack, **standin)

        yield make, service, folder


def _postgresql_keys(folder: Path) -> Pki:
    keys = testkeys.create(folder / "keys", LOCAL_NAMES, Secret(PKI_PASSWORD.reveal()))
    return Pki(folder, keys, keys, keys.client)


def measure() -> dict[str, Any]:
    """Return the figures of both runs. Raises AssertionError when a message was lost or stays behind."""
    figures: dict[str, Any] = {}
    with _stage() as (make, service, _):
        figures["one_process_sqlite"] = kill_one(make, service, KILLS, SEED)
    with _stage() as (make, service, folder), running_postgresql(_postgresql_keys(folder)) as server:
        store = f"postgresql://{USER}@127.0.0.1:{server.port}/{server.new_database()}"
        journal = {"store": store, "password": PASSWORD}
        figures["two_processes_postgresql"] = kill_one_of_two(make, service, journal, KILLS, SEED)
    return figures
