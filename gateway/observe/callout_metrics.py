"""Metrics of `imsgw callout`: what became of callouts, and how the listeners are.

That process is one, so it counts in itself; see `gateway.observe.metrics` for the many of `serve`. Counters
follow the events; what the listeners do is asked when somebody looks (`show`), so that it is never stale.

Labels are names of the configuration and words of ours. A message of a tpipe chooses which service it names, so
a name that is not deployed counts as `UNKNOWN`. Names and labels are an interface: docs/metrics.md
lists them.
"""

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from gateway.observe.callout_events import (
    CalloutEnded,
    CalloutEvent,
    CalloutSink,
    CircuitChanged,
    LateAnswer,
)
from gateway.observe.common_metrics import CommonMetrics

if TYPE_CHECKING:
    from prometheus_client.metrics_core import Metric

UNKNOWN: Final = "-"
"""Service of a callout whose message names none that is deployed; no service can be called so."""
TOO_LATE: Final = "1001"
"""Status that a program gets whose answer did not come in time (`gateway.callout.codes`)."""
_BUCKETS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
_WHERE: Final = ("bundle", "tpipe")


@dataclass(frozen=True, slots=True)
class ListenerReading:
    """How one listener is at this moment."""

    bundle: str
    tpipe: str
    state: str
    """A value of `gateway.callout.state.ListenerState`."""
    up: bool
    """It listens, or would if there were room for more."""
    received: int
    refused: int
    in_work: int
    entries: Mapping[str, int] = field(default_factory=dict)
    """Of the journal, by state."""


class CalloutMetrics:
    """What the callout process counts. Thread-safe."""

    def __init__(self) -> None:
        """Import the library, which counts in files or not from its first moment on; see `metric_files`."""
        self.common = CommonMetrics()
        """What is counted as in `serve`: the configuration, the ways to IMS Connect, the replay store."""
        from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram  # noqa: PLC0415  quick --help

        self.registry = registry = CollectorRegistry()
        """Of what `serve` does not have."""
        self._ended = Counter(
            "imsgw_callouts_total",
            "Synchronous callouts and deliveries of asynchronous ones, by outcome.",
            [*_WHERE, "service", "kind", "outcome"],
            registry=registry,
        )
        self._failures = Counter(
            "imsgw_callout_failures_total",
            "Callouts and deliveries that failed, by status code.",
            ["service", "status"],
            registry=registry,
        )
        self._seconds = Histogram(
            "imsgw_callout_duration_seconds",
            "From the message, or the begin of a delivery, to its end, where somebody was to be called.",
            ["service"],
            buckets=_BUCKETS,
            registry=registry,
        )
        self._retries = Counter(
            "imsgw_callout_retries_total",
            "Deliveries of asynchronous callouts that were not the first.",
            ["service"],
            registry=registry,
        )
        self._late = Counter(
            "imsgw_callout_late_answers_total",
            "Answers that came when the program did not wait any more; where: service, ims.",
            ["service", "where"],
            registry=registry,
        )
        self._reloads = Counter(
            "imsgw_callout_reloads_total",
            "Changes of the home: done, or refused for a mistake.",
            ["outcome"],
            registry=registry,
        )
        for outcome in ("done", "refused"):
            self._reloads.labels(outcome)
        self._journal = Gauge(
            "imsgw_callout_journal_up",
            "1 when the journal of asynchronous callouts can be used, else 0.",
            registry=registry,
        )
        self._listeners = _Listeners()
        registry.register(self._listeners)
        self._lock = Lock()
        self._services: frozenset[str] = frozenset()
        self._paused: set[tuple[str, str]] = set()

    def page(self) -> bytes:
        """Return all metrics as text of type `gateway.observe.metrics.CONTENT_TYPE`."""
        from prometheus_client import generate_latest  # noqa: PLC0415  see __init__

        return self.common.page() + generate_latest(self.registry)

    def show(
        self, readings: Callable[[], Iterable[ListenerReading]], journal_usable: Callable[[], bool]
    ) -> None:
        """Say who knows how the listeners and the journal are; asked for each page. They must not raise."""
        self._listeners.readings = readings
        self._journal.set_function(lambda: float(journal_usable()))

    def deployed(self, services: Collection[str]) -> None:
        """Note the names of the deployed services: the only ones that become labels from now on."""
        with self._lock:
            self._services = frozenset(services)
            self._paused = {(service, address) for service, address in self._paused if service in services}
            self._listeners.circuits = self._circuits()
        for service in services:
            self._failures.labels(service, TOO_LATE)  # from 0 on: else the first would be no increase

    def reloaded(self, number: int, at: datetime, *, done: bool) -> None:
        """Count what came of reading the home anew; `number` is in force since."""
        self.common.reloaded(number, at, done=done, count=True)
        self._reloads.labels("done" if done else "refused").inc()

    def callout(self, event: CalloutEvent) -> None:
        """Count one event."""
        if isinstance(event, CalloutEnded):
            self._count_end(event)
        elif isinstance(event, LateAnswer):
            self._late.labels(self._known(event.service), event.where).inc()
        elif isinstance(event, CircuitChanged):
            self._circuit(event)

    def _count_end(self, event: CalloutEnded) -> None:
        service = self._known(event.service)
        self._ended.labels(event.bundle, event.tpipe, service, event.kind, event.outcome).inc()
        if event.status:
            self._failures.labels(service, str(event.status)).inc()
        if event.attempt > 1:
            self._retries.labels(service).inc()
        if event.address:
            self._seconds.labels(service).observe(event.milliseconds / 1000)

    def _circuit(self, event: CircuitChanged) -> None:
        with self._lock:
            if event.open and event.service in self._services:
                self._paused.add((event.service, event.address))
            else:
                self._paused.discard((event.service, event.address))
            self._listeners.circuits = self._circuits()

    def _circuits(self) -> dict[str, int]:
        """Return how many addresses are paused, of every service."""
        counts = dict.fromkeys(sorted(self._services), 0)
        for service, _ in self._paused:
            counts[service] += 1
        return counts

    def _known(self, service: str) -> str:
        return service if service in self._services else UNKNOWN


