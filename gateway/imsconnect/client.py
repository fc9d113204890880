"""The client for threads: interactions over pools of persistent sockets, one pool an endpoint."""

from collections.abc import Callable
from dataclasses import replace
from types import TracebackType
from typing import Final, Self, TypeVar

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.errors import GatewayError
from gateway.exchange import Secret
from gateway.imsconnect import inputs, interaction_rules
from gateway.imsconnect.attempts import Attempts, SharedPaths
from gateway.imsconnect.breaker import RetryTimes
from gateway.imsconnect.budgeted import budget_of, within
from gateway.imsconnect.client_ids import ClientId, new_client_id
from gateway.imsconnect.connection import Connection, credentials_of, establish
from gateway.imsconnect.conversations import Conversations
from gateway.imsconnect.dialogue import PING_TIMEOUT_MS
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.line import NothingSentError
from gateway.imsconnect.outcome import checked
from gateway.imsconnect.place import Limits
from gateway.imsconnect.pool import Loan, Pool
from gateway.imsconnect.session import Session
from gateway.imsconnect.stats import COUNTED, PoolStats
from gateway.imsconnect.transport import Endpoint
from gateway.imsconnect.values import (
    ConnectionSettings,
    Credentials,
    CredentialsSource,
    Interaction,
    InteractionVerb,
    Reply,
)
from gateway.observe.events import PathSink

CONVERSATION_IDLE_SECONDS: Final = 300.0
"""A conversation whose next step does not come within this time is given up: its socket is closed."""

HEALTH_PING_MS: Final = 2_000
"""How long IMS Connect may take to answer a ping that only looks whether a socket is good."""

T = TypeVar("T")


