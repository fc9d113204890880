"""A load of SOAP calls over HTTPS: one event loop, each answer checked by its content."""

import asyncio
import ssl
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tests.fixtures.in_process import LAB, envelope


@dataclass(frozen=True, slots=True)
class Result:
    """One call: how long it took, and what came."""

    seconds: float
    status: int
    """HTTP status, 0 when the connection failed."""
    right: bool
    """The answer holds the text that this call sent, and no other call's."""
    detail: str = ""


def work(name: str, text: str, milliseconds: int | None = None) -> bytes:
    """Return a message for the lab service."""
    wait = "" if milliseconds is None else f"<milliseconds>{milliseconds}</milliseconds>"
    return envelope(f'<{name} xmlns="{LAB}">{wait}<text>{text}</text></{name}>')


def client_context(ca: Path) -> ssl.SSLContext:
    """Return a context that trusts the test authority only."""
    return ssl.create_default_context(cafile=str(ca))


class Caller:
    """One kept-alive connection that makes one call after another."""

    def __init__(self, port: int, context: ssl.SSLContext, service: str = "LabPort") -> None:
        self._port = port
        self._context = context
        self._service = service
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def call(self, body: bytes, text: str, timeout: float) -> Result:
        """Make one call; never raises for what the network or the gateway does."""
        started = time.monotonic()
        try:
            status, answer = await asyncio.wait_for(self._exchange(body), timeout)
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            await self.close()
            return Result(time.monotonic() - started, 0, False, f"{type(error).__name__}: {error}")
        right = f"<text>{text}</text>".encode() in answer if status == 200 else b"Fault>" in answer
        detail = "" if status == 200 else answer[:600].decode(errors="replace")
        return Result(time.monotonic() - started, status, right, detail)

    async def _exchange(self, body: bytes) -> tuple[int, bytes]:
        if self._streams is None:
            self._streams = await asyncio.open_connection(
                "127.0.0.1",
                self._port,
                ssl=self._context,
                server_hostname="localhost",
                ssl_handshake_timeout=120,
            )
        reader, writer = self._streams
        head = (
            f"POST /imssoap/services/{self._service} HTTP/1.1\r\nHost: localhost:{self._port}\r\n"
            f"Content-Type: text/xml; charset=utf-8\r\nContent-Length: {len(body)}\r\n\r\n"
        )
        writer.write(head.encode() + body)
        await writer.drain()
        lines = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower().split("\r\n")
        headers = dict(line.split(": ", 1) for line in lines[1:] if ": " in line)
        answer = await reader.readexactly(int(headers["content-length"]))
        if headers.get("connection") == "close":
            await self.close()
        return int(lines[0].split()[1]), answer

    async def close(self) -> None:
        """Close the connection."""
        if self._streams is not None:
            _, writer = self._streams
            self._streams = None
            writer.close()
            try:
                await asyncio.wait_for(writer.wait_closed(), 5)
            except (OSError, TimeoutError):
                pass


def spread(results: list[Result], pick: Callable[[Result], bool] = lambda _: True) -> dict[str, float]:
    """Return minimum, median, 95th and 99th percentile and maximum of the durations, in seconds."""
    times = sorted(result.seconds for result in results if pick(result))
    if not times:
        return {}
    at = {"min": 0.0, "p50": 0.5, "p95": 0.95, "p99": 0.99, "max": 1.0}
    return {name: round(times[min(len(times) - 1, int(len(times) * part))], 3) for name, part in at.items()}
