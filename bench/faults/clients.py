"""Clients that mean harm: slow ones by the hundred, handshakes without end. Nobody else is to notice."""

import asyncio
import ssl
import threading
from collections import Counter
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from statistics import quantiles

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Came, Ledger
from bench.faults.load import Load
from bench.faults.scene import Scene, scene
from tests.fixtures.calling import trusting

DRIP_SECONDS = 0.5
"""Between two bytes of a slow client: far less than any time-out of a single read."""
DEADLINES = {f"server.{step}_seconds": 3.0 for step in ("handshake", "header", "body")}
SLOWEST_P99 = 2.0
"""Seconds that 99 of 100 honest calls stay under while the gateway is attacked, on two busy cores."""
FLOODERS = 24
HEAD = (
    b"POST /imssoap/services/LabPort HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/xml\r\n"
    b"Content-Length: 1000\r\n\r\n"
)


@dataclass
class Crowd:
    """Clients in one thread of their own, each of which does its work over and over."""

    port: int
    context: ssl.SSLContext
    count: Counter[str] = field(default_factory=Counter)

    @contextmanager
    def doing(self, work: "Callable[[Crowd, int], Awaitable[None]]", clients: int) -> Iterator[None]:
        """Have so many of them at work for the length of the block."""
        loop = asyncio.new_event_loop()
        thread = threading.Thread(target=loop.run_forever, daemon=True)
        thread.start()
        crowd = asyncio.run_coroutine_threadsafe(self._all(work, clients), loop)
        try:
            yield
        finally:
            crowd.cancel()
            asyncio.run_coroutine_threadsafe(_ended(), loop).result(20)
            loop.call_soon_threadsafe(loop.stop)
            thread.join(10)
            loop.close()

    async def _all(self, work: "Callable[[Crowd, int], Awaitable[None]]", clients: int) -> None:
        await asyncio.gather(*(self._repeat(work, number) for number in range(clients)))

    async def _repeat(self, work: "Callable[[Crowd, int], Awaitable[None]]", number: int) -> None:
        while True:
            try:
                await work(self, number)
            except (OSError, asyncio.IncompleteReadError, ssl.SSLError) as error:
                self.count[type(error).__name__] += 1
                await asyncio.sleep(0.05)

    @contextmanager
    def closing(self, writer: asyncio.StreamWriter) -> Iterator[None]:
        """End a connection at once, whatever it is in."""
        try:
            yield
        finally:
            writer.transport.abort()


async def _ended() -> None:
    """Return when nothing else runs in this loop, and what was closed is closed."""
    others = asyncio.all_tasks() - {asyncio.current_task()}
    await asyncio.gather(*others, return_exceptions=True)
    await asyncio.sleep(0.2)


async def drip(crowd: Crowd, number: int) -> None:
    """Send a request a byte at a time until the gateway has had enough, in one of four ways."""
    tls, sent_at_once = ((None, 0), (True, 0), (True, 60), (True, len(HEAD)))[number % 4]
    reader, writer = await asyncio.open_connection(
        "127.0.0.1",
        crowd.port,
        ssl=crowd.context if tls else None,
        server_hostname="localhost" if tls else None,
    )
    with crowd.closing(writer):
        data = HEAD + b" " * 1000
        writer.write(data[:sent_at_once])
        for byte in data[sent_at_once:]:
            writer.write(bytes([byte if tls else 0x16]))
            await writer.drain()
            crowd.count["bytes dripped"] += 1
            with suppress(TimeoutError):
                answer = await asyncio.wait_for(reader.read(4096), DRIP_SECONDS)
                crowd.count[f"ended by the gateway: {answer[9:12].decode() or 'closed'}"] += 1
                return


async def shake_hands(crowd: Crowd, number: int) -> None:
    """Make a whole handshake and leave, or leave in the middle of it."""
    if number % 3 == 0:
        _, writer = await asyncio.open_connection("127.0.0.1", crowd.port)
        with crowd.closing(writer):
            writer.write(_hello(crowd.context))
            await writer.drain()
            crowd.count["handshakes left in the middle"] += 1
        return
    _, writer = await asyncio.open_connection(
        "127.0.0.1", crowd.port, ssl=crowd.context, server_hostname="localhost"
    )
    with crowd.closing(writer):
        crowd.count["whole handshakes"] += 1


def _hello(context: ssl.SSLContext) -> bytes:
    """Return the first bytes that a TLS client sends."""
    outgoing = ssl.MemoryBIO()
    half = context.wrap_bio(ssl.MemoryBIO(), outgoing, server_hostname="localhost")
    with suppress(ssl.SSLWantReadError):
        half.do_handshake()
    return outgoing.read()


def _p99(load: Load) -> float:
    times = [each.seconds for each in load.told if each.came is Came.RIGHT]
    return quantiles(times, n=100)[98]


def _attacked(
    made: Scene, work: Callable[[Crowd, int], Awaitable[None]], clients: int, seconds: float
) -> Ledger:
    crowd = Crowd(made.gateway.https_port, trusting(made.gateway.ca))
    load = made.load()
    with load.running():
        with crowd.doing(work, clients):
            load.pause(seconds)
        load.pause(0.5)
    ledger = made.ledger(load)
    p99 = _p99(load)
    ledger.also |= {"hostile_clients": clients, "they_met": dict(crowd.count), "p99_seconds": round(p99, 3)}
    ledger.require(p99 < SLOWEST_P99, f"honest calls were slow: p99 {p99:.2f} s")
    return ledger


def loris(pace: Pace) -> Ledger:
    with scene({**DEADLINES, "server.worker_connections": 2000}) as made:
        ledger = _attacked(made, drip, pace.clients, pace.seconds + 4.0)
    ended = sum(n for what, n in ledger.also["they_met"].items() if what.startswith("ended by the gateway"))
    ledger.require(ended > 0, "the gateway never ended a slow client")
    return ledger


def handshakes(pace: Pace) -> Ledger:
    with scene() as made:
        return _attacked(made, shake_hands, FLOODERS, pace.seconds)


FAULTS = (
    Fault(
        "slow-loris",
        "Clients that send a byte now and then cost a socket each until their deadline; no other is refused.",
        "Clients drip TLS, headers and bodies, a byte at a time, and come again when they are closed.",
        loris,
        felt=False,
    ),
    Fault(
        "tls-flood",
        "A flood of handshakes takes its share of the processors; nobody else is refused or loses an answer.",
        "Clients shake hands and leave, or leave in the middle, as fast as they can.",
        handshakes,
        felt=False,
    ),
)
