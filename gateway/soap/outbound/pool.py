"""Connections that are kept open between calls."""

import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Final

from gateway.clock import Clock
from gateway.soap.outbound.connection import Connection, Connector, Origin
from gateway.soap.outbound.limits import Limits

IDLE_SECONDS: Final = 4.0
"""How long a connection waits for the next call.

Servers close idle ones after five seconds or more, as a rule, and a request that crosses such an end is lost:
it may have been read, so it is not sent again. So we are first.
"""


class Connections:
    """The connections of one web service by one set of TLS settings. Any thread."""

    def __init__(self, connector: Connector, clock: Clock, *, most_idle: int) -> None:
        self._connector = connector
        self._clock = clock
        self._most_idle = most_idle
        self._lock = threading.Lock()
        self._idle: list[Connection] = []
        self._closed = False

    def take(self, origin: Origin, limits: Limits) -> Connection:
        """Return a connection that nobody else uses, an idle one if there is one. Raises OutboundError."""
        while (idle := self._take_idle(origin)) is not None:
            if idle.is_quiet():
                idle.obey(limits)
                return idle
            _close(idle)
        return self._connector.open(origin, limits)

    def give_back(self, connection: Connection) -> None:
        """Keep a connection for the next call; its answer was read to the end."""
        connection.idle_since = self._clock.monotonic()
        with self._lock:
            keep = not self._closed and len(self._idle) < self._most_idle
            if keep:
                self._idle.append(connection)
        if not keep:
            _close(connection)
        self._drop(self._is_old)

    def close(self) -> None:
        """Close the idle ones now, and those in use when they come back."""
        with self._lock:
            self._closed = True
        self._drop(lambda _: True)

    def _take_idle(self, origin: Origin) -> Connection | None:
        self._drop(self._is_old)
        with self._lock:
            for number in range(len(self._idle) - 1, -1, -1):
                if self._idle[number].origin == origin:
                    return self._idle.pop(number)
        return None

    def _is_old(self, connection: Connection) -> bool:
        return self._clock.monotonic() - connection.idle_since > IDLE_SECONDS

    def _drop(self, unwanted: Callable[[Connection], bool]) -> None:
        with self._lock:
            dropped = [one for one in self._idle if unwanted(one)]
            self._idle = [one for one in self._idle if one not in dropped]
        for one in dropped:
            _close(one)


def _close(connection: Connection) -> None:
    with suppress(OSError):
        connection.close()
