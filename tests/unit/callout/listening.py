"""A listener on the in-process stand-in, with an intake that tests decide for."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from gateway.callout.listener import Listener
from gateway.callout.ports import Accept, Nak, Refuse
from gateway.callout.state import ListenerState
from gateway.callout.values import Received, Source
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import BundleCallout
from gateway.imsconnect import ConnectionSettings, Credentials, Endpoint, PoolSettings
from gateway.observe.callout_events import CalloutEvent, ListenerChanged
from tests.fixtures.running_gateway import wait_until

SOURCE = Source("ims1", "CALLOUT1")
PATIENCE = 20.0

Decision = Accept | Refuse | Exception


@dataclass
class TestIntake:
    """Room without end, and ACK for everything, unless a test says otherwise."""

    __test__ = False

    taken: list[Received] = field(default_factory=list)
    begun: list[Received] = field(default_factory=list)
    decide: Callable[[Received], Decision | None] = lambda _received: None
    room: threading.Semaphore | None = None
    room_error: Exception | None = None
    held: int = 0
    """Rooms that were kept and not given back nor used up."""

    def wait_for_room(self, stop: threading.Event) -> bool:
        if self.room_error is not None:
            raise self.room_error
        while self.room is not None and not self.room.acquire(timeout=0.01):
            if stop.is_set():
                return False
        if stop.is_set():
            return False
        self.held += 1
        return True

    def give_back_room(self) -> None:
        self.held -= 1
        if self.room is not None:
            self.room.release()

    def take(self, received: Received) -> Accept | Refuse:
        self.held -= 1
        decision = self.decide(received)
        if isinstance(decision, Exception):
            raise decision
        self.taken.append(received)
        return decision if decision is not None else Accept(lambda: self.begun.append(received))


@dataclass
class Events:
    """What the sink has heard."""

    changes: list[ListenerChanged] = field(default_factory=list)

    def callout(self, event: CalloutEvent) -> None:
        assert isinstance(event, ListenerChanged)
        self.changes.append(event)

    @property
    def states(self) -> list[str]:
        return [change.state for change in self.changes]


@dataclass
class Listening:
    """A listener with all that surrounds it."""

    listener: Listener
    intake: TestIntake
    events: Events

    def state(self) -> ListenerState:
        return self.listener.picture().state

    def until(self, state: ListenerState) -> None:
        wait_until(lambda: self.state() is state, f"{state}")

    def stop(self) -> None:
        self.listener.stop()
        assert self.listener.join(PATIENCE)


def settings_to(*servers: Any, **fields: Any) -> ConnectionSettings:
    """Return the settings for servers with `host` and `port`."""
    endpoints = tuple(Endpoint(server.host, server.port) for server in servers)
    pool = PoolSettings(**fields.pop("pool", {}))
    return ConnectionSettings(
        **{"endpoints": endpoints, "datastore": "IMS1", "pool": pool, "name": "ims1", **fields}
    )


def callout_settings(**fields: Any) -> BundleCallout:
    """Return `[callout]` of a bundle, with short pauses."""
    return BundleCallout(**{"tpipes": ("CALLOUT1",), "wait_seconds": 30, "retry_seconds": 0.05, **fields})


@contextmanager
def listening(
    *servers: Any,
    intake: TestIntake | None = None,
    start: bool = True,
    credentials: Any = Credentials(),  # noqa: B008  frozen
    connection: dict[str, Any] | None = None,
    network_identity: bool = False,
    **fields: Any,
) -> Iterator[Listening]:
    """Make a listener on CALLOUT1, started; `fields` are those of `[callout]`. Stops it at the end."""
    intake, events = intake or TestIntake(), Events()
    listener = Listener(
        SOURCE,
        settings_to(*servers, **(connection or {})),
        callout_settings(**fields),
        credentials,
        intake,
        clock=SYSTEM_CLOCK,
        sink=events,
        network_identity=network_identity,
    )
    made = Listening(listener, intake, events)
    if start:
        listener.start()
    try:
        yield made
    finally:
        made.stop()
    assert intake.held == 0


def refusing(how: Nak, status: Any = None, reason: str = "no good") -> Callable[[Received], Refuse]:
    """Return a decision that refuses everything."""
    return lambda _received: Refuse(how, status, reason)
