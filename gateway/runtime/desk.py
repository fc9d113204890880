"""What a worker does when the master or the console asks.

Asked over its control socket, a line of JSON each way:

| do | with | answers |
| --- | --- | --- |
| prepare | number, mark | prepared; or problems and a reason |
| commit, abort | number, mark | done |
| told | reloaded, at, count | done |
| recycle | bundle | done |
| look | | the worker's picture |
| audit | | how its audit trail is |
| recent | most | requests, newest first |
| capture | service, until | done |
| captured | service | messages, newest first |
"""

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from gateway.admin.ports import Worker
from gateway.allocator import give_back
from gateway.audit.picture import AuditPicture
from gateway.clock import Clock
from gateway.control.reloaded import Reloaded
from gateway.control.words import ControlError, line_of, object_of
from gateway.observe.metrics import Metrics
from gateway.observe.traffic import TrafficBoard
from gateway.runtime import pictures
from gateway.runtime.backends import Backends
from gateway.runtime.change import Change, LastReload
from gateway.runtime.live import Live
from gateway.runtime.probe import Probe
from gateway.runtime.takeover import Takeover
from gateway.web.environ import Floor

_Read = Callable[[Mapping[str, Any]], tuple[Any, ...]]
"""Reads what is asked. Raises KeyError, TypeError, ValueError or OverflowError."""
_Do = Callable[..., Mapping[str, Any]]
"""Does it, called with what was read, and returns what to answer."""


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of, beside what it serves."""

    backends: Backends
    board: TrafficBoard
    probe: Probe
    metrics: Metrics
    clock: Clock
    last_reload: LastReload = None
    """Of the gateway, before there was this worker."""
    audit: Callable[[], AuditPicture | None] = lambda: None
    """How the worker's audit trail is; None: it has none."""


class Desk:
    """Answers commands to one worker. Thread-safe."""

    def __init__(self, live: Live, parts: Parts) -> None:
        self.last_reload = parts.last_reload
        """Of the gateway."""
        self._live = live
        self._parts = parts
        self._started = parts.clock.now()
        self._takeover = Takeover(live)
        self._floor: Floor | None = None
        self._commands: Mapping[str, tuple[_Read, _Do]] = {
            "prepare": (_change, self._takeover.prepare),
            "commit": (_change, self._takeover.commit),
            "abort": (_change, self._takeover.abort),
            "told": (_reload, self._told),
            "recycle": (lambda said: (str(said["bundle"]),), self._recycle),
            "look": (lambda _said: (), self._look),
            "audit": (lambda _said: (), self._audit),
            "recent": (lambda said: (int(said["most"]),), self._recent),
            "capture": (_order, self._capture),
            "captured": (lambda said: (str(said["service"]),), self._captured),
        }

    def begin(self, floor: Floor) -> None:
        """Take note of the service around the worker: requests may come."""
        self._floor = self._takeover.floor = floor

    def answer(self, line: bytes) -> bytes:
        """Do what a line asks, and return the line that answers. Raises ControlError."""
        said = object_of(line)
        command = self._commands.get(str(said.get("do")))
        if command is None:
            raise ControlError(f"what is asked must be one of {', '.join(self._commands)}")
        read, do = command
        try:
            asked = read(said)
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise ControlError(f"what was asked is not in order: {type(error).__name__}") from error
        return line_of(do(*asked))

    def _told(self, told: Reloaded, at: datetime, count: bool) -> Mapping[str, Any]:
        self.last_reload = told, at
        self._parts.metrics.reloaded(told.number, at, done=told.done, count=count)
        give_back()
        return {"done": True}

    def _recycle(self, bundle: str) -> Mapping[str, Any]:
        self._parts.backends.recycle(bundle)
        return {"done": True}

    def _look(self) -> Mapping[str, Any]:
        """Return how this worker is."""
        snapshot = self._live.current.snapshot
        load = self._floor.load() if self._floor else None
        pools = [stats for backend in self._parts.backends.living() for stats in backend.stats()]
        picture = Worker(
            pid=os.getpid(),
            number=snapshot.number,
            digest=snapshot.digest,
            started=self._started,
            in_work=load.in_work if load else 0,
            waiting=load.waiting if load else 0,
            pools=tuple(pictures.pool_of(stats) for stats in pools),
            traffic=self._parts.board.traffic(),
            audit=self._parts.audit(),
        )
        return pictures.worker_facts(picture)

    def _audit(self) -> Mapping[str, Any]:
        picture = self._parts.audit()
        return {"audit": picture.facts() if picture is not None else None}

    def _recent(self, most: int) -> Mapping[str, Any]:
        return {"recent": pictures.ended_facts(self._parts.board.recent(most))}

    def _capture(self, service: str, until: datetime | None) -> Mapping[str, Any]:
        self._parts.probe.capture(service, until)
        return {"done": True}

    def _captured(self, service: str) -> Mapping[str, Any]:
        return {"captured": pictures.captured_facts(self._parts.probe.captured(service))}


def _change(said: Mapping[str, Any]) -> tuple[Change]:
    return (Change.of(said),)


def _reload(said: Mapping[str, Any]) -> tuple[Reloaded, datetime, bool]:
    return Reloaded.of(said["reloaded"]), _time(said["at"]), bool(said["count"])


def _order(said: Mapping[str, Any]) -> tuple[str, datetime | None]:
    until = said["until"]
    return str(said["service"]), None if until is None else _time(until)


def _time(text: str) -> datetime:
    time = datetime.fromisoformat(text)
    if time.tzinfo is None:
        raise ValueError("a time has an offset")
    return time
