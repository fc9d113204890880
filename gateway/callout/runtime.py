"""Callout put together: from snapshots of the configuration to listeners that serve.

Used by one process, `imsgw callout`; `reload` swaps what is deployed while callouts are in work.
"""

import logging
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Final

from gateway.audit.ports import CalloutAudit, Unaudited
from gateway.callout.alarm import Alarm
from gateway.callout.circuits import Circuits
from gateway.callout.deployment import deploy
from gateway.callout.heartbeat import Heartbeat
from gateway.callout.intake import Tokens
from gateway.callout.journal import Outage, open_journal
from gateway.callout.journal.entries import Journal, JournalError, State
from gateway.callout.message import MessageReader
from gateway.callout.outbound import ServiceCaller
from gateway.callout.snapshot import Current, Snapshot
from gateway.callout.state import ListenerPicture, ListenerState
from gateway.callout.station import Shared
from gateway.callout.stations import Stations
from gateway.callout.values import Source
from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.config.bounds import message_bounds
from gateway.config.model import Home
from gateway.errors import ConfigError
from gateway.identity.seconds import Seconds
from gateway.observe.callout_events import CalloutSink
from gateway.observe.common_metrics import CommonMetrics
from gateway.replay import open_store
from gateway.sampling import Sampler
from gateway.soap.consumer import ConsumerContract
from gateway.traces.opening import open_traces

_LOG: Final = logging.getLogger(__name__)
LATE_THREADS: Final = 64
"""Threads for answers at a deadline: they only wait for IMS Connect."""
_NOT_READY: Final = frozenset({ListenerState.TROUBLE, ListenerState.FAILED, ListenerState.STARTING})


class CalloutRuntime:
    """All listeners of a home. Its methods may be called by any thread."""

    def __init__(  # noqa: PLR0913  what it is made of, each by name
        self,
        home: Home,
        contracts: Mapping[str, ConsumerContract] | None = None,
        *,
        sink: CalloutSink,
        clock: Clock = SYSTEM_CLOCK,
        metrics: CommonMetrics | None = None,
        audit: CalloutAudit | None = None,
    ) -> None:
        """Build everything, start nothing. `contracts` of the consumers; None: they are read here.

        Without an `audit` nothing is recorded. Raises ConfigError with every problem that stands in the way,
        JournalError when the journal cannot be opened.
        """
        self._clock = clock
        metrics = metrics or CommonMetrics()
        with ExitStack() as built:
            home.state.mkdir(parents=True, exist_ok=True)
            replay = open_store(home.gateway.replay, home.state, clock, metrics)
            built.callback(replay.close)
            self._current = Current(self._snapshot(home, contracts))
            built.callback(self._current.close)
            self._outage = Outage(clock)
            self._journal = open_journal(home.gateway.journal, home.state, clock, outage=self._outage)
            built.callback(self._journal.close)
            alarm = Alarm(clock)
            built.callback(alarm.close)
            late = ThreadPoolExecutor(LATE_THREADS, thread_name_prefix="callout-late")
            built.callback(late.shutdown)
            telemetry = home.gateway.telemetry
            traces = open_traces(telemetry, metrics.traces, clock)
            if traces is not None:
                built.callback(traces.close)
                sink = traces.callouts(sink)
            shared = Shared(
                self._current,
                self._journal,
                Circuits(clock),
                alarm,
                late,
                Tokens(),
                sink,
                clock,
                audit or Unaudited(),
                telemetry.sample if traces is not None else None,
            )
            self._stations = Stations(shared, metrics.paths, Seconds(replay))
            self._stations.change(home, self._stations.new_ways(home))
            built.callback(Sampler(self._stations.ways, metrics.paths).close)
            self._close = built.pop_all().close
        self._heartbeat = Heartbeat(self._journal, home.gateway.journal.lease_seconds, self._stations.sources)

    # -- what it does ---------------------------------------------------------------------------------------

    def start(self) -> None:
        """Begin to listen and to deliver."""
        self._heartbeat.start()
        self._stations.start()

    def start_listeners(self, sources: Iterable[Source]) -> None:
        """Have listeners that were stopped, or have failed, retrieve again. Raises KeyError."""
        for station in self._stations.of(sources):
            if not station.listen():
                raise KeyError(station.source)

    def stop_listeners(self, sources: Iterable[Source]) -> None:
        """Have listeners retrieve no more; what they have brought is finished. Raises KeyError."""
        for station in self._stations.of(sources):
            station.stop_listening()

    def drain(self, seconds: float) -> bool:
        """Retrieve no more and wait for what is in work; False: something was left after `seconds`."""
        deadline = self._clock.monotonic() + seconds
        finished = [station.finish(deadline) for station in self._stations.end()]
        return all(finished)

    def reload(self, home: Home, contracts: Mapping[str, ConsumerContract] | None = None) -> None:
        """Have another snapshot of the configuration count from now on; behind a drain nothing happens.

        `contracts` of the consumers; None: they are read here.

        Callouts in work end by the one they began with. Listeners of tpipes that are new, or whose bundle has
        changed, begin; those that are gone end. Raises ConfigError and leaves everything as it is.
        """
        snapshot = self._snapshot(home, contracts)
        try:
            ways = self._stations.new_ways(home)
        except ConfigError:
            snapshot.retire()
            raise
        if self._stations.change(home, ways, partial(self._current.swap, snapshot)):
            self._heartbeat.changed()
        else:
            snapshot.retire()

    def close(self) -> None:
        """End everything; what is in work and was not drained is waited for as long as it may take."""
        self._heartbeat.stop()
        self._stations.close()
        self._heartbeat.close()
        self._close()

    # -- what can be seen -----------------------------------------------------------------------------------

    def pictures(self) -> list[ListenerPicture]:
        """Return how each listener is at this moment, by bundle and tpipe."""
        counts = self._counts()
        return [station.picture(counts) for station in self._stations.all()]

    @property
    def ready(self) -> bool:
        """Whether it serves: it was started, does not end, and no listener has met trouble."""
        return self._stations.serving and not any(
            station.state in _NOT_READY for station in self._stations.all()
        )

    @property
    def journal_usable(self) -> bool:
        """Whether the journal can be used, as far as is known."""
        return self._outage.over

    @property
    def journal(self) -> Journal:
        """The journal of asynchronous callouts."""
        return self._journal

    def _counts(self) -> Mapping[tuple[Source, State], int]:
        try:
            return self._journal.counts()
        except JournalError:
            return {}

    # -- how it is put together -----------------------------------------------------------------------------

    def _snapshot(self, home: Home, contracts: Mapping[str, ConsumerContract] | None) -> Snapshot:
        deployment = deploy(home, contracts)
        reader = MessageReader(deployment, message_bounds(home.gateway))
        return Snapshot(deployment, reader, ServiceCaller(deployment, self._clock, home=home.path))
