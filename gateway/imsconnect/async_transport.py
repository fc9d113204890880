"""The byte stream of `transport` for asyncio: the same promises, without a thread.

The sockets are ours and do not block; the loop only tells when one is ready. So nothing is buffered between
the caller and the operating system: what `send` took has left, what nobody asked for stays with TCP, whose
window holds the peer back, and whether anything was sent is known to the byte.

Names that are no addresses are looked up as asyncio does it, by the loop's default executor; the deadline holds
there too.
"""

import asyncio
import errno
import math
import os
import socket
import ssl
from collections.abc import Callable
from typing import Final, Protocol, TypeVar

from gateway.clock import Clock
from gateway.imsconnect import sockets
from gateway.imsconnect.sockets import is_timeout, words
from gateway.imsconnect.transport import ConnectFailed, DeadlinePassed, Endpoint, StreamLost

_PIECE: Final = 65_536
"""Most bytes of one read or write; between full ones other tasks get their turn."""

T = TypeVar("T")


class AsyncStream(Protocol):
    """What a session needs of a stream; see `transport.Stream`. One task at a time sends or receives."""

    async def send_all(self, data: bytes, deadline: float) -> None:
        """Send all of `data`; `DeadlinePassed` or `StreamLost` when it may have left in part."""
        ...

    async def receive(self, deadline: float) -> bytes:
        """Return some bytes, or none when the peer closed its side; `DeadlinePassed`, `StreamLost`."""
        ...

    def is_quiet(self) -> bool:
        """Tell whether the peer neither closed nor sent anything that nobody asked for. Never waits."""
        ...

    def close(self) -> None:
        """Close for good, without waiting for the peer."""
        ...

    def abort(self) -> None:
        """Make the task that waits on this stream fail at once."""
        ...


async def connect(endpoint: Endpoint, deadline: float, clock: Clock) -> "AsyncSocketStream":
    """Open a stream, TLS handshake included; raises `ConnectFailed`.

    Every address of the host is tried in turn with a fair share of the time left.
    """
    addresses = await _resolve(endpoint, deadline, clock)
    failure: OSError | None = None
    for index, (family, address) in enumerate(addresses):
        left = deadline - clock.monotonic()
        if left <= 0:
            break
        share = clock.monotonic() + left / (len(addresses) - index)
        try:
            raw = await _connect_one(family, address, share, clock)
        except OSError as error:
            failure = error
        else:
            return await _secure(raw, endpoint, deadline, clock)
    raise ConnectFailed(f"connect: {words(failure)}") from failure


async def _resolve(endpoint: Endpoint, deadline: float, clock: Clock) -> list[tuple[int, tuple[object, ...]]]:
    host, port = endpoint.host, endpoint.port
    try:
        try:
            # an address, which no name server is asked for: this never waits
            numeric = socket.AI_NUMERICHOST
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=numeric)
        except socket.gaierror:
            loop = asyncio.get_running_loop()
            async with asyncio.timeout_at(_on_the_loop(deadline, clock)):
                found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise ConnectFailed(f"host name not resolved: {words(error)}") from error
    return [(family, address) for family, _type, _proto, _name, address in found]


async def _connect_one(
    family: int, address: tuple[object, ...], deadline: float, clock: Clock
) -> socket.socket:
    sock = socket.socket(family, socket.SOCK_STREAM)
    try:
        sock.setblocking(False)
        code = sock.connect_ex(address)
        if code == errno.EINPROGRESS:
            await _Readiness(sock, clock).wait(deadline, writing=True)
            code = sock.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        _raise_for(code)
        sockets.prepare(sock)
    except BaseException:
        sock.close()
        raise
    return sock


def _raise_for(code: int) -> None:
    if code:
        raise OSError(code, os.strerror(code))


async def _secure(raw: socket.socket, endpoint: Endpoint, deadline: float, clock: Clock) -> "AsyncSocketStream":
    if endpoint.tls is None:
        return AsyncSocketStream(raw, clock)
    sock = raw
    try:
        name = endpoint.server_name or endpoint.host
        tls = endpoint.tls.wrap_socket(raw, server_hostname=name, do_handshake_on_connect=False)
        sock = tls
        await _Readiness(tls, clock).attempt(tls.do_handshake, deadline, writing=False)
        sockets.examine(tls, endpoint.examine)
    except (OSError, ValueError) as error:
        sock.close()
        raise ConnectFailed(f"TLS handshake: {words(error)}") from error
    except BaseException:
        sock.close()
        raise
    return AsyncSocketStream(tls, clock)


def _on_the_loop(deadline: float, clock: Clock) -> float | None:
    """Return a deadline on the loop's own clock, None for none."""
    if deadline == math.inf:
        return None
    return asyncio.get_running_loop().time() + deadline - clock.monotonic()


