"""The IMS Connect client by itself: CPU time a call, against sockets that carry the same bytes and do nothing else.

The peer is a process of its own that answers every message with the same reply, so what is measured here is the
caller's side: `time.process_time` of this process, in user and kernel, and calls a second as they come.
"""

import multiprocessing
import selectors
import socket
import threading
import time
from collections.abc import Callable
from multiprocessing.connection import Connection as Pipe
from typing import Any, Final

from gateway.imsconnect import (
    Client,
    ConnectionSettings,
    Credentials,
    Endpoint,
    Interaction,
    PoolSettings,
    transaction_input,
)

CALLERS: Final = (1, 8, 64, 512)
CALLS: Final = 20_000
ROUNDS: Final = 5
SIZES: Final = (100, 1_000, 10_000)
"""Bytes of input, and of output."""
CSM: Final = bytes.fromhex("000c10025cc3e2d4d6d2e85c")


def reply_of(size: int) -> bytes:
    """Return an output message of one segment."""
    body = (4 + size).to_bytes(2) + bytes(2) + b"\xc1" * size + CSM
    return (4 + len(body)).to_bytes(4) + body


def _peer(pipe: Pipe, replies: dict[int, bytes]) -> None:
    """Answer every message by its length, for ever."""
    selector = selectors.DefaultSelector()
    listening = socket.create_server(("127.0.0.1", 0), backlog=1024)
    selector.register(listening, selectors.EVENT_READ)
    pipe.send(listening.getsockname()[1])
    buffers: dict[socket.socket, bytearray] = {}
    while True:
        for key, _ in selector.select():
            sock: Any = key.fileobj
            if sock is listening:
                connection, _address = listening.accept()
                connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
                selector.register(connection, selectors.EVENT_READ)
                buffers[connection] = bytearray()
                continue
            data = sock.recv(65_536)
            if not data:
                selector.unregister(sock)
                sock.close()
                continue
            buffer = buffers[sock]
            buffer += data
            length = int.from_bytes(buffer[:4])
            if len(buffer) >= length:
                del buffer[:length]
                sock.sendall(replies[length])


def _raw(port: int, request: bytes, expected: int) -> Callable[[], None]:
    sock = socket.create_connection(("127.0.0.1", port))
    sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def call() -> None:
        sock.sendall(request)
        left = expected
        while left:
            left -= len(sock.recv(65_536))

    return call


def _timed(calls: int, callers: int, make: Callable[[], Callable[[], None]]) -> tuple[float, float]:
    """Return CPU microseconds a call and calls a second."""
    work = [make() for _ in range(callers)]
    for call in work:
        call()
    share = calls // callers
    ready = threading.Barrier(callers + 1)

    def run(call: Callable[[], None]) -> None:
        ready.wait()
        for _ in range(share):
            call()

    threads = [threading.Thread(target=run, args=(call,)) for call in work]
    for thread in threads:
        thread.start()
    ready.wait()
    cpu, wall = time.process_time(), time.perf_counter()
    for thread in threads:
        thread.join()
    cpu, wall = time.process_time() - cpu, time.perf_counter() - wall
    return cpu / (share * callers) * 1e6, share * callers / wall


def _request(port: int, interaction: Interaction) -> bytes:
    """Return the bytes that the client sends for the interaction."""
    from gateway.imsconnect import inputs
    from gateway.imsconnect.client_ids import ClientId
    from gateway.imsconnect.wire import encode_input

    destination = inputs.Destination("IMS1")
    return encode_input(
        inputs.request(interaction, Credentials.of("USER1", "PASSW0RD"), destination, ClientId("CLIENT01"))
    )


def measure() -> dict[str, object]:
    """Compare client and bare socket for each size and number of callers; the best of some rounds each."""
    interactions = {
        size: Interaction(transaction="ECHO", segments=transaction_input("ECHO", "A" * (size - 8)))
        for size in SIZES
    }
    requests = {size: _request(0, interactions[size]) for size in SIZES}
    replies = {len(requests[size]): reply_of(size) for size in SIZES}
    ours, theirs = multiprocessing.Pipe()
    peer = multiprocessing.get_context("spawn").Process(target=_peer, args=(theirs, replies), daemon=True)
    peer.start()
    port = ours.recv()
    figures: dict[str, object] = {}
    try:
        for size in SIZES:
            figures[f"{size} bytes, 1 caller"] = _compare(port, 1, interactions[size], requests[size], replies)
        for callers in CALLERS[1:]:
            size = SIZES[0]
            figures[f"{size} bytes, {callers} callers"] = _compare(
                port, callers, interactions[size], requests[size], replies
            )
    finally:
        peer.terminate()
    return figures


def _compare(
    port: int, callers: int, interaction: Interaction, request: bytes, replies: dict[int, bytes]
) -> dict[str, float]:
    settings = ConnectionSettings(
        endpoints=(Endpoint("127.0.0.1", port),),
        datastore="IMS1",
        credentials=Credentials.of("USER1", "PASSW0RD"),
        pool=PoolSettings(size=min(callers, 64), wait_seconds=60.0),
    )
    expected = len(replies[len(request)])
    raw, client_times = [], []
    with Client(settings) as client:
        for _ in range(ROUNDS):
            raw.append(_timed(CALLS, callers, lambda: _raw(port, request, expected)))
            client_times.append(_timed(CALLS, callers, lambda: lambda: _checked(client, interaction)))
    raw_cpu, raw_rate = min(raw)
    cpu, rate = min(client_times)
    return {
        "raw socket: CPU microseconds a call": round(raw_cpu, 1),
        "raw socket: calls a second": round(raw_rate),
        "client: CPU microseconds a call": round(cpu, 1),
        "client: calls a second": round(rate),
        "client over raw socket, CPU": round(cpu / raw_cpu, 2),
    }


def _checked(client: Client, interaction: Interaction) -> None:
    if len(client.run(interaction).segments) != 1:
        raise AssertionError("the reply is not what the peer sends")
