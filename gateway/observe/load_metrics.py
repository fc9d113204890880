"""Metrics of how busy the workers are: set about once a second, so that a request costs nothing for them."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry, Gauge


class LoadMetrics:
    """How busy one worker is. Thread-safe."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        """Import the library; see `gateway.observe.metric_files`, which says when."""
        from prometheus_client import Gauge  # noqa: PLC0415  not before the folder is known

        def gauge(name: str, told: str) -> "Gauge":
            return Gauge(name, told, registry=registry, multiprocess_mode="livesum")

        self._in_flight = gauge(
            "imsgw_requests_in_flight", "Requests that hold a thread or wait for one, of all workers."
        )
        self._waiting = gauge("imsgw_requests_waiting", "Requests that wait for a thread.")
        self._connections = gauge(
            "imsgw_connections", "Connections of clients that are open, on all listeners."
        )
        self._threads = gauge("imsgw_threads", "Threads for requests, of all workers.")
        self._places = gauge("imsgw_requests_waiting_limit", "Requests that may wait for a thread.")
        self._most = gauge(
            "imsgw_connections_limit",
            "Connections of clients that there may be, without those to the admin listener.",
        )

    def bounds(self, *, threads: int, waiting: int, connections: int) -> None:
        """Note what this worker has, from its start to its end."""
        self._threads.set(threads)
        self._places.set(waiting)
        self._most.set(connections)

    def look(self, *, in_work: int, waiting: int, connections: int) -> None:
        """Note what it has to do at the moment."""
        self._in_flight.set(in_work + waiting)
        self._waiting.set(waiting)
        self._connections.set(connections)
