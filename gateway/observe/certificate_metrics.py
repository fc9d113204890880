"""Metrics of the certificates in the stores that a home names: when the next of each store ends.

Labels are what a store is for and its path: as many as an operator has written down.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import TYPE_CHECKING, Final

from gateway.observe.shown import NOTHING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_LABELS: Final = ("use", "store")


@dataclass(frozen=True, slots=True)
class StoreEnds:
    """When the certificates of one store end."""

    use: str
    """What the store is for: "server", "clients", "signers", "ims_connect", "callout", ..."""
    store: str
    """Its path, relative to the home."""
    next_end: datetime | None
    """Of those that are valid still the end that comes next, else the last there was; None: it holds none."""
    expired: int
    """Certificates in it that have ended."""


class CertificateMetrics:
    """What one process knows of the stores. Thread-safe."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        """Import the library; see `gateway.observe.metric_files`, which says when."""
        from prometheus_client import Gauge  # noqa: PLC0415  not before the folder is known

        self._ends = Gauge(
            "imsgw_certificate_not_after_seconds",
            "When the next certificate of a store ends, of those that are valid still.",
            _LABELS,
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self._expired = Gauge(
            "imsgw_certificates_expired",
            "Certificates of a store that have ended.",
            _LABELS,
            registry=registry,
            multiprocess_mode="livemostrecent",
        )
        self._lock = Lock()
        self._told: set[tuple[str, str]] = set()

    def stores(self, stores: Collection[StoreEnds]) -> None:
        """Note what the stores hold; of one that is not named any more nothing is told."""
        with self._lock:
            for one in stores:
                end = one.next_end.timestamp() if one.next_end is not None else NOTHING
                self._ends.labels(one.use, one.store).set(end)
                self._expired.labels(one.use, one.store).set(one.expired)
            named = {(one.use, one.store) for one in stores}
            for gone in self._told - named:
                self._ends.labels(*gone).set(NOTHING)
                self._expired.labels(*gone).set(NOTHING)
            self._told = named
