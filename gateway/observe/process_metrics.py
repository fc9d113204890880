"""Metrics of a process: which software, since when, what it takes of the machine; of all workers together."""

import os
import platform
import resource
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Final

from gateway import __version__
from gateway.clock import SYSTEM_CLOCK

if TYPE_CHECKING:
    from prometheus_client import CollectorRegistry

_FILES: Final = Path("/proc/self/fd")
_MEMORY: Final = Path("/proc/self/statm")
_PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


class ProcessMetrics:
    """What one process tells of itself. Thread-safe. What the system does not tell is not shown."""

    def __init__(self, registry: "CollectorRegistry") -> None:
        """Import the library; see `gateway.observe.metric_files`, which says when."""
        from prometheus_client import Counter, Gauge  # noqa: PLC0415  not before the folder is known

        build = Gauge(
            "imsgw_build_info",
            "1; the labels tell the version of the gateway, and of Python.",
            ["version", "python"],
            registry=registry,
            multiprocess_mode="livemax",
        )
        build.labels(__version__, platform.python_version()).set(1)
        started = Gauge(
            "imsgw_start_time_seconds",
            "When the process began that has run longest.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        started.set(SYSTEM_CLOCK.now().timestamp())
        Gauge("imsgw_workers", "Processes.", registry=registry, multiprocess_mode="livesum").set(1)
        self._memory = Gauge(
            "imsgw_resident_memory_bytes",
            "Memory in use, of all processes; what they share counts for each.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._files = Gauge(
            "imsgw_open_files",
            "Open files and sockets of the process that has most.",
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._most_files = Gauge(
            "imsgw_open_files_limit",
            "Files and sockets that a process may have open.",
            registry=registry,
            multiprocess_mode="livemin",
        )
        self._cpu = Counter(
            "imsgw_cpu_seconds_total",
            "Time of processors that was used, of all processes, also of those that have ended.",
            registry=registry,
        )
        self._lock = Lock()
        self._cpu_told = 0.0

    def look(self) -> None:
        """Note how things are: to be called every few seconds. Does not raise."""
        with self._lock:
            times = os.times()
            used = times.user + times.system
            self._cpu.inc(max(used - self._cpu_told, 0.0))
            self._cpu_told = used
        limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
        self._most_files.set(limit if limit != resource.RLIM_INFINITY else float("inf"))
        try:
            self._memory.set(int(_MEMORY.read_text(encoding="ascii").split()[1]) * _PAGE_BYTES)
            self._files.set(len(os.listdir(_FILES)))  # noqa: PTH208  without an object for each
        except (OSError, ValueError, IndexError):
            return
