"""What a worker does when the master or the console asks.

Asked over its control socket, a line of JSON each way:

| do | with | answers |
| --- | --- | --- |
| prepare | number, mark | prepared; or problems and a reason |
| commit, abort | number, mark | done |
| told | reloaded, at, count | done |
| recycle | bundle | done |
| look | | the worker's picture |
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
from gateway.clock import Clock
from gateway.control.reloaded import Reloaded
from gateway.control.words import ControlError, line_of, object_of
from gateway.observe.metrics import Metrics
from gateway.observe.traffic import TrafficBoard
from gateway.runtime import pictures
from gateway.runtime.backends import Backends
from gateway.runtime.change import Change
from gateway.runtime.live import Live
from gateway.runtime.probe import Probe
from gateway.runtime.takeover import Takeover
from gateway.web.environ import Floor

_Do = Callable[[Mapping[str, Any]], Mapping[str, Any]]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of, beside what it serves."""

    backends: Backends
    board: TrafficBoard
    probe: Probe
    metrics: Metrics
    clock: Clock


class Desk:
    """Answers commands to one worker. Thread-safe."""

    def __init__(self, live: Live, parts: Parts) -> None:
        self.last_reload: tuple[Reloaded, datetime] | None = None
        """What came of the last reload of the gateway, and when; None: there was none."""
        self._live = live
        self._parts = parts
        self._started = parts.clock.now()
        self._takeover = Takeover(live)
        self._floor: Floor | None = None
        self._do: Mapping[str, _Do] = {
            "prepare": lambda said: self._takeover.prepare(Change.of(said)),
            "commit": lambda said: self._takeover.commit(Change.of(said)),
            "abort": lambda said: self._takeover.abort(Change.of(said)),
            "told": self._told,
            "recycle": self._recycle,
            "look": self._look,
            "recent": self._recent,
            "capture": self._capture,
            "captured": self._captured,
        }

    def begin(self, floor: Floor) -> None:
        """Take note of the service around the worker: requests may come."""
        self._floor = self._takeover.floor = floor

    def answer(self, line: bytes) -> bytes:
        """Do what a line asks, and return the line that answers. Raises ControlError."""
        said = object_of(line)
        do = self._do.get(str(said.get("do")))
        if do is None:
            raise ControlError(f"what is asked must be one of {', '.join(self._do)}")
        try:
            return line_of(do(said))
        except (KeyError, TypeError, ValueError) as error:
            raise ControlError(f"what was asked is not in order: {type(error).__name__}") from error

    def _told(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        told, at = Reloaded.of(said["reloaded"]), datetime.fromisoformat(said["at"])
        self.last_reload = told, at
        self._parts.metrics.reloaded(told.number, at, done=told.done, count=bool(said["count"]))
        return {"done": True}

    def _recycle(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        self._parts.backends.recycle(str(said["bundle"]))
        return {"done": True}

    def _look(self, _said: Mapping[str, Any]) -> Mapping[str, Any]:
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
        )
        return pictures.worker_facts(picture)

    def _recent(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"recent": pictures.ended_facts(self._parts.board.recent(int(said["most"])))}

    def _capture(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        until = said["until"]
        self._parts.probe.capture(
            str(said["service"]), None if until is None else datetime.fromisoformat(until)
        )
        return {"done": True}

    def _captured(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"captured": pictures.captured_facts(self._parts.probe.captured(str(said["service"])))}
