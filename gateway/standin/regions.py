"""Message processing regions: how many inputs of a transaction run at a time, and which wait.

A region is occupied from the scheduling of an input to the sync point of its unit of work, so with sync level
CONFIRM until the client has answered. Inputs of a transaction are scheduled in the order in which they came.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from gateway.standin.units import UnitOfWork

RUNNING: Final = ""
WAITING_FOR_SYNC_POINT: Final = "WAIT-SYNCPOINT"
"""The program has ended and the client has not answered yet (DFS0808W has the word)."""


@dataclass(eq=False, slots=True)
class Region:
    """One region at work."""

    number: int
    transaction: str
    unit: UnitOfWork
    status: str = RUNNING


@dataclass(slots=True)
class _Queue:
    occupied: int = 0
    enqueued: int = 0
    waiting: deque["asyncio.Future[None]"] = field(default_factory=deque)


class Regions:
    """The regions of one IMS and the inputs that wait for one. Reading is safe from any thread."""

    def __init__(self, limits: Mapping[str, int], stopped: frozenset[str]) -> None:
        self._limits = limits
        self._stopped = set(stopped)
        self._queues: dict[str, _Queue] = {}
        self._regions: dict[int, Region] = {}

    # -- what the operator sees and does

    @property
    def active(self) -> tuple[Region, ...]:
        """The regions at work, by number."""
        regions = self._regions.copy()
        return tuple(regions[number] for number in sorted(regions))

    def enqueued(self, transaction: str) -> int:
        """Return how many inputs were queued for a transaction since the start."""
        return self._queue(transaction).enqueued

    def waiting(self, transaction: str) -> int:
        """Return how many inputs of a transaction wait for a region."""
        return sum(not turn.done() for turn in tuple(self._queue(transaction).waiting))

    def limit(self, transaction: str) -> int | None:
        """Return how many inputs of a transaction may run at a time; None: no limit."""
        return self._limits.get(transaction)

    def occupied(self, transaction: str) -> int:
        """Return how many regions a transaction occupies."""
        return self._queue(transaction).occupied

    def is_stopped(self, transaction: str) -> bool:
        """Tell whether a transaction is stopped: nothing is queued for it and nothing of it scheduled."""
        return transaction in self._stopped

    def stop(self, transaction: str) -> None:
        """/STOP TRAN: inputs that wait go on waiting."""
        self._stopped.add(transaction)

    def start(self, transaction: str) -> None:
        """/START TRAN: schedule what waits."""
        self._stopped.discard(transaction)
        self._schedule(transaction)

    # -- what IMS does

    async def acquire(self, transaction: str, unit: UnitOfWork) -> Region:
        """Wait for a region; it is free again when `unit` ends."""
        queue = self._queue(transaction)
        queue.enqueued += 1
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        queue.waiting.append(turn)
        self._schedule(transaction)
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():
                self._free(transaction)
            raise
        region = Region(self._lowest_number(), transaction, unit)
        self._regions[region.number] = region
        unit.at_end(lambda: self._leave(region))
        return region

    def _queue(self, transaction: str) -> _Queue:
        return self._queues.setdefault(transaction, _Queue())

    def _schedule(self, transaction: str) -> None:
        queue = self._queue(transaction)
        limit = self._limits.get(transaction)
        while queue.waiting and transaction not in self._stopped:
            if queue.waiting[0].done():
                queue.waiting.popleft()
            elif limit is not None and queue.occupied >= limit:
                return
            else:
                queue.waiting.popleft().set_result(None)
                queue.occupied += 1

    def _leave(self, region: Region) -> None:
        del self._regions[region.number]
        self._free(region.transaction)

    def _free(self, transaction: str) -> None:
        self._queue(transaction).occupied -= 1
        self._schedule(transaction)

    def _lowest_number(self) -> int:
        number = 1
        while number in self._regions:
            number += 1
        return number
