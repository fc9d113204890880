"""Pools of sessions that are only pretended."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from gateway.clock import Clock
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits
from gateway.imsconnect.pool import Pool
from gateway.imsconnect.transport import ConnectFailed

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

    def connect(self, lane: Lane = Lane.REPLIES) -> FakeSession:
        self.before()
        if not self.up:
            raise ConnectFailed("ims.example:9999: connect: Connection refused")
        self.sessions.append(FakeSession(len(self.sessions), Lane.REPLIES if lane.shared else lane))
        return self.sessions[-1]


@contextmanager
def pool_of(ims: FakeIms, clock: Clock, **limits: float) -> Iterator[Pool[FakeSession]]:
    size = int(limits.pop("size", 2))
    pool = Pool("ims1", Limits(size, **{"wait": 0.0, "idle": 240.0, **limits}), ims.connect, clock, lambda: 0.5)
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
