"""The client for threads: interactions over pools of persistent sockets, one pool an endpoint."""

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import TracebackType
from typing import Self, TypeVar

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.errors import GatewayError
from gateway.exchange import Secret
from gateway.imsconnect import inputs
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
from gateway.imsconnect.connection import Connection, credentials_of, establish
from gateway.imsconnect.conversations import Conversations
from gateway.imsconnect.dialogue import PING_TIMEOUT_MS
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.line import NothingSentError
from gateway.imsconnect.note import CallNote
from gateway.imsconnect.outcome import checked
from gateway.imsconnect.pool import Loan, Pool
from gateway.imsconnect.session import Session
from gateway.imsconnect.stats import COUNTED
from gateway.imsconnect.transport import Endpoint
from gateway.imsconnect.values import (
    ConnectionSettings,
    CredentialsSource,
    Interaction,
    Reply,
)
from gateway.observe.events import PathSink

T = TypeVar("T")


class Client(Calls[Pool[Session]]):
    """Runs interactions against one IMS over one or several IMS Connect. Thread-safe; make it after a fork.

    A context manager that closes it. Sockets are shared: an interaction gets any, with a client id of its own
    making. `client_id` gives an interaction a dedicated socket instead.
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
        self._conversations: Conversations[Loan[Session]] = Conversations(CONVERSATION_IDLE_SECONDS, clock)
        self._pools = tuple(self._pool(*each) for each in enumerate(settings.endpoints))

    def run(
        self,
        interaction: Interaction,
        credentials: CredentialsSource | None = None,
        *,
        client_id: str = "",
        note: CallNote | None = None,
    ) -> Reply:
        """Run an interaction, the verbs that receive apart (see `Connection.messages`).

        Takes at most `pool.wait_seconds` for a socket, `connect_seconds` to connect and the interaction's
        `socket_timeout_ms`. Raises GatewayError INTERACTION, NETWORK_IDENTITY, REQUEST_SIZE, TransportError
        UNREACHABLE, NO_SOCKET, STOPPING (nothing was sent), CONNECTION_LOST, SOCKET_TIMEOUT, BAD_REPLY (outcome
        unknown), ImsError for what IMS Connect or IMS refused, DfsMessageError for a message of IMS. A
        request of which bytes may have reached IMS is never sent again. `note` learns where the call went and
        how long it took, also where it fails.
        """
        note = CallNote() if note is None else note
        try:
            return self._run(interaction, credentials, client_id, note)
        finally:
            note.over(self._clock.monotonic())

    def _run(
        self, interaction: Interaction, credentials: CredentialsSource | None, client_id: str, note: CallNote
    ) -> Reply:
        check_interaction(interaction, client_id)
        who = credentials_of(self.settings, credentials)
        inputs.check(interaction, who, self._destination)
        self._give_up_idle_conversations()
        budget = budget_of(interaction, self.settings, self._clock.monotonic())

        def use(session: Session) -> Reply:
            now = self._clock.monotonic()
            note.talking(session, now)
            left = within(interaction, budget, now)
            # what a budget has cut is another interaction, which is looked at again
            return session.run(left, who, checked=left is interaction)

        if interaction.conversation_id:
            return self._next_step(interaction, use)
        if interaction.conversational:
            return self._first_step(interaction, use, budget.wait_until(), note)
        reply = self._on_a_session(lane_of(interaction, client_id), use, budget.wait_until(), note)
        return checked(interaction, reply)

    def ping(self, timeout_ms: int = PING_TIMEOUT_MS) -> str:
        """Ask IMS Connect for a sign of life and return its words; raises what `run` does."""
        return self._on_a_session(Lane.REPLIES, lambda session: session.do(session.dialogue.ping(timeout_ms)))

    def change_password(
        self, new: Secret, credentials: CredentialsSource | None = None, timeout_ms: int = PING_TIMEOUT_MS
    ) -> str:
        """Change the RACF password of the credentials to `new` and return IMS Connect's words."""
        who = credentials_of(self.settings, credentials)
        return self._on_a_session(
            Lane.REPLIES,
            lambda session: session.do(session.dialogue.change_password(who, new, timeout_ms)),
        )

    def connect(
        self,
        client_id: str | None = None,
        *,
        credentials: CredentialsSource | None = None,
        take_over: bool = False,
    ) -> Connection:
        """Open a socket of the caller's own beside the pool; see `Connection`."""
        return Connection(
            self.settings, client_id, credentials=credentials, take_over=take_over, clock=self._clock
        )

    def cancel_timer(self, client_id: str, credentials: CredentialsSource | None = None) -> None:
        """End the wait of another session that has this client id. Raises ImsError when none waits."""
        with self.connect(client_id, credentials=credentials) as connection:
            connection.cancel_timer()

    def close(self, drain_seconds: float = 0.0) -> None:
        """Refuse new calls, let those under way finish for `drain_seconds`, then abort what is left."""
        for loan in self._conversations.all():
            loan.end()
        ends = self._clock.monotonic() + drain_seconds
        for pool in self._pools:
            pool.refuse()
        for pool in self._pools:
            pool.close(max(ends - self._clock.monotonic(), 0.0))
        # a step that was under way may have left another one open
        for loan in self._conversations.all():
            loan.end()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self.close()

    # -- conversations --------------------------------------------------------------------------------------

    def _first_step(
        self, interaction: Interaction, use: Callable[[Session], Reply], deadline: float, note: CallNote
    ) -> Reply:
        return self._on_a_loan(Lane.REPLIES, lambda loan: self._step(loan, interaction, use), deadline, note)

    def _next_step(self, interaction: Interaction, use: Callable[[Session], Reply]) -> Reply:
        loan = self._conversations.take(interaction.conversation_id)
        # a conversation ends with its socket, so there is no other to try
        with sending():
            return self._step(loan, interaction, use)

    def _step(self, loan: Loan[Session], interaction: Interaction, use: Callable[[Session], Reply]) -> Reply:
        """Run a step; the session goes back to the pool, or is kept for the next one."""
        kept = False
        try:
            if interaction.conversation_id:
                check_quiet(loan.session)
            reply = use(loan.session)
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

    # -- sessions -------------------------------------------------------------------------------------------

    def _on_a_session(
        self,
        lane: Lane,
        use: Callable[[Session], T],
        deadline: float | None = None,
        note: CallNote | None = None,
    ) -> T:
        return self._on_a_loan(lane, partial(_used_once, use), deadline, note)

    def _on_a_loan(
        self,
        lane: Lane,
        use: Callable[[Loan[Session]], T],
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
                result = use(self._pools[index].borrow(lane, deadline, eager=attempts.eager))
            except (NothingSentError, GatewayError) as error:
                attempts.failed(error)
            else:
                attempts.worked()
                return result
        raise attempts.exhausted()

    def _pool(self, index: int, endpoint: Endpoint) -> Pool[Session]:
        return Pool(
            self.settings.label,
            limits_of(self.settings),
            lambda lane: self._open(endpoint, lane),
            self._clock,
            endpoint=str(endpoint),
            ping=_answers,
            sink=self._paths.hear(index),
        )

    def _open(self, endpoint: Endpoint, lane: Lane) -> Session:
        return establish(self.settings, endpoint, self._client_id(lane), self._clock, lane)


def _used_once(use: Callable[[Session], T], loan: Loan[Session]) -> T:
    """Use a loan that ends with it."""
    try:
        return use(loan.session)
    except GatewayError as error:
        loan.end(COUNTED.get(error.message))
        raise
    finally:
        loan.end()


def _answers(session: Session) -> bool:
    """Tell whether IMS Connect answers a ping on an idle session."""
    try:
        session.do(session.dialogue.ping(HEALTH_PING_MS))
    except (GatewayError, NothingSentError):
        return False
    return True
