"""Counting against a rate, wherever that is; a store that fails is left alone for a while.

One that does not answer would hold up every request for the whole timeout. So after a failure one request in a
second tries it again, and the others go on without.
"""

import logging
import math
from collections import OrderedDict
from dataclasses import dataclass
from threading import Lock
from typing import Final

from limits.limits import RateLimitItemPerSecond
from limits.strategies import SlidingWindowCounterRateLimiter

from gateway.clock import Clock
from gateway.config.limits import Rate
from gateway.limits.memory import BoundedMemory, Window
from gateway.limits.shared import SharedCounters
from gateway.observe.limit_events import LimitObserver
from gateway.valkey_pool import FAILURES, Access

log = logging.getLogger("gateway.limits")

RETRY_SECONDS: Final = 1.0
"""From a failure of the store until it is tried again."""
_CLOSED_SECONDS: Final = 1.0
_MOST_CLOSED: Final = 10_000


@dataclass(frozen=True, slots=True)
class _Closed:
    """A key that is over its rate."""

    until: float
    """When the store is asked again: it may have been cleared."""
    room_at: float


class StoreAwayError(Exception):
    """Nothing can be counted now."""


class Counting:
    """Counts requests by key. Thread-safe.

    The windows slide: what the window before has counted still counts by the part of it that is not over. So
    there is no double burst where two windows meet, and two numbers a key are enough.
    """

    def __init__(self, clock: Clock, observer: LimitObserver, access: Access | None, workers: int) -> None:
        """`access`: the store of all; None: this worker's memory, for its share of every rate.

        Raises gateway.tls.StoreError for a trust store.
        """
        self._clock = clock
        self._observer = observer
        self._access = access
        self._shared = SharedCounters(access) if access else None
        self._share = 1 if access else workers
        self._storage = BoundedMemory(clock) if self._shared is None else self._shared
        self._limiter = SlidingWindowCounterRateLimiter(self._storage)
        self._lock = Lock()
        self._retry_at: float | None = None
        self._closed: OrderedDict[str, _Closed] = OrderedDict()
        observer.limit_store_usable(True)

    def take(self, key: str, rate: Rate) -> int:
        """Count a request. Returns 0, or the seconds until there is room for it. Raises StoreAwayError."""
        item = self._item(rate)
        name = item.key_for(key)
        left = self._still_closed(name)
        if left:
            return left
        try:
            self._may_ask()
            if self._limiter.hit(item, key):
                self._answered()
                return 0
            window = self._storage.get_sliding_window(name, rate.seconds)
        except FAILURES as error:
            self._lost(error)
            raise StoreAwayError from None
        self._answered()
        return self._close(name, wait_of(item.amount, rate.seconds, window))

    def close(self) -> None:
        """Close connections."""
        if self._shared is not None:
            self._shared.close()

    def _item(self, rate: Rate) -> RateLimitItemPerSecond:
        """Return the rate as the library has it; of a rate that workers share by division, this one's part."""
        return RateLimitItemPerSecond(-(-rate.amount // self._share), rate.seconds, "rate")

    # -- a key that is over its rate --------------------------------------------------------------------------

    def _still_closed(self, name: str) -> int:
        """Tell for how many seconds a key needs not be asked for: a flood does not go on to the store."""
        closed, now = self._closed.get(name), self._clock.monotonic()
        if closed is None:
            return 0
        if now < closed.until:
            return math.ceil(closed.room_at - now)
        with self._lock:
            self._closed.pop(name, None)
        return 0

    def _close(self, name: str, seconds: float) -> int:
        if self._shared is not None:
            with self._lock:
                now = self._clock.monotonic()
                self._closed[name] = _Closed(now + min(seconds, _CLOSED_SECONDS), now + seconds)
                if len(self._closed) > _MOST_CLOSED:
                    self._closed.popitem(last=False)
        return max(1, math.ceil(seconds))

    # -- a store that fails -----------------------------------------------------------------------------------

    def _may_ask(self) -> None:
        """Raise StoreAwayError unless the store works, or it is time to try it again, for one request."""
        if self._retry_at is None:
            return
        with self._lock:
            now = self._clock.monotonic()
            if self._retry_at is None:
                return
            if now < self._retry_at:
                raise StoreAwayError
            self._retry_at = now + RETRY_SECONDS

    def _lost(self, error: Exception) -> None:
        with self._lock:
            first = self._retry_at is None
            self._retry_at = self._clock.monotonic() + RETRY_SECONDS
        if first:
            self._observer.limit_store_usable(False)
            reason = self._access.reason(error) if self._access else type(error).__name__
            log.error("store of limits lost, rates are not counted: %s", reason)

    def _answered(self) -> None:
        if self._retry_at is None:
            return
        with self._lock:
            back, self._retry_at = self._retry_at is not None, None
        if back:
            self._observer.limit_store_usable(True)
            log.warning("store of limits is back")


def wait_of(amount: int, seconds: int, window: Window) -> float:
    """Return the seconds after which a sliding window has room for one more; at least 0."""
    before, before_left, current, current_left = window
    if current < amount:
        if not before:
            return 0.0
        return max(0.0, before_left - (amount - current) * seconds / before)
    rest_of_window = max(0.0, current_left - seconds)
    return rest_of_window + seconds * (1 - amount / current)
