"""Processes that bring the same entries to one store at the same moment."""

import multiprocessing
from pathlib import Path

from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import ReplaySettings
from gateway.exchange import Secret
from gateway.replay import open_store
from tests.unit.replay.entries import NOW, once

RUNNERS = 4
ROUNDS = 25
WAIT_SECONDS = 60


def race(settings: ReplaySettings, state: Path) -> list[list[str]]:
    """Return what each process was told in each round."""
    spawn = multiprocessing.get_context("spawn")
    with spawn.Manager() as manager:
        barrier, told = manager.Barrier(RUNNERS), manager.dict()
        plain = {"store": settings.store, "timeout_seconds": 20.0}
        password = settings.password.reveal()
        runners = [
            spawn.Process(target=_run, args=(number, plain, password, state, barrier, told))
            for number in range(RUNNERS)
        ]
        for runner in runners:
            runner.start()
        for runner in runners:
            runner.join(WAIT_SECONDS)
            assert runner.exitcode == 0
        return [list(told[number]) for number in range(RUNNERS)]


def _run(number, plain, password, state, barrier, told):
    settings = ReplaySettings.model_validate(plain | ({"password": Secret(password)} if password else {}))
    barrier.wait(WAIT_SECONDS)  # all of them make the file at once, too
    store = open_store(settings, state, SYSTEM_CLOCK)
    results = []
    for turn in range(ROUNDS):
        barrier.wait(WAIT_SECONDS)
        # an entry of its own beside the one that all bring: losers must not leave theirs
        results.append(store.remember([once(f"{turn} of {number}"), once(f"{turn}")], NOW).value)
    told[number] = results
    store.close()
