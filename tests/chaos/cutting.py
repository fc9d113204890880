"""A proxy between client and IMS Connect that knows where messages begin and end, and cuts there.

It reads the lengths (LLLL) of both sides by hand, so it shares nothing with what is under test; replies must
have one, which those of HWSSMPL1 do. Every listener has a plan of its own, asked for each message that passes.
"""

import asyncio
import random
import socket
import struct
import threading
from collections.abc import Callable, Coroutine
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from typing import Any, Final, Literal, Protocol, get_args

Side = Literal["connect", "client", "server"]
"""Whose message it is; `connect`: the connection itself, before any."""
Place = Literal["before", "within", "after"]
How = Literal["reset", "close", "half", "stall", "ghost", "late"]
"""
- reset, close: both connections end, with RST or FIN;
- half: the client reads the end, what it sends goes on to the server;
- stall: nothing passes any more, until the client gives up;
- ghost: RST for the client, while the server hears of nothing (until `release`);
- late: what is held back arrives after all, when the client sends something more or has given up.
"""
HOWS: Final[tuple[How, ...]] = get_args(How)
PLACES: Final[tuple[Place, ...]] = get_args(Place)
_CHUNK: Final = 65_536
LATE_BY: Final = 0.03
"""Seconds between what was held back and what made it go on."""
_PATIENCE: Final = 20.0


@dataclass(frozen=True)
class Cut:
    """Where and how. `number` is the n-th message of that side, over all connections; 0 is the first."""

    side: Side
    number: int
    place: Place
    how: How
    share: float = 0.5
    """How much of the message passes, when it is cut within."""

    def __str__(self) -> str:
        return f"{self.how} {self.place} {self.side} {self.number}"


class Plan(Protocol):
    """Says what happens to each message."""

    def strike(self, side: Side) -> Cut | None:
        """Return the cut for the next message of a side; None: it passes."""
        ...


class OneCut:
    """One cut, once, unless it is too late for it."""

    def __init__(self, cut: Cut) -> None:
        self.cut = cut
        self._struck = threading.Event()
        self._armed = True
        self._counts = {"connect": 0, "client": 0, "server": 0}

    def wait_struck(self, seconds: float) -> bool:
        """Wait for the cut; tell whether it was made."""
        return self._struck.wait(seconds)

    def disarm(self) -> None:
        """Let everything pass from now on."""
        self._armed = False

    def strike(self, side: Side) -> Cut | None:
        number = self._counts[side]
        self._counts[side] += 1
        if not self._armed or (side, number) != (self.cut.side, self.cut.number):
            return None
        self._struck.set()
        return self.cut


@dataclass
class RandomCuts:
    """Cuts at random, each message with the same probability."""

    seed: int
    rate: float
    hows: tuple[How, ...] = HOWS
    counts: dict[str, int] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._armed = True

    def disarm(self) -> None:
        self._armed = False

    def strike(self, side: Side) -> Cut | None:
        draw = self._random
        if not self._armed or draw.random() >= self.rate:
            return None
        cut = Cut(side, 0, draw.choice(PLACES), draw.choice(self.hows), draw.random())
        name = f"{cut.how} {cut.place} {cut.side}" if side != "connect" else f"{cut.how} connect"
        self.counts[name] = self.counts.get(name, 0) + 1
        return cut


class Entrance:
    """One port of the proxy."""

    def __init__(self, proxy: "CuttingProxy", plan: Plan) -> None:
        self.plan = plan
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=256)
        self.listener.setblocking(False)
        self.port: int = self.listener.getsockname()[1]
        self._proxy = proxy

    def release(self) -> None:
        """Stop listening and end every connection, ghosts too."""
        self._proxy.release(self)


@dataclass(eq=False)
class _Link:
    """One connection through the proxy."""

    client: socket.socket
    server: socket.socket
    over: asyncio.Event = field(default_factory=asyncio.Event)
    swallow: set[Side] = field(default_factory=set)
    """Sides of which nothing passes any more."""
    held: list[tuple[socket.socket, bytes]] = field(default_factory=list)
    """What passes late, and to whom."""
    ghost: bool = False


