"""Metrics of limits: refusals by kind, and the store that rates are counted in.

Labels are the kinds of limits and the services of the configuration.
"""

from typing import TYPE_CHECKING

from gateway.observe.limit_events import LimitReached

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class LimitMetrics:
    """What one worker counts; a `gateway.observe.limit_events.LimitObserver`. Thread-safe."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        """Import the library; see `gateway.observe.metrics`, which says when."""
        from prometheus_client import Counter, Gauge  # noqa: PLC0415  not before the folder is known

        self._refused = Counter(
            "imsgw_limited_total",
            "Requests refused, and connections closed, by a limit: which one; for which service, if known.",
            ["limit", "service"],
            registry=registry,
        )
        self._failures = Counter(
            "imsgw_limits_store_failures_total",
            "Requests that could not be counted as the store of limits was away.",
            registry=registry,
        )
        self._uncounted = Counter(
            "imsgw_limits_store_uncounted_total",
            'Requests that went on uncounted, with `on_failure = "accept"`.',
            registry=registry,
        )
        self._up = Gauge(
            "imsgw_limits_store_up",
            "1 when every worker can use the store of limits, else 0.",
            registry=registry,
            multiprocess_mode="livemin",
        )

    def limit_reached(self, event: LimitReached) -> None:
        """Count a refusal."""
        self._refused.labels(event.limit, event.service).inc()

    def limit_store_failed(self, *, accepted: bool) -> None:
        """Count a request that could not be counted, and whether it went on all the same."""
        self._failures.inc()
        if accepted:
            self._uncounted.inc()

    def limit_store_usable(self, usable: bool, /) -> None:
        """Note whether the store can be used."""
        self._up.set(usable)
