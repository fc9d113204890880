"""Where the traces of a process begin: records that are traced go into the outbox, as they come.

What it costs whoever answers a request: to look whether it is traced, and to put its record into a queue.
"""

import os
import socket
from collections.abc import Iterator, Sequence
from datetime import datetime

from gateway.clock import Clock
from gateway.config.model import TelemetrySettings
from gateway.observe.callout_events import CalloutEnded, CalloutEvent, CalloutKept, CalloutSink
from gateway.observe.events import RequestEnded, TurnedAway
from gateway.traces import callouts, requests
from gateway.traces.otlp import Exporter
from gateway.traces.outbox import Counts, Outbox
from gateway.traces.spans import Span, random_ids

Record = RequestEnded | tuple[CalloutEnded | CalloutKept, datetime]


class Traces:
    """Makes and sends spans: `gateway.observe.events.Sink`, and the first of callout's. Thread-safe."""

    def __init__(self, settings: TelemetrySettings, counts: Counts, clock: Clock) -> None:
        """Make it after a fork. Raises StoreError."""
        self._settings = settings
        self._clock = clock
        self._exporter = Exporter(settings, f"{socket.gethostname()}:{os.getpid()}")
        self._outbox: Outbox[Record] = Outbox(
            self._send, counts, most=settings.queue, interval_seconds=settings.interval_seconds
        )

    def emit(self, event: RequestEnded) -> None:
        """Take the record of a request."""
        if requests.is_traced(event, self._settings.sample, trust_parent=self._settings.trust_parent):
            self._outbox.put(event)

    def turned_away(self, event: TurnedAway) -> None:
        """Take no note: what was no request of a service has no spans."""

    def callouts(self, then: CalloutSink) -> CalloutSink:
        """Return a sink that takes records of callouts and passes them on."""
        return _Callouts(self, then)

    def callout(self, event: CalloutEvent) -> None:
        """Take a record of callout."""
        if isinstance(event, CalloutEnded | CalloutKept) and event.traceparent.endswith("-01"):
            self._outbox.put((event, self._clock.now()))

    def close(self) -> None:
        """Send what waits, for as long as the settings give it."""
        self._outbox.close(self._settings.stop_seconds)
        self._exporter.close()

    def _send(self, records: Sequence[Record]) -> str:
        return self._exporter.send(span for record in records for span in _spans(record))


def _spans(record: Record) -> Iterator[Span]:
    if isinstance(record, RequestEnded):
        return requests.spans_of(record, random_ids)
    return callouts.spans_of(*record)


class _Callouts:
    def __init__(self, traces: Traces, then: CalloutSink) -> None:
        self._traces = traces
        self._then = then

    def callout(self, event: CalloutEvent) -> None:
        self._traces.callout(event)
        self._then.callout(event)
