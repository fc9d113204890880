"""One tpipe at work: its listener, what serves the messages it brings, and the way back to IMS."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from threading import Lock

from gateway.audit.ports import CalloutAudit, Unaudited
from gateway.bundles import Stores, stores_of
from gateway.callout.alarm import Alarm
from gateway.callout.circuits import Circuits
from gateway.callout.deliverer import Deliverer
from gateway.callout.intake import Tokens, TpipeIntake
from gateway.callout.journal.entries import Journal, State
from gateway.callout.listener import Listener
from gateway.callout.means import Means
from gateway.callout.responder import Responder
from gateway.callout.slots import Slots
from gateway.callout.snapshot import Current
from gateway.callout.state import ListenerPicture, ListenerState
from gateway.callout.synchronous import SynchronousDesk
from gateway.callout.told import Told
from gateway.callout.values import Source
from gateway.clock import Clock
from gateway.config.model import Bundle
from gateway.imsconnect import Client, ConnectionSettings
from gateway.imsconnect.stats import PoolStats
from gateway.imsconnect.values import CredentialsSource
from gateway.observe.callout_events import CalloutSink
from gateway.observe.events import PathSink


@dataclass(frozen=True, slots=True)
class Shared:
    """What the stations of a process share."""

    current: Current
    journal: Journal
    circuits: Circuits
    alarm: Alarm
    late: ThreadPoolExecutor
    tokens: Tokens
    sink: CalloutSink
    clock: Clock
    audit: CalloutAudit = field(default_factory=Unaudited)
    traced: float | None = None
    """See `gateway.callout.means.Means`."""


class Way:
    """The way back to the IMS of one bundle: a pool of sockets that its stations share."""

    def __init__(  # noqa: PLR0913, PLR0917  all that it is made of
        self,
        bundle: Bundle,
        settings: ConnectionSettings,
        credentials: CredentialsSource,
        clock: Clock,
        sink: PathSink,
        stores: Stores = (),
    ) -> None:
        """Open nothing yet. `stores`: what `settings` were made with, see `stores_of`."""
        self.bundle = bundle
        self._stores = stores
        self.settings = settings
        self.credentials = credentials
        self._client = Client(settings, clock=clock, sink=sink)
        self.responder = Responder(self._client, credentials, clock)
        self._users = 0
        self._lock = Lock()

    def fits(self, bundle: Bundle) -> bool:
        """Tell whether it is what a bundle says, down to the certificates in its stores."""
        return self.bundle == bundle and self._stores == stores_of(bundle)

    def hold(self) -> None:
        """Note a station that uses it."""
        with self._lock:
            self._users += 1

    def let_go(self) -> None:
        """Close it behind the last station."""
        with self._lock:
            self._users -= 1
            last = not self._users
        if last:
            self._client.close()

    def close(self) -> None:
        """Close one that no station has come to use."""
        self._client.close()

    def stats(self) -> tuple[PoolStats, ...]:
        """Return the picture of the pool of each endpoint."""
        return self._client.stats()


class Station:
    """One (bundle, tpipe)."""

    def __init__(self, source: Source, way: Way, shared: Shared) -> None:
        """Begin with `start`."""
        callout = way.bundle.callout
        assert callout is not None, "stations are of bundles with [callout]"
        self.source = source
        self.way = way
        self._means = Means(
            source=source,
            slots=Slots(callout.concurrency),
            concurrency=callout.concurrency,
            current=shared.current,
            journal=shared.journal,
            responder=way.responder,
            circuits=shared.circuits,
            told=Told(source, shared.sink, shared.clock, shared.audit),
            clock=shared.clock,
            alarm=shared.alarm,
            late=shared.late,
            audit=shared.audit,
            traced=shared.traced,
        )
        self._desk = SynchronousDesk(self._means)
        self._deliverer = Deliverer(self._means)
        intake = TpipeIntake(callout, self._means, self._desk, shared.tokens, self._deliverer.deliver)
        self._listener = Listener(
            source,
            way.settings,
            callout,
            way.credentials,
            intake,
            clock=shared.clock,
            sink=shared.sink,
            network_identity=way.bundle.ims_connect.network_identity,
        )
        self._lock = Lock()
        self._ended = False
        way.hold()

    def start(self) -> None:
        """Retrieve and deliver."""
        self._deliverer.start()
        self._listener.start()

    def listen(self) -> bool:
        """Retrieve again after `stop_listening`, or after an error that stopped it; False: it has ended."""
        with self._lock:
            if not self._ended:
                self._listener.start()
            return not self._ended

    def stop_listening(self) -> None:
        """Retrieve no more; what is in work is finished, and what is in the journal delivered."""
        self._listener.stop()

    def end(self) -> None:
        """Begin nothing any more, for good; returns at once."""
        with self._lock:
            self._ended = True
        self._listener.stop()
        self._deliverer.stop()

    def finish(self, deadline: float) -> bool:
        """End, and wait for what is in work; False: something was left at `deadline` (monotonic seconds).

        A journal that cannot be written is waited for until then as well.
        """
        self.end()
        ended = self._listener.join(max(deadline - self._means.clock.monotonic(), 0.0))
        return self._means.slots.wait_idle(self._means.clock, deadline) and ended

    def give_up(self) -> None:
        """End, and wait no longer for a journal that cannot be written; returns at once."""
        self.end()
        self._deliverer.give_up()

    def close(self) -> None:
        """Give up, wait for what is still in work, and let go of everything."""
        self.give_up()
        self._listener.join(None)
        self._deliverer.close()
        self._desk.close()
        self.way.let_go()

    @property
    def state(self) -> ListenerState:
        """How its listener is."""
        return self._listener.picture().state

    def picture(self, counts: Mapping[tuple[Source, State], int]) -> ListenerPicture:
        """Return how it is at this moment; `counts` of the journal."""
        part = self._listener.picture()
        return ListenerPicture(
            source=self.source,
            state=part.state,
            reason=part.reason,
            since=part.since,
            received=part.received,
            refused=part.refused,
            in_work=self._means.slots.taken,
            waiting=counts.get((self.source, State.WAITING), 0) + counts.get((self.source, State.WORKING), 0),
            dead=counts.get((self.source, State.DEAD), 0),
        )
