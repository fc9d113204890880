"""The two faces of the client behind one set of blocking calls, for callers in many threads."""

from typing import Any

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.imsconnect import (
    AsyncClient,
    AsyncConnection,
    Client,
    Connection,
    ConnectionSettings,
    Delivery,
    Endpoint,
    Interaction,
    PoolSettings,
    Reply,
)
from tests.fixtures.faces import Face, LoopThread


def settings_for(*ports: int, policy: str = "order", **pool: Any) -> ConnectionSettings:
    """Return settings for some ports of this machine."""
    chosen = {"wait_seconds": 5.0, "size": 4, **pool}
    return ConnectionSettings(
        endpoints=tuple(Endpoint("127.0.0.1", port) for port in ports),
        datastore="IMS1",
        policy="balance" if policy == "balance" else "order",
        connect_seconds=5.0,
        pool=PoolSettings(**chosen),
    )


class Socket:
    """A connection of either face."""

    def __init__(self, inner: Connection | AsyncConnection, loop: LoopThread | None) -> None:
        self._inner = inner
        self._loop = loop
        self._messages: Any = None

    def run(self, interaction: Interaction) -> Reply:
        reply: Reply = self._do(self._inner.run(interaction))
        return reply

    def receive(self, interaction: Interaction) -> Delivery | None:
        delivery: Delivery | None = self._do(self._inner.receive(interaction))
        return delivery

    def acknowledge(self) -> None:
        self._do(self._inner.acknowledge())

    def reject(self, *, keep: bool = False) -> None:
        self._do(self._inner.reject(keep=keep))

    def first(self, interaction: Interaction) -> Delivery | None:
        """Begin a loop over the messages of a tpipe and return the first of them."""
        self._messages = self._inner.messages(interaction)
        return self.following()

    def following(self) -> Delivery | None:
        if self._loop is None:
            return next(self._messages, None)
        return self._loop.do(_next(self._messages))

    def close(self) -> None:
        if self._loop is None and self._messages is not None:
            self._messages.close()
        self._do(self._inner.close())

    def _do(self, result: Any) -> Any:
        return result if self._loop is None else self._loop.do(result)


async def _next(messages: Any) -> Delivery | None:
    return await anext(messages, None)


class Desk:
    """A client of either face."""

    def __init__(
        self,
        face: Face,
        settings: ConnectionSettings,
        loop: LoopThread | None = None,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """A face for asyncio needs the loop that it lives in."""
        self.settings = settings
        self._loop = loop if face == "asyncio" else None
        self._client: Client | AsyncClient
        if self._loop is None:
            self._client = Client(settings, clock=clock)
        else:
            self._client = self._loop.do(_made(settings, clock))

    def run(self, interaction: Interaction, client_id: str = "") -> Reply:
        reply: Reply = self._do(self._client.run(interaction, client_id=client_id))
        return reply

    def open(self, client_id: str | None = None, *, take_over: bool = False) -> Socket:
        inner = self._do(self._client.connect(client_id, take_over=take_over))
        return Socket(inner, self._loop)

    @property
    def client(self) -> Client | AsyncClient:
        return self._client

    def drain(self, number: int) -> None:
        """Take an endpoint out of use."""
        self._in_loop(lambda: self._client.drain(self.settings.endpoints[number]))

    def resume(self, number: int) -> None:
        """Use it again."""
        self._in_loop(lambda: self._client.resume(self.settings.endpoints[number]))

    def close(self) -> None:
        self._do(self._client.close())

    def _in_loop(self, act: Any) -> None:
        if self._loop is None:
            act()
        else:
            self._loop.do(_called(act))

    def _do(self, result: Any) -> Any:
        return result if self._loop is None else self._loop.do(result)


async def _made(settings: ConnectionSettings, clock: Clock) -> AsyncClient:
    return AsyncClient(settings, clock=clock)


async def _called(act: Any) -> None:
    act()
