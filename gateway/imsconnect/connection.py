"""One socket to IMS Connect in the caller's own hands, for threads.

For what needs a client id of the caller's own, or a socket that stays with the caller: conversations step by
step, ACK or NAK by the caller's own decision, the messages of a tpipe. Whoever just runs transactions takes
the client.
"""

from types import TracebackType
from typing import Self

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.exchange import Secret
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
from gateway.imsconnect.messages import Messages, hand_back
from gateway.imsconnect.reading import Reading
from gateway.imsconnect.session import Session
from gateway.imsconnect.transport import ConnectFailed, Endpoint, connect
from gateway.imsconnect.values import (
    ConnectionSettings,
    Credentials,
    CredentialsSource,
    Delivery,
    Interaction,
    Rejection,
    Reply,
)


def establish(
    settings: ConnectionSettings,
    endpoint: Endpoint,
    client_id: ClientId,
    clock: Clock,
    lane: Lane = Lane.REPLIES,
) -> Session:
    """Connect to one endpoint and return a session. Raises ConnectFailed, which names the endpoint."""
    try:
        stream = connect(endpoint, clock.monotonic() + settings.connect_seconds, clock)
    except ConnectFailed as error:
        raise ConnectFailed(f"{endpoint}: {error}") from error
    return Session(stream, dialogue_at(settings, endpoint, client_id, clock), lane)


def credentials_of(settings: ConnectionSettings, given: CredentialsSource | None) -> Credentials:
    """Return the credentials for one interaction: those given, made on demand, or the settings'."""
    if given is None:
        return settings.credentials
    return given() if callable(given) else given


class Connection:
    """One persistent socket, one client id, one conversation at a time. A context manager that closes it.

    Not for two threads at a time, `abort` apart. After an error that leaves the outcome unknown the
    connection is unusable, and says so; open another.
    """

    def __init__(
        self,
        settings: ConnectionSettings,
        client_id: str | None = None,
        *,
        credentials: CredentialsSource | None = None,
        take_over: bool = False,
        clock: Clock = SYSTEM_CLOCK,
    ) -> None:
        """Connect to the first endpoint that answers.

        `client_id`: None makes one up, an empty one has IMS Connect generate one. `take_over` cancels a session
        that holds the same client id (IRM_F3 X'80'). Raises TransportError UNREACHABLE, GatewayError
        INTERACTION for a client id that nobody may choose.
        """
        self._settings = settings
        self._credentials = credentials
        self._reading: Reading | None = None
        self._session = self._connect(chosen_client_id(settings, client_id, take_over=take_over), clock)

    def _connect(self, client_id: ClientId, clock: Clock) -> Session:
        settings, failures = self._settings, []
        for endpoint in settings.endpoints:
            try:
                return establish(settings, endpoint, client_id, clock)
            except ConnectFailed as error:
                failures.append(str(error))
        raise nobody_answered(settings, failures)

    @property
    def client_id(self) -> str:
        """The client id; empty while IMS Connect has not told the one it generates."""
        return self._session.client_id

    @property
    def usable(self) -> bool:
        """Whether an interaction may be started: nothing is owed, nothing is in doubt."""
        return self._session.reusable

    def run(self, interaction: Interaction, credentials: CredentialsSource | None = None) -> Reply:
        """Run an interaction that brings a reply or none; a conversation bears this client id as its name.

        After SEND_WITH_ERROR the connection cannot be used again: an error may still come, and would be taken
        for the next answer. Raises GatewayError INTERACTION, NETWORK_IDENTITY, REQUEST_SIZE, TransportError
        NOTHING_SENT (nothing was sent), CONNECTION_LOST, SOCKET_TIMEOUT, BAD_REPLY (outcome unknown), ImsError
        for what was refused, DfsMessageError for a message of IMS.
        """
        check_conversation(interaction, self.client_id)
        who = self._who(credentials)
        self._hand_back()
        check_quiet(self._session)
        with sending():
            reply = self._session.run(bounded(interaction, self._settings), who)
        return told(interaction, reply, self.client_id)

    def acknowledge(self) -> None:
        """Say ACK to the reply or message that wants one. Raises what `run` does; ROLLED_BACK for an abort."""
        self._hand_back()
        check_quiet(self._session, before_ack=True)
        self._session.acknowledge()

    def reject(
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
        self._hand_back()
        self._session.reject(how)

    def receive(
        self, interaction: Interaction, credentials: CredentialsSource | None = None
    ) -> Delivery | None:
        """Send RESUME TPIPE and return the first message, None when none came in time; raises as `run`."""
        who = self._who(credentials)
        self._hand_back()
        check_quiet(self._session)
        with sending():
            return self._session.receive(bounded(interaction, self._settings), who)

    def messages(
        self,
        interaction: Interaction,
        credentials: CredentialsSource | None = None,
        *,
        limit: int | None = None,
    ) -> Messages:
        """Send RESUME TPIPE and give its messages, until the execution timeout passes without one.

        Answer each before asking for the next: `acknowledge` when it is safe, or `reject`, which ends the
        retrieval. Leaving the loop in between hands the message back to IMS. After `limit` messages that were
        acknowledged it is over; then each is asked for by a RESUME TPIPE of its own, with credentials of its
        own. Raises what `run` does; ValueError for a limit below 1.
        """
        reading = Reading(self._session.dialogue, interaction, limit)

        def begin() -> Delivery | None:
            delivery = self.receive(reading.interaction, credentials)
            self._reading = reading
            return delivery

        return Messages(self._session, reading, begin)

    def ping(self, timeout_ms: int = PING_TIMEOUT_MS) -> str:
        """Ask IMS Connect itself for a sign of life and return its words; raises what `run` does."""
        self._hand_back()
        check_quiet(self._session)
        with sending():
            return self._session.do(self._session.dialogue.ping(timeout_ms))

    def change_password(
        self, new: Secret, credentials: CredentialsSource | None = None, timeout_ms: int = PING_TIMEOUT_MS
    ) -> str:
        """Change the RACF password of the credentials to `new` (HWSPWCH); raises what `run` does."""
        who = self._who(credentials)
        self._hand_back()
        check_quiet(self._session)
        with sending():
            return self._session.do(self._session.dialogue.change_password(who, new, timeout_ms))

    def cancel_timer(
        self, credentials: CredentialsSource | None = None, timeout_ms: int = PING_TIMEOUT_MS
    ) -> None:
        """End the wait of another session that has this client id; this connection ends with it."""
        who = self._who(credentials)
        self._hand_back()
        with sending():
            self._session.do(self._session.dialogue.cancel_timer(who, timeout_ms))

    def abort(self) -> None:
        """Make what another thread waits for on this connection fail at once."""
        self._session.abort()

    def close(self) -> None:
        """Close the socket. A reply or message that wants an ACK counts as rejected, a conversation ends.

        A message that a loop has not answered is handed back before.
        """
        try:
            if self._reading is not None:
                hand_back(self._session, self._reading)
        finally:
            self._session.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    def _who(self, given: CredentialsSource | None) -> Credentials:
        return credentials_of(self._settings, given if given is not None else self._credentials)

    def _hand_back(self) -> None:
        """Hand back what a loop that was left has not answered."""
        if self._reading is not None and self._reading.left:
            hand_back(self._session, self._reading)