class CuttingProxy:
    """Forwards to one server. A thread with a loop of its own; callable from any other."""

    def __init__(self, host: str, port: int) -> None:
        self._target = (host, port)
        self._loop = asyncio.new_event_loop()
        self._tasks: dict[Entrance, set[asyncio.Task[None]]] = {}
        self._ghosts: dict[Entrance, list[socket.socket]] = {}
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()

    def listen(self, plan: Plan) -> Entrance:
        """Open a port whose connections follow a plan."""
        entrance = Entrance(self, plan)
        self._do(lambda: self._open(entrance))
        return entrance

    def release(self, entrance: Entrance) -> None:
        """See `Entrance.release`."""
        self._do(lambda: self._release(entrance))

    def stop(self) -> None:
        """End everything."""
        for entrance in list(self._tasks):
            self.release(entrance)
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(_PATIENCE)
        self._loop.close()

    def _do(self, action: Callable[[], Coroutine[Any, Any, None]]) -> None:
        asyncio.run_coroutine_threadsafe(action(), self._loop).result(_PATIENCE)

    # -- in the loop's thread

    async def _open(self, entrance: Entrance) -> None:
        self._ghosts[entrance] = []
        self._tasks[entrance] = {asyncio.create_task(self._accept(entrance))}

    async def _release(self, entrance: Entrance) -> None:
        tasks = self._tasks.pop(entrance, set())
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        entrance.listener.close()
        for ghost in self._ghosts.pop(entrance, []):
            ghost.close()

    async def _accept(self, entrance: Entrance) -> None:
        tasks = self._tasks[entrance]
        while True:
            client, _ = await self._loop.sock_accept(entrance.listener)
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            task = asyncio.create_task(self._serve(entrance, client))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            # also of a task that is cancelled before its first step
            task.add_done_callback(partial(_close, client))

    async def _serve(self, entrance: Entrance, client: socket.socket) -> None:
        server = socket.socket()
        server.setblocking(False)
        link = _Link(client, server)
        pumps: list[asyncio.Task[None]] = []
        try:
            await self._loop.sock_connect(server, self._target)
            server.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            cut = entrance.plan.strike("connect")
            if cut is not None:
                self._apply(link, cut, "client", b"")
            pumps += [
                asyncio.create_task(self._pump(entrance.plan, link, "client")),
                asyncio.create_task(self._pump(entrance.plan, link, "server")),
            ]
            await link.over.wait()
        except OSError:
            _with_reset(client)
        finally:
            for pump in pumps:
                pump.cancel()
            try:
                # a socket is closed once nobody waits for it any more
                await asyncio.gather(*pumps, return_exceptions=True)
            finally:
                client.close()
                if link.ghost and entrance in self._ghosts:
                    self._ghosts[entrance].append(server)
                else:
                    server.close()

    async def _pump(self, plan: Plan, link: _Link, side: Side) -> None:
        source, sink = (link.client, link.server) if side == "client" else (link.server, link.client)
        buffer = bytearray()
        try:
            while data := await self._loop.sock_recv(source, _CHUNK):
                if side == "client" and link.held:
                    await self._let_go(link)
                if side in link.swallow:
                    continue
                buffer += data
                while (message := _take(buffer)) is not None:
                    await self._pass(plan, link, side, message, sink)
        except OSError:
            if side == "server":
                _with_reset(link.client)
                link.over.set()
                return
            data = b""
        if side == "server":
            with suppress(OSError):
                link.client.shutdown(socket.SHUT_WR)
            return
        with suppress(OSError):
            await self._let_go(link)
        link.over.set()

    async def _pass(self, plan: Plan, link: _Link, side: Side, message: bytes, sink: socket.socket) -> None:
        if side in link.swallow:
            return
        cut = plan.strike(side)
        if cut is None:
            await self._loop.sock_sendall(sink, message)
            return
        at = {"before": 0, "within": max(1, min(len(message) - 1, round(len(message) * cut.share)))}
        passing = message[: at.get(cut.place, len(message))]
        await self._loop.sock_sendall(sink, passing)
        self._apply(link, cut, side, message[len(passing) :])
        if link.over.is_set():
            await asyncio.sleep(3600)  # until this pump is cancelled

    def _apply(self, link: _Link, cut: Cut, side: Side, left: bytes) -> None:
        match cut.how:
            case "reset" | "ghost":
                _with_reset(link.client)
                link.ghost = cut.how == "ghost"
                if not link.ghost:
                    _with_reset(link.server)
                link.over.set()
            case "close":
                link.over.set()
            case "half":
                link.swallow.add("server")
                with suppress(OSError):
                    link.client.shutdown(socket.SHUT_WR)
            case "stall":
                link.swallow |= {"client", "server"}
            case "late":
                # nothing left: what is swallowed then is the next message of the other side
                sink = link.server if side == "client" else link.client
                link.held.append((sink, left))

    async def _let_go(self, link: _Link) -> None:
        held, link.held = link.held, []
        for sink, data in held:
            await self._loop.sock_sendall(sink, data)
            # so that it is read by itself, and not in one piece with what follows it
            await asyncio.sleep(LATE_BY)


def _take(buffer: bytearray) -> bytes | None:
    """Take one message off the front: LLLL counts itself."""
    if len(buffer) < 4:
        return None
    length = int.from_bytes(buffer[:4])
    if len(buffer) < length:
        return None
    message = bytes(buffer[:length])
    del buffer[:length]
    return message


def _close(sock: socket.socket, _ended: object) -> None:
    sock.close()


def _with_reset(sock: socket.socket) -> None:
    """Have a socket send RST when it is closed."""
    with suppress(OSError):
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
