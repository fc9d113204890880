"""All faults, one after the other; each with its promise and its ledger."""

import os
import shutil
import time
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

from bench.faults import (
    audit,
    bombs,
    callouts,
    certificates,
    clients,
    clock,
    descriptors,
    disks,
    ims,
    memory,
    network,
    processes,
    valkey,
)
from bench.faults.fault import LONG, Fault, Pace, judged

_STORES: Final = (valkey, disks, audit)
_PROCESSES: Final = (processes, callouts, clock, certificates, descriptors, memory)
_PARTS: Final = (ims, network, *_STORES, *_PROCESSES, clients, bombs)
FAULTS: Final = {fault.name: fault for part in _PARTS for fault in part.FAULTS}
_SBIN: Final = f"{os.environ.get('PATH', '')}:/usr/sbin"
_HAS: Final[Mapping[str, Callable[[], bool]]] = {
    "": lambda: True,
    "root": lambda: os.geteuid() == 0 and disks.can_mount(),
    "rsyslogd": lambda: shutil.which("rsyslogd", path=_SBIN) is not None,
    "root and rsyslogd": lambda: _HAS["root"]() and _HAS["rsyslogd"](),
    "root and iptables": lambda: os.geteuid() == 0 and all(map(shutil.which, ("ip", "iptables"))),
    "valkey-server": lambda: any(map(shutil.which, ("valkey-server", "redis-server"))),
    "faketime": lambda: bool(clock.library()),
}


def can_run(fault: Fault) -> bool:
    """Tell whether this machine has what a fault needs."""
    return _HAS[fault.needs]()


def measure(only: Collection[str] = (), pace: Pace = LONG) -> dict[str, Any]:
    """Run all faults, or those named; return their figures. Raises SystemExit for promises not kept."""
    unknown = set(only) - FAULTS.keys()
    if unknown:
        raise SystemExit(f"there is no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    figures: dict[str, Any] = {}
    for name, fault in FAULTS.items():
        if not only or name in only:
            figures[name] = _run(fault, pace)
    broken = {name: each["breaches"] for name, each in figures.items() if each.get("breaches")}
    if broken:
        raise SystemExit("\n".join(f"{name}: {'; '.join(breaches)}" for name, breaches in broken.items()))
    return figures


def _run(fault: Fault, pace: Pace) -> dict[str, Any]:
    told = {"promise": fault.promise, "done": fault.done}
    if not can_run(fault):
        print(f"-- {fault.name}: skipped, it needs {fault.needs}", flush=True)
        return {**told, "skipped": f"needs {fault.needs}"}
    began = time.monotonic()
    figures = judged(fault, pace).figures()
    seconds = round(time.monotonic() - began, 1)
    print(f"-- {fault.name}: {seconds} s, {figures}", flush=True)
    return {**told, "seconds": seconds, **figures}
