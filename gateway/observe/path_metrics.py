"""Metrics of the ways to IMS Connect: whether hosts can be reached, sockets, certificates.

Labels are bundles and addresses of the configuration, so there are as many as an operator has written down.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final, Literal

from gateway.observe.events import PathEvent, PathOpened, PathRestored, PathSink
from gateway.observe.shown import NOTHING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_STATES: Final = ("idle", "in_use", "waiting", "limit")

COUNTED: Final = (
    "requests",
    "wait_timeouts",
    "connects",
    "connect_failures",
    "stale",
    "dropped",
    "socket_timeouts",
    "execution_timeouts",
    "protocol_errors",
    "connections_lost",
)
"""Counters of a pool that are shown."""


class PathMetrics:
    """What one worker knows of the ways to IMS Connect. Thread-safe."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        """Import the library; see `gateway.observe.metric_files`, which says when."""
        from prometheus_client import Counter, Gauge  # noqa: PLC0415  not before the folder is known

        where = ["bundle", "endpoint"]
        self._up = Gauge(
            "imsgw_ims_connect_up",
            "1 when every worker can reach IMS Connect there, or has not tried, else 0.",
            where,
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._went_down = Counter(
            "imsgw_ims_connect_went_down_total",
            "Times that a worker could not reach IMS Connect there any more.",
            where,
            registry=registry,
        )
        self._sockets = Gauge(
            "imsgw_ims_connect_sockets",
            "Sockets to IMS Connect: idle, in_use; waiting: requests without one; limit: most there may be.",
            [*where, "state"],
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._pool = Counter(
            "imsgw_ims_connect_pool_events_total",
            "What happened in the pools of sockets.",
            [*where, "event"],
            registry=registry,
        )
        self._expiry = Gauge(
            "imsgw_ims_connect_certificate_not_after_seconds",
            "When a certificate ends: ours, or the one that IMS Connect last showed.",
            [*where, "whose"],
            registry=registry,
            multiprocess_mode="livemostrecent",
        )

    def known(self, bundle: str, endpoint: str, *, up: bool = True) -> None:
        """Note an address of the configuration."""
        self._up.labels(bundle, endpoint).set(int(up))
        self._went_down.labels(bundle, endpoint)  # from 0 on: else the first would be no increase

    def gone(self, bundle: str, endpoint: str) -> None:
        """Note that the configuration has an address no more: nothing is told of it but what was counted."""
        # files that workers share cannot forget a label: what has no value any more is not shown, see `Shown`
        self._up.labels(bundle, endpoint).set(NOTHING)
        for state in _STATES:
            self._sockets.labels(bundle, endpoint, state).set(NOTHING)
        self._expiry.labels(bundle, endpoint, "server").set(NOTHING)

    def path_changed(self, event: PathEvent) -> None:
        """Note that a path went or came back."""
        if isinstance(event, PathOpened):
            self._up.labels(event.bundle, event.endpoint).set(0)
            self._went_down.labels(event.bundle, event.endpoint).inc()
        elif isinstance(event, PathRestored):
            self._up.labels(event.bundle, event.endpoint).set(1)

    def certificate(
        self, bundle: str, endpoint: str, whose: Literal["client", "server"], not_after: datetime
    ) -> None:
        """Note until when a certificate is valid; `endpoint` is empty for ours, which goes to all."""
        self._expiry.labels(bundle, endpoint, whose).set(not_after.timestamp())

    def sockets(self, bundle: str, endpoint: str, pools: Iterable[Mapping[str, Any]]) -> None:
        """Note the sockets of the pools that there are to an address (fields of `PoolStats` by name)."""
        pictures = tuple(pools)
        for state in _STATES:
            self._sockets.labels(bundle, endpoint, state).set(sum(picture[state] for picture in pictures))

    def counted(self, picture: Mapping[str, Any], before: Mapping[str, Any]) -> None:
        """Count what has happened in a pool since its picture before; empty: since it was made."""
        where = picture["bundle"], picture["endpoint"]
        for name in COUNTED:
            self._pool.labels(*where, name).inc(picture[name] - before.get(name, 0))


class CountedPaths:
    """Counts events of paths on their way to another sink."""

    def __init__(self, metrics: PathMetrics, sink: PathSink) -> None:
        self._metrics = metrics
        self._sink = sink

    def path_changed(self, event: PathEvent) -> None:
        """Count one event and pass it on."""
        self._metrics.path_changed(event)
        self._sink.path_changed(event)
