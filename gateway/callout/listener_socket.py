"""The socket of one listener: RESUME TPIPE, the answers to what it brings, and how another thread ends a wait.

Source: Managing the retrieval of output messages (single with wait); Canceling a message timer; RESUME TPIPE
error scenarios.
"""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Event, Lock
from typing import Final

from gateway.clock import Clock
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.imsconnect import Connection, ConnectionSettings, Delivery, Endpoint, Interaction
from gateway.imsconnect.values import CredentialsSource

_CANCEL_MS: Final = 2_000
"""How long IMS Connect may take to answer a cancel timer."""
_CONNECT_SECONDS: Final = 2.0
"""How long connecting for it may take."""
_TRIES: Final = 3
"""Cancel timers that are sent: the first may come before the RESUME TPIPE that it is to end."""
_GRACE_SECONDS: Final = 0.5
"""How long the one who waits may take to hear of a cancel timer."""


class ListenerSocket:
    """One connection at a time, under a generated client id. For the listener's thread, `interrupt` apart."""

    def __init__(self, settings: ConnectionSettings, credentials: CredentialsSource, clock: Clock) -> None:
        """Connect to nothing yet."""
        self._settings = settings
        self._credentials = credentials
        self._clock = clock
        self._next = self._first()
        """Where in the endpoints to begin."""
        self._endpoint = settings.endpoints[0]
        self._connection: Connection | None = None
        self._opened = 0.0
        self._lock = Lock()
        self._waiting = False
        self._idle = Event()
        self._idle.set()

    def receive(self, interaction: Interaction, stop: Event) -> Delivery | None:
        """Send RESUME TPIPE and return the message that it brings, None for none, or when `stop` is set before.

        An idle socket that IMS Connect has closed (IDLETO=) is replaced. Raises what `Connection.receive` does.
        """
        connection, fresh = self._ready()
        try:
            return self._wait(connection, interaction, stop)
        except TransportError as error:
            if error.maybe_sent or fresh:
                raise
        self.close()
        return self._wait(self._ready()[0], interaction, stop)

    def acknowledge(self) -> None:
        """Say ACK to the message. Raises TransportError when it may not have left, or came too late."""
        self._open().acknowledge()

    def reject(self, *, reason: int | None = None, keep: bool = False, reroute: bool = False) -> None:
        """Say NAK to the message; see `Connection.reject`."""
        self._open().reject(reason=reason, keep=keep, reroute=reroute)

    def give_up(self) -> None:
        """Close a socket that cannot be used again; the next one goes to the next endpoint."""
        if self._connection is not None and not self._connection.usable:
            self._next = self._settings.endpoints.index(self._endpoint) + 1
            self.close()

    def close(self) -> None:
        """Close the socket: a message that is unanswered stays with IMS."""
        with self._lock:
            connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def interrupt(self) -> None:
        """End a wait of the listener's thread, from another one; returns when nobody waits any more.

        `stop` of `receive` must be set. By cancel timer: IMS Connect then has no message half delivered. Where
        that does not work the socket is shut; OTMA keeps a message that was on its way.
        """
        for _ in range(_TRIES):
            with self._lock:
                connection = self._connection if self._waiting else None
            if connection is None or not self._cancel(connection.client_id):
                break
            if self._idle.wait(_GRACE_SECONDS):
                return
        with self._lock:
            if self._waiting and self._connection is not None:
                self._connection.abort()

    def _cancel(self, client_id: str) -> bool:
        """Send cancel timer; False: that cannot be done here."""
        seconds = min(self._settings.connect_seconds, _CONNECT_SECONDS)
        settings = replace(self._settings, endpoints=(self._endpoint,), connect_seconds=seconds)
        try:
            with Connection(settings, client_id, clock=self._clock) as other:
                other.cancel_timer(self._credentials, _CANCEL_MS)
        except ImsError:
            # nobody waits: not yet, or not any more
            return True
        except Exception:  # noqa: BLE001  of the network, or of whoever makes the credentials: the socket is shut
            return False
        return True

    def _wait(self, connection: Connection, interaction: Interaction, stop: Event) -> Delivery | None:
        with self._lock:
            if stop.is_set():
                return None
            self._waiting = True
            self._idle.clear()
        with self._waited():
            return connection.receive(interaction, self._credentials)

    @contextmanager
    def _waited(self) -> Iterator[None]:
        try:
            yield
        finally:
            with self._lock:
                self._waiting = False
            self._idle.set()

    def _open(self) -> Connection:
        if self._connection is None:
            raise GatewayError(M.INTERNAL, private="there is no socket that a message could be answered on")
        return self._connection

    def _ready(self) -> tuple[Connection, bool]:
        """Return a connection that may be used, and whether it is a new one."""
        connection = self._connection
        if connection is not None and connection.usable:
            if self._clock.monotonic() < self._opened + self._settings.pool.max_age_seconds:
                return connection, False
            # back to the first endpoint, and to an even share of a sysplex that has grown
            self._next = self._first()
        self.close()
        connection = self._connect()
        with self._lock:
            self._connection = connection
        self._opened = self._clock.monotonic()
        return connection, True

    def _connect(self) -> Connection:
        """Connect to the next endpoint that answers. Raises TransportError UNREACHABLE, which names all."""
        failures: list[str] = []
        for endpoint in self._in_turn():
            settings = replace(self._settings, endpoints=(endpoint,))
            try:
                connection = Connection(settings, clock=self._clock)
            except TransportError as error:
                failures.append(error.private)
            else:
                self._endpoint = endpoint
                return connection
        fields = {"bundle": self._settings.label}
        raise TransportError(M.UNREACHABLE, fields, "; ".join(failures), maybe_sent=False)

    def _first(self) -> int:
        """Return the endpoint to begin with: any one, where the listeners of a bundle are to be spread."""
        return secrets.randbelow(len(self._settings.endpoints)) if self._settings.policy == "balance" else 0

    def _in_turn(self) -> tuple[Endpoint, ...]:
        endpoints = self._settings.endpoints
        first = self._next % len(endpoints)
        return endpoints[first:] + endpoints[:first]
