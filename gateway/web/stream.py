"""An accepted socket as a stream of bytes for asyncio: plain, or TLS over a memory BIO.

The TLS of asyncio is left aside on purpose: it keeps 256 KB of buffer a connection and ties the context to
the listening socket. Here the context is chosen when the handshake begins, and a silent client costs a
socket and a small object.
"""

import asyncio
import socket
import ssl
from math import inf
from typing import Final, Protocol

from gateway.tls import ListenerTls

RECEIVE_BYTES: Final = 65_536
READS_IN_A_ROW: Final = 4
"""Reads that need not wait, before all others of the loop have their turn: a client may be as fast as we."""
_SEND_SLICE: Final = 65_536
_TLS_HANDSHAKE_RECORD: Final = 0x16
"""ContentType handshake (RFC 8446, section 5.1): how every TLS connection begins."""


class NotTls(Exception):  # noqa: N818  says what the peer is, not what failed
    """The peer spoke something else to a TLS listener, most often plain HTTP; `stream` can tell it so."""

    def __init__(self, stream: "PlainStream") -> None:
        super().__init__("not TLS")
        self.stream = stream


class Stream(Protocol):
    """Bytes in both directions. Errors are OSError and its subclasses ssl.SSLError and TimeoutError."""

    def within(self, seconds: float) -> None:
        """Have waits fail with TimeoutError when so many seconds are over, until this is called again."""
        ...

    async def open(self) -> None:
        """Do the handshake, if there is one. Raises NotTls."""
        ...

    async def read(self) -> bytes:
        """Return what has arrived, waiting for at least one byte; empty at the end."""
        ...

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        ...

    async def finish(self) -> None:
        """Say that nothing more comes, and take what the peer still sends until it has closed too."""
        ...

    def close(self) -> None:
        """Give the socket back, at once."""
        ...

    @property
    def certificate(self) -> bytes | None:
        """The peer's certificate, DER, verified; None when there is none."""
        ...


