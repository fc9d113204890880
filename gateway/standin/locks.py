"""Locks on records, held until the sync point of the unit of work that took them."""

import asyncio
from collections import deque

from gateway.standin.units import UnitOfWork


class RecordLocks:
    """Who may touch which record. Waiting runs get their turn in the order they came."""

    def __init__(self) -> None:
        self._waiting: dict[str, deque[asyncio.Future[None]]] = {}

    async def acquire(self, record: str, unit: UnitOfWork) -> None:
        """Wait until the record is free and keep it until `unit` ends."""
        queue = self._waiting.get(record)
        if queue is None:
            self._waiting[record] = deque()
        else:
            turn = asyncio.get_running_loop().create_future()
            queue.append(turn)
            try:
                await turn
            except asyncio.CancelledError:
                if turn.done() and not turn.cancelled():
                    self._release(record)
                raise
        unit.at_end(lambda: self._release(record))

    def _release(self, record: str) -> None:
        queue = self._waiting[record]
        while queue:
            turn = queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        del self._waiting[record]
