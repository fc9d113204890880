"""A gateway in this process, from the bytes of a request to those of its answer; HTTP has no sockets here."""

import os
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import structlog

from bench.comparison import home, load
from bench.comparison.messages import Message
from bench.comparison.place import Place
from gateway import parsing, runtime
from gateway.audit.trail import trail_of
from gateway.clock import SYSTEM_CLOCK
from gateway.config.read import read_home
from gateway.observe import logs
from gateway.observe.metrics import Metrics
from gateway.runtime.worker import WorkerRuntime
from gateway.web.environ import Origin, call, environ_of
from gateway.web.http import Bounds, Exchange
from tests.fixtures.in_process import snapshot_of

__all__ = ["Subject", "begun", "call", "environ_of", "in_worker_threads"]

_IN_A_THREAD: Final = 40
"""Requests after which another thread goes on, as a worker's do."""


class Subject:
    """What the bytes of a request go through."""

    def __init__(self, worker: WorkerRuntime) -> None:
        self._worker = worker
        self._origin = Origin("https", ("127.0.0.1", 40000), ("127.0.0.1", 8443))
        self._bounds = Bounds(10_000_000)
        self._count = 0

    def __call__(self, request: bytes) -> bytes:
        """Return the answer to a request."""
        self._count += 1
        exchange = Exchange(self._bounds)
        exchange.receive(request)
        environ = environ_of(
            exchange.request(), self._origin, tracking_id=f"layers-{self._count:08}", stopping=False
        )
        return exchange.reply(call(self._worker, environ), now=SYSTEM_CLOCK.now(), close=False)


@contextmanager
def begun(place: Place, standin_port: int) -> Iterator[Subject]:
    """Build it, its log going nowhere; seams are to be wrapped before, as some are taken along here."""
    folder = place.folder_of(f"layers-{threading.get_native_id()}-{len(list(place.folder.iterdir()))}")
    home.write(folder / "home", place, 0, standin_port, home.Shape(tls=True))
    snapshot = snapshot_of(read_home(folder / "home", environ={}))
    with _told_nobody():
        metrics = Metrics()
        trail = trail_of(snapshot.home, "layers", metrics.audit, SYSTEM_CLOCK)
        worker = runtime.build(snapshot, metrics=metrics, trail=trail)
        try:
            yield Subject(worker)
        finally:
            worker.close()


@contextmanager
def _told_nobody() -> Iterator[None]:
    """Have log and audit made as when serving, and written to where nothing is kept."""
    sys.stdout.flush()
    kept, before = os.dup(1), sys.stderr
    try:
        with Path(os.devnull).open("w") as nowhere:
            os.dup2(nowhere.fileno(), 1)  # the audit writes to standard output
            sys.stderr = nowhere
            logs.configure()
            yield
    finally:
        sys.stderr = before
        os.dup2(kept, 1)
        os.close(kept)
        structlog.reset_defaults()


def requests_of(service: str, messages: Sequence[Message]) -> list[bytes]:
    """Return the requests as the load generator sends them."""
    return [load.request_of(message, service) for message in messages]


def in_worker_threads(requests: Sequence[bytes], work: Callable[[Sequence[bytes]], None]) -> None:
    """Do the work in threads that have promised to end, one after another, each with some of the requests."""
    errors: list[BaseException] = []

    def run(some: Sequence[bytes]) -> None:
        parsing.lend_thread()
        try:
            work(some)
        except BaseException as error:  # noqa: BLE001  raised again where it is seen
            errors.append(error)

    for first in range(0, len(requests), _IN_A_THREAD):
        thread = threading.Thread(target=run, args=(requests[first : first + _IN_A_THREAD],))
        thread.start()
        thread.join()
        if errors:
            raise errors[0]