class Client:
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
        self.settings = settings
        self._clock = clock
        self._client_ids = client_ids
        self._destination = Destination.of(settings)
        self._conversations: Conversations[Loan[Session]] = Conversations(CONVERSATION_IDLE_SECONDS, clock)
        self._paths = SharedPaths(settings, clock, sink)
        self._pools = tuple(self._pool(*each) for each in enumerate(settings.endpoints))

    def __repr__(self) -> str:
        return f"<Client {self.settings.label}: {', '.join(map(repr, self.stats()))}>"

    def run(
        self,
        interaction: Interaction,
        credentials: CredentialsSource | None = None,
        *,
        client_id: str = "",
    ) -> Reply:
        """Run an interaction, the verbs that receive apart (see `Connection.messages`).

        Takes at most `pool.wait_seconds` for a socket, `connect_seconds` to connect and the interaction's
        `socket_timeout_ms`. Raises GatewayError INTERACTION, NETWORK_IDENTITY, REQUEST_SIZE, TransportError
        UNREACHABLE, NO_SOCKET, STOPPING (nothing was sent), CONNECTION_LOST, SOCKET_TIMEOUT, BAD_REPLY (outcome
        unknown), ImsError for what IMS Connect or IMS refused, DfsMessageError for a message of IMS. A
        request of which bytes may have reached IMS is never sent again.
        """
        if client_id:
            interaction_rules.check_client_id(client_id)
        interaction_rules.check(interaction, dedicated=bool(client_id))
        who = credentials_of(self.settings, credentials)
        inputs.check(interaction, who, self._destination)
        self._give_up_idle_conversations()
        if interaction.conversation_id:
            return self._next_step(interaction, who)
        if interaction.conversational:
            return self._first_step(interaction, who)
        budget = budget_of(interaction, self.settings, self._clock.monotonic())

        def use(session: Session) -> Reply:
            return session.run(within(interaction, budget, self._clock.monotonic()), who)

        reply = self._on_a_session(_lane(interaction, client_id), use, budget.wait_until())
        return checked(interaction, reply, self.settings.code)

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

    def stats(self) -> tuple[PoolStats, ...]:
        """Return the picture of each endpoint's pool at this moment."""
        return tuple(pool.stats() for pool in self._pools)

    def warm(self) -> None:
        """Open `pool.min_open` sockets to each endpoint in the background and keep as many open."""
        for pool in self._pools:
            pool.warm()

    def drain(self, endpoint: Endpoint) -> None:
        """Send nothing more over an endpoint; what is under way there ends. ValueError: it is none of ours."""
        index = self.settings.endpoints.index(endpoint)
        self._paths.drain(index)
        self._pools[index].drain()

    def resume(self, endpoint: Endpoint) -> None:
        """Use an endpoint again after `drain`."""
        index = self.settings.endpoints.index(endpoint)
        self._pools[index].resume()
        self._paths.resume(index)

    def close(self, drain_seconds: float = 0.0) -> None:
        """Refuse new calls, let those under way finish for `drain_seconds`, then abort what is left."""
        for loan in self._conversations.all():
            loan.end()
        for pool in self._pools:
            pool.close(drain_seconds)

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

    def _first_step(self, interaction: Interaction, who: Credentials) -> Reply:
        return self._on_a_loan(Lane.REPLIES, lambda loan: self._step(loan, interaction, who))

    def _next_step(self, interaction: Interaction, who: Credentials) -> Reply:
        return self._step(self._conversations.take(interaction.conversation_id), interaction, who)

    def _step(self, loan: Loan[Session], interaction: Interaction, who: Credentials) -> Reply:
        """Run a step; the session goes back to the pool, or is kept for the next one."""
        kept = False
        try:
            reply = loan.session.run(interaction, who)
            if reply.conversation_open:
                name = self._conversations.keep(loan, interaction.conversation_id)
                reply, kept = replace(reply, conversation_id=name), True
        finally:
            if not kept:
                loan.end()
        return checked(interaction, reply, self.settings.code)

    def _give_up_idle_conversations(self) -> None:
        for loan in self._conversations.expired():
            loan.end()

    # -- sessions -------------------------------------------------------------------------------------------

    def _on_a_session(self, lane: Lane, use: Callable[[Session], T], deadline: float | None = None) -> T:
        def with_loan(loan: Loan[Session]) -> T:
            try:
                return use(loan.session)
            except GatewayError as error:
                loan.end(COUNTED.get(error.message))
                raise
            finally:
                loan.end()

        return self._on_a_loan(lane, with_loan, deadline)

    def _on_a_loan(self, lane: Lane, use: Callable[[Loan[Session]], T], deadline: float | None = None) -> T:
        """Use a session, and another where it is certain that nothing was executed: no second sending."""
        if deadline is None:
            deadline = self._clock.monotonic() + self.settings.pool.wait_seconds
        attempts = Attempts(self._paths, self._load, generated=lane.shared)
        while (index := attempts.endpoint) is not None:
            try:
                result = use(self._pools[index].borrow(lane, deadline, eager=attempts.eager))
            except (NothingSentError, GatewayError) as error:
                attempts.failed(error)
            else:
                attempts.worked()
                return result
        raise attempts.exhausted()

    def _load(self, index: int) -> int:
        stats = self._pools[index].stats()
        return stats.in_use + stats.connecting + stats.waiting

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
        name = lane.client_id or self._client_ids(self.settings.client_id_prefix)
        return establish(self.settings, endpoint, ClientId(name, lane.shared), self._clock, lane)


def _answers(session: Session) -> bool:
    """Tell whether IMS Connect answers a ping on an idle session."""
    try:
        session.do(session.dialogue.ping(HEALTH_PING_MS))
    except (GatewayError, NothingSentError):
        return False
    return True


def limits_of(settings: ConnectionSettings) -> Limits:
    """Return the bounds of the pool of each endpoint."""
    pool = settings.pool
    return Limits(
        size=pool.size,
        wait=pool.wait_seconds,
        idle=pool.idle_seconds,
        max_age=pool.max_age_seconds,
        max_age_jitter=pool.max_age_jitter,
        min_open=pool.min_open,
        ping=pool.ping_seconds,
        ping_on_borrow=pool.ping_on_use,
        retry=RetryTimes(pool.fast_retries, pool.retry_seconds, pool.report_seconds),
        probe_in_background=len(settings.endpoints) > 1,
    )


def _lane(interaction: Interaction, client_id: str) -> Lane:
    if client_id:
        return Lane.dedicated(client_id)
    one_way = interaction.verb in {
        InteractionVerb.SEND,
        InteractionVerb.SEND_WITH_ERROR,
        InteractionVerb.RESPOND,
    }
    return Lane.ONE_WAY if one_way else Lane.REPLIES
