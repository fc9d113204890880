"""Threads that parse: they end after a while and others take over, see `gateway.parsing`."""

import logging
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Lock
from typing import Final

from gateway.parsing import is_worn, lend_thread

_LOG: Final = logging.getLogger(__name__)


class _Once:
    """Work that is done by whoever comes first."""

    def __init__(self, work: Callable[[], None]) -> None:
        self._work: list[Callable[[], None]] = [work]

    def __call__(self) -> None:
        try:
            work = self._work.pop()
        except IndexError:
            return
        work()


def submit(pool: ThreadPoolExecutor, work: Callable[[], None]) -> None:
    """Run `work` in a thread of the pool, or here and now when the machine has no more threads to give."""
    once = _Once(work)
    if not _is_taken(pool, once):
        once()


def _is_taken(pool: ThreadPoolExecutor, once: _Once) -> bool:
    """Tell whether a pool does it for sure: one that could start no thread may have none, and keep it for ever.

    Raises RuntimeError behind the pool's end.
    """
    try:
        pool.submit(once)
    except RuntimeError:
        if pool._shutdown:  # noqa: SLF001  there is no public way to ask
            raise
        _LOG.error("no thread can be started: callouts are served one after the other")
        return False
    return True


class ParsingThreads:
    """A pool of so many threads; what is submitted sees to its own errors. Thread-safe."""

    def __init__(self, count: int, name: str) -> None:
        """Start none yet."""
        self._count = count
        self._name = name
        self._lock = Lock()
        self._pool = self._fresh()
        self._worn: list[ThreadPoolExecutor] = []

    def submit(self, work: Callable[[], None]) -> None:
        """Run `work` in a thread when one is free; see `submit`."""
        with self._lock:
            pool = self._pool
            once = _Once(lambda: self._run(work, pool))
            taken = _is_taken(pool, once)
        if not taken:
            once()

    def close(self) -> None:
        """Wait for what was submitted. Nothing may be submitted after that."""
        with self._lock:
            pools = [self._pool, *self._worn]
        for pool in pools:
            pool.shutdown()

    def _run(self, work: Callable[[], None], pool: ThreadPoolExecutor) -> None:
        work()
        if is_worn():
            self._renew(pool)

    def _renew(self, worn: ThreadPoolExecutor) -> None:
        with self._lock:
            if worn is not self._pool:
                return
            self._pool = self._fresh()
            # its threads end when they have done what they were given
            worn.shutdown(wait=False)
            self._worn = [*(pool for pool in self._worn if _alive(pool)), worn]

    def _fresh(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._count, thread_name_prefix=self._name, initializer=lend_thread)


def _alive(pool: ThreadPoolExecutor) -> bool:
    return any(thread.is_alive() for thread in pool._threads)  # noqa: SLF001  there is no public way to ask
