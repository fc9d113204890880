"""The stations of a home: which there are, the way back to IMS that each has, what a changed home changes."""

from collections.abc import Callable, Iterable
from contextlib import ExitStack
from threading import Lock, Thread

from gateway.bundles import bundle_credentials, bundle_settings, stores_of
from gateway.callout.station import Shared, Station, Way
from gateway.callout.values import Source
from gateway.config.model import Bundle, Home
from gateway.errors import ConfigError, Problem
from gateway.identity.seconds import Seconds
from gateway.observe.logs import PathLog
from gateway.observe.path_metrics import CountedPaths, PathMetrics


class Stations:
    """All stations of a process. Thread-safe."""

    def __init__(self, shared: Shared, paths: PathMetrics, seconds: Seconds) -> None:
        """Begin with none; `seconds`: of PassTickets, as all processes of the machine share them."""
        self._shared = shared
        self._paths = paths
        self._seconds = seconds
        self._lock = Lock()
        self._stations: dict[Source, Station] = {}
        self._ways: dict[str, Way] = {}
        self._started = self._ending = False
        self._retired: list[tuple[Station, Thread]] = []
        """Those that a changed home has ended, and the threads that see to that."""

    # -- from start to close --------------------------------------------------------------------------------

    def start(self) -> None:
        """Have those that there are begin, and each that comes."""
        with self._lock:
            self._started = True
            for station in self._stations.values():
                station.start()

    def end(self) -> tuple[Station, ...]:
        """Begin nothing any more, for good; return all that may have something in work."""
        with self._lock:
            self._ending = True
            stations = (*self._stations.values(), *(station for station, _ in self._retired))
        for station in stations:
            station.end()
        return stations

    def close(self) -> None:
        """End all; what is in work is waited for as long as it may take."""
        with self._lock:
            self._ending = True
            stations, self._stations = tuple(self._stations.values()), {}
            retired = tuple(self._retired)
        for station in (*stations, *(station for station, _ in retired)):
            station.give_up()
        for station in stations:
            station.close()
        for _, thread in retired:
            thread.join()

    # -- what there is --------------------------------------------------------------------------------------

    @property
    def serving(self) -> bool:
        """Whether they were started and do not end."""
        return self._started and not self._ending

    def all(self) -> tuple[Station, ...]:
        """Return them by bundle and tpipe."""
        with self._lock:
            return tuple(self._stations[source] for source in sorted(self._stations))

    def sources(self) -> frozenset[Source]:
        """Return their tpipes."""
        with self._lock:
            return frozenset(self._stations)

    def of(self, sources: Iterable[Source]) -> list[Station]:
        """Return those of some tpipes. Raises KeyError."""
        with self._lock:
            return [self._stations[source] for source in sources]

    def ways(self) -> tuple[Way, ...]:
        """Return the ways that are in use."""
        with self._lock:
            return tuple({id(one.way): one.way for one in self._stations.values()}.values())

    # -- another home ---------------------------------------------------------------------------------------

    def new_ways(self, home: Home) -> dict[str, Way]:
        """Return ways for the bundles that are new or have changed, for `change`, which takes them over.

        Raises ConfigError for stores, and then none is left open. One that was away for a while is new too: its
        way was closed behind its last station.
        """
        with self._lock:
            in_use = {source.bundle: station.way for source, station in self._stations.items()}
        changed = {
            name: bundle
            for name, bundle in home.bundles.items()
            if bundle.callout is not None and (name not in in_use or not in_use[name].fits(bundle))
        }
        with ExitStack() as made:
            ways: dict[str, Way] = {}
            for name, bundle in changed.items():
                try:
                    way = ways[name] = self._way(name, bundle)
                except ValueError as error:
                    raise ConfigError((Problem("bundles", "", str(error)),)) from error
                made.callback(way.close)
            made.pop_all()
        return ways

    def change(self, home: Home, ways: dict[str, Way], first: Callable[[], None] = lambda: None) -> bool:
        """Have the stations that the home wants, and no others; False: they end, and nothing has happened.

        `ways`: see `new_ways`; they are closed where nothing happens. `first` is called before, under the lock.
        """
        with ExitStack() as unused:
            for way in ways.values():
                unused.callback(way.close)
            with self._lock:
                if self._ending:
                    return False
                first()
                unused.pop_all()
                self._apply(home, ways)
            return True

    def _apply(self, home: Home, ways: dict[str, Way]) -> None:
        wanted = {
            Source(name, tpipe): None
            for name, bundle in home.bundles.items()
            if bundle.callout is not None
            for tpipe in bundle.callout.tpipes
        }
        self._ways = {source.bundle: ways.get(source.bundle) or self._ways[source.bundle] for source in wanted}
        for source, station in list(self._stations.items()):
            if source not in wanted or self._ways[source.bundle] is not station.way:
                self._retire(self._stations.pop(source), home.gateway.callout.drain_seconds)
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
        clock = self._shared.clock
        settings = bundle_settings(name, bundle.ims_connect, self._paths)
        credentials = bundle_credentials(bundle, self._seconds, clock)
        return Way(bundle, settings, credentials, clock, CountedPaths(self._paths, PathLog()), stores)

    def _retire(self, station: Station, seconds: float) -> None:
        """Let a station end in a thread of its own: what is in work there may take a while."""
        station.end()
        deadline = self._shared.clock.monotonic() + seconds

        def end() -> None:
            station.finish(deadline)
            station.close()

        thread = Thread(target=end, name=f"callout-end-{station.source}")
        self._retired = [one for one in self._retired if one[1].is_alive()]
        self._retired.append((station, thread))
        thread.start()
