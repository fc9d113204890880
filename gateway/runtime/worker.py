"""One worker: answers requests, and does what the master and the console ask of it.

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

import logging
import os
import socket
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from threading import Lock
from typing import Any, Final, Protocol, Self

from gateway.admin.ports import Worker
from gateway.clock import Clock
from gateway.config.effect import in_effect
from gateway.control.reloaded import Reloaded, problem_facts
from gateway.control.server import ControlServer
from gateway.control.words import ControlError, line_of, object_of
from gateway.errors import ConfigError
from gateway.observe.metrics import Metrics
from gateway.observe.traffic import TrafficBoard
from gateway.preflight.serving import with_applications
from gateway.preflight.still import mark_of, read_still
from gateway.runtime import pictures
from gateway.runtime.backends import Backends
from gateway.runtime.live import Live, Serving
from gateway.runtime.probe import Probe
from gateway.tls import ListenerTls
from gateway.tls.stores import StoreError
from gateway.web.environ import LISTENER, Environ, Floor, ListenerName, StartResponse
from gateway.web.listeners import listener_tls
from gateway.web.wsgi import at_once

log = logging.getLogger("gateway.web")

_TURN_SECONDS: Final = 1.0
"""How long a change waits for the one before; the master has them come one after the other."""


@dataclass(frozen=True, slots=True)
class _Change:
    """What the master wants to come into force; another try may have the same number."""

    number: int
    mark: str
    """Of the files that it found."""

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Read what the master says. Raises KeyError, TypeError or ValueError."""
        return cls(int(said["number"]), str(said["mark"]))


@dataclass(frozen=True, slots=True)
class _Prepared:
    change: _Change
    serving: Serving
    tls: Mapping[ListenerName, ListenerTls]


@dataclass(frozen=True, slots=True)
class Parts:
    """What a worker is made of, beside what it serves."""

    backends: Backends
    board: TrafficBoard
    probe: Probe
    metrics: Metrics
    clock: Clock


class Admin(Protocol):
    """Console and management API."""

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        ...

    def close(self) -> None:
        """Let go of files."""
        ...


