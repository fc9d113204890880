"""Pools of sessions that are only pretended."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from gateway.clock import Clock
from gateway.imsconnect.breaker import RetryTimes
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits
from gateway.imsconnect.pool import Pool
from gateway.imsconnect.transport import ConnectFailed
from gateway.observe.events import PathEvent

PATIENCE = 20.0


@dataclass(eq=False)
class FakeSession:
    number: int
    lane: Lane = Lane.REPLIES
    reusable: bool = True
    quiet: bool = True
    closed: bool = False
    aborted: threading.Event = field(default_factory=threading.Event)

    def is_quiet(self) -> bool:
        return self.quiet

    def close(self) -> None:
        self.closed = True

    def abort(self) -> None:
        self.aborted.set()


@dataclass
class FakeIms:
    """Makes sessions, or fails to."""

    up: bool = True
    sessions: list[FakeSession] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    """Called before each connection comes to be, outside the pool's lock."""
    fresh_quiet: bool = True
    """Whether new sessions are good, or closed at once."""
    answers: bool = True
    """What a ping finds."""
    pinged: list[FakeSession] = field(default_factory=list)
    events: list[PathEvent] = field(default_factory=list)

    def connect(self, lane: Lane = Lane.REPLIES) -> FakeSession:
        self.before()
        if not self.up:
            raise ConnectFailed("ims.example:9999: connect: Connection refused")
        self.sessions.append(
            FakeSession(len(self.sessions), Lane.REPLIES if lane.shared else lane, quiet=self.fresh_quiet)
        )
        return self.sessions[-1]

    def ping(self, session: FakeSession) -> bool:
        self.pinged.append(session)
        return self.answers

    def path_changed(self, event: PathEvent) -> None:
        self.events.append(event)


@contextmanager
def pool_of(
    ims: FakeIms, clock: Clock, *, endpoint: str = "", **limits: float | RetryTimes
) -> Iterator[Pool[FakeSession]]:
    size = limits.pop("size", 2)
    assert isinstance(size, int)
    bounds = Limits(size, **{"wait": 0.0, "idle": 240.0, **limits})  # type: ignore[arg-type]
    pool = Pool("ims1", bounds, ims.connect, clock, lambda: 0.5, endpoint=endpoint, ping=ims.ping, sink=ims)
    try:
        yield pool
    finally:
        pool.close(0)


def picture(pool: Pool[FakeSession]) -> str:
    """The gauges of the repr."""
    return repr(pool.stats()).removeprefix("<pool ims1 ").split(";")[0]


def wait_until(condition: Callable[[], bool]) -> None:
    pause = threading.Event()
    for _ in range(int(PATIENCE / 0.002)):
        if condition():
            return
        pause.wait(0.002)
    pytest.fail("it never happened")
