"""The life of one connection: handshake, then request after request, each step under its deadline."""

import asyncio
import logging
import ssl
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum
from functools import partial
from typing import Final
from uuid import uuid4

from gateway.clock import Clock
from gateway.config.model import LimitsSettings, ServerSettings
from gateway.errors import GatewayError, M
from gateway.observe.events import TurnedAway
from gateway.observe.limit_events import LimitReached
from gateway.web.clients import Silent
from gateway.web.environ import Answering, Origin, call, environ_of
from gateway.web.http import Bounds, Exchange, Progress
from gateway.web.memory import BodyMemory, Lease
from gateway.web.message import Reply, Request, error_reply, turned_away
from gateway.web.peer import caller_at
from gateway.web.stream import NotTls, Stream
from gateway.web.turns import Turns

log = logging.getLogger("gateway.web")

PATIENCE_SECONDS: Final = 10.0
"""What every body gets, besides the time that it takes at `limits.body_bytes_per_second`."""
LINGER_SECONDS: Final = 5.0
"""How long bytes are still taken and dropped behind the last answer, so that the peer can read it."""
_NOTHING: Final = frozenset({Progress.NOTHING})
_HEAD: Final = frozenset({Progress.NOTHING, Progress.HEAD})
_BODY: Final = frozenset({Progress.BODY})


class Phase(Enum):
    """Where a connection is."""

    OPENING = "opening"
    """In the handshake, or no byte of the first request has come: work is to be expected."""
    IDLE = "idle"
    """Kept for the next request, of which no byte has come."""
    BUSY = "busy"
    """A request is being received, worked on or answered."""
    ENDING = "ending"
    """The last answer is out; the peer is given time to read it."""


@dataclass(slots=True)
class Shared:
    """What the connections of one worker share."""

    settings: ServerSettings
    application: Answering
    turns: Turns
    memory: BodyMemory
    clock: Clock
    limits: LimitsSettings = field(default_factory=LimitsSettings)
    unheard: Silent = field(default_factory=Silent)
    """Connections that have not sent the whole header of their first request."""
    idle: Silent = field(default_factory=Silent)
    """Those from which the header of a further request is awaited; not of operators."""
    bounds: Bounds = field(init=False)
    stopping: bool = False
    """Each answer is the last on its connection from now on."""

    def __post_init__(self) -> None:
        self.bounds = Bounds(self.settings.max_request_bytes)


