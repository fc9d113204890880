"""Callout put together: from snapshots of the configuration to listeners that serve.

Used by one process, `imsgw callout`; `reload` swaps what is deployed while callouts are in work.
"""

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from threading import Event, Lock, Thread
from typing import Final

from gateway.bundles import bundle_credentials, bundle_settings, stores_of
from gateway.callout.alarm import Alarm
from gateway.callout.circuits import Circuits
from gateway.callout.deployment import deploy
from gateway.callout.intake import Tokens
from gateway.callout.journal import Outage, open_journal
from gateway.callout.journal.entries import Journal, JournalError, State
from gateway.callout.message import MessageReader
from gateway.callout.outbound import ServiceCaller
from gateway.callout.snapshot import Current, Snapshot
from gateway.callout.state import ListenerPicture, ListenerState
from gateway.callout.station import Shared, Station, Way
from gateway.callout.values import Source
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.bounds import message_bounds
from gateway.config.model import Bundle, Home
from gateway.errors import ConfigError, Problem
from gateway.identity.seconds import Seconds
from gateway.observe.callout_events import CalloutSink
from gateway.observe.logs import PathLog
from gateway.observe.metrics import Metrics
from gateway.observe.path_metrics import CountedPaths
from gateway.replay import open_store
from gateway.sampling import Sampler

_LOG: Final = logging.getLogger(__name__)
LATE_THREADS: Final = 64
"""Threads for answers at a deadline: they only wait for IMS Connect."""
_BEATS: Final = 3
"""Heartbeats in a lease."""


