"""Records on their way to a collector: bounded, in the background, never waited for.

Whoever has a record puts it in and goes on; of more than there is room for nothing is kept. A thread takes them
out in batches. While the collector cannot be reached a batch that was tried in vain is lost: records of a
moment ago are worth more than those of an hour ago, and nothing here may grow.
"""

import logging
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from threading import Event, Thread
from typing import Final, Generic, Protocol, TypeVar

T = TypeVar("T")

log = logging.getLogger("gateway.traces")

BATCH: Final = 128
"""Records that are sent together."""


class Counts(Protocol):
    """Counts what becomes of records."""

    def traces(self, outcome: str, count: int) -> None:
        """Count so many: "sent", "dropped" as there was no room, "lost" as they could not be sent."""
        ...


class Outbox(Generic[T]):
    """Takes records of any thread. Make it after a fork: it has a thread of its own."""

    def __init__(
        self, send: Callable[[Sequence[T]], str], counts: Counts, *, most: int, interval_seconds: float
    ) -> None:
        """`send` returns why it failed, empty: it did not. It must not raise, nor take for ever."""
        self._send = send
        self._counts = counts
        self._most = most
        self._interval = interval_seconds
        self._waiting: deque[T] = deque()
        self._full = Event()
        self._closing = False
        self._cut = False
        self._lost = 0
        self._thread = Thread(target=self._run, name="traces", daemon=True)
        self._thread.start()

    def put(self, record: T) -> None:
        """Take a record, or count that there is no room. Does not block and does not raise."""
        if len(self._waiting) >= self._most or self._closing:
            self._counts.traces("dropped", 1)
            return
        self._waiting.append(record)
        if len(self._waiting) >= BATCH:
            self._full.set()

    def close(self, seconds: float) -> None:
        """Send what waits, for so many seconds; the rest is lost, and counted so."""
        self._closing = True
        self._full.set()
        self._thread.join(seconds)
        self._cut = True
        if left := len(self._taken(len(self._waiting))):
            self._counts.traces("lost", left)

    def _taken(self, most: int) -> list[T]:
        """Take the oldest records out; at the end two threads do, so what is there is known by taking it."""
        taken: list[T] = []
        with suppress(IndexError):
            while len(taken) < most:
                taken.append(self._waiting.popleft())
        return taken

    def _run(self) -> None:
        while not self._closing:
            self._full.wait(self._interval)
            self._full.clear()
            self._empty()
        self._empty()

    def _empty(self) -> None:
        while self._waiting and not self._cut:
            batch = self._taken(BATCH)
            try:
                reason = self._send(batch)
            except Exception as error:  # a mistake of ours must not end the thread
                log.exception("spans could not be made or sent")
                reason = type(error).__name__
            self._counts.traces("lost" if reason else "sent", len(batch))
            self._tell(reason, len(batch))

    def _tell(self, reason: str, count: int) -> None:
        """Say it once when traces can be sent no more, and once when they can again."""
        if reason:
            if not self._lost:
                log.warning("traces cannot be sent, and are lost until they can: %s", reason)
            self._lost += count
        elif self._lost:
            log.info("traces can be sent again; those of %d requests and callouts are lost", self._lost)
            self._lost = 0
