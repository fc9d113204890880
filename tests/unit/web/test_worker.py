"""Workers that die, are stuck, work long, or lose their master."""

import os
import signal

import psutil

from tests.fixtures.web import PATIENCE, post, read_answer


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


def alive(pid: int) -> bool:
    try:
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
