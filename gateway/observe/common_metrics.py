"""Metrics that `serve` and `callout` have in common: the home, replay store, ways to IMS Connect, the process.

Where a process counts in files, see `metric_files`, all of them are added up when somebody asks. Names and
labels are an interface: they do not change. docs/metrics.md lists them.
"""

from datetime import datetime
from pathlib import Path
from threading import Lock
from typing import Final

from gateway.clock import SYSTEM_CLOCK
from gateway.observe.audit_metrics import AuditMetrics
from gateway.observe.certificate_metrics import CertificateMetrics
from gateway.observe.metric_files import Files, Room, count_in
from gateway.observe.path_metrics import PathMetrics
from gateway.observe.process_metrics import ProcessMetrics
from gateway.observe.shown import Shown
from gateway.observe.trace_metrics import TraceMetrics

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format."""


class CommonMetrics:
    """What one process counts. Thread-safe."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where all workers count, see `metric_files.empty`; one a process, else RuntimeError.

        Where the folder cannot be written the worker counts for itself, and the log says so.
        """
        self._page = Lock()
        self._files = Files(folder) if folder is not None else None
        self.room = count_in(folder) if folder is not None else Room()
        """Room on the disk for what is counted."""
        from prometheus_client import CollectorRegistry, Counter, Gauge  # noqa: PLC0415  not before count_in

        self.registry = registry = CollectorRegistry()
        """For those who count something of their own."""
        self._failures = Counter(
            "imsgw_replay_store_failures_total",
            "Messages and PassTickets that the replay store could not be asked for.",
            registry=registry,
        )
        self._unprotected = Counter(
            "imsgw_replay_store_unprotected_total",
            'Messages and PassTickets that went on unprotected, with `on_failure = "accept"`.',
            registry=registry,
        )
        self._full = Counter(
            "imsgw_replay_store_full_total",
            "Messages and PassTickets refused as the replay store had no room.",
            registry=registry,
        )
        self._up = Gauge(
            "imsgw_replay_store_up",
            "1 when every worker can use the replay store, else 0.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._reloads = Counter(
            "imsgw_reloads_total",
            "Times that the home was read anew, by what came of it: in force, refused.",
            ["outcome"],
            registry=registry,
        )
        self._version = Gauge(
            "imsgw_config_version",
            "Number of the configuration that is in force; counts from 1 at the start.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._reloaded_at = Gauge(
            "imsgw_config_last_reload_timestamp_seconds",
            "When the home was last read, at the start or since.",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self._reloaded_well = Gauge(
            "imsgw_config_last_reload_successful",
            "1 when what was read last is in force, 0 when it was refused.",
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self.paths = PathMetrics(registry)
        """Those of the ways to IMS Connect."""
        self.process = ProcessMetrics(registry)
        """Those of the process itself."""
        self.certificates = CertificateMetrics(registry)
        """Those of the certificates in the stores of the home."""
        self.audit = AuditMetrics(registry)
        """Those of the audit trail."""
        self.traces = TraceMetrics(registry)
        """Those of traces."""

    def page(self) -> bytes:
        """Return all metrics, of all workers, as text of type `CONTENT_TYPE`.

        Raises OSError, and ValueError when the folder has gone.
        """
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415  see __init__

        shown = CollectorRegistry(auto_describe=False)
        shown.register(Shown(self._files or self.registry, SYSTEM_CLOCK.now(), self._files))
        with self._page:  # whoever asks twice waits: two at a time would take twice as long
            return generate_latest(shown)

    # -- the configuration ------------------------------------------------------------------------------------

    def reloaded(self, number: int, at: datetime, *, done: bool, count: bool) -> None:
        """Note what came of reading the home; one worker is told to count it for all."""
        self._version.set(number)
        self._reloaded_at.set(at.timestamp())
        self._reloaded_well.set(done)
        if count:
            self._reloads.labels("in force" if done else "refused").inc()

    # -- the replay store: gateway.replay.store.Observer ------------------------------------------------------

    def replay_failed(self, *, accepted: bool) -> None:
        """Count a message that the store could not be asked for, and whether it was accepted all the same."""
        self._failures.inc()
        if accepted:
            self._unprotected.inc()

    def replay_full(self) -> None:
        """Count a message that there was no room for."""
        self._full.inc()

    def replay_usable(self, usable: bool) -> None:
        """Note whether the store can be used."""
        self._up.set(usable)
