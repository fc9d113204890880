"""File descriptors of the workers exhausted (RLIMIT_NOFILE) under load."""

import resource
import time

import psutil

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.scene import Scene, scene

SPARE = 2
"""Descriptors that a worker may still open."""
IDLE_SHARE = 0.5
"""Of one processor, that a worker without descriptors may use while callers wait: it must not spin."""


def _limit(made: Scene, spare: int | None) -> None:
    """Let each worker open so many files more; None: as many as at the start."""
    for pid in made.gateway.workers:
        worker = psutil.Process(pid)
        _, hard = worker.rlimit(resource.RLIMIT_NOFILE)
        worker.rlimit(resource.RLIMIT_NOFILE, (hard if spare is None else worker.num_fds() + spare, hard))


def _processor_seconds(made: Scene) -> float:
    return sum(sum(psutil.Process(pid).cpu_times()[:2]) for pid in made.gateway.workers)


def exhausted(pace: Pace) -> Ledger:
    with scene({"server.keepalive_seconds": 0}) as made:  # so that each call needs a descriptor
        before = set(made.gateway.workers)
        used = [0.0, 0.0]

        def strike() -> None:
            _limit(made, -SPARE)
            used[0] = time.monotonic() - _processor_seconds(made)

        def mend() -> None:
            used[1] = time.monotonic() - _processor_seconds(made)
            _limit(made, None)

        seconds = pace.seconds + 1.0
        ledger = made.under(strike, mend, seconds)
        share = (seconds - (used[1] - used[0])) / seconds
        ledger.also["processors_used_meanwhile"] = round(share, 2)
        ledger.require(share < 2 * IDLE_SHARE, f"workers without descriptors spin: {share:.2f} processors")
        ledger.require(set(made.gateway.workers) == before, "a worker has died")
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
