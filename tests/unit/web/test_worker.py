"""Workers that die, are stuck, work long, lose their master, or have more connections than others."""

import os
import signal
from collections import Counter
from contextlib import ExitStack

import psutil

from tests.fixtures.web import PATIENCE, ask, post, read_answer


def test_a_worker_that_dies_is_replaced(serving) -> None:
    served = serving(server={"workers": 1}).ready()
    first = served.who()
    os.kill(first, signal.SIGKILL)
    served.wait_until(lambda: served.workers() not in (set(), {first}))
    assert served.who() != first


def test_a_worker_that_is_stuck_is_replaced_and_one_that_works_long_is_not(serving) -> None:
    served = serving(stuck_seconds=3).ready()
    with served.connect() as working:
        working.sendall(post("Wait"))
        served.wait_until(served.entered)
        busy = int((served.folder / "entered").read_text())
        [other] = served.workers() - {busy}
        os.kill(other, signal.SIGSTOP)
        served.wait_until(lambda: other not in served.workers() and len(served.workers()) == 2)
        served.let_go()
        assert read_answer(working).body == b"waited"
        assert busy in served.workers()


def test_when_the_master_is_killed_the_workers_stop(serving) -> None:
    served = serving().ready()
    workers = served.workers()
    served.process.kill()
    served.process.wait(PATIENCE)
    served.wait_until(lambda: not any(alive(pid) for pid in workers))
    assert "the master has gone" in served.log


def test_connections_that_are_kept_are_spread_evenly_over_the_workers(serving) -> None:
    served = serving(server={"workers": 3}, leave_steps=30_000).ready()  # however long the others take to wake
    with ExitStack() as stack:
        kept = [stack.enter_context(served.connect()) for _ in range(24)]
        by_worker = Counter(int(ask(sock, post("Who")).body) for sock in kept)
        assert by_worker == dict.fromkeys(served.workers(), 8)


def test_a_worker_that_takes_the_place_of_a_dead_one_is_left_the_connections_that_that_one_had(serving) -> None:
    served = serving(leave_steps=30_000).ready()
    with ExitStack() as stack:
        kept = [stack.enter_context(served.connect()) for _ in range(8)]
        first = {int(ask(sock, post("Who")).body) for sock in kept}
        dead = min(first)
        os.kill(dead, signal.SIGKILL)
        served.wait_until(lambda: dead not in served.workers() and len(served.workers()) == 2)
        [fresh] = served.workers() - first
        served.wait_until(lambda: served.who() == fresh)
        more = [stack.enter_context(served.connect()) for _ in range(3)]
        assert [int(ask(sock, post("Who")).body) for sock in more] == [fresh] * 3


def test_connections_that_were_left_to_a_worker_that_is_stuck_are_taken_all_the_same(serving) -> None:
    served = serving().ready()
    stuck = max(served.workers())
    os.kill(stuck, signal.SIGSTOP)
    with ExitStack() as stack:
        kept = [stack.enter_context(served.connect()) for _ in range(4)]
        assert stuck not in {int(ask(sock, post("Who")).body) for sock in kept}


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
