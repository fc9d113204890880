"""From a SOAP operation to IMS: what it asks for, as an interaction of the IMS Connect client.

Here ends what knows of services and bundles; the client behind it knows of neither.
"""

from collections.abc import Callable

from gateway.bundles import credentials_of
from gateway.clock import Clock
from gateway.exchange import CommitMode, ImsAnswer, ImsCall
from gateway.imsconnect import (
    CallNote,
    Client,
    ConnectionSettings,
    Interaction,
    InteractionVerb,
)
from gateway.imsconnect.client_ids import new_client_id
from gateway.imsconnect.dialogue import PING_TIMEOUT_MS
from gateway.imsconnect.stats import PoolStats
from gateway.observe.events import PathSink


class BundleBackend:
    """Runs the calls of one bundle. Thread-safe; make it after a worker has forked."""

    def __init__(
        self,
        settings: ConnectionSettings,
        *,
        clock: Clock,
        client_ids: Callable[[str], str] = new_client_id,
        sink: PathSink | None = None,
    ) -> None:
        """Begin to open the sockets that are wanted open; `sink` hears of hosts that go and come."""
        self._client = Client(settings, clock=clock, client_ids=client_ids, sink=sink)
        if settings.pool.min_open:
            self._client.warm()

    def __repr__(self) -> str:
        return f"<BundleBackend {self._client!r}>"

    def call(self, call: ImsCall, note: CallNote | None = None) -> ImsAnswer:
        """Run one transaction, or hand over one message when `call.send_only`; raises what `Client.run` does.

        A message of IMS (DFSnnnn) comes back like a program's answer: what it means is the payload's to say.
        `note` learns where the call went, also where it fails.
        """
        note = CallNote() if note is None else note
        reply = self._client.run(interaction_of(call), credentials_of(call.caller), note=note)
        return ImsAnswer(reply.segments, reply.client_id, note.endpoint)

    def ping(self, timeout_ms: int = PING_TIMEOUT_MS) -> str:
        """Ask IMS Connect for a sign of life and return its words; raises what `Client.run` does."""
        return self._client.ping(timeout_ms)

    def stats(self) -> tuple[PoolStats, ...]:
        """Return the picture of the pool of each endpoint at this moment."""
        return self._client.stats()

    def close(self, drain_seconds: float) -> None:
        """Refuse new calls, let those under way finish for `drain_seconds`, then abort what is left."""
        self._client.close(drain_seconds)


def interaction_of(call: ImsCall) -> Interaction:
    """Return what an operation asks for as an interaction."""
    verb = InteractionVerb.SEND_RECEIVE
    if call.send_only:
        # with a receipt, so that a sign-on that was refused shows
        verb = InteractionVerb.SEND_ACKNOWLEDGED if call.receipt else InteractionVerb.SEND
    later = call.commit_mode is CommitMode.COMMIT_THEN_SEND and not call.send_only
    return Interaction(
        verb=verb,
        transaction=call.transaction,
        segments=call.segments,
        commit_mode=None if call.send_only else call.commit_mode,
        sync_level=None if later or call.send_only else call.sync_level,
        lterm=call.lterm,
        adapter=call.adapter,
        converter=call.converter,
        execution_timeout_ms=call.execution_timeout_ms,
        socket_timeout_ms=call.socket_timeout_ms,
        undeliverable=call.undeliverable if later else None,
        reroute_name=call.reroute_name if later else "",
        tracking=call.tracking,
        raise_on_dfs=False,
    )
