"""Metrics for Prometheus: what is counted, where workers keep it, how it is shown.

Each worker counts in files of its own, mapped into memory, in one folder; whoever is asked adds all of them up
(the multi-process mode of prometheus_client). A counter outlives its worker. All files go when the gateway
starts. Without a folder the counts are those of this object alone.

Names and labels are an interface: they do not change. docs/server.md lists them.
"""

import logging
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import Final

from gateway.clock import SYSTEM_CLOCK
from gateway.observe.events import RequestEnded, TurnedAway
from gateway.observe.path_metrics import PathMetrics, Shown

log = logging.getLogger("gateway.observe")

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format."""
_FOLDER_VARIABLE: Final = "PROMETHEUS_MULTIPROC_DIR"
_KINDS: Final = ("counter", "gauge_livemin", "gauge_livesum", "gauge_livemostrecent")
"""The library's files, a file a kind and worker."""
_FILE_BYTES: Final = 1 << 16
"""The library's first size of a file; all counters of ten addresses, with all rules of the judge, take half."""


def empty(folder: Path) -> None:
    """Make the folder, without what an earlier run has counted. Call it before there are workers.

    Raises OSError.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for file in folder.glob("*.db"):
        file.unlink()


def worker_ended(folder: Path, pid: int) -> None:
    """Forget the gauges of a worker that has ended, however it did; what it has counted stays. Does not raise.

    This is the library's `mark_process_dead`. The master does without the library: what that counts with is
    decided when it is imported, in each worker.
    """
    try:
        for file in folder.glob(f"gauge_live*_{pid}.db"):
            file.unlink(missing_ok=True)
    except OSError as error:
        log.error("metrics of the ended worker %d stay: %s", pid, error)  # noqa: TRY400  no trace needed


class Metrics:
    """What one worker counts. Thread-safe."""

    def __init__(self, folder: Path | None = None) -> None:
        """`folder`: where all workers count, see `empty`; one a process, RuntimeError when it comes too late.

        Where the folder cannot be written the worker counts for itself, and the log says so.
        """
        self._folder = folder
        if folder is not None:
            _count_in(folder)
        from prometheus_client import CollectorRegistry, Counter, Gauge  # noqa: PLC0415  not before _count_in

        self._registry = registry = CollectorRegistry()
        self._failures = Counter(
            "imsgw_replay_store_failures_total",
            "Messages and PassTickets that the replay store could not be asked for.",
            registry=registry,
        )
        self._unprotected = Counter(
            "imsgw_replay_store_unprotected_total",
            "Those of them that went on without protection.",
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
        self._refused = Counter(
            "imsgw_requests_refused_total",
            "Requests that a rule of WS-Security refused.",
            ["rule"],
            registry=registry,
        )
        self._reloads = Counter(
            "imsgw_reloads_total",
            "Times that the home was read anew, by what came of it.",
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

    def page(self) -> bytes:
        """Return all metrics, of all workers, as text of type `CONTENT_TYPE`.

        Raises OSError, and ValueError when the folder has gone.
        """
        from prometheus_client import CollectorRegistry, generate_latest  # noqa: PLC0415  see __init__
        from prometheus_client.multiprocess import MultiProcessCollector  # noqa: PLC0415

        registry = self._registry
        if self._folder is not None:
            registry = CollectorRegistry()
            MultiProcessCollector(registry, str(self._folder))  # type: ignore[no-untyped-call]
        shown = CollectorRegistry()
        shown.register(Shown(registry, SYSTEM_CLOCK.now()))
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

    # -- requests: gateway.observe.events.Sink ----------------------------------------------------------------

    def emit(self, event: RequestEnded) -> None:
        """Count a refusal of the judge by the rule that was broken."""
        for rule in event.rules:
            if rule.startswith("!"):
                self._refused.labels(rule.removeprefix("!")).inc()

    def turned_away(self, event: TurnedAway) -> None:
        """Count nothing yet."""


def _count_in(folder: Path) -> None:
    """Have the library, which is not imported yet, count in files.

    Their space is taken first: a page of a mapped file that finds no room on the disk would end the process
    (SIGBUS).
    """
    if "prometheus_client" in sys.modules and os.environ.get(_FOLDER_VARIABLE) != str(folder):
        raise RuntimeError("prometheus_client was imported too early to count in files")
    os.environ.pop(_FOLDER_VARIABLE, None)
    try:
        for kind in _KINDS:
            _reserve(folder / f"{kind}_{os.getpid()}.db")
    except OSError as error:
        log.error("metrics of worker %d are not shown, %s cannot be written: %s", os.getpid(), folder, error)  # noqa: TRY400
        return
    os.environ[_FOLDER_VARIABLE] = str(folder)


def _reserve(path: Path) -> None:
    """Make a file of zeros, which the library takes for an empty one; one of an earlier worker stays.

    It gets its name when it is whole: to a reader a shorter one would be a damaged one.
    """
    if path.exists():
        return
    making = path.with_suffix(".new")
    descriptor = os.open(making, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        os.posix_fallocate(descriptor, 0, _FILE_BYTES)
    except OSError:
        making.unlink()
        raise
    finally:
        os.close(descriptor)
    making.rename(path)
