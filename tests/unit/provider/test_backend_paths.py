"""Two IMS Connect in one bundle: one goes under load, and comes back."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Self

import pytest

from gateway.bundles import connection_settings
from gateway.clock import SYSTEM_CLOCK
from gateway.config.addresses import Address
from gateway.config.model import ImsConnectSettings, PoolSettings
from gateway.errors import GatewayError, M
from gateway.exchange import Caller, ImsCall, Secret
from gateway.observe.events import PathEvent, PathOpened, PathRestored
from gateway.provider.backend import BundleBackend
from gateway.standin import RunningStandin
from tests.fixtures.standin import standin_config

PATIENCE = 20.0
CALL = ImsCall(
    "ECHO",
    ("ECHO    HELLO".encode("cp037"),),
    Caller("USER1", Secret("PASSW0RD"), "", "bundle"),
    execution_timeout_ms=5_000,
    socket_timeout_ms=10_000,
)
UNKNOWN = {M.CONNECTION_LOST}
"""What a request may come to that was in flight."""


class Heard:
    """What is told of paths."""

    def __init__(self) -> None:
        self.events: list[PathEvent] = []
        self.restored = threading.Event()

    def path_changed(self, event: PathEvent) -> None:
        self.events.append(event)
        if isinstance(event, PathRestored):
            self.restored.set()


@contextmanager
def backend(heard: Heard, *standins: RunningStandin, policy: str = "order") -> Iterator[BundleBackend]:
    hosts = tuple(Address(standin.host, standin.port) for standin in standins)
    settings = ImsConnectSettings.model_validate(
        {"hosts": hosts, "policy": policy, "datastore": "IMS1", "pool": PoolSettings(size=8)}
    )
    made = BundleBackend(connection_settings("ims1", settings, None), clock=SYSTEM_CLOCK, sink=heard)
    try:
        yield made
    finally:
        made.close(0)


class Load:
    """Callers that call until they are told to stop."""

    def __init__(self, made: BundleBackend, callers: int = 8) -> None:
        self._made = made
        self._stop = threading.Event()
        self.answers = 0
        self.errors: list[GatewayError] = []
        self._threads = [threading.Thread(target=self._work) for _ in range(callers)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        for thread in self._threads:
            thread.join(PATIENCE)

    def _work(self) -> None:
        while not self._stop.is_set():
            try:
                self._made.call(CALL)
                self.answers += 1
            except GatewayError as error:
                self.errors.append(error)

    def more(self) -> None:
        """Wait for some more answers."""
        start, pause = self.answers, threading.Event()
        for _ in range(10_000):
            if self.answers > start + 100:
                return
            pause.wait(0.002)
        pytest.fail("no more answers")


@pytest.fixture
def pair() -> Iterator[tuple[RunningStandin, RunningStandin]]:
    with RunningStandin(standin_config()) as first, RunningStandin(standin_config()) as second:
        yield first, second


@pytest.mark.parametrize("policy", ["order", "balance"])
def test_when_one_goes_under_load_callers_notice_at_most_what_was_in_flight_on_it(pair, policy):
    heard, first = Heard(), pair[0]
    with backend(heard, *pair, policy=policy) as made, Load(made) as load:
        load.more()
        before = len(load.errors)
        first.stop()
        load.more()
    assert before == 0
    assert {error.message for error in load.errors} <= UNKNOWN
    assert len(load.errors) <= 8, "at most one for each caller"
    opened = [event for event in heard.events if isinstance(event, PathOpened)]
    assert {event.endpoint for event in opened} <= {f"{first.host}:{first.port}"}


def test_one_that_comes_back_is_found_in_the_background(pair):
    heard, first = Heard(), pair[0]
    listen: dict[str, Any] = {"listen": f"{first.host}:{first.port}"}
    with backend(heard, *pair) as made:
        made.ping()
        first.stop()
        made.ping()
        with RunningStandin(standin_config(ims_connect=listen)):
            assert heard.restored.wait(PATIENCE)
    assert [type(event) for event in heard.events] == [PathOpened, PathRestored]


def test_when_all_are_gone_the_error_names_all_of_them(pair):
    for gone in pair:
        gone.stop()
    with backend(Heard(), *pair) as made, pytest.raises(GatewayError) as caught:
        made.ping()
    assert caught.value.message is M.UNREACHABLE
    for gone in pair:
        assert f"{gone.host}:{gone.port}: " in caught.value.private
