"""Metrics of requests: how many, how they ended, how long they took, where their time went.

Labels are names of the configuration, words of ours and codes of tables: none is of a caller's making. A
service is one that is deployed, as a request for any other never becomes a `RequestEnded`.
"""

from functools import lru_cache
from typing import TYPE_CHECKING, Final, Literal

from gateway.errors import MESSAGES, Side
from gateway.observe.events import RequestEnded, TurnedAway
from gateway.observe.kept import NOWHERE, Counting, Kept, Measuring
from gateway.observe.metric_files import Room
from gateway.observe.timeline import POOL, ROUND_TRIP

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

Outcome = Literal["answered", "accepted", "refused", "failed"]

OTHER: Final = "other"
"""Label of what is none of the known."""
REQUEST_SECONDS: Final = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
ROUND_TRIP_SECONDS: Final = (0.001, *REQUEST_SECONDS)
WAIT_SECONDS: Final = (0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 5.0)
"""Upper bounds of buckets. Each costs a value of each label in the file of each worker: about 250 bytes."""
_LISTENERS: Final = frozenset({"https", "http", "admin"})


class RequestMetrics:
    """What one worker counts of requests. Thread-safe."""

    def __init__(self, registry: "CollectorRegistry", room: Room) -> None:
        """Import the library; see `gateway.observe.metric_files`, which says when."""
        from prometheus_client import Counter, Histogram  # noqa: PLC0415  not before the folder is known

        def counted(name: str, told: str, *labels: str) -> Kept[tuple[str, ...], Counting]:
            made = Counter(name, told, labels, registry=registry)
            return Kept(room, lambda values: made.labels(*values), NOWHERE)

        def measured(
            name: str, told: str, buckets: tuple[float, ...], *labels: str
        ) -> Kept[tuple[str, ...], Measuring]:
            made = Histogram(name, told, labels, buckets=buckets, registry=registry)
            return Kept(room, lambda values: made.labels(*values), NOWHERE)

        self._seconds = measured(
            "imsgw_request_seconds",
            "Requests by outcome, from the complete request to its answer.",
            REQUEST_SECONDS,
            "service",
            "outcome",
        )
        self._received = counted("imsgw_request_bytes_total", "Bytes of requests' bodies.", "service")
        self._sent = counted("imsgw_reply_bytes_total", "Bytes of answers' bodies.", "service")
        self._errors = counted(
            "imsgw_request_errors_total", "Requests refused or failed, by id of the error.", "message_id"
        )
        for message_id in MESSAGES:
            self._errors.of((message_id,))  # from 0 on: else the first of its kind would be no increase
        self._refused = counted(
            "imsgw_requests_refused_total", "Requests that a rule of WS-Security refused.", "rule"
        )
        self._waits = measured(
            "imsgw_ims_pool_wait_seconds",
            "Waits for a socket to IMS Connect, connecting included.",
            WAIT_SECONDS,
            "bundle",
        )
        self._trips = measured(
            "imsgw_ims_round_trip_seconds",
            "From the first byte to IMS Connect to the last of its answer, or to the failure.",
            ROUND_TRIP_SECONDS,
            "bundle",
        )
        self._codes = counted(
            "imsgw_ims_codes_total",
            "Requests that IMS Connect or IMS refused, by return code and reason or DFS number.",
            "bundle",
            "code",
        )
        self._away = counted(
            "imsgw_requests_turned_away_total",
            "Requests refused without an envelope to answer in, by id of the error.",
            "listener",
            "message_id",
        )
        self._handshakes = counted(
            "imsgw_tls_handshake_failures_total", "TLS handshakes of clients that failed.", "listener"
        )

    def emit(self, event: RequestEnded) -> None:
        """Count one request."""
        service = (event.service,)
        self._seconds.of((event.service, outcome_of(event))).observe(event.milliseconds / 1000)
        self._received.of(service).inc(event.request_bytes)
        self._sent.of(service).inc(event.reply_bytes)
        for stretch in event.timeline:
            if stretch.name == POOL:
                self._waits.of((event.bundle,)).observe(stretch.seconds)
            elif stretch.name == ROUND_TRIP:
                self._trips.of((event.bundle,)).observe(stretch.seconds)
        if event.message_id:
            self._error(event)

    def _error(self, event: RequestEnded) -> None:
        self._errors.of((_known(event.message_id),)).inc()
        for rule in event.rules:
            if rule.startswith("!"):
                self._refused.of((rule.removeprefix("!"),)).inc()
        if event.ims_code:
            self._codes.of((event.bundle, event.ims_code)).inc()

    def turned_away(self, event: TurnedAway) -> None:
        """Count what was no request of a service."""
        listener = event.listener if event.listener in _LISTENERS else OTHER
        if event.message_id:
            self._away.of((listener, _known(event.message_id))).inc()
        else:
            self._handshakes.of((listener,)).inc()


def outcome_of(event: RequestEnded) -> Outcome:
    """Return how a request ended: refused is what its caller has to change, failed what he cannot."""
    if event.outcome == "accepted":
        return "accepted"
    if event.outcome == "answered":
        return "answered"
    return _blame(event.message_id)


@lru_cache(maxsize=len(MESSAGES))
def _blame(message_id: str) -> Literal["refused", "failed"]:
    message = MESSAGES.get(message_id)
    return "refused" if message is not None and message.side is Side.CLIENT else "failed"


def _known(message_id: str) -> str:
    return message_id if message_id in MESSAGES else OTHER
