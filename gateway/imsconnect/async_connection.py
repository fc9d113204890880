"""One socket to IMS Connect in the caller's own hands, for asyncio: `connection` with `await`."""

import inspect
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Self

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.exchange import Secret
from gateway.imsconnect.async_messages import AsyncMessages, LeftLoops
from gateway.imsconnect.async_session import AsyncSession
from gateway.imsconnect.async_transport import connect
from gateway.imsconnect.budgeted import bounded
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.connecting import (
    check_conversation,
    check_quiet,
    chosen_client_id,
    dialogue_at,
    nobody_answered,
    sending,
    told,
)
from gateway.imsconnect.dialogue import PING_TIMEOUT_MS
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.reading import Reading
from gateway.imsconnect.transport import ConnectFailed, Endpoint
from gateway.imsconnect.values import ConnectionSettings, Credentials, Delivery, Interaction, Rejection, Reply

AsyncCredentialsSource = Credentials | Callable[[], Credentials | Awaitable[Credentials]]
"""Credentials, or what makes them, which may be a coroutine function: asked once for each interaction."""


async def establish(
    settings: ConnectionSettings,
    endpoint: Endpoint,
    client_id: ClientId,
    clock: Clock,
    lane: Lane = Lane.REPLIES,
) -> AsyncSession:
    """Connect to one endpoint and return a session. Raises ConnectFailed, which names the endpoint."""
    try:
        stream = await connect(endpoint, clock.monotonic() + settings.connect_seconds, clock)
    except ConnectFailed as error:
        raise ConnectFailed(f"{endpoint}: {error}") from error
    return AsyncSession(stream, dialogue_at(settings, endpoint, client_id, clock), lane)


async def credentials_of(settings: ConnectionSettings, given: AsyncCredentialsSource | None) -> Credentials:
    """Return the credentials for one interaction: those given, made on demand, or the settings'."""
    if given is None:
        return settings.credentials
    made = given() if callable(given) else given
    return await made if inspect.isawaitable(made) else made


