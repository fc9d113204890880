"""Processes of the gateway killed under load: a worker, the master."""

import functools
import os
import random
import signal
import time

import psutil

from bench.faults.fault import Fault, Pace
from bench.faults.ledger import Ledger
from bench.faults.scene import Scene, scene
from tests.fixtures.running_gateway import wait_until

SEED = 7
SUPERVISOR_SECONDS = 0.5
"""How long a supervisor waits before it starts again what has ended, as RestartSec= of systemd."""


def _replaced(made: Scene, victim: int) -> bool:
    return len(made.gateway.workers - {victim}) == 2


def worker_killed(pace: Pace) -> Ledger:
    with scene() as made:
        draw = random.Random(SEED)

        def strike() -> None:
            for _ in range(pace.times):
                victim = draw.choice(sorted(made.gateway.workers))
                os.kill(victim, signal.SIGKILL)
                wait_until(functools.partial(_replaced, made, victim), "another worker in its place")
                time.sleep(draw.random() * 0.5)

        ledger = made.under(strike)
        ledger.also["workers_killed"] = pace.times
        return ledger


def _supervise(made: Scene, before: set[int]) -> int:
    """Start the gateway until it stays, as a supervisor does; return how often it was started.

    `before`: workers of the one that was killed, which serve to the end of what they have in work.
    """
    started = 0
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        made.gateway.start_again()
        started += 1
        while made.gateway.exit_code is None:
            if not any(map(psutil.pid_exists, before)) and _serves(made):
                return started
            time.sleep(0.02)
        time.sleep(SUPERVISOR_SECONDS)
    raise RuntimeError(f"the gateway does not start again:\n{made.gateway.log[-2000:]}")


def _serves(made: Scene) -> bool:
    return made.gateway.is_ready() and len(made.gateway.workers) == 2


def master_killed(pace: Pace) -> Ledger:
    with scene() as made:
        starts: list[int] = []

        def strike() -> None:
            for _ in range(max(1, pace.times // 4)):
                workers = made.gateway.workers
                os.kill(made.gateway.pid, signal.SIGKILL)
                wait_until(lambda: made.gateway.exit_code is not None, "the end of the master")
                starts.append(_supervise(made, workers))

        ledger = made.under(strike)
        ledger.also |= {"masters_killed": len(starts), "starts_by_the_supervisor": sum(starts)}
        return ledger


FAULTS = (
    Fault(
        "worker-killed",
        "Only what that worker has in work goes without an answer; none is executed twice; another takes over.",
        "A worker, drawn at random, is killed (-9) under load, again and again; the master replaces it.",
        worker_killed,
    ),
    Fault(
        "master-killed",
        "The workers answer what they have in work and end; a supervisor's next start serves again.",
        "The master is killed (-9) under load; a loop starts the command again, as systemd does.",
        master_killed,
    ),
)
