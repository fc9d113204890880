"""Metrics of `serve` for Prometheus: what its workers count, and how it is shown.

Each worker counts in files of its own, and whoever is asked adds all of them up, see `metric_files`. A counter
outlives its worker. All files go when the gateway starts. Without a folder the counts are those of this object.

Names and labels are an interface: they do not change. docs/metrics.md lists them.
"""

from pathlib import Path

from gateway.observe.common_metrics import CONTENT_TYPE, CommonMetrics
from gateway.observe.events import RequestEnded, TurnedAway
from gateway.observe.limit_metrics import LimitMetrics
from gateway.observe.load_metrics import LoadMetrics
from gateway.observe.metric_files import empty, worker_ended
from gateway.observe.request_metrics import RequestMetrics

__all__ = ["CONTENT_TYPE", "Metrics", "empty", "worker_ended"]


class Metrics(CommonMetrics):
    """What one worker counts. Thread-safe."""

    def __init__(self, folder: Path | None = None) -> None:
        """See `CommonMetrics`."""
        super().__init__(folder)
        self.requests = RequestMetrics(self.registry, self.room)
        """Those of requests."""
        self.load = LoadMetrics(self.registry)
        """How busy the worker is."""
        self.limits = LimitMetrics(self.registry)
        """Those of limits: `gateway.observe.limit_events.LimitObserver`."""

    # -- requests: gateway.observe.events.Sink ----------------------------------------------------------------

    def emit(self, event: RequestEnded) -> None:
        """Count one request."""
        self.requests.emit(event)

    def turned_away(self, event: TurnedAway) -> None:
        """Count what was no request of a service."""
        self.requests.turned_away(event)