class AsyncConnection:
    """One persistent socket, one client id, one conversation at a time: `await AsyncConnection.open(...)`.

    An asynchronous context manager that closes it. For one task at a time, `abort` and `close` apart; another
    one is refused. After an error that leaves the outcome unknown, and after a task was cancelled in the middle
    of a conversation, the connection is unusable, and says so; open another.
    """

    def __init__(
        self, settings: ConnectionSettings, session: AsyncSession, credentials: AsyncCredentialsSource | None
    ) -> None:
        """Take a session that is connected; callers use `open`."""
        self._settings = settings
        self._credentials = credentials
        self._session = session
        self._loops = LeftLoops(session)
        self._reading: Reading | None = None

    @classmethod
    async def open(
        cls,
        settings: ConnectionSettings,
        client_id: str | None = None,
        *,
        credentials: AsyncCredentialsSource | None = None,
        take_over: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> Self:
        """Connect to the first endpoint that answers; parameters and errors are those of `Connection`."""
        chosen = chosen_client_id(settings, client_id, take_over=take_over)
        failures = []
        for endpoint in settings.endpoints:
            try:
                session = await establish(settings, endpoint, chosen, clock)
            except ConnectFailed as error:
                failures.append(str(error))
            else:
                return cls(settings, session, credentials)
        raise nobody_answered(settings, failures)

    @property
    def client_id(self) -> str:
        """The client id; empty while IMS Connect has not told the one it generates."""
        return self._session.client_id

    @property
    def usable(self) -> bool:
        """Whether an interaction may be started: nothing is owed, nothing is in doubt."""
        return self._session.reusable

    async def run(self, interaction: Interaction, credentials: AsyncCredentialsSource | None = None) -> Reply:
        """Run an interaction that brings a reply or none; returns and raises what `Connection.run` does."""
        check_conversation(interaction, self.client_id)
        who = await self._who(credentials)
        await self._loops.hand_back()
        check_quiet(self._session)
        with sending():
            reply = await self._session.run(bounded(interaction, self._settings), who)
        return told(interaction, reply, self.client_id)

    async def acknowledge(self) -> None:
        """Say ACK to the reply or message that wants one. Raises what `run` does; ROLLED_BACK for an abort."""
        await self._loops.hand_back()
        check_quiet(self._session, before_ack=True)
        await self._session.acknowledge()

    async def reject(
        self,
        *,
        reason: int | None = None,
        keep: bool = False,
        reroute: bool = False,
        reroute_name: str = "",
    ) -> None:
        """Say NAK, which ends RESUME TPIPE unless `reroute`. Raises what `run` does.

        `reason` (0 to 65535) tells the ICAL of a callout why, `keep` leaves the callout on its tpipe. With
        `reroute` a callout is discarded, asynchronous output goes to another tpipe (empty: the data store's
        RRNAME=), and the next message may come.
        """
        how = Rejection(reason, keep, reroute, reroute_name)
        await self._loops.hand_back()
        await self._session.reject(how)

    async def receive(
        self, interaction: Interaction, credentials: AsyncCredentialsSource | None = None
    ) -> Delivery | None:
        """Send RESUME TPIPE and return the first message, None when none came in time; raises as `run`."""
        who = await self._who(credentials)
        await self._loops.hand_back()
        check_quiet(self._session)
        with sending():
            return await self._session.receive(bounded(interaction, self._settings), who)

    def messages(
        self,
        interaction: Interaction,
        credentials: AsyncCredentialsSource | None = None,
        *,
        limit: int | None = None,
    ) -> AsyncMessages:
        """Send RESUME TPIPE and give its messages; parameters and errors are those of `Connection.messages`.

        Leaving the loop at a message that is unanswered hands it back to IMS, before anything else is said on
        this connection.
        """
        reading = Reading(self._session.dialogue, interaction, limit)

        async def begin() -> Delivery | None:
            delivery = await self.receive(reading.interaction, credentials)
            self._reading = reading
            return delivery

        return AsyncMessages(self._session, self._loops, reading, begin)

    async def ping(self, timeout_ms: int = PING_TIMEOUT_MS) -> str:
        """Ask IMS Connect itself for a sign of life and return its words; raises what `run` does."""
        await self._loops.hand_back()
        check_quiet(self._session)
        with sending():
            return await self._session.do(self._session.dialogue.ping(timeout_ms))

    async def change_password(
        self, new: Secret, credentials: AsyncCredentialsSource | None = None, timeout_ms: int = PING_TIMEOUT_MS
    ) -> str:
        """Change the RACF password of the credentials to `new` (HWSPWCH); raises what `run` does."""
        who = await self._who(credentials)
        await self._loops.hand_back()
        check_quiet(self._session)
        with sending():
            return await self._session.do(self._session.dialogue.change_password(who, new, timeout_ms))

    async def cancel_timer(
        self, credentials: AsyncCredentialsSource | None = None, timeout_ms: int = PING_TIMEOUT_MS
    ) -> None:
        """End the wait of another session that has this client id; this connection ends with it."""
        who = await self._who(credentials)
        await self._loops.hand_back()
        with sending():
            await self._session.do(self._session.dialogue.cancel_timer(who, timeout_ms))

    def abort(self) -> None:
        """Make what another task waits for on this connection fail at once."""
        self._session.abort()

    async def close(self) -> None:
        """Close the socket. A reply or message that wants an ACK counts as rejected, a conversation ends.

        A message that a loop has not answered is handed back before.
        """
        if self._reading is not None and self._reading.latest is not None:
            self._loops.left(self._reading.latest)
        try:
            await self._loops.hand_back()
        finally:
            self._session.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        await self.close()

    async def _who(self, given: AsyncCredentialsSource | None) -> Credentials:
        return await credentials_of(self._settings, given if given is not None else self._credentials)
