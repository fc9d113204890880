"""The client of one IMS Connect: calls from many threads over a pool of persistent sockets."""

import secrets
import ssl
import string
from collections.abc import Callable
from typing import Final, TypeVar

from gateway.clock import Clock
from gateway.config.model import ImsConnectSettings
from gateway.errors import M, TransportError
from gateway.exchange import ImsAnswer, ImsCall
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.places import Limits
from gateway.imsconnect.pool import Pool
from gateway.imsconnect.request import Destination, check
from gateway.imsconnect.session import NothingSentError, Session
from gateway.imsconnect.stats import PoolStats
from gateway.imsconnect.transport import ConnectFailed, Endpoint, connect

CLIENT_ID_LENGTH: Final = 8
_CLIENT_ID_ALPHABET: Final = string.ascii_uppercase + string.digits

_ATTEMPTS: Final = 3
"""Sockets tried for one call while each turns out to be gone before the first byte of the request left."""

PING_TIMEOUT_MS: Final = 5_000

T = TypeVar("T")


def new_client_id() -> str:
    """Return a random client id (IRM_CLIENTID): 8 of A-Z and 0-9, not like a reserved name or a port number.

    There are nearly 36**8 = 2.8e12 of them. With 2,048 sockets open on one port, of all gateways together, two
    of them share an id with a probability of one in 1.3 million; IMS Connect then refuses the second (reason
    code 56, DUPECLNT), and the next call gets another socket with another id.
    """
    while True:
        client_id = "".join(secrets.choice(_CLIENT_ID_ALPHABET) for _ in range(CLIENT_ID_LENGTH))
        if not client_id.startswith("HWS") and not client_id.isdigit():
            return client_id


class ImsConnectClient:
    """Runs calls against the IMS Connect of one bundle. Thread-safe; make it after a worker has forked."""

    def __init__(
        self,
        bundle: str,
        settings: ImsConnectSettings,
        *,
        clock: Clock,
        ssl_context: ssl.SSLContext | None,
        client_ids: Callable[[], str] = new_client_id,
    ) -> None:
        self._clock = clock
        self._client_ids = client_ids
        self._connect_seconds = settings.pool.connect_seconds
        self._wait_seconds = settings.pool.wait_seconds
        self._destination = Destination.of(bundle, settings)
        server_name = settings.tls.server_name if settings.tls is not None else ""
        self._endpoint = Endpoint(settings.host, settings.port, ssl_context, server_name)
        limits = Limits(settings.pool.size, settings.pool.wait_seconds, settings.pool.idle_seconds)
        self._pool: Pool[Session] = Pool(bundle, limits, self._open, clock)

    def __repr__(self) -> str:
        return f"<ImsConnectClient {self._endpoint} {self.stats()!r}>"

    def call(self, call: ImsCall) -> ImsAnswer:
        """Run one transaction, or hand over one message when `call.send_only`.

        Takes at most `wait_seconds` for a socket, `connect_seconds` to connect and `socket_timeout_ms` for the
        conversation. Raises TransportError (UNREACHABLE, NO_SOCKET, STOPPING: nothing was sent;
        CONNECTION_LOST, SOCKET_TIMEOUT, BAD_REPLY: outcome unknown), ImsError for what IMS Connect or IMS
        refused, GatewayError REQUEST_SIZE, CONVERSATIONAL. A request of which bytes may have left is never
        sent again.
        """
        check(call, self._destination)
        lane = Lane.ONE_WAY if call.send_only and not call.receipt else Lane.REPLIES
        return self._on_a_session(lane, lambda session: session.perform(call))

    def ping(self, timeout_ms: int = PING_TIMEOUT_MS) -> str:
        """Ask IMS Connect for a sign of life and return its words; raises what `call` does."""
        return self._on_a_session(Lane.REPLIES, lambda session: session.ping(timeout_ms))

    def stats(self) -> PoolStats:
        """Return the picture of the pool at this moment."""
        return self._pool.stats()

    def close(self, drain_seconds: float) -> None:
        """Refuse new calls, let those under way finish for `drain_seconds`, then abort what is left."""
        self._pool.close(drain_seconds)

    def _on_a_session(self, lane: Lane, use: Callable[[Session], T]) -> T:
        """Use a session, and another when it was gone before the first byte left: that is no second sending."""
        deadline = self._clock.monotonic() + self._wait_seconds
        gone: NothingSentError | None = None
        for _ in range(_ATTEMPTS):
            try:
                with self._pool.lease(lane, deadline) as session:
                    return use(session)
            except NothingSentError as error:
                gone = error
        fields = {"bundle": self._destination.bundle}
        raise TransportError(M.UNREACHABLE, fields, str(gone), maybe_sent=False) from gone

    def _open(self) -> Session:
        deadline = self._clock.monotonic() + self._connect_seconds
        try:
            stream = connect(self._endpoint, deadline, self._clock)
        except ConnectFailed as error:
            raise ConnectFailed(f"{self._endpoint}: {error}") from error
        return Session(stream, self._client_ids(), self._destination, str(self._endpoint), self._clock)
