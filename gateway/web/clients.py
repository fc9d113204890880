"""How many connections there may be, and whose: no client takes them all, nor do those who say nothing."""

import asyncio
from collections import Counter
from collections.abc import Hashable
from ipaddress import ip_address
from typing import Any

from gateway.config.model import LimitsSettings
from gateway.limits import client_of
from gateway.web.lanes import SHARE
from gateway.web.peer import Networks


class Clients:
    """Counts connections by client. A trusted proxy is none: it brings those of many."""

    def __init__(self, limits: LimitsSettings, proxies: Networks) -> None:
        self._limits = limits
        self._proxies = proxies
        self._counts: Counter[str] = Counter()

    def renew(self, limits: LimitsSettings, proxies: Networks) -> None:
        """Use other bounds from the next connection on."""
        self._limits, self._proxies = limits, proxies

    def enter(self, peer: str, free: int) -> str | None:
        """Count a connection, of places for all so many being free. None: this client has enough of them.

        Returns what `leave` takes.
        """
        if any(ip_address(peer) in network for network in self._proxies):
            return ""
        client = client_of(peer, self._limits.ipv4_prefix, self._limits.ipv6_prefix)
        if self._counts[client] >= (self._limits.connections_per_client or SHARE * free):
            return None
        self._counts[client] += 1
        return client

    def leave(self, client: str) -> None:
        """Count a connection no more."""
        if client:
            self._counts[client] -= 1
            if not self._counts[client]:
                del self._counts[client]


class Silent:
    """Connections from which something is awaited, the one that has been silent longest first."""

    def __init__(self) -> None:
        self._tasks: dict[Hashable, asyncio.Task[Any]] = {}

    def __len__(self) -> int:
        return len(self._tasks)

    def add(self, connection: Hashable, task: asyncio.Task[Any]) -> None:
        """Take note of a connection that is silent from now on."""
        self._tasks.pop(connection, None)
        self._tasks[connection] = task

    def heard(self, connection: Hashable) -> None:
        """Note that a connection has sent what was awaited, or has ended."""
        self._tasks.pop(connection, None)

    def end_oldest(self) -> None:
        """End the one that has been silent longest: whoever wants something speaks within moments."""
        connection = next(iter(self._tasks))
        self._tasks.pop(connection).cancel()


class Room:
    """Places for connections; listeners share one."""

    def __init__(self, places: int) -> None:
        self._places = places
        self._changed = asyncio.Event()
        self.taken = 0

    @property
    def full(self) -> bool:
        """Whether no place is free."""
        return self.taken >= self._places

    @property
    def free_places(self) -> int:
        """How many places are free."""
        return self._places - self.taken

    async def free(self) -> None:
        """Wait until a place is free."""
        while self.full:
            self._changed.clear()
            await self._changed.wait()

    def enter(self) -> None:
        """Take a place."""
        self.taken += 1

    def leave(self) -> None:
        """Give a place back."""
        self.taken -= 1
        self._changed.set()
