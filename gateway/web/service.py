"""One worker's HTTP service, without gunicorn: accepts, keeps the connections, stops gracefully."""

import asyncio
import errno
import logging
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import partial
from typing import Final, Literal

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.model import LimitsSettings, ServerSettings
from gateway.observe.limit_events import LimitReached
from gateway.tls import ListenerTls
from gateway.web.clients import Clients, Room
from gateway.web.connection import Connection, Phase, Shared
from gateway.web.environ import Answering, ListenerName, Load, Origin
from gateway.web.lanes import SHARE, Lane
from gateway.web.listeners import ADMIN_CONNECTIONS, BACKLOG, Listener
from gateway.web.memory import BodyMemory
from gateway.web.stream import PlainStream, Stream, TlsStream
from gateway.web.tallies import Tallies, Tally
from gateway.web.turns import Turns

log = logging.getLogger("gateway.web")

YIELD_SECONDS: Final = 0.05
"""How long a worker whose threads are taken leaves a new connection to the others."""
YIELD_BATCH: Final = 16
"""Connections it then takes at once: with every worker full, callers must still reach the queue and its 503."""
LEAVE_STEPS: Final = 5
LEAVE_SECONDS: Final = 0.001
"""A worker that holds more connections leaves a new one to who holds fewer for so many steps of this length."""
_EXHAUSTED_SECONDS: Final = 1.0
_LAST_WORDS_SECONDS: Final = 0.1
"""How long a stop listens for requests that were sent before it, or are behind a handshake."""
_GONE: Final = frozenset({errno.EAGAIN, errno.ECONNABORTED, errno.EPROTO, errno.EINTR})


