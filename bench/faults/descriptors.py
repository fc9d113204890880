"""File descriptors of the workers exhausted (RLIMIT_NOFILE) under load."""

import resource
import time

import psutil

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.scene import Scene, scene

SETTLED_SECONDS = 1.0
IDLE_SHARE = 0.5
"""Of one processor, that a worker without descriptors may use while callers wait: it must not spin."""


def _open_files(made: Scene) -> dict[int, int]:
    """Return how many files each worker has open."""
    return {pid: psutil.Process(pid).num_fds() for pid in made.gateway.workers}


def _settled(made: Scene) -> dict[int, int]:
    """Return the same once no worker opens anything more: one that has only begun to start is not idle."""
    before, now = {0: 0}, _open_files(made)
    while before != now:
        time.sleep(SETTLED_SECONDS)
        before, now = now, _open_files(made)
    return now


def _limit(files: dict[int, int]) -> dict[int, int]:
    """Let each worker open no more than so many files; return how many it could before."""
    before = {}
    for pid, count in files.items():
        worker = psutil.Process(pid)
        before[pid], hard = worker.rlimit(resource.RLIMIT_NOFILE)
        worker.rlimit(resource.RLIMIT_NOFILE, (count, hard))
    return before


def _processor_seconds(made: Scene) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in made.gateway.workers)


def exhausted(pace: Pace) -> Ledger:
    with scene({"server.keepalive_seconds": 0}) as made:  # so that each call needs a descriptor
        idle = _settled(made)  # fewer than any call needs: no client is there, no socket to IMS Connect
        allowed: dict[int, int] = {}
        used = [0.0, 0.0]

        def strike() -> None:
            allowed.update(_limit(idle))
            used[0] = _processor_seconds(made)

        def mend() -> None:
            used[1] = _processor_seconds(made)
            _limit(allowed)

        seconds = pace.seconds + 1.0
        ledger = made.under(strike, mend, seconds)
        share = (used[1] - used[0]) / seconds
        ledger.also["processors_used_meanwhile"] = round(share, 2)
        ledger.require(share < 2 * IDLE_SHARE, f"workers without descriptors spin: {share:.2f} processors")
        ledger.require(made.gateway.workers == set(idle), "a worker has died")
        ledger.require(ledger.slowest_seconds > seconds / 2 or bool(ledger.refused), "nobody noticed the limit")
        return ledger


FAULTS = (
    Fault(
        "descriptors-exhausted",
        "Callers wait or are refused, no worker dies or spins; with descriptors there again all are served.",
        "RLIMIT_NOFILE of each worker is set below what it uses, under load, and back.",
        exhausted,
    ),
)
