"""What a client of many sockets decides around its I/O, for threads and asyncio alike. Nothing here waits."""

from collections.abc import Callable
from typing import Final, Generic, Protocol, TypeVar

from gateway.clock import Clock
from gateway.imsconnect import interaction_rules
from gateway.imsconnect.attempts import Attempts, SharedPaths
from gateway.imsconnect.breaker import RetryTimes
from gateway.imsconnect.client_ids import ClientId
from gateway.imsconnect.dialogue import misuse
from gateway.imsconnect.inputs import Destination
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits
from gateway.imsconnect.stats import PoolStats
from gateway.imsconnect.transport import Endpoint
from gateway.imsconnect.values import Acknowledgment, ConnectionSettings, Interaction, InteractionVerb
from gateway.observe.events import PathSink

CONVERSATION_IDLE_SECONDS: Final = 300.0
"""A conversation whose next step does not come within this time is given up: its socket is closed."""

HEALTH_PING_MS: Final = 2_000
"""How long IMS Connect may take to answer a ping that only looks whether a socket is good."""


class AnyPool(Protocol):
    """What pools for threads and for asyncio have in common."""

    def stats(self) -> PoolStats:
        """Return the picture of this moment."""
        ...

    @property
    def load(self) -> int:
        """Requests that have a session or wait for one."""
        ...

    def warm(self) -> None:
        """Have sessions opened and kept open, in the background."""
        ...

    def drain(self) -> None:
        """Lend no more."""
        ...

    def resume(self) -> None:
        """Lend again after `drain`."""
        ...


P = TypeVar("P", bound=AnyPool)


class Calls(Generic[P]):
    """The part of a client that does no I/O: its settings, its endpoints and what is known of them."""

    _pools: tuple[P, ...]
    """One an endpoint, in their order."""

    def __init__(
        self,
        settings: ConnectionSettings,
        clock: Clock,
        client_ids: Callable[[str], str],
        sink: PathSink | None,
    ) -> None:
        self.settings = settings
        self._clock = clock
        self._client_ids = client_ids
        self._destination = Destination.of(settings)
        self._paths = SharedPaths(settings, clock, sink)
        self._names = tuple(str(endpoint) for endpoint in settings.endpoints)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.settings.label}: {', '.join(map(repr, self.stats()))}>"

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

    def _attempts(self, lane: Lane) -> Attempts:
        return Attempts(self._paths, lambda index: self._pools[index].load, generated=lane.shared)

    def _wait_until(self) -> float:
        """Return when a wait for a socket that begins now ends."""
        return self._clock.monotonic() + self.settings.pool.wait_seconds

    def _client_id(self, lane: Lane) -> ClientId:
        """Return what the next session of a lane says in IRM_CLIENTID."""
        return ClientId(lane.client_id or self._client_ids(self.settings.client_id_prefix), lane.shared)


def check_interaction(interaction: Interaction, client_id: str) -> None:
    """Raise GatewayError(M.INTERACTION) for an interaction, or a client id, that a client cannot run."""
    if client_id:
        interaction_rules.check_client_id(client_id)
    interaction_rules.check(interaction, dedicated=bool(client_id))
    if interaction.verb.receives:
        raise misuse("interactionVerb", "the verbs that receive need a connection: see Connection.messages")
    if interaction.acknowledgment is Acknowledgment.CALLER:
        # nobody could say the ACK: the socket goes back to the pool, and IMS backs the transaction out
        raise misuse("ackNakProvider", "who acknowledges himself needs a connection: see Connection")


def lane_of(interaction: Interaction, client_id: str) -> Lane:
    """Return the lane that an interaction needs a session of."""
    if client_id:
        return Lane.dedicated(client_id)
    one_way = interaction.verb in {
        InteractionVerb.SEND,
        InteractionVerb.SEND_WITH_ERROR,
        InteractionVerb.RESPOND,
    }
    return Lane.ONE_WAY if one_way else Lane.REPLIES


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