class CountedCallouts:
    """Counts event records on their way to another sink."""

    def __init__(self, metrics: CalloutMetrics, sink: CalloutSink) -> None:
        self._metrics = metrics
        self._sink = sink

    def callout(self, event: CalloutEvent) -> None:
        """Count one record and pass it on."""
        self._metrics.callout(event)
        self._sink.callout(event)


class _Listeners:
    """A collector: what the listeners do at the moment that somebody asks."""

    def __init__(self) -> None:
        self.readings: Callable[[], Iterable[ListenerReading]] = tuple
        self.circuits: Mapping[str, int] = {}

    def collect(self) -> "Iterator[Metric]":
        from prometheus_client.metrics_core import (  # noqa: PLC0415  see CalloutMetrics
            CounterMetricFamily,
            GaugeMetricFamily,
        )

        where, prefix = list(_WHERE), "imsgw_callout_"
        up = GaugeMetricFamily(f"{prefix}listener_up", "1 when the listener listens, else 0.", labels=where)
        state = GaugeMetricFamily(
            f"{prefix}listener_state", "1 for the state that the listener is in.", labels=[*where, "state"]
        )
        in_work = GaugeMetricFamily(f"{prefix}in_work", "Callouts in work.", labels=where)
        entries = GaugeMetricFamily(
            f"{prefix}journal_entries",
            "Asynchronous callouts in the journal, by state.",
            labels=[*where, "state"],
        )
        messages = CounterMetricFamily(
            f"{prefix}messages",
            "Messages taken from the tpipe, by answer: ack, nak.",
            labels=[*where, "answer"],
        )
        for reading in self.readings():
            names = [reading.bundle, reading.tpipe]
            up.add_metric(names, reading.up)
            state.add_metric([*names, reading.state], 1)
            in_work.add_metric(names, reading.in_work)
            messages.add_metric([*names, "ack"], reading.received)
            messages.add_metric([*names, "nak"], reading.refused)
            for name, count in sorted(reading.entries.items()):
                entries.add_metric([*names, name], count)
        circuits = GaugeMetricFamily(
            f"{prefix}circuit_open", "Addresses that deliveries pause for.", labels=["service"]
        )
        for service, count in self.circuits.items():
            circuits.add_metric([service], count)
        yield from (up, state, in_work, entries, messages, circuits)

    def describe(self) -> "Iterable[Metric]":
        """Keep the library from asking at registration."""
        return ()
