"""How many sockets IMS Connect lets a pool have: its MAXSOC is shared with clients that we do not know.

When no more can be had while those that are open work, the pool does with those: trying on would only cost
callers their time. After a while it tries one more, then one more after each that it gets.
"""

from typing import Final

FIRST_HOLD_SECONDS: Final = 1.0
LONGEST_HOLD_SECONDS: Final = 60.0


class Ceiling:
    """The limit that was learned, below the configured `size`. Holds no lock."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._limit: int | None = None
        self._hold = FIRST_HOLD_SECONDS
        self._until = 0.0

    def at(self, now: float) -> int:
        """Return how many sockets there may be, those being connected included."""
        if self._limit is None:
            return self._size
        return min(self._limit + (now >= self._until), self._size)

    @property
    def learned(self) -> bool:
        """Whether the limit is one that was learned."""
        return self._limit is not None

    @property
    def retry_at(self) -> float:
        """When one more may be tried."""
        return self._until

    def refused(self, open_sockets: int, now: float) -> None:
        """Note that no socket beside those that are open could be had."""
        if self._limit is not None:
            self._hold = min(self._hold * 2, LONGEST_HOLD_SECONDS)
        self._limit = max(open_sockets, 1)
        self._until = now + self._hold

    def grew(self, open_sockets: int) -> None:
        """Note that a socket was had, so many with it."""
        if self._limit is None or open_sockets <= self._limit:
            return
        self._limit, self._hold = open_sockets, FIRST_HOLD_SECONDS
        if open_sockets >= self._size:
            self.forget()

    def forget(self) -> None:
        """Forget it: nothing is open, so what is refused now has another reason."""
        self._limit, self._hold = None, FIRST_HOLD_SECONDS
