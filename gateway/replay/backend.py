"""What both stores have in common."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol

from gateway.wss.replay import Once, Remembered

CLOCK_MARGIN: Final = timedelta(seconds=60)
"""How much longer than it counts an entry is kept: where a clock is set back, or the clocks of two gateways
differ, it counts again. Whether it counts is always decided by the caller's `now`."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


class StoreDownError(Exception):
    """The store cannot be used; the text is for operators and holds no secret."""


class Backend(Protocol):
    """One kind of store. Thread-safe."""

    def remember(self, entries: Sequence[Once], now: datetime) -> Remembered:
        """Answer NEW, SEEN or FULL, inserting all entries or none. Raises StoreDownError and nothing else."""
        ...

    def advice(self) -> str:
        """Say what about the store is careless; empty: nothing. Does not raise."""
        ...

    def close(self) -> None:
        """Let go of files and sockets."""
        ...


def microseconds(instant: datetime) -> int:
    """Return microseconds since 1970, exactly. The instant is aware."""
    return (instant - _EPOCH) // _MICROSECOND


def by_key(entries: Sequence[Once]) -> dict[bytes, int]:
    """Return when each key stops counting, in microseconds since 1970; of equal keys the later."""
    found: dict[bytes, int] = {}
    for entry in entries:
        found[entry.key] = max(found.get(entry.key, 0), microseconds(entry.until))
    return found
