"""How many calls are in work at one address: the others wait for their turn, as long as theirs may take."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from threading import Lock, Semaphore

from gateway.clock import Clock


@dataclass(slots=True)
class _Queue:
    """One address while somebody is at it."""

    places: Semaphore
    people: int = 0
    """Those who have a place and those who wait."""


class NoTurnError(Exception):
    """No place became free in time."""


class Turns:
    """The places at all addresses of one service. Thread-safe; keeps nothing of addresses that nobody uses."""

    def __init__(self, most: int, clock: Clock) -> None:
        """`most`: places at each address."""
        self._most = most
        self._clock = clock
        self._lock = Lock()
        self._queues: dict[str, _Queue] = {}

    @contextmanager
    def at(self, address: str, until: float) -> Iterator[None]:
        """Have a place. Raises NoTurnError: none became free until then (monotonic seconds)."""
        with self._lock:
            queue = self._queues.setdefault(address, _Queue(Semaphore(self._most)))
            queue.people += 1
        try:
            left = until - self._clock.monotonic()
            if left <= 0 or not queue.places.acquire(timeout=left):
                raise NoTurnError
            try:
                yield
            finally:
                queue.places.release()
        finally:
            with self._lock:
                queue.people -= 1
                if not queue.people:
                    del self._queues[address]
