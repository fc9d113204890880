"""Deliveries to an address that fails again and again pause, and one at a time tries it.

Synchronous callouts are not held back: their programs want an answer now, and a refusal would be no better.
"""

from threading import Lock

from gateway.clock import Clock
from gateway.config.model import RetrySettings


class Circuit:
    """Of one address of one service. Closed at first. Thread-safe."""

    def __init__(self, settings: RetrySettings, clock: Clock) -> None:
        """Begin closed: deliveries go through."""
        self._settings = settings
        self._clock = clock
        self._failures = 0
        self._until = 0.0
        self._trying = False
        self._lock = Lock()

    def enter(self) -> float:
        """Return 0 where a delivery may be made, otherwise in how many seconds to ask again."""
        with self._lock:
            if not self.open:
                return 0.0
            left = self._until - self._clock.monotonic()
            if left <= 0 and not self._trying:
                self._trying = True
                return 0.0
            return max(left, self._settings.first_seconds)

    @property
    def open(self) -> bool:
        """Whether deliveries pause."""
        return self._failures >= self._settings.circuit_failures

    def succeeded(self) -> bool:
        """Note a delivery that reached the service; True: this closed the circuit."""
        with self._lock:
            closed, self._failures, self._trying = self.open, 0, False
            return closed

    def failed(self) -> bool:
        """Note a delivery that did not; True: this opened the circuit."""
        with self._lock:
            was_open = self.open
            self._failures += 1
            self._trying = False
            if self.open:
                beyond = self._failures - self._settings.circuit_failures
                self._until = self._clock.monotonic() + pause(self._settings, beyond + 1)
            return self.open and not was_open

    def left(self) -> None:
        """Note that a delivery that was let through was not made after all."""
        with self._lock:
            self._trying = False


def pause(settings: RetrySettings, attempt: int) -> float:
    """Return the seconds to wait after so many attempts: twice as long each time, up to the longest."""
    doublings = min(attempt - 1, 64)
    return min(settings.first_seconds * 2.0**doublings, settings.longest_seconds)