class WorkerRuntime:
    """A worker's application (`gateway.web.environ.Application`). Thread-safe."""

    def __init__(self, live: Live, parts: Parts, close: Callable[[], None]) -> None:
        """`close` lets go of everything behind it."""
        self.live = live
        self._parts = parts
        self._started = parts.clock.now()
        self._changing = Lock()
        self._prepared: _Prepared | None = None
        self._wanted: _Change | None = None
        """The last that was to be prepared, unless it was given up."""
        self._floor: Floor | None = None
        self._close = close
        self._admin: Admin | None = None
        self._closing = ExitStack()
        self.last_reload: tuple[Reloaded, datetime] | None = None
        self._do: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "prepare": self._prepare,
            "commit": self._commit,
            "abort": self._abort,
            "told": self._told,
            "recycle": self._recycle,
            "look": self._look,
            "recent": self._recent,
            "capture": self._capture,
            "captured": self._captured,
        }

    # -- gateway.web.environ.Application ----------------------------------------------------------------------

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        if self._admin is not None and environ[LISTENER] == "admin" and not at_once(environ["PATH_INFO"]):
            return self._admin(environ, start_response)
        return self.live(environ, start_response)

    def manage(self, admin: Admin) -> None:
        """Have console and management API answer on the admin listener; they are closed with this."""
        self._admin = admin
        self._closing.callback(admin.close)

    def at_once(self, path: str) -> bool:
        """Tell whether the answer needs no thread."""
        return at_once(path)

    def begin(self, floor: Floor, control: socket.socket | None) -> None:
        """Take commands from now on."""
        self._floor = floor
        if control is not None:
            server = ControlServer(control, self.command, self._parts.clock)
            self._closing.callback(server.close)
            server.start()

    def close(self) -> None:
        """Let go of sockets and files."""
        self._closing.close()
        self._close()

    # -- commands ---------------------------------------------------------------------------------------------

    def command(self, line: bytes) -> bytes:
        """Do what a line asks, and return the line that answers. Raises ControlError."""
        said = object_of(line)
        do = self._do.get(str(said.get("do")))
        if do is None:
            raise ControlError(f"what is asked must be one of {', '.join(self._do)}")
        try:
            return line_of(do(said))
        except (KeyError, TypeError, ValueError) as error:
            raise ControlError(f"what was asked is not in order: {type(error).__name__}") from error

    def _prepare(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        change = _Change.of(said)
        with self._turn():
            self._forget_prepared()
            self._wanted = change
            try:
                prepared = self._made_ready(change)
            except ConfigError as error:
                return {"problems": problem_facts(error.problems)}
            except StoreError as error:
                return {"reason": str(error)}
            except Exception:
                log.exception("a changed home could not be made ready")
                return {"reason": "internal error of the gateway; its log says more"}
            if isinstance(prepared, str):
                return {"reason": prepared}
            if self._wanted != change:  # it took so long that the master has given it up
                self.live.drop(prepared.serving)
                return {"reason": "it was given up"}
            self._prepared = prepared
        return {"prepared": change.number}

    def _made_ready(self, change: _Change) -> _Prepared | str:
        """Return what a changed home needs here, or why it cannot be. Raises ConfigError, StoreError."""
        before = self.live.current.snapshot
        still = read_still(before.home.path, before.home.state, before)
        if mark_of(still.look) != change.mark:
            return "it found other files than the master: they have changed meanwhile"
        home, _ = in_effect(before.home, still.snapshot.home)
        snapshot = with_applications(replace(still.snapshot, number=change.number, home=home), before)
        tls = listener_tls(home)
        serving = self.live.prepare(snapshot)
        try:
            still.judge()
        except ConfigError:
            self.live.drop(serving)
            raise
        return _Prepared(change, serving, tls)

    def _commit(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        change = _Change.of(said)
        with self._turn():
            prepared = self._prepared
            if prepared is None or prepared.change != change:
                raise ControlError("nothing of this number was prepared")
            self._prepared = None
            self.live.swap(prepared.serving)
            home = prepared.serving.snapshot.home
            if self._floor is not None:
                self._floor.renew(home.gateway.server, prepared.tls)
        return {"done": change.number}

    def _abort(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        change = _Change.of(said)
        if self._wanted == change:
            self._wanted = None
        with self._turn():
            if self._prepared is not None and self._prepared.change == change:
                self._forget_prepared()
        return {"done": True}

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Take turns at changes. Raises ControlError when the one before hangs: each would keep a thread."""
        if not self._changing.acquire(timeout=_TURN_SECONDS):
            raise ControlError("an earlier change hangs: in an authentication module, or on a file")
        try:
            yield
        finally:
            self._changing.release()

    def _forget_prepared(self) -> None:
        if self._prepared is not None:
            self.live.drop(self._prepared.serving)
            self._prepared = None

    def _told(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        told, at = Reloaded.of(said["reloaded"]), datetime.fromisoformat(said["at"])
        self.last_reload = told, at
        self._parts.metrics.reloaded(told.number, at, done=told.done, count=bool(said["count"]))
        return {"done": True}

    def _recycle(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        self._parts.backends.recycle(str(said["bundle"]))
        return {"done": True}

    # -- what it says of itself -------------------------------------------------------------------------------

    def _look(self, _said: Mapping[str, Any]) -> Mapping[str, Any]:
        return pictures.worker_facts(self.picture())

    def picture(self) -> Worker:
        """Return how this worker is."""
        snapshot = self.live.current.snapshot
        load = self._floor.load() if self._floor else None
        pools = [stats for backend in self._parts.backends.living() for stats in backend.stats()]
        return Worker(
            pid=os.getpid(),
            number=snapshot.number,
            digest=snapshot.digest,
            started=self._started,
            in_work=load.in_work if load else 0,
            waiting=load.waiting if load else 0,
            pools=tuple(pictures.pool_of(stats) for stats in pools),
            traffic=self._parts.board.traffic(),
        )

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
