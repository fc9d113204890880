"""The IMS Connect client by itself: CPU time a call, against sockets that carry as many bytes and do no more.

The peer is a process of its own that answers every message by its length alone, so client and bare socket send
and receive the same number of bytes: a message of another length ends the peer. What is measured is the
caller's side: `time.process_time` of this process, in user and kernel, and calls a second as they come.

Each caller has a bare socket of its own up to `SOCKETS` callers. Beyond, both sides share that many: the client
has its pool, the bare sockets lie in a queue, from which each call takes one and puts it back.
"""

import asyncio
import multiprocessing
import queue
import socket
import threading
import time
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from functools import partial
from typing import Final

from bench.client_peer import answer, reply_of
from gateway.imsconnect import (
    AsyncClient,
    Client,
    ConnectionSettings,
    Credentials,
    Endpoint,
    Interaction,
    PoolSettings,
    Reply,
    inputs,
    transaction_input,
)
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.wire import encode_input

CALLERS: Final = (1, 8, 64, 512)
SOCKETS: Final = 64
SIZES: Final = (100, 1_000, 10_000)
"""Bytes of input, and of output; several callers use the first."""
CALLS: Final = 2_000
"""In one round, of all callers together."""
ROUNDS: Final = 15
"""Client and bare socket in turns, and the least CPU time of each: what others do on the machine only adds."""

Timed = tuple[float, float]
"""CPU microseconds a call, calls a second."""


@dataclass(frozen=True)
class Work:
    """One comparison: so many callers, and what they send and get."""

    port: int
    callers: int
    interaction: Interaction
    request: bytes
    reply: bytes

    @property
    def settings(self) -> ConnectionSettings:
        """The settings of the client."""
        return ConnectionSettings(
            endpoints=(Endpoint("127.0.0.1", self.port),),
            datastore="IMS1",
            credentials=Credentials.of("USER1", "PASSW0RD"),
            pool=PoolSettings(size=min(self.callers, SOCKETS), wait_seconds=60.0),
        )

    def check(self, reply: Reply) -> None:
        """Raise AssertionError for anything but the peer's reply."""
        if len(reply.segments) != 1 or len(reply.segments[0]) != len(self.interaction.segments[0]):
            raise AssertionError("the reply is not what the peer sends")


def _connected(port: int) -> socket.socket:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return sock


def _exchange(sock: socket.socket, request: bytes, left: int) -> None:
    sock.sendall(request)
    while left:
        left -= len(sock.recv(65_536))


def _bare(work: Work) -> list[Callable[[], None]]:
    """Return what each caller calls."""
    socks = [_connected(work.port) for _ in range(min(work.callers, SOCKETS))]
    expected = len(work.reply)
    if work.callers <= SOCKETS:
        return [partial(_exchange, sock, work.request, expected) for sock in socks]
    free: queue.SimpleQueue[socket.socket] = queue.SimpleQueue()
    for sock in socks:
        free.put(sock)

    def call() -> None:
        sock = free.get()
        _exchange(sock, work.request, expected)
        free.put(sock)

    return [call] * work.callers


def _timed(calls: list[Callable[[], None]]) -> Timed:
    share = max(CALLS // len(calls), 10)
    ready = threading.Barrier(len(calls) + 1)

    def run(call: Callable[[], None]) -> None:
        ready.wait()
        for _ in range(share):
            call()

    threads = [threading.Thread(target=run, args=(call,)) for call in calls]
    for thread in threads:
        thread.start()
    ready.wait()
    cpu, wall = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.join()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / (share * len(calls)) * 1e6, share * len(calls) / wall


async def _timed_async(callers: int, call: Callable[[], Coroutine[object, object, None]]) -> Timed:
    share = max(CALLS // callers, 10)

    async def run() -> None:
        for _ in range(share):
            await call()

    cpu, wall = time.process_time(), time.perf_counter()
    await asyncio.gather(*(run() for _ in range(callers)))
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / (share * callers) * 1e6, share * callers / wall


def _compare(work: Work) -> dict[str, float]:
    bare, ours = [], []
    sockets = _bare(work)
    with Client(work.settings) as client:
        calls: list[Callable[[], None]] = [lambda: work.check(client.run(work.interaction))] * work.callers
        for _ in range(ROUNDS + 1):
            bare.append(_timed(sockets))
            ours.append(_timed(calls))
    return _figures(bare[1:], ours[1:])


async def _compare_async(work: Work) -> dict[str, float]:
    """Compare with sockets of the same loop, shared by a queue."""
    loop, bare, ours = asyncio.get_running_loop(), [], []
    free: asyncio.LifoQueue[socket.socket] = asyncio.LifoQueue()
    for _ in range(min(work.callers, SOCKETS)):
        sock = _connected(work.port)
        sock.setblocking(False)
        free.put_nowait(sock)

    async def exchange() -> None:
        sock = await free.get()
        await loop.sock_sendall(sock, work.request)
        left = len(work.reply)
        while left:
            left -= len(await loop.sock_recv(sock, 65_536))
        free.put_nowait(sock)

    async with AsyncClient(work.settings) as client:

        async def call() -> None:
            work.check(await client.run(work.interaction))

        for _ in range(ROUNDS + 1):
            bare.append(await _timed_async(work.callers, exchange))
            ours.append(await _timed_async(work.callers, call))
    return _figures(bare[1:], ours[1:])


def _figures(bare: list[Timed], ours: list[Timed]) -> dict[str, float]:
    """Return the best of all rounds but the first, which warms everything up."""
    bare_cpu, cpu = min(bare)[0], min(ours)[0]
    return {
        "bare socket: CPU microseconds a call": round(bare_cpu, 1),
        "bare socket: calls a second": round(max(rate for _cpu, rate in bare)),
        "client: CPU microseconds a call": round(cpu, 1),
        "client: calls a second": round(max(rate for _cpu, rate in ours)),
        "client over bare socket, CPU": round(cpu / bare_cpu, 1),
    }


def request_of(interaction: Interaction) -> bytes:
    """Return bytes as the client sends them for the interaction; only its client id will be another one."""
    who, destination = Credentials.of("USER1", "PASSW0RD"), inputs.Destination("IMS1")
    return encode_input(inputs.request(interaction, who, destination, ClientId("CLIENT01")))


def measure() -> dict[str, object]:
    """Compare client and bare socket for each size and number of callers."""
    interactions = {
        size: Interaction(transaction="ECHO", segments=transaction_input("ECHO", "A" * (size - 8)))
        for size in SIZES
    }
    requests = {size: request_of(interaction) for size, interaction in interactions.items()}
    replies = {len(requests[size]): reply_of(size) for size in SIZES}
    ours, theirs = multiprocessing.Pipe()
    peer = multiprocessing.get_context("spawn").Process(target=answer, args=(theirs, replies), daemon=True)
    peer.start()
    port = ours.recv()
    figures: dict[str, object] = {}
    try:
        for size, callers in (*((size, 1) for size in SIZES), *((SIZES[0], many) for many in CALLERS[1:])):
            request = requests[size]
            work = Work(port, callers, interactions[size], request, replies[len(request)])
            name = f"{size} bytes, {callers} caller{'s' if callers > 1 else ''}"
            figures[f"{name}, threads"] = _compare(work)
            figures[f"{name}, asyncio"] = asyncio.run(_compare_async(work))
    finally:
        peer.terminate()
    return figures