class PlainStream:
    """A TCP connection as it is.

    The loop is told once that somebody waits to read, not for each wait: a client that sends its next request
    when it has the answer finds it still told. So is it with the timer, which looks how late it is at its end.
    """

    def __init__(self, sock: socket.socket) -> None:
        self._socket = sock
        self._loop = asyncio.get_running_loop()
        self._watched = False
        self._waiter: asyncio.Future[bytes] | None = None
        self._until = inf
        self._at_once = 0
        self._timer: asyncio.TimerHandle | None = None

    def within(self, seconds: float) -> None:
        """Have every wait fail when so many seconds are over, until this is called again."""
        self._until = self._loop.time() + seconds

    async def open(self) -> None:
        """Nothing to do."""

    async def read(self) -> bytes:
        """Return what has arrived."""
        if self._loop.time() >= self._until:
            raise TimeoutError
        if self._at_once >= READS_IN_A_ROW:
            self._at_once = 0
            await asyncio.sleep(0)
        try:
            data = self._socket.recv(RECEIVE_BYTES)
        except (BlockingIOError, InterruptedError):
            self._at_once = 0
            return await self._arrival()
        self._at_once += 1
        return data

    async def _arrival(self) -> bytes:
        """Wait for bytes and return them."""
        waiter: asyncio.Future[bytes] = self._loop.create_future()
        self._waiter = waiter
        if not self._watched:
            self._loop.add_reader(self._socket, self._readable)
            self._watched = True
        self._mind_the_time()
        try:
            return await waiter
        finally:
            self._waiter = None

    def _readable(self) -> None:
        """Take what has arrived: the loop calls as long as there is something."""
        waiter = self._waiter
        if waiter is None or waiter.done():
            self._unwatch()  # the peer is early: what it sends waits in its place
            return
        try:
            waiter.set_result(self._socket.recv(RECEIVE_BYTES))
        except (BlockingIOError, InterruptedError):
            return
        except OSError as error:
            waiter.set_exception(error)

    def _unwatch(self) -> None:
        if self._watched:
            self._watched = False
            self._loop.remove_reader(self._socket)

    def _mind_the_time(self) -> None:
        """Have a timer that ends at the deadline or before."""
        if self._timer is not None and self._timer.when() <= self._until:
            return
        self._forget_the_time()
        if self._until < inf:
            self._timer = self._loop.call_at(self._until, self._look_at_the_time)

    def _look_at_the_time(self) -> None:
        self._timer = None
        waiter = self._waiter
        if waiter is None or waiter.done():
            return
        if self._loop.time() >= self._until:
            waiter.set_exception(TimeoutError())
        else:
            self._mind_the_time()

    def _forget_the_time(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    async def write(self, data: bytes) -> None:
        """Send all of `data`."""
        try:
            sent = self._socket.send(data)
        except (BlockingIOError, InterruptedError):
            sent = 0
        if sent < len(data):
            async with asyncio.timeout_at(self._until if self._until < inf else None):
                await self._loop.sock_sendall(self._socket, memoryview(data)[sent:])

    async def finish(self) -> None:
        """Half-close and drain: closing with unread bytes would reset the connection under the peer's read.

        RFC 9112, section 9.6, tells servers so.
        """
        self._socket.shutdown(socket.SHUT_WR)
        while await self.read():
            pass

    def close(self) -> None:
        """Give the socket back."""
        self._forget_the_time()
        self._unwatch()
        self._socket.close()

    @property
    def certificate(self) -> bytes | None:
        """None: there is no TLS here."""
        return None


class TlsStream:
    """TLS over a TCP connection."""

    def __init__(self, sock: socket.socket, tls: ListenerTls, turn: asyncio.Lock | None = None) -> None:
        """`turn`: who may reckon on his handshake; one of all connections does at a time."""
        self._plain = PlainStream(sock)
        self._turn = turn or asyncio.Lock()
        self._socket = sock
        self._tls = tls
        self._incoming = ssl.MemoryBIO()
        self._outgoing = ssl.MemoryBIO()
        self._ssl = tls.context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._opened = False

    def within(self, seconds: float) -> None:
        """Have every wait fail when so many seconds are over, until this is called again."""
        self._plain.within(seconds)

    async def open(self) -> None:
        """Do the handshake and hold its result against the policy. Raises NotTls, ssl.SSLError, OSError."""
        first = await self._plain.read()
        if not first:
            raise ConnectionResetError("closed before the handshake")
        if first[0] != _TLS_HANDSHAKE_RECORD:
            raise NotTls(self._plain)
        self._incoming.write(first)
        while True:
            try:
                await self._handshake()
                break
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fetch()
            except ssl.SSLError:
                self._flush_at_once()  # the alert that tells the peer why
                raise
        await self._flush()
        complaint = self._tls.complaint(self._ssl)
        if complaint:
            raise ssl.SSLError(ssl.SSL_ERROR_SSL, complaint)
        self._opened = True

    async def _handshake(self) -> None:
        """Go on with the handshake as far as it goes, then let the loop go round once.

        That is a millisecond of reckoning: were all connections of a flood served in one round of the loop, the
        requests of everybody else would wait for all of them.
        """
        async with self._turn:
            try:
                self._ssl.do_handshake()
            finally:
                await asyncio.sleep(0)

    async def read(self) -> bytes:
        """Return what has arrived, decrypted. The end without close_notify counts as the end, too.

        HTTP frames its messages itself, so a cut one is noticed.
        """
        while True:
            try:
                return self._ssl.read(RECEIVE_BYTES)
            except ssl.SSLWantReadError:
                await self._flush()
                await self._fetch()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    async def write(self, data: bytes) -> None:
        """Send all of `data`, encrypted slice by slice, so that no second copy of it builds up."""
        view = memoryview(data)
        for start in range(0, len(view), _SEND_SLICE):
            self._ssl.write(view[start : start + _SEND_SLICE])
            await self._flush()

    async def finish(self) -> None:
        """Send close_notify, half-close, drain."""
        self._say_goodbye()
        await self._flush()
        await self._plain.finish()

    def close(self) -> None:
        """Send close_notify if it goes out at once, and give the socket back."""
        self._say_goodbye()
        self._flush_at_once()
        self._plain.close()

    @property
    def certificate(self) -> bytes | None:
        """The client's certificate as the handshake verified it, DER."""
        return self._ssl.getpeercert(binary_form=True) or None

    def _say_goodbye(self) -> None:
        if not self._opened:
            return
        self._opened = False
        try:
            self._ssl.unwrap()
        except ssl.SSLError:
            return  # SSLWantRead: our close_notify is out, the peer's is not awaited

    async def _fetch(self) -> None:
        data = await self._plain.read()
        if data:
            self._incoming.write(data)
        else:
            self._incoming.write_eof()

    async def _flush(self) -> None:
        if self._outgoing.pending:
            await self._plain.write(self._outgoing.read())

    def _flush_at_once(self) -> None:
        if self._outgoing.pending:
            try:
                self._socket.send(self._outgoing.read())
            except OSError:
                return  # the peer is gone or does not read: nobody misses it
