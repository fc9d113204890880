"""Counters of one worker, in its memory: bounded, by our clock, without a thread of their own.

The library's own memory keeps a key for each address that ever came until its window is over, and looks through
all of them in a thread every ten milliseconds; somebody with many addresses would make both dear.
"""

from collections import OrderedDict
from dataclasses import dataclass
from math import floor
from threading import Lock
from typing import Final

from limits.storage.base import SlidingWindowCounterSupport, Storage

from gateway.clock import Clock

MOST_KEYS: Final = 50_000
"""Clients and users that are counted at once, some 15 MB; beyond it who was quiet longest is forgotten."""

Window = tuple[int, float, int, float]
"""As the library has it: what the window before counted, seconds until that ends to count; the same of this
one, which ends to count one window after it was over."""


@dataclass(slots=True)
class _Counts:
    """Of one key."""

    number: int
    """Of the window, counted from the clock's beginning."""
    before: int = 0
    current: int = 0

    def at(self, number: int) -> None:
        """Move on to another window."""
        if number != self.number:
            self.before = self.current if number == self.number + 1 else 0
            self.current = 0
            self.number = number


class BoundedMemory(Storage, SlidingWindowCounterSupport):
    """Thread-safe."""

    STORAGE_SCHEME = None

    def __init__(self, clock: Clock, most_keys: int = MOST_KEYS) -> None:
        super().__init__()
        self._clock = clock
        self._most = most_keys
        self._lock = Lock()
        self._counts: OrderedDict[str, _Counts] = OrderedDict()

    def __len__(self) -> int:
        return len(self._counts)

    @property
    def base_exceptions(self) -> type[Exception]:
        """What an operation may raise: nothing of its own."""
        return ValueError

    def acquire_sliding_window_entry(self, key: str, limit: int, expiry: int, amount: int = 1) -> bool:
        """Count a request if there is room for it within the limit."""
        with self._lock:
            before, ttl, current, _ = self._window(key, expiry)
            if floor(before * ttl / expiry) + current + amount > limit:
                return False
            self._counts[key].current += amount
            return True

    def get_sliding_window(self, key: str, expiry: int) -> Window:
        """Return what is counted."""
        with self._lock:
            return self._window(key, expiry)

    def clear_sliding_window(self, key: str, expiry: int) -> None:  # noqa: ARG002  the library's
        """Forget a key."""
        self.clear(key)

    def _window(self, key: str, expiry: int) -> Window:
        number, into = divmod(self._clock.monotonic(), expiry)
        counts = self._counts.get(key)
        if counts is None:
            counts = self._counts[key] = _Counts(int(number))
            if len(self._counts) > self._most:
                self._counts.popitem(last=False)
        self._counts.move_to_end(key)
        counts.at(int(number))
        return counts.before, expiry - into, counts.current, 2 * expiry - into

    def clear(self, key: str) -> None:
        """Forget a key."""
        with self._lock:
            self._counts.pop(key, None)

    def reset(self) -> int:
        """Forget all; returns how many that were."""
        with self._lock:
            count = len(self._counts)
            self._counts.clear()
            return count

    def check(self) -> bool:
        """Tell that it can be used."""
        return True

    def incr(self, key: str, expiry: int, amount: int = 1) -> int:
        """Not for this strategy of counting."""
        raise NotImplementedError

    def get(self, key: str) -> int:
        """Not for this strategy of counting."""
        raise NotImplementedError

    def get_expiry(self, key: str) -> float:
        """Not for this strategy of counting."""
        raise NotImplementedError
