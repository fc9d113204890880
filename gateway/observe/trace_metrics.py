"""What became of traces on their way to the collector."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class TraceMetrics:
    """What becomes of the spans of requests and callouts: `gateway.traces.outbox.Counts`. Thread-safe."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        from prometheus_client import Counter  # noqa: PLC0415  see CommonMetrics

        self._traces = Counter(
            "imsgw_traces_total",
            "Requests and callouts that were traced, by what became of their spans: sent, dropped, lost.",
            ["outcome"],
            registry=registry,
        )

    def traces(self, outcome: str, count: int) -> None:
        """Count so many: "sent", "dropped" as too many waited, "lost" as the collector did not take them."""
        self._traces.labels(outcome).inc(count)