class Service:
    """Made, started and stopped inside a running loop."""

    def __init__(  # noqa: PLR0913  what it needs of the worker, each by name
        self,
        settings: ServerSettings,
        application: Answering,
        listeners: Sequence[Listener],
        tls: Mapping[ListenerName, ListenerTls],
        *,
        clock: Clock = SYSTEM_CLOCK,
        limits: LimitsSettings | None = None,
        tally: Tally | None = None,
    ) -> None:
        """`tally` is this worker's among others; without one it is alone."""
        limits = limits or LimitsSettings()
        self._tally = tally or Tallies(1).of(1)
        self._settings = settings
        self._clients = Clients(limits, settings.trusted_proxies)
        self._handshake = asyncio.Lock()
        self._listeners = tuple(listeners)
        self._tls = dict(tls)
        turns = Turns(settings.threads, settings.waiting, settings.waiting_seconds, self._no_turn)
        memory = BodyMemory(settings.max_request_bytes)
        self._shared = Shared(settings, application, turns, memory, clock, limits)
        self._public, self._admin = Room(settings.worker_connections), Room(ADMIN_CONNECTIONS)
        self._accepting: list[asyncio.Task[None]] = []
        self._connections: dict[asyncio.Task[None], Connection] = {}

    def __repr__(self) -> str:
        return f"<Service {len(self._connections)} connections, {self._shared.turns!r}>"

    def start(self, failed: Callable[[], object]) -> None:
        """Begin to accept. `failed` is called should accepting ever end by an error."""
        self._tally.hold(self._public.taken)
        self._accepting = [asyncio.create_task(self._accept_on(listener)) for listener in self._listeners]
        for task in self._accepting:
            task.add_done_callback(partial(_report, failed))

    def renew(
        self, settings: ServerSettings, tls: Mapping[ListenerName, ListenerTls], limits: LimitsSettings
    ) -> None:
        """Use other deadlines, limits, certificates or trust from the next request or handshake on.

        Connections that stand are left alone; numbers of threads, places and bytes stay those of the start.
        """
        self._settings = self._shared.settings = settings
        self._shared.limits = limits
        self._clients.renew(limits, settings.trusted_proxies)
        self._tls = dict(tls)

    @property
    def load(self) -> Load:
        """How busy it is."""
        turns = self._shared.turns
        return Load(turns.working, turns.waiting, len(self._connections))

    async def linger(self) -> None:
        """Say "not ready" and go on serving for `stop_delay_seconds`, so that who balances load can turn away.

        Each answer is the last on its connection from now on; idle ones stay, as a request may be on its way on
        one of them.
        """
        self._shared.stopping = True
        if seconds := self._settings.stop_delay_seconds:
            log.info("not ready from now on; requests are taken for another %g s", seconds)
            await asyncio.sleep(seconds)

    async def stop(self, seconds: float | None = None) -> bool:
        """Stop gracefully: not ready, no new connections, idle ones closed, requests in flight finished.

        Returns whether all finished within `seconds` (None: `stop_seconds`); what did not is cut off.
        """
        seconds = self._settings.stop_seconds if seconds is None else seconds
        self._shared.stopping = True
        await self._close_doors()
        overdue: set[asyncio.Task[None]] = set()
        if self._connections:
            _, overdue = await asyncio.wait(self._connections, timeout=seconds)
        for task in overdue:
            task.cancel()
        await asyncio.gather(*overdue, return_exceptions=True)
        self._shared.turns.close()
        if overdue:
            log.warning("%d requests were cut off: they took longer than stop_seconds", len(overdue))
        return not overdue and self._shared.turns.working == 0

    async def _close_doors(self) -> None:
        """Take no more connections, and end those on which nothing was sent: what was, has to be answered."""
        self._tally.close()
        for task in self._accepting:
            task.cancel()
        await asyncio.gather(*self._accepting, return_exceptions=True)
        for listener in self._listeners:
            room = self._room(listener)
            for _ in range(BACKLOG):  # those in the backlog the kernel would reset
                if room.full or not await self._accept(listener, room):
                    break
            listener.socket.close()
        if self._quiet():
            await asyncio.sleep(_LAST_WORDS_SECONDS)
        for task in self._quiet():
            task.cancel()

    def _quiet(self) -> list[asyncio.Task[None]]:
        """Return the connections of which no request has been heard."""
        quiet = {Phase.OPENING, Phase.IDLE}
        return [task for task, connection in self._connections.items() if connection.phase in quiet]

    def _room(self, listener: Listener) -> Room:
        return self._admin if listener.name == "admin" else self._public

    def _no_turn(self, kind: Literal["queue", "waited"], lane: Lane) -> None:
        """Tell of a request that got no thread."""
        self._shared.application.limit_reached(LimitReached(kind, lane.of_service))

    async def _accept_on(self, listener: Listener) -> None:
        room = self._room(listener)
        while True:
            await room.free()
            await _readable(listener.socket)
            batch = 1
            if self._engaged >= self._settings.threads:
                await asyncio.sleep(YIELD_SECONDS)
                batch = YIELD_BATCH
            elif room is self._public:
                await self._leave_to_others()
            while batch and not room.full and await self._accept(listener, room):
                batch -= 1

    async def _leave_to_others(self) -> None:
        """Give a worker that holds fewer connections the time to take one; it may be stuck, so not for long."""
        for _ in range(LEAVE_STEPS):
            if not self._tally.heavier:
                return
            await asyncio.sleep(LEAVE_SECONDS)

    @property
    def _engaged(self) -> int:
        """Connections with a request in work or one to be expected."""
        return sum(one.phase in {Phase.OPENING, Phase.BUSY} for one in self._connections.values())

    async def _accept(self, listener: Listener, room: Room) -> bool:
        """Accept one connection, if there is one and this worker gets it."""
        try:
            sock, _ = listener.socket.accept()
        except OSError as error:
            if error.errno not in _GONE:  # most often EMFILE: give connections time to end
                log.error("cannot accept on %s: %s", listener.name, error.strerror)  # noqa: TRY400  no trace needed
                await asyncio.sleep(_EXHAUSTED_SECONDS)
            return False
        try:
            origin = Origin(listener.name, _address(sock.getpeername()), _address(sock.getsockname()))
            client = "" if room is self._admin else self._clients.enter(origin.peer[0], room.free_places)
        except OSError:  # reset before we came to it
            sock.close()
            return True
        if client is None:
            self._shared.application.limit_reached(LimitReached("connections"))
            sock.close()
            return True
        self._begin(self._connection(sock, origin), room, client)
        return True

    def _begin(self, connection: Connection, room: Room, client: str) -> None:
        """Let a connection live. Where too many have said nothing yet, the oldest of them ends for it."""
        room.enter()
        task = asyncio.create_task(connection.run())
        self._connections[task] = connection
        task.add_done_callback(lambda done: self._ended(done, room, client))
        if room is self._admin:
            return
        self._tally.hold(self._public.taken)
        unheard, places = self._shared.unheard, self._settings.worker_connections
        if room.free_places < max(1, places // (SHARE + 1)) and self._shared.idle:
            self._shared.idle.end_oldest()  # a place that waits for a next request is wanted for a first one
        if len(unheard) >= (self._shared.limits.handshakes or max(1, places - places // (SHARE + 1))):
            unheard.end_oldest()
            self._shared.application.limit_reached(LimitReached("handshakes"))
        unheard.add(connection, task)

    def _connection(self, sock: socket.socket, origin: Origin) -> Connection:
        sock.setblocking(False)
        with suppress(OSError):  # the other end has gone already: the first read will tell
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        tls = self._tls.get(origin.listener)
        stream: Stream = PlainStream(sock) if tls is None else TlsStream(sock, tls, self._handshake)
        return Connection(stream, origin, self._shared)

    def _ended(self, task: asyncio.Task[None], room: Room, client: str) -> None:
        connection = self._connections.pop(task)
        self._shared.unheard.heard(connection)
        self._shared.idle.heard(connection)
        self._clients.leave(client)
        room.leave()
        if room is self._public:
            self._tally.hold(self._public.taken)
        if task.cancelled():
            connection.drop()  # it may never have begun
        elif task.exception() is not None:
            log.error("a connection ended in an unexpected error", exc_info=task.exception())


def _address(name: tuple[str, int]) -> tuple[str, int]:
    """Return host and port; an IPv4 peer of an IPv6 socket reads as IPv4."""
    return name[0].removeprefix("::ffff:") if "." in name[0] else name[0], name[1]


async def _readable(sock: socket.socket) -> None:
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(sock, _resolve, ready)
    try:
        await ready
    finally:
        loop.remove_reader(sock)


def _resolve(ready: asyncio.Future[None]) -> None:
    if not ready.done():
        ready.set_result(None)


def _report(failed: Callable[[], object], task: asyncio.Task[None]) -> None:
    if not task.cancelled() and task.exception() is not None:
        log.critical("a listener ended in an unexpected error", exc_info=task.exception())
        failed()
