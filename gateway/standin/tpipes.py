"""Tpipes and their hold queues: where commit-then-send output waits for somebody who takes it.

For commit mode 0 the tpipe is named after the client id. So a client that makes up a new id for every
connection and lets its output be held leaves a queue behind that nobody will ever read: tests count these.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, field

DEFAULT_REROUTE_NAME = "HWS$DEF"
"""Tpipe for rerouted output when neither the client nor the DATASTORE statement (RRNAME=) names one."""


@dataclass(frozen=True, slots=True)
class HeldOutput:
    """One output message on a hold queue: data of the segments as the program wrote it."""

    segments: tuple[bytes, ...] = field(repr=False)
    mod_name: str = ""
    transaction: str = ""


class Tpipes:
    """The hold queues of one IMS, by tpipe name. A queue that is empty does not exist."""

    def __init__(self) -> None:
        self._queues: dict[str, deque[HeldOutput]] = {}
        self._arrivals: dict[str, list[asyncio.Future[None]]] = {}

    def hold(self, tpipe: str, output: HeldOutput) -> None:
        """Put an output at the end of a queue, and wake who waits for it."""
        self._queues.setdefault(tpipe, deque()).append(output)
        for arrival in self._arrivals.pop(tpipe, ()):
            if not arrival.done():
                arrival.set_result(None)

    def arrival(self, tpipe: str) -> "asyncio.Future[None]":
        """Return a future that is done when the next output is put on a queue; cancel it when done with."""
        arrival = asyncio.get_running_loop().create_future()
        waiting = [other for other in self._arrivals.get(tpipe, ()) if not other.done()]
        self._arrivals[tpipe] = [*waiting, arrival]
        return arrival

    def put_back(self, tpipe: str, output: HeldOutput) -> None:
        """Put an output that was taken and not acknowledged back where it stood, at the front."""
        self._queues.setdefault(tpipe, deque()).appendleft(output)

    def take(self, tpipe: str) -> HeldOutput | None:
        """Remove and return the oldest output of a queue, None when there is none."""
        queue = self._queues.get(tpipe)
        if queue is None:
            return None
        output = queue.popleft()
        if not queue:
            del self._queues[tpipe]
        return output

    def depth(self, tpipe: str) -> int:
        """Return how many outputs wait on a queue."""
        return len(self._queues.get(tpipe, ()))

    @property
    def depths(self) -> Mapping[str, int]:
        """How many outputs wait, by tpipe; empty when no queue is left behind."""
        return {name: len(queue) for name, queue in list(self._queues.items())}

    def held(self, tpipe: str) -> tuple[HeldOutput, ...]:
        """Return what waits on a queue, oldest first."""
        return tuple(self._queues.get(tpipe, ()))

    def clear(self) -> None:
        """Empty every queue."""
        self._queues.clear()
