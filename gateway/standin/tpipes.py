"""Tpipes and their hold queues: where output waits for somebody who takes it, until it is acknowledged.

For commit mode 0 the tpipe is named after the client id. So a client that makes up a new id for every
connection and lets its output be held leaves a queue behind that nobody will ever read: tests count these.

Source: Retrieval of output on OTMA tpipe hold queues; OTMA tpipe support for parallel processing of multiple
active RESUME TPIPE requests.
"""

import asyncio
from collections import deque
from collections.abc import Mapping
from threading import RLock
from typing import Final

from gateway.standin.deliveries import Delivery, Entry
from gateway.standin.held import CalloutRequest, Held, HeldOutput, Kind, kind_of
from gateway.standin.held_store import HeldStore, InMemory
from gateway.standin.turns import Turns

__all__ = ["Delivery", "HeldOutput", "Tpipes"]

ASYNC_ONLY: Final = (Kind.ASYNC,)


class Tpipes:
    """The hold queues of one IMS, by tpipe name. A queue that is empty does not exist.

    May be looked at and cleared from any thread; all else belongs to the stand-in's loop. What is being
    delivered is on no queue and counts to no depth; `in_delivery` counts it.
    """

    def __init__(self, store: HeldStore | None = None, *, parallel: bool = False) -> None:
        self._store: HeldStore = store or InMemory()
        self._lock = RLock()
        self._queues: dict[tuple[str, Kind], deque[Entry]] = {}
        self._delivering: set[Entry] = set()
        self._waiting: dict[str, list[asyncio.Future[None]]] = {}
        self._next_seq = 1
        self._known: set[str] = set()
        self.turns = Turns(self.wake, parallel=parallel)
        """Who may read which tpipe (MULTIRTP=), and which tpipes are stopped."""
        for seq, tpipe, output in self._store.load():
            self._enqueue(Entry(seq, tpipe, output, stored=True))
            self._known.add(tpipe)
            self._next_seq = seq + 1

    # -- putting on

    def hold(self, tpipe: str, output: HeldOutput) -> None:
        """Put an output at the end of a queue, and wake who waits for it. It is on disk afterwards."""
        with self._lock:
            entry = self._new(tpipe, output)
            self._keep(entry)
            self._enqueue(entry)
        self.wake(tpipe)

    def request(self, tpipe: str, request: CalloutRequest) -> Delivery:
        """Put a callout request at the end of a queue; discard the delivery when its ICAL has ended."""
        with self._lock:
            entry = self._new(tpipe, request)
            self._enqueue(entry)
        self.wake(tpipe)
        return Delivery(entry, self)

    def send(self, tpipe: str, output: HeldOutput, *, kept: bool = True) -> Delivery:
        """Begin to deliver an output that is on no queue yet: commit mode 0 to the client that waits.

        `tpipe` is where it belongs if it is not delivered. Unless `kept` is false it is on disk afterwards.
        """
        with self._lock:
            entry = self._new(tpipe, output)
            if kept:
                self._keep(entry)
            self._delivering.add(entry)
        return Delivery(entry, self)

    # -- taking

    def take(self, tpipe: str, kinds: tuple[Kind, ...] = ASYNC_ONLY) -> Delivery | None:
        """Begin to deliver the oldest message of the first of `kinds` that has one; None: there is none."""
        with self._lock:
            for kind in kinds:
                queue = self._queues.get((tpipe, kind))
                if queue:
                    entry = queue.popleft()
                    self._drop_if_empty(entry)
                    self._delivering.add(entry)
                    return Delivery(entry, self)
        return None

    def changed(self, tpipe: str) -> "asyncio.Future[None]":
        """Return a future that is done when something happens at a tpipe; cancel it when done with."""
        change: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.setdefault(tpipe, []).append(change)
        change.add_done_callback(lambda done: self._waits_no_more(tpipe, done))
        return change

    def _waits_no_more(self, tpipe: str, change: "asyncio.Future[None]") -> None:
        """Forget who gave up waiting: generated client ids would leave one behind for each connection."""
        waiting = self._waiting.get(tpipe, [])
        if change in waiting:
            waiting.remove(change)
            if not waiting:
                del self._waiting[tpipe]

    def wake(self, tpipe: str) -> None:
        """Wake everybody who waits for something to happen at a tpipe."""
        for change in self._waiting.pop(tpipe, ()):
            if not change.done():
                change.set_result(None)

    # -- what deliveries call

    def forget(self, entry: Entry) -> None:
        """Take a message away for good, wherever it is. It is off the disk afterwards."""
        with self._lock:
            if entry.stored:
                self._store.delete(entry.seq)
            self._leave(entry)

    def back(self, entry: Entry) -> None:
        """Put a message that was being delivered back where it stood."""
        with self._lock:
            if entry not in self._delivering:
                return
            self._keep(entry)
            self._delivering.discard(entry)
            self._enqueue(entry)
        self.wake(entry.tpipe)

    def divert(self, entry: Entry, tpipe: str) -> None:
        """Put a message that was being delivered at the end of another queue."""
        with self._lock:
            if entry not in self._delivering or not isinstance(entry.held, HeldOutput):
                return
            moved = self._new(tpipe, entry.held)
            self._store.move(entry.seq, moved.seq, tpipe, entry.held)
            moved.stored = True
            self._leave(entry)
            self._enqueue(moved)
        self.wake(tpipe)

    # -- looking

    def depth(self, tpipe: str) -> int:
        """Return how many asynchronous outputs wait on a queue."""
        with self._lock:
            return len(self._queues.get((tpipe, Kind.ASYNC), ()))

    @property
    def depths(self) -> Mapping[str, int]:
        """How many asynchronous outputs wait, by tpipe; empty when no queue is left behind."""
        return self._count(Kind.ASYNC)

    @property
    def requests(self) -> Mapping[str, int]:
        """How many synchronous callout requests wait, by tpipe."""
        return self._count(Kind.SYNC)

    @property
    def in_delivery(self) -> int:
        """How many messages were sent or are about to be, and wait for ACK or NAK."""
        with self._lock:
            return len(self._delivering)

    def exists(self, tpipe: str) -> bool:
        """Tell whether OTMA knows a tpipe: output was ever queued there, or a descriptor names it."""
        with self._lock:
            return tpipe in self._known

    def define(self, tpipe: str) -> None:
        """Make a tpipe known that has no output yet."""
        with self._lock:
            self._known.add(tpipe)

    def held(self, tpipe: str) -> tuple[HeldOutput, ...]:
        """Return the asynchronous output that waits on a queue, oldest first."""
        with self._lock:
            entries = self._queues.get((tpipe, Kind.ASYNC), ())
            return tuple(entry.held for entry in entries if isinstance(entry.held, HeldOutput))

    def clear(self) -> None:
        """Empty every queue; what is being delivered now is not put back either."""
        with self._lock:
            self._store.clear()
            self._queues.clear()
            self._delivering.clear()

    # -- inside, under the lock

    def _new(self, tpipe: str, held: Held) -> Entry:
        entry = Entry(self._next_seq, tpipe, held)
        self._known.add(tpipe)
        self._next_seq += 1
        return entry

    def _keep(self, entry: Entry) -> None:
        """Have an output on disk; a callout request is kept in memory alone."""
        if isinstance(entry.held, HeldOutput) and not entry.stored:
            self._store.insert(entry.seq, entry.tpipe, entry.held)
            entry.stored = True

    def _enqueue(self, entry: Entry) -> None:
        """Put an entry into its queue, in the order of all messages."""
        queue = self._queues.setdefault((entry.tpipe, kind_of(entry.held)), deque())
        if not queue or queue[-1].seq < entry.seq:
            queue.append(entry)
            return
        queue.insert(next(at for at, other in enumerate(queue) if other.seq > entry.seq), entry)

    def _leave(self, entry: Entry) -> None:
        if entry in self._delivering:
            self._delivering.discard(entry)
            return
        queue = self._queues.get((entry.tpipe, kind_of(entry.held)))
        if queue and entry in queue:
            queue.remove(entry)
            self._drop_if_empty(entry)

    def _drop_if_empty(self, entry: Entry) -> None:
        key = (entry.tpipe, kind_of(entry.held))
        if not self._queues[key]:
            del self._queues[key]

    def _count(self, kind: Kind) -> dict[str, int]:
        with self._lock:
            return {tpipe: len(queue) for (tpipe, of), queue in self._queues.items() if of is kind}
