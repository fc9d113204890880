"""Floods: of records that repeat each other the first of each second are written, then how many came."""

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from threading import Lock
from typing import Final, Generic, TypeVar

T = TypeVar("T")

WINDOW_SECONDS: Final = 1.0
MOST_KEYS: Final = 4096
"""Kinds of records that are told apart at a time; what comes beyond is one kind."""
_OTHERS: Final = ("others",)


@dataclass(slots=True)
class _Window(Generic[T]):
    began: float
    written: int = 0
    held_back: int = 0
    last: T | None = None
    seen: set[int] = field(default_factory=set)
    """Who has come."""


@dataclass(frozen=True, slots=True)
class Repeated(Generic[T]):
    """Events that were held back: the last of them, and how many there were."""

    last: T
    count: int


class Repeats(Generic[T]):
    """Decides which events get a record of their own. Thread-safe."""

    def __init__(self, per_second: int, others: int = 0) -> None:
        """`per_second`: so many of a kind have a record of their own each second; 0: all.

        `others`: so many beyond have one, the first one of each who is told apart.
        """
        self._most = per_second
        self._most_seen = per_second + others
        self._windows: dict[Hashable, _Window[T]] = {}
        self._lock = Lock()

    def admit(self, key: Hashable, event: T, now: float, who: int = 0) -> bool:
        """Tell whether an event gets a record of its own; else it is counted. `now`: monotonic seconds.

        `who`: what tells one of a kind from another, see `others`.
        """
        if not self._most:
            return True
        with self._lock:
            if key not in self._windows and len(self._windows) >= MOST_KEYS:
                key = _OTHERS
            window = self._windows.setdefault(key, _Window(now))
            another = who not in window.seen and window.written < self._most_seen
            if window.written < self._most or another:
                window.written += 1
                window.seen.add(who)
                return True
            window.held_back += 1
            window.last = event
            return False

    def due(self, now: float, *, all_: bool = False) -> Iterator[Repeated[T]]:
        """Yield what was held back in windows that are over, once each."""
        with self._lock:
            over = [
                key for key, window in self._windows.items() if all_ or now - window.began >= WINDOW_SECONDS
            ]
            ended = [self._windows.pop(key) for key in over]
        for window in ended:
            if window.last is not None:
                yield Repeated(window.last, window.held_back)
