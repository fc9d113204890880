"""Streams under test, of either face, behind one set of blocking calls."""

import ssl
from typing import Any

from gateway.clock import SYSTEM_CLOCK
from gateway.imsconnect.async_transport import AsyncSocketStream
from gateway.imsconnect.async_transport import connect as async_connect
from gateway.imsconnect.transport import Endpoint, SocketStream, connect
from tests.fixtures.faces import LoopThread, is_async
from tests.fixtures.scripted_server import ScriptedServer


def soon(seconds: float = 0.2) -> float:
    return SYSTEM_CLOCK.monotonic() + seconds


def far() -> float:
    return soon(20)


class LoopStream:
    """A stream for asyncio whose loop runs in a thread of its own, so that several threads may use it."""

    def __init__(self, thread: LoopThread, stream: AsyncSocketStream) -> None:
        self._thread = thread
        self._stream = stream
        self._socket = stream._socket
        self._open = True

    def send_all(self, data: bytes, deadline: float) -> None:
        self._thread.do(self._stream.send_all(data, deadline))

    def receive(self, deadline: float) -> bytes:
        return self._thread.do(self._stream.receive(deadline))

    def is_quiet(self) -> bool:
        return self._stream.is_quiet()

    def abort(self) -> None:
        self._thread.loop.call_soon_threadsafe(self._stream.abort)

    def close(self) -> None:
        if self._open:
            self._open = False
            self._thread.loop.call_soon_threadsafe(self._stream.close)
            self._thread.stop()


Opened = SocketStream | LoopStream


def connect_to(endpoint: Endpoint, deadline: float) -> Opened:
    if not is_async():
        return connect(endpoint, deadline, SYSTEM_CLOCK)
    thread = LoopThread()
    try:
        return LoopStream(thread, thread.do(async_connect(endpoint, deadline, SYSTEM_CLOCK)))
    except BaseException:
        thread.stop()
        raise


def open_to(server: ScriptedServer, tls: ssl.SSLContext | None = None, server_name: str = "") -> Opened:
    return connect_to(Endpoint(server.host, server.port, tls, server_name), far())


def stream_over(sock: Any) -> Opened:
    """Make a stream over what only looks like a socket."""
    if not is_async():
        return SocketStream(sock, SYSTEM_CLOCK)
    return LoopStream(LoopThread(), AsyncSocketStream(sock, SYSTEM_CLOCK))
