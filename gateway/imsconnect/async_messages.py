"""The messages of one RESUME TPIPE for `async for`.

An asynchronous generator that is left by `break` ends some time later, in a task of its own. What the caller
says next on the same connection must not overtake that, so here the connection learns at once that the loop was
left, and hands the message back before it does anything else.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import suppress
from types import TracebackType
from typing import Self

from gateway.errors import GatewayError
from gateway.imsconnect.async_session import AsyncSession
from gateway.imsconnect.reading import Reading, Turn
from gateway.imsconnect.values import Delivery, Rejection

Begin = Callable[[], Awaitable[Delivery | None]]


class LeftLoops:
    """Hands back what a loop that was left has not answered. One a connection."""

    def __init__(self, session: AsyncSession) -> None:
        """Must be made in the loop that the session is used in."""
        self._session = session
        self._loop = asyncio.get_running_loop()
        self._left: list[Delivery] = []
        self._under_way: asyncio.Task[None] | None = None

    def left(self, delivery: Delivery) -> None:
        """Note that a loop was left at this message; callable from any thread, as the garbage collector is."""
        self._left.append(delivery)
        # where the asyncio loop is closed nobody can say anything more: IMS takes a closed socket for a NAK
        with suppress(RuntimeError):
            self._loop.call_soon_threadsafe(self._start)

    async def hand_back(self) -> None:
        """Hand back what is to be handed back, and wait for that."""
        self._start()
        if self._under_way is not None:
            # unlike the await of a task, this neither cancels it nor raises what became of it
            await asyncio.wait({self._under_way})

    def _start(self) -> None:
        left, self._left = self._left, []
        # another loop's message may be the unanswered one by now
        if any(map(self._session.dialogue.owes, left)):
            self._under_way = self._loop.create_task(self._reject())

    async def _reject(self) -> None:
        # whatever goes wrong here, IMS takes a closed socket for a NAK
        with suppress(GatewayError):
            await self._session.reject(Rejection(keep=True))


class AsyncMessages(AsyncIterator[Delivery]):
    """The messages, one by one. Also an asynchronous context manager; otherwise as `Messages`."""

    def __init__(self, session: AsyncSession, loops: LeftLoops, reading: Reading, begin: Begin) -> None:
        """Ask nothing yet: `begin` sends the RESUME TPIPE when a message is wanted."""
        self._session = session
        self._loops = loops
        self._reading = reading
        self._begin = begin

    @property
    def taken(self) -> int:
        """Messages that were acknowledged here."""
        return self._reading.taken

    @property
    def last_ack_heard(self) -> bool:
        """Whether IMS Connect is known to have heard the last ACK; see `Messages`."""
        return self._reading.last_ack_heard

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> Delivery:
        reading, turn = self._reading, self._reading.turn()
        if turn is Turn.END:
            raise StopAsyncIteration
        try:
            delivery = await (self._begin() if turn is Turn.BEGIN else self._session.following())
        except BaseException:
            # as with a generator, an error ends it, and so does a task that is cancelled meanwhile
            reading.failed()
            raise
        reading.came(delivery, turn)
        if delivery is None:
            raise StopAsyncIteration
        return delivery

    async def aclose(self) -> None:
        """End the loop here; hand the message back that is unanswered."""
        self._leave()
        await self._loops.hand_back()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    def __del__(self) -> None:
        self._leave()

    def _leave(self) -> None:
        latest, self._reading.left = self._reading.latest, True
        if latest is not None:
            self._loops.left(latest)
