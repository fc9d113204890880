"""Metrics of the audit trail: records written and lost, whether it can be written, what waits to be sent."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry


class AuditMetrics:
    """What one process knows of its trail. Thread-safe. No labels: a process has one trail."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        """Import the library; see `gateway.observe.metric_files`, which says when."""
        from prometheus_client import Counter, Gauge  # noqa: PLC0415  not before the folder is known

        self._records = Counter(
            "imsgw_audit_records_total", "Audit records that were written.", registry=registry
        )
        self._lost = Counter(
            "imsgw_audit_lost_total", "Audit records that could not be written.", registry=registry
        )
        self._up = Gauge(
            "imsgw_audit_up",
            "1 when every worker can write its audit records, else 0.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._waiting = Gauge(
            "imsgw_audit_spool_records",
            "Audit records that wait on the disk for the syslog receiver.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._connected = Gauge(
            "imsgw_audit_receiver_up",
            "1 when every worker is connected with the syslog receiver, or there is none, else 0.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._connected.set(1)
        self._taken = Gauge(
            "imsgw_audit_spool_used_ratio",
            "Part of spool_bytes that waits on the disk, 0 to 1, all processes of the home together.",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._damaged = Counter(
            "imsgw_audit_spool_damaged_total",
            "Places in the spool that could not be read and were skipped: records are missing.",
            registry=registry,
        )
        self._damaged_before = 0

    def written(self) -> None:
        """Count a record that was written."""
        self._records.inc()

    def lost(self) -> None:
        """Count one that could not be."""
        self._lost.inc()

    def usable(self, usable: bool) -> None:
        """Note whether records can be written."""
        self._up.set(usable)

    def spool(self, waiting: int, *, connected: bool, used: float, damaged: int) -> None:
        """Note how many records wait, whether the receiver takes them, how full the spool is, what was damaged.

        `damaged`: so far. For one thread.
        """
        self._waiting.set(waiting)
        self._connected.set(connected)
        self._taken.set(used)
        self._damaged.inc(damaged - self._damaged_before)
        self._damaged_before = damaged
