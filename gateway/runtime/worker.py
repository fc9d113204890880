"""One worker's application: requests go to what is in force or to the console, commands to the desk."""

import socket
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from typing import Protocol

from gateway.control.server import ControlServer
from gateway.errors import GatewayError
from gateway.observe.events import TurnedAway
from gateway.observe.limit_events import LimitReached
from gateway.runtime.desk import Desk, Parts
from gateway.runtime.live import Live
from gateway.sampling import Pulse, Vitals
from gateway.web.environ import LISTENER, Environ, Floor, ListenerName, StartResponse
from gateway.web.lanes import Lane
from gateway.web.message import Reply
from gateway.web.wsgi import at_once, beside


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

    def __init__(
        self,
        live: Live,
        parts: Parts,
        turned_away: Callable[[TurnedAway], None],
        close: Callable[[], None],
    ) -> None:
        """`turned_away` hears of what HTTP refused; `close` lets go of everything behind it."""
        self.live = live
        self.desk = Desk(live, parts)
        self._clock = parts.clock
        self._metrics = parts.metrics
        self._close = close
        self.turned_away = turned_away
        """Tells of a request that HTTP refused."""
        self._admin: Admin | None = None
        self._closing = ExitStack()

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        """Answer one request (PEP 3333)."""
        listener, path = environ[LISTENER], environ["PATH_INFO"]
        ours = at_once(path) or beside(listener, path)
        if self._admin is not None and listener == "admin" and not ours:
            return self._admin(environ, start_response)
        return self.live(environ, start_response)

    def manage(self, admin: Admin) -> None:
        """Have console and management API answer on the admin listener; they are closed with this."""
        self._admin = admin
        self._closing.callback(admin.close)

    def at_once(self, path: str) -> bool:
        """Tell whether the answer needs no thread."""
        return at_once(path)

    def beside(self, listener: ListenerName, path: str) -> bool:
        """Tell whether the answer has a thread beside those for requests."""
        return beside(listener, path)

    def lane(self, listener: ListenerName, path: str) -> Lane:
        """Return the lane in which a request waits for a thread, by the snapshot in force."""
        return self.live.current.door.lane(listener, path)

    def fault(self, environ: Environ, error: GatewayError) -> Reply | None:
        """Return the answer in an envelope to a request that got no thread, if it asked for one."""
        return self.live.current.door.fault(environ, error)

    def limit_reached(self, event: LimitReached) -> None:
        """Tell of a limit that refused somebody."""
        self.live.current.door.limit_reached(event)

    def begin(self, floor: Floor, control: socket.socket | None) -> None:
        """Take commands from now on."""
        self.desk.begin(floor)
        vitals = Vitals(self._metrics, lambda: self.live.current.snapshot.home, self._clock)

        def look() -> None:
            load = floor.load()
            self._metrics.load.look(in_work=load.in_work, waiting=load.waiting, connections=load.connections)
            vitals.look()

        self._closing.callback(Pulse(look).close)
        if control is not None:
            server = ControlServer(control, self.desk.answer, self._clock)
            self._closing.callback(server.close)
            server.start()

    def close(self) -> None:
        """Let go of sockets and files."""
        self._closing.close()
        self._close()
