"""gunicorn's master, its loop alone: which signals count, and what a fork that fails leaves behind.

As it runs, with workers: `test_server`, `test_worker`.
"""

import errno
import os
import queue
import signal
import socket
from collections import deque
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from gunicorn.arbiter import Arbiter

from gateway.web.application import GatewayApplication
from gateway.web.arbiter import GatewayArbiter
from gateway.web.tallies import Tallies


@pytest.fixture
def arbiter() -> Iterator[GatewayArbiter]:
    """A master's loop without processes."""
    arbiter = object.__new__(GatewayArbiter)
    arbiter.SIG_QUEUE, arbiter._held = queue.SimpleQueue(), deque()
    arbiter._woken, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    looks: list[str] = []
    not_forked: list[int] = []
    with socket.create_server(("127.0.0.1", 0)) as commands:
        arbiter.looks, arbiter.not_forked = looks, not_forked
        arbiter.app = SimpleNamespace(
            master=SimpleNamespace(commands=commands, look=lambda: looks.append("looked")),
            not_forked=not_forked.append,
        )
        yield arbiter
    os.close(arbiter._woken)
    os.close(waker)


def test_who_is_to_stop_does_not_read_the_home_before_and_each_signal_counts_once(arbiter) -> None:
    for sent in (signal.SIGHUP, signal.SIGCHLD, signal.SIGHUP, signal.SIGTERM, signal.SIGHUP):
        arbiter.signal(sent, None)
    assert arbiter.wait_for_signals() == [signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD]
    assert arbiter.looks == []


def test_a_storm_of_one_signal_is_one(arbiter) -> None:
    for _ in range(1000):
        arbiter.signal(signal.SIGHUP, None)
    assert arbiter.wait_for_signals() == [signal.SIGHUP]
    assert arbiter.wait_for_signals(0) == []
    assert arbiter.looks == ["looked", "looked"]


def test_where_nothing_can_be_forked_the_server_goes_on_and_tries_again_later(
    arbiter, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    tries: list[int] = []

    def fails(_self: object) -> None:
        tries.append(1)
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(Arbiter, "manage_workers", fails)
    arbiter.pid = os.getpid()
    arbiter.manage_workers()
    arbiter.manage_workers()
    assert tries == [1]
    assert "it is tried again" in caplog.text
    arbiter.pid, arbiter._no_fork_before = -1, 0.0
    with pytest.raises(BlockingIOError):
        arbiter.manage_workers()  # in a worker that was forked


def test_a_fork_that_fails_is_cleaned_up_behind_by_the_master_and_by_nobody_else(
    arbiter, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fails(_self: object) -> int:
        raise BlockingIOError(errno.EAGAIN, "Resource temporarily unavailable")

    monkeypatch.setattr(Arbiter, "spawn_worker", fails)
    arbiter.worker_age = 7
    for pid in (-1, os.getpid()):
        assert arbiter.not_forked == []
        arbiter.pid = pid  # at first as in a worker that was forked
        with pytest.raises(BlockingIOError):
            arbiter.spawn_worker()
    assert arbiter.not_forked == [7]


def test_a_worker_that_could_not_be_forked_leaves_its_place_to_the_next() -> None:
    told: list[int] = []
    application = object.__new__(GatewayApplication)
    application.master = SimpleNamespace(not_forked=told.append)
    application._tallies = tallies = Tallies(2)
    first = tallies.of(1)
    first.hold(1)
    tallies.of(2)
    application.not_forked(2)
    tallies.of(3).hold(0)
    assert told == [2]
    assert first.heavier, "the next has a place that the first sees"
