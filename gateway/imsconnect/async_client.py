"""The client for asyncio: what `client` does for threads, with the same decisions and the same errors."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.errors import GatewayError
from gateway.exchange import Secret
from gateway.imsconnect import inputs
from gateway.imsconnect.async_connection import (
    AsyncConnection,
    AsyncCredentialsSource,
    credentials_of,
    establish,
)
from gateway.imsconnect.async_pool import AsyncPool
from gateway.imsconnect.async_session import AsyncSession
from gateway.imsconnect.budgeted import budget_of, within
from gateway.imsconnect.calls import (
    CONVERSATION_IDLE_SECONDS,
    HEALTH_PING_MS,
    Calls,
    check_interaction,
    lane_of,
    limits_of,
)
from gateway.imsconnect.client_ids import new_client_id
from gateway.imsconnect.connecting import check_quiet, sending
from gateway.imsconnect.conversations import Conversations
from gateway.imsconnect.dialogue import PING_TIMEOUT_MS
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.line import NothingSentError
from gateway.imsconnect.note import CallNote
from gateway.imsconnect.outcome import checked
from gateway.imsconnect.pool import Loan
from gateway.imsconnect.stats import COUNTED
from gateway.imsconnect.transport import Endpoint
from gateway.imsconnect.values import ConnectionSettings, Interaction, Reply
from gateway.observe.events import PathSink

T = TypeVar("T")


class AsyncClient(Calls[AsyncPool[AsyncSession]]):
    """Runs interactions against one IMS over one or several IMS Connect. Used in one loop, by any of its tasks.

    An asynchronous context manager that closes it. Sockets are shared as with `Client`. A task that is
    cancelled in the middle of an interaction costs its socket: the outcome is unknown, and no late byte finds a
    reader.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        clock: Clock = SYSTEM_CLOCK,
        client_ids: Callable[[str], str] = new_client_id,
        sink: PathSink | None = None,
    ) -> None:
        """Open nothing yet; see `warm`. `sink` hears of endpoints that go and come."""
        super().__init__(settings, clock, client_ids, sink)
        self._conversations: Conversations[Loan[AsyncSession]] = Conversations(CONVERSATION_IDLE_SECONDS, clock)
        self._pools = tuple(self._pool(*each) for each in enumerate(settings.endpoints))

    async def run(
        self,
        interaction: Interaction,
        credentials: AsyncCredentialsSource | None = None,
        *,
        client_id: str = "",
        note: CallNote | None = None,
    ) -> Reply:
        """Run an interaction, the verbs that receive apart; returns, raises and notes as `Client.run`."""
        note = CallNote() if note is None else note
        try:
            return await self._run(interaction, credentials, client_id, note)
        finally:
            note.over(self._clock.monotonic())

    async def _run(
        self,
        interaction: Interaction,
        credentials: AsyncCredentialsSource | None,
        client_id: str,
        note: CallNote,
    ) -> Reply:
        check_interaction(interaction, client_id)
        who = await credentials_of(self.settings, credentials)
        inputs.check(interaction, who, self._destination)
        self._give_up_idle_conversations()
        budget = budget_of(interaction, self.settings, self._clock.monotonic())

        async def use(session: AsyncSession) -> Reply:
            now = self._clock.monotonic()
            note.talking(session, now)
            left = within(interaction, budget, now)
            # what a budget has cut is another interaction, which is looked at again
            return await session.run(left, who, checked=left is interaction)

        if interaction.conversation_id:
            return await self._next_step(interaction, use)
        if interaction.conversational:
            return await self._first_step(interaction, use, budget.wait_until(), note)
        reply = await self._on_a_session(lane_of(interaction, client_id), use, budget.wait_until(), note)
        return checked(interaction, reply)

    async def ping(self, timeout_ms: int = PING_TIMEOUT_MS) -> str:
        """Ask IMS Connect for a sign of life and return its words; raises what `run` does."""
        return await self._on_a_session(
            Lane.REPLIES, lambda session: session.do(session.dialogue.ping(timeout_ms))
        )

    async def change_password(
        self, new: Secret, credentials: AsyncCredentialsSource | None = None, timeout_ms: int = PING_TIMEOUT_MS
    ) -> str:
        """Change the RACF password of the credentials to `new` and return IMS Connect's words."""
        who = await credentials_of(self.settings, credentials)
        return await self._on_a_session(
            Lane.REPLIES,
            lambda session: session.do(session.dialogue.change_password(who, new, timeout_ms)),
        )

    async def connect(
        self,
        client_id: str | None = None,
        *,
        credentials: AsyncCredentialsSource | None = None,
        take_over: bool = False,
    ) -> AsyncConnection:
        """Open a socket of the caller's own beside the pool; see `AsyncConnection`."""
        return await AsyncConnection.open(
            self.settings, client_id, credentials=credentials, take_over=take_over, clock=self._clock
        )

    async def cancel_timer(self, client_id: str, credentials: AsyncCredentialsSource | None = None) -> None:
        """End the wait of another session that has this client id. Raises ImsError when none waits."""
        async with await self.connect(client_id, credentials=credentials) as connection:
            await connection.cancel_timer()

    async def close(self, drain_seconds: float = 0.0) -> None:
        """Refuse new calls, let those under way finish for `drain_seconds`, then abort what is left."""
        self._end_conversations()
        await asyncio.gather(*(pool.close(drain_seconds) for pool in self._pools))
        # a step that was under way may have left another one open
        self._end_conversations()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # -- conversations --------------------------------------------------------------------------------------

    async def _first_step(
        self,
        interaction: Interaction,
        use: Callable[[AsyncSession], Awaitable[Reply]],
        deadline: float,
        note: CallNote,
    ) -> Reply:
        return await self._on_a_loan(
            Lane.REPLIES, lambda loan: self._step(loan, interaction, use), deadline, note
        )

    async def _next_step(
        self, interaction: Interaction, use: Callable[[AsyncSession], Awaitable[Reply]]
    ) -> Reply:
        loan = self._conversations.take(interaction.conversation_id)
        # a conversation ends with its socket, so there is no other to try
        with sending():
            return await self._step(loan, interaction, use)

    async def _step(
        self,
        loan: Loan[AsyncSession],
        interaction: Interaction,
        use: Callable[[AsyncSession], Awaitable[Reply]],
    ) -> Reply:
        """Run a step; the session goes back to the pool, or is kept for the next one."""
        kept = False
        try:
            if interaction.conversation_id:
                check_quiet(loan.session)
            reply = await use(loan.session)
            if reply.conversation_open:
                name = self._conversations.keep(loan, interaction.conversation_id)
                reply, kept = replace(reply, conversation_id=name), True
        except GatewayError as error:
            loan.end(COUNTED.get(error.message))
            raise
        finally:
            if not kept:
                loan.end()
        return checked(interaction, reply)

    def _give_up_idle_conversations(self) -> None:
        for loan in self._conversations.expired():
            loan.end()

    def _end_conversations(self) -> None:
        for loan in self._conversations.all():
            loan.end()

    # -- sessions -------------------------------------------------------------------------------------------

    async def _on_a_session(
        self,
        lane: Lane,
        use: Callable[[AsyncSession], Awaitable[T]],
        deadline: float | None = None,
        note: CallNote | None = None,
    ) -> T:
        return await self._on_a_loan(lane, partial(_used_once, use), deadline, note)

    async def _on_a_loan(
        self,
        lane: Lane,
        use: Callable[[Loan[AsyncSession]], Awaitable[T]],
        deadline: float | None = None,
        note: CallNote | None = None,
    ) -> T:
        """Use a session, and another where it is certain that nothing was executed: no second sending."""
        deadline = self._wait_until() if deadline is None else deadline
        attempts = self._attempts(lane)
        while (index := attempts.endpoint) is not None:
            if note is not None:
                note.waiting(self._names[index], self._clock.monotonic())
            try:
                result = await use(await self._pools[index].borrow(lane, deadline, eager=attempts.eager))
            except (NothingSentError, GatewayError) as error:
                attempts.failed(error)
            else:
                attempts.worked()
                return result
        raise attempts.exhausted()

    def _pool(self, index: int, endpoint: Endpoint) -> AsyncPool[AsyncSession]:
        return AsyncPool(
            self.settings.label,
            limits_of(self.settings),
            lambda lane: establish(self.settings, endpoint, self._client_id(lane), self._clock, lane),
            self._clock,
            endpoint=str(endpoint),
            ping=_answers,
            sink=self._paths.hear(index),
        )


async def _used_once(use: Callable[[AsyncSession], Awaitable[T]], loan: Loan[AsyncSession]) -> T:
    """Use a loan that ends with it."""
    try:
        return await use(loan.session)
    except GatewayError as error:
        loan.end(COUNTED.get(error.message))
        raise
    finally:
        loan.end()


async def _answers(session: AsyncSession) -> bool:
    """Tell whether IMS Connect answers a ping on an idle session."""
    try:
        await session.do(session.dialogue.ping(HEALTH_PING_MS))
    except (GatewayError, NothingSentError):
        return False
    return True
