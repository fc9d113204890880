"""One line over a socket, with one deadline for all of it, however slowly the other side is."""

import socket
from typing import Final

from gateway.clock import Clock

_CHUNK: Final = 65_536


class LineError(Exception):
    """No line came: too late, too long, or the connection ended."""


def receive_line(connection: socket.socket, most: int, deadline: float, clock: Clock) -> bytes:
    """Return what comes before the first line end, `most` bytes at most; what follows is not looked at.

    `deadline`: the clock's monotonic seconds. Raises LineError; OSError when the connection breaks.
    """
    got = bytearray()
    while b"\n" not in got:
        if len(got) > most:
            raise LineError(f"the line is longer than {most} bytes")
        connection.settimeout(_left(deadline, clock))
        try:
            chunk = connection.recv(_CHUNK)
        except TimeoutError:
            raise LineError("no whole line came in time") from None
        if not chunk:
            raise LineError("the connection ended before the line did")
        got += chunk
    line = bytes(got[: got.index(b"\n")])
    if len(line) > most:
        raise LineError(f"the line is longer than {most} bytes")
    return line


def send_line(connection: socket.socket, line: bytes, deadline: float, clock: Clock) -> None:
    """Send a line, its end included. Raises LineError; OSError when the connection breaks."""
    left = memoryview(line)
    while left:
        connection.settimeout(_left(deadline, clock))
        try:
            left = left[connection.send(left) :]
        except TimeoutError:
            raise LineError("the line was not taken in time") from None


def _left(deadline: float, clock: Clock) -> float:
    left = deadline - clock.monotonic()
    if left <= 0:
        raise LineError("no whole line went over in time")
    return left