class CalloutRuntime:
    """All listeners of a home. Its methods may be called by any thread."""

    def __init__(
        self, home: Home, *, sink: CalloutSink, clock: Clock = SYSTEM_CLOCK, metrics: Metrics | None = None
    ) -> None:
        """Build everything, start nothing.

        Raises ConfigError with every problem that stands in the way, JournalError when the journal cannot be
        opened.
        """
        self._home = home
        self._clock = clock
        self._metrics = metrics or Metrics()
        self._lock = Lock()
        self._stations: dict[Source, Station] = {}
        self._ways: dict[str, Way] = {}
        self._started = self._draining = False
        self._end = Event()
        self._retired: list[tuple[Station, Thread]] = []
        """Those that a reload has ended, and the threads that see to that."""
        with ExitStack() as built:
            home.state.mkdir(parents=True, exist_ok=True)
            replay = open_store(home.gateway.replay, home.state, clock, self._metrics)
            built.callback(replay.close)
            self._seconds = Seconds(replay)
            current = Current(self._snapshot(home))
            built.callback(current.close)
            journal = open_journal(home.gateway.journal, home.state, clock, outage=Outage(clock))
            built.callback(journal.close)
            alarm = Alarm(clock)
            built.callback(alarm.close)
            late = ThreadPoolExecutor(LATE_THREADS, thread_name_prefix="callout-late")
            built.callback(late.shutdown)
            self._shared = Shared(current, journal, Circuits(clock), alarm, late, Tokens(), sink, clock)
            ways = self._new_ways(home)
            with self._lock:
                self._apply(home, ways)
            built.callback(Sampler(self._all_ways, self._metrics.paths).close)
            self._close = built.pop_all().close
        self._looked_for_strays: Home | None = None
        """The snapshot of the last look."""
        self._beat = Thread(target=self._keep_alive, name="callout-heartbeat", daemon=True)

    # -- what it does ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen and to deliver."""
        self._beat.start()
        with self._lock:
            self._started = True
            for station in self._stations.values():
                station.start()

    def start_listeners(self, sources: Iterable[Source]) -> None:
        """Have listeners that were stopped, or have failed, retrieve again. Raises KeyError."""
        for station in self._of(sources):
            if not station.listen():
                raise KeyError(station.source)

    def stop_listeners(self, sources: Iterable[Source]) -> None:
        """Have listeners retrieve no more; what they have brought is finished. Raises KeyError."""
        for station in self._of(sources):
            station.stop_listening()

    def drain(self, seconds: float) -> bool:
        """Retrieve no more and wait for what is in work; False: something was left after `seconds`."""
        deadline = self._clock.monotonic() + seconds
        with self._lock:
            self._draining = True
            stations, retired = tuple(self._stations.values()), tuple(self._retired)
        for station in stations:
            station.end()
        finished = [station.finish(deadline) for station in (*stations, *(station for station, _ in retired))]
        return all(finished)

    def reload(self, home: Home) -> None:
        """Have another snapshot of the configuration count from now on; behind a drain nothing happens.

        Callouts in work end by the one they began with. Listeners of tpipes that are new, or whose bundle has
        changed, begin; those that are gone end. Raises ConfigError and leaves everything as it is.
        """
        snapshot = self._snapshot(home)
        try:
            ways = self._new_ways(home)
        except ConfigError:
            snapshot.retire()
            raise
        if home.gateway.journal != self._home.gateway.journal:
            _LOG.warning("another [journal] counts from the next start")
        with self._lock:
            if self._draining:
                snapshot.retire()
                return
            self._shared.current.swap(snapshot)
            self._home = home
            self._apply(home, ways)

    def close(self) -> None:
        """End everything; what is in work and was not drained is waited for as long as it may take."""
        self._end.set()
        with self._lock:
            self._draining = True
            stations, self._stations = tuple(self._stations.values()), {}
            retired = tuple(self._retired)
        for station in (*stations, *(station for station, _ in retired)):
            station.give_up()
        for station in stations:
            station.close()
        for _, thread in retired:
            thread.join()
        if self._beat.is_alive():
            self._beat.join()
        self._close()

    # -- what can be seen -----------------------------------------------------------------------------------

    def pictures(self) -> list[ListenerPicture]:
        """Return how each listener is at this moment, by bundle and tpipe."""
        counts = self._counts()
        with self._lock:
            stations = [self._stations[source] for source in sorted(self._stations)]
        return [station.picture(counts) for station in stations]

    @property
    def ready(self) -> bool:
        """Whether it serves: it was started, does not end, and no listener has met trouble."""
        troubled = {ListenerState.TROUBLE, ListenerState.FAILED, ListenerState.STARTING}
        if not self._started or self._draining:
            return False
        with self._lock:
            stations = tuple(self._stations.values())
        return not any(station.state in troubled for station in stations)

    @property
    def journal(self) -> Journal:
        """The journal of asynchronous callouts."""
        return self._shared.journal

    def _counts(self) -> Mapping[tuple[Source, State], int]:
        try:
            return self._shared.journal.counts()
        except JournalError:
            return {}

    # -- how it is put together -----------------------------------------------------------------------------

    def _snapshot(self, home: Home) -> Snapshot:
        deployment = deploy(home)
        reader = MessageReader(deployment, message_bounds(home.gateway))
        return Snapshot(deployment, reader, ServiceCaller(deployment, self._clock, home=home.path))

    def _new_ways(self, home: Home) -> dict[str, Way]:
        """Return ways for the bundles that are new or have changed. Raises ConfigError for stores.

        One that was away for a while is new too: its way was closed behind its last station.
        """
        with self._lock:
            in_use = {source.bundle: station.way for source, station in self._stations.items()}
        changed = {
            name: bundle
            for name, bundle in home.bundles.items()
            if bundle.callout is not None and (name not in in_use or not in_use[name].fits(bundle))
        }
        try:
            return {name: self._way(name, bundle) for name, bundle in changed.items()}
        except ValueError as error:
            raise ConfigError((Problem("bundles", "", str(error)),)) from error

    def _apply(self, home: Home, ways: Mapping[str, Way]) -> None:
        """Have the stations that the home wants, and no others. Called under the lock."""
        wanted = {
            Source(name, tpipe): None
            for name, bundle in home.bundles.items()
            if bundle.callout is not None
            for tpipe in bundle.callout.tpipes
        }
        self._ways = {source.bundle: ways.get(source.bundle) or self._ways[source.bundle] for source in wanted}
        for source, station in list(self._stations.items()):
            if source not in wanted or self._ways[source.bundle] is not station.way:
                self._retire(self._stations.pop(source))
        for source in wanted:
            if source not in self._stations:
                self._add(source)

    def _add(self, source: Source) -> None:
        station = self._stations[source] = Station(source, self._ways[source.bundle], self._shared)
        if self._started:
            station.start()

    def _way(self, name: str, bundle: Bundle) -> Way:
        # before they are read: what changes meanwhile is then found by the next reload
        stores = stores_of(bundle)
        settings = bundle_settings(name, bundle.ims_connect, self._metrics.paths)
        credentials = bundle_credentials(bundle, self._seconds, self._clock)
        sink = CountedPaths(self._metrics.paths, PathLog())
        return Way(bundle, settings, credentials, self._clock, sink, stores)

    def _retire(self, station: Station) -> None:
        """Let a station end in a thread of its own: what is in work there may take a while."""
        station.end()
        deadline = self._clock.monotonic() + self._home.gateway.callout.drain_seconds

        def end() -> None:
            station.finish(deadline)
            station.close()

        thread = Thread(target=end, name=f"callout-end-{station.source}")
        self._retired = [one for one in self._retired if one[1].is_alive()]
        self._retired.append((station, thread))
        thread.start()

    def _of(self, sources: Iterable[Source]) -> list[Station]:
        with self._lock:
            return [self._stations[source] for source in sources]

    def _all_ways(self) -> tuple[Way, ...]:
        with self._lock:
            return tuple({id(one.way): one.way for one in self._stations.values()}.values())

    def _keep_alive(self) -> None:
        """Say to the journal that this instance lives, well within its lease."""
        pause = self._home.gateway.journal.lease_seconds / _BEATS
        while not self._end.wait(pause):
            try:
                self._shared.journal.beat()
                self._tell_of_strays()
            except JournalError:
                continue  # it tells of that itself
            except Exception:  # noqa: BLE001  without a heartbeat others would deliver what we deliver
                _LOG.exception("a heartbeat met an error of ours")

    def _tell_of_strays(self) -> None:
        """Tell, once a snapshot, of callouts in the journal that no station here delivers."""
        home = self._home
        if home is self._looked_for_strays:
            return
        self._looked_for_strays = home
        with self._lock:
            mine = set(self._stations)
        for (source, state), count in sorted(self._shared.journal.counts().items(), key=str):
            if source not in mine and state is not State.DEAD:
                _LOG.warning(
                    "%d asynchronous callouts of %s wait in the journal, and this home has no such tpipe in a"
                    " [callout]: they are delivered when it has, or by an instance whose home has",
                    count,
                    source,
                )
