"""One TCP connection as the sessions use it: bytes in order, and the moment the client is gone."""

import asyncio
import ssl
import struct
from collections.abc import Callable
from contextlib import suppress
from ipaddress import IPv4Address
from socket import SO_LINGER, SOL_SOCKET
from typing import Final, cast

HIGH_WATER: Final = 1_000_000
"""Unread bytes beyond which no more are taken from the socket."""
_NO_LINGER: Final = struct.pack("ii", 1, 0)
LINGER_SECONDS: Final = 2.0
"""How long a closing connection waits for the client's own close: a reset would overtake the last reply."""


class ClientGoneError(Exception):
    """The client has closed, or a fault made the connection useless: nothing more can be said to it."""


class Link(asyncio.Protocol):
    """The server's end of one connection. `gone` is done once the client has closed or the connection broke."""

    def __init__(self, accepted: "Callable[[Link], None]") -> None:
        self._accepted = accepted
        self._transport: asyncio.Transport | None = None
        self._buffer = bytearray()
        self._news = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()
        self._discarding = False
        self.gone: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.lost: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once the socket is closed on this side too."""

    # -- what asyncio calls

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Take over a new connection."""
        self._transport = cast("asyncio.Transport", transport)
        self._accepted(self)

    def data_received(self, data: bytes) -> None:
        """Keep bytes until the session asks for them."""
        if self._discarding:
            return
        self._buffer += data
        if len(self._buffer) > HIGH_WATER and self._transport is not None:
            self._transport.pause_reading()
        self._news.set()

    def eof_received(self) -> bool:
        """Note that the client has closed its side; True keeps ours open for what is still to be sent."""
        self._end()
        return True

    def connection_lost(self, _error: Exception | None) -> None:
        """Note that the connection is no more."""
        self._end()
        self._writable.set()
        if not self.lost.done():
            self.lost.set_result(None)

    def pause_writing(self) -> None:
        """Note that the client does not take what we send."""
        self._writable.clear()

    def resume_writing(self) -> None:
        """Note that the client takes bytes again."""
        self._writable.set()

    def _end(self) -> None:
        if not self.gone.done():
            self.gone.set_result(None)
        self._news.set()

    # -- what sessions call

    @property
    def peer(self) -> str:
        """The client's address, for the trace."""
        address = self._transport.get_extra_info("peername") if self._transport else None
        return f"{address[0]}:{address[1]}" if address else "unknown"

    @property
    def tls(self) -> ssl.SSLObject | None:
        """TLS of this connection, its handshake finished; None for plain TCP."""
        found: ssl.SSLObject | None = self._transport.get_extra_info("ssl_object") if self._transport else None
        return found

    @property
    def terminal(self) -> str:
        """The client's IPv4 address as RACF's class TERMINAL has it, eight hexadecimal digits; else empty."""
        address = self._transport.get_extra_info("peername") if self._transport else None
        try:
            return f"{int(IPv4Address(address[0])):08X}" if address else ""
        except ValueError:
            return ""

    async def read(self) -> bytes:
        """Return the bytes that have come, waiting for some; empty when the client is gone and all is read."""
        while not self._buffer and not self.gone.done():
            self._news.clear()
            await self._news.wait()
        data = bytes(self._buffer)
        self._buffer.clear()
        if self._transport is not None and not self._transport.is_closing():
            self._transport.resume_reading()
        return data

    async def write(self, data: bytes, within: float | None = None) -> bool:
        """Send bytes, waiting while the client does not take them. A lost connection swallows them.

        Return False when the client has not taken them `within` so many seconds; they stay on their way.
        """
        if self._transport is None or self._transport.is_closing():
            return True
        self._transport.write(data)
        try:
            async with asyncio.timeout(within):
                await self._writable.wait()
        except TimeoutError:
            return False
        return True

    def half_close(self) -> None:
        """Close our sending side only; where TLS does not know that, close."""
        self._discarding = True
        if self._transport is None or self._transport.is_closing():
            return
        if self._transport.can_write_eof():
            # a client that has reset the connection may be gone already, and the loop not have heard of it
            with suppress(OSError):
                self._transport.write_eof()
            self._transport.resume_reading()
        else:
            self._transport.close()

    async def close(self) -> None:
        """Close after everything was sent. Unread input is discarded, or a reset would overtake the reply."""
        self.half_close()
        if not self.gone.done():
            await asyncio.wait({self.gone}, timeout=LINGER_SECONDS)
        if self._transport is not None:
            self._transport.close()

    def abort(self) -> None:
        """Close at once; what was not sent is lost."""
        if self._transport is not None:
            self._transport.abort()

    def reset(self) -> None:
        """Close at once, so that the client's end breaks with a connection reset."""
        if self._transport is not None:
            self._transport.get_extra_info("socket").setsockopt(SOL_SOCKET, SO_LINGER, _NO_LINGER)
            self._transport.abort()