class _Readiness:
    """Lets one task at a time wait until a socket can be read or written."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._socket = sock
        self._clock = clock
        self._waiting: asyncio.Future[bool] | None = None
        """Its result: whether it is worth another look, or the deadline passed."""
        self._unwatch: Callable[[], object] | None = None

    async def attempt(self, step: Callable[[], T], deadline: float, *, writing: bool) -> T:
        """Do a step that does not block, again whenever it may get further.

        `writing` says what a plain socket waits for; TLS says it itself. Raises TimeoutError without a number
        at the deadline, OSError for what the step raises.
        """
        while True:
            if deadline <= self._clock.monotonic():
                raise TimeoutError
            try:
                return step()
            except BlockingIOError:
                wants_to_write = writing
            except ssl.SSLWantReadError:
                wants_to_write = False
            except ssl.SSLWantWriteError:
                wants_to_write = True
            await self.wait(deadline, writing=wants_to_write)

    async def wait(self, deadline: float, *, writing: bool) -> None:
        """Wait until the socket is ready, or `wake`; TimeoutError at the deadline."""
        loop, when = asyncio.get_running_loop(), _on_the_loop(deadline, self._clock)
        assert self._waiting is None, "a stream belongs to one task at a time"
        future = self._waiting = loop.create_future()
        number = self._socket.fileno()
        add, remove = (
            (loop.add_writer, loop.remove_writer) if writing else (loop.add_reader, loop.remove_reader)
        )
        add(number, _settle, future, True)
        self._unwatch = lambda: remove(number)
        timer = None if when is None else loop.call_at(when, _settle, future, False)
        try:
            in_time = await future
        finally:
            self._waiting = None
            self._release()
            if timer is not None:
                timer.cancel()
        if not in_time:
            raise TimeoutError

    def wake(self) -> None:
        """Make the task that waits look again; the socket may be closed afterwards."""
        self._release()
        if self._waiting is not None:
            _settle(self._waiting, result=True)

    def _release(self) -> None:
        # before the socket is closed, not after: its number may be another one's by then
        unwatch, self._unwatch = self._unwatch, None
        if unwatch is not None:
            unwatch()


def _settle(future: "asyncio.Future[bool]", result: bool) -> None:
    if not future.done():
        future.set_result(result)


class AsyncSocketStream:
    """A connected socket as an `AsyncStream`; used in one loop, by one task at a time, `abort` apart."""

    def __init__(self, sock: socket.socket, clock: Clock) -> None:
        self._socket = sock
        self._ready = _Readiness(sock, clock)
        self._plain = not isinstance(sock, ssl.SSLSocket)
        self._flooded = False
        self._unjudged = sockets.judged_later(sock)

    async def send_all(self, data: bytes, deadline: float) -> None:
        """Send all of `data` before the deadline.

        `StreamLost.nothing_sent` is claimed for plain TCP only: a failed TLS write may have put part of a
        record on the way.
        """
        view = memoryview(data)
        sent = 0
        try:
            while sent < len(view):
                if sent:
                    await asyncio.sleep(0)
                piece = view[sent : sent + _PIECE]
                sent += await self._ready.attempt(lambda: self._socket.send(piece), deadline, writing=True)  # noqa: B023  called at once
        except OSError as error:
            if is_timeout(error):
                raise DeadlinePassed(f"not sent in time: {sent} of {len(view)} bytes") from error
            raise StreamLost(
                f"lost while sending: {words(error)}", nothing_sent=self._plain and sent == 0
            ) from error

    async def receive(self, deadline: float) -> bytes:
        """Return some bytes, or none when the peer closed its side."""
        if self._flooded:
            await asyncio.sleep(0)
        try:
            data = await self._ready.attempt(lambda: self._socket.recv(_PIECE), deadline, writing=False)
        except OSError as error:
            if is_timeout(error):
                raise DeadlinePassed("nothing came in time") from error
            refused = self._unjudged and sockets.refused_handshake(error)
            raise StreamLost(f"lost while receiving: {words(error)}", never_accepted=refused) from error
        self._unjudged = False
        self._flooded = len(data) == _PIECE
        return data

    def is_quiet(self) -> bool:
        """Tell whether the idle stream is still good: open, and nothing unasked-for has come."""
        return sockets.is_quiet(self._socket)

    def close(self) -> None:
        """Close; TLS says good-bye if that can be done without waiting. A task that waits fails at once."""
        self._ready.wake()
        sockets.close(self._socket)

    def abort(self) -> None:
        """Shut both directions down below TLS, which wakes a task that waits; the owner still closes."""
        sockets.abort(self._socket)
