"""Threads beside the master's one: it goes on when they have ended, or were given up."""

import threading

from gateway.runtime import aside


def test_all_have_ended_when_it_goes_on():
    done: list[int] = []
    threads = aside.begun([lambda: done.append(1), lambda: done.append(2)], "a-test")
    assert aside.ended(threads, lambda: False)
    assert sorted(done) == [1, 2]
    assert not any(thread.is_alive() for thread in threads)


def test_one_that_hangs_is_given_up_and_does_not_keep_the_process_from_ending():
    go = threading.Event()
    threads = aside.begun([lambda: None, lambda: go.wait(60) and None], "a-test")
    try:
        assert not aside.ended(threads, lambda: True)
        assert all(thread.daemon for thread in threads)
    finally:
        go.set()
        assert aside.ended(threads, lambda: False)


def test_without_threads_each_is_done_at_once(monkeypatch):
    monkeypatch.setattr(aside, "Thread", NoThread)
    done: list[int] = []
    assert aside.begun([lambda: done.append(1), lambda: done.append(2)], "a-test") == []
    assert done == [1, 2]


class NoThread(threading.Thread):
    def start(self) -> None:
        raise RuntimeError("can't start new thread")


def test_without_threads_workers_are_asked_one_after_the_other_and_nothing_is_raised(
    reloads, workers, monkeypatch
):
    monkeypatch.setattr(aside, "Thread", NoThread)
    assert reloads.reload("a test").done
    assert [workers.done(age) for age in (1, 2)] == [["prepare", "commit", "told"]] * 2