class Connection:
    """One connection. `run` is its whole life; cancelling it drops the connection at once."""

    def __init__(self, stream: Stream, origin: Origin, shared: Shared) -> None:
        self._stream = stream
        self._origin = origin
        self._shared = shared
        self.phase = Phase.OPENING

    def drop(self) -> None:
        """Give the socket back, at once."""
        self._stream.close()

    async def run(self) -> None:
        """Serve until either side ends it. What the network does is logged, and raises nothing."""
        try:
            if await self._open():
                await self._serve()
        except OSError as error:  # TimeoutError and ssl.SSLError are OSErrors
            log.debug("connection with %s ended: %s", self._origin.peer[0], _reason(error))
        finally:
            self._stream.close()

    async def _open(self) -> bool:
        try:
            self._stream.within(self._shared.settings.handshake_seconds)
            await self._stream.open()
        except NotTls as refused:
            self._stream = refused.stream
            await self._refuse(Exchange(self._shared.bounds), GatewayError(M.NOT_TLS), uuid4().hex, close=True)
            return False
        except ConnectionError as error:  # a probe that only connects, most often
            log.debug("%s left before its handshake: %s", self._origin.peer[0], _reason(error))
            return False
        except OSError as error:
            self._no_handshake(_reason(error))
            return False
        self._origin = replace(self._origin, certificate=self._stream.certificate)
        return True

    async def _serve(self) -> None:
        exchange = Exchange(self._shared.bounds)
        while await self._serve_one(exchange):
            early = exchange.early
            exchange = Exchange(self._shared.bounds)
            if not await self._next_begins(exchange, early):
                return

    async def _next_begins(self, exchange: Exchange, early: bytes) -> bool:
        """Wait for the next request on a connection that is kept."""
        self.phase = Phase.IDLE
        if self._shared.stopping and not early:
            return False
        self._silent()
        try:
            self._stream.within(self._shared.settings.keepalive_seconds)
            await self._read_while(_NOTHING, exchange, early)
        except TimeoutError:
            return False
        except GatewayError as error:
            await self._refuse(exchange, error, uuid4().hex)
            return False
        self._silent()  # from now on; the rest of the header is awaited
        return exchange.progress is not Progress.CLOSED

    def _silent(self) -> None:
        """Have it known that a header is awaited here. Operators have places of their own."""
        task = asyncio.current_task()
        if self._origin.listener != "admin" and task is not None:
            self._shared.idle.add(self, task)

    async def _serve_one(self, exchange: Exchange) -> bool:
        """Receive, answer, send. Tell whether the connection may carry another request."""
        tracking_id = uuid4().hex
        lease = self._shared.memory.lease()
        try:
            if not await self._receive(exchange, lease):
                return False
            reply = await self._answer(exchange.request(), tracking_id)
        except GatewayError as error:
            await self._refuse(exchange, error, tracking_id)
            return exchange.reusable
        finally:
            lease.release()
        await self._send(exchange, reply, close=self._last)
        return exchange.reusable

    @property
    def _last(self) -> bool:
        return self._shared.stopping or self._shared.settings.keepalive_seconds == 0

    async def _refuse(
        self, exchange: Exchange, error: GatewayError, tracking_id: str, *, close: bool = False
    ) -> None:
        """Answer an error found here. A request that has arrived completely does not cost the connection."""
        reply = error_reply(error, tracking_id)
        where = self._origin.listener, *caller_at(self._origin.peer, exchange.headers, self._shared.settings)
        self._shared.application.turned_away(
            turned_away(tracking_id, where, exchange.asked, error, reply.status)
        )
        await asyncio.sleep(0)  # see `_answer`
        await self._send(exchange, reply, close=close or self._last)

    def _no_handshake(self, reason: str) -> None:
        """Tell of a TLS handshake that failed: a client certificate may have been refused."""
        listener, (peer, port) = self._origin.listener, self._origin.peer
        event = TurnedAway(uuid4().hex, listener, peer, port, "", "", 0, "", f"TLS handshake: {reason}")
        self._shared.application.turned_away(event)

    async def _receive(self, exchange: Exchange, lease: Lease) -> bool:
        """Read a whole request. False when the peer ends it or stays silent before it begins one."""
        settings = self._shared.settings
        try:
            self._stream.within(settings.header_seconds)
            await self._read_while(_HEAD, exchange)
            self.phase = Phase.BUSY
            self._shared.unheard.heard(self)
            self._shared.idle.heard(self)
            if exchange.progress is Progress.BODY:
                await self._receive_body(exchange, lease)
        except TimeoutError:
            if exchange.progress is Progress.NOTHING:
                return False
            lane = self._shared.application.lane(self._origin.listener, exchange.asked[1])
            self._shared.application.limit_reached(LimitReached("slow", lane.of_service))
            raise GatewayError(M.SLOW_CLIENT, private=f"{exchange.body_bytes} bytes of body had come") from None
        return exchange.progress is Progress.COMPLETE

    async def _receive_body(self, exchange: Exchange, lease: Lease) -> None:
        """Read the body, as long as it comes fast enough."""
        loop, longest = asyncio.get_running_loop(), self._shared.settings.body_seconds
        began, slowest = loop.time(), self._shared.limits.body_bytes_per_second

        def grown(count: int) -> None:
            lease.grow_to(count)
            patience = min(longest, PATIENCE_SECONDS + count / slowest) if slowest else longest
            self._stream.within(began + patience - loop.time())

        grown(exchange.body_bytes)
        if exchange.continue_awaited:
            await self._stream.write(exchange.go_on())
        await self._read_while(_BODY, exchange, grown=grown)

    async def _read_while(
        self,
        phases: frozenset[Progress],
        exchange: Exchange,
        early: bytes = b"",
        grown: Callable[[int], None] | None = None,
    ) -> None:
        if early:
            self._received(exchange, early)
        while exchange.progress in phases:
            self._received(exchange, await self._stream.read())
            if grown:
                grown(exchange.body_bytes)

    def _received(self, exchange: Exchange, data: bytes) -> None:
        exchange.receive(data)
        if exchange.progress is not Progress.NOTHING:
            self.phase = Phase.BUSY

    async def _answer(self, request: Request, tracking_id: str) -> Reply:
        """Have the request worked on. An exception that is not ours is logged, and told to nobody."""
        shared = self._shared
        environ = environ_of(request, self._origin, tracking_id=tracking_id, stopping=shared.stopping)
        work = partial(call, shared.application, environ)
        try:
            if shared.application.at_once(request.path):
                await asyncio.sleep(0)  # of requests without a thread one connection may bring any number
                return work()
            if shared.application.beside(self._origin.listener, request.path):
                return await asyncio.to_thread(work)
            return await shared.turns.run(work, shared.application.lane(self._origin.listener, request.path))
        except GatewayError as error:
            fault = shared.application.fault(environ, error)
            if fault is None:
                raise
            return fault
        except Exception:
            log.exception("unexpected error tracking_id=%s", tracking_id)
            return error_reply(GatewayError(M.INTERNAL), tracking_id)

    async def _send(self, exchange: Exchange, reply: Reply, *, close: bool) -> None:
        try:
            wire = exchange.reply(reply, now=self._shared.clock.now(), close=close)
        except ValueError:
            tracking_id = reply.header("X-Tracking-Id") or uuid4().hex
            log.exception("the answer cannot be sent tracking_id=%s", tracking_id)
            substitute = error_reply(GatewayError(M.INTERNAL), tracking_id)
            wire = exchange.reply(substitute, now=self._shared.clock.now(), close=True)
        self._stream.within(self._shared.settings.send_seconds)
        await self._stream.write(wire)
        if not exchange.reusable:
            await self._linger()

    async def _linger(self) -> None:
        self.phase = Phase.ENDING
        try:
            self._stream.within(LINGER_SECONDS)
            await self._stream.finish()
        except TimeoutError:
            log.debug("%s went on sending behind the last answer", self._origin.peer[0])


def _reason(error: OSError) -> str:
    """Say in few words what the network did."""
    if isinstance(error, ssl.SSLError):
        return error.reason or str(error)
    if isinstance(error, TimeoutError):
        return "too slow"
    return error.strerror or str(error)
