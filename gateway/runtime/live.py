"""What one worker serves: the snapshot in force, swapped whole while requests are in flight.

A request is answered by the snapshot that it began with. One that was replaced goes when the last of its
requests has ended; of what it is made of, that goes which the newer one does not use too.
"""

import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from threading import Lock

from gateway.preflight.snapshot import Snapshot
from gateway.runtime.backends import Backends, Held
from gateway.runtime.services import Deployed, Workshop, mounts_of
from gateway.web.environ import Environ, StartResponse
from gateway.web.wsgi import FrontDoor, Mounted

log = logging.getLogger("gateway.web")

MakeDoor = Callable[[Snapshot, list[Mounted]], FrontDoor]


@dataclass(slots=True, eq=False)
class Serving:
    """One snapshot at work."""

    snapshot: Snapshot
    door: FrontDoor
    services: Mapping[str, Deployed]
    holds: Mapping[str, Held]
    users: int = field(default=0)
    retired: bool = field(default=False)


class Live:
    """Answers requests by the snapshot in force. Thread-safe."""

    def __init__(self, snapshot: Snapshot, shop: Workshop, backends: Backends, door: MakeDoor) -> None:
        """Make everything. Raises ConfigError when the snapshot cannot be served."""
        self._shop = shop
        self._backends = backends
        self._door = door
        self._lock = Lock()
        self._current = self._make(snapshot, {})

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        with self._held() as serving:
            return serving.door(environ, start_response)

    @property
    def current(self) -> Serving:
        """What is in force; to look at, not to answer requests with."""
        return self._current

    def close(self) -> None:
        """Let go of what is in force; no request comes any more."""
        self._backends.let_go(self._current.holds.values())

    def prepare(self, snapshot: Snapshot) -> Serving:
        """Make everything of a snapshot, for `swap` or `drop`. Raises ConfigError."""
        return self._make(snapshot, self._current.services)

    def swap(self, serving: Serving) -> None:
        """Have what was prepared answer from the next request on."""
        with self._lock:
            old, self._current = self._current, serving
            old.retired = True
            idle = not old.users
        if idle:
            self._backends.let_go(old.holds.values())

    def drop(self, serving: Serving) -> None:
        """Let go of what was prepared and is not wanted."""
        self._backends.let_go(serving.holds.values())

    def _make(self, snapshot: Snapshot, before: Mapping[str, Deployed]) -> Serving:
        holds = self._backends.hold(snapshot.home)
        try:
            services = self._shop.deploy(snapshot, holds, before)
            return Serving(snapshot, self._door(snapshot, list(mounts_of(services))), services, holds)
        except BaseException:
            self._backends.let_go(holds.values())
            raise

    @contextmanager
    def _held(self) -> Iterator[Serving]:
        with self._lock:
            serving = self._current
            serving.users += 1
        try:
            yield serving
        finally:
            with self._lock:
                serving.users -= 1
                last = serving.retired and not serving.users
            if last:
                self._backends.let_go(serving.holds.values())
