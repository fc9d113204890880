"""Memory that the workers may not have (RLIMIT_AS) while large messages come."""

import resource
import time

import psutil

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.load import echo
from bench.faults.scene import CALM_SECONDS, Scene, scene

SPARE = 4_000_000
"""Bytes of address space that a worker may still take: less than one large message needs."""
LARGE = 6_000_000
UNLIMITED = (resource.RLIM_INFINITY, resource.RLIM_INFINITY)
LARGE_CALLERS = 4


def _limit(made: Scene) -> None:
    for pid in made.gateway.workers:
        worker = psutil.Process(pid)
        worker.rlimit(resource.RLIMIT_AS, (worker.memory_info().vms + SPARE, resource.RLIM_INFINITY))


def _lift(made: Scene) -> None:
    for pid in made.gateway.workers:
        psutil.Process(pid).rlimit(resource.RLIMIT_AS, UNLIMITED)


def short(pace: Pace) -> Ledger:
    with scene({"server.threads": 16}) as made:

        def large(text: str) -> bytes:
            return echo(text) + b"<!--" + b"x" * LARGE + b"-->"

        load, hungry = made.load(), made.load(name="large", callers=LARGE_CALLERS, make=large)
        with load.running():
            _limit(made)
            with hungry.running(served=False):
                load.pause(pace.seconds + 2.0)
                _lift(made)
                recovery = max(each.recovered_from(time.monotonic()) for each in (load, hungry))
            calm_from = time.monotonic()
            load.pause(CALM_SECONDS)
        ledger = made.ledger(load, hungry, calm_from=calm_from)
    ledger.recovery_seconds = recovery
    ledger.also["internal_errors_for_want_of_memory"] = ledger.internal_errors
    ledger.internal_errors = 0  # that is what they are; their callers are told that the outcome is unknown
    ledger.require(bool(ledger.refused or ledger.no_answer), "there was memory enough")
    return ledger


FAULTS = (
    Fault(
        "memory-short",
        "What finds no memory is refused or loses its connection; no answer is wrong; then all is served.",
        "RLIMIT_AS of each worker is set 4 MB above what it has, messages of 6 MB come, and it is lifted.",
        short,
    ),
)
