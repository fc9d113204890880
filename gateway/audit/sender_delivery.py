"""What of the spool is sent next, what is settled, what has to be sent again: no socket, no waiting.

Syslog acknowledges nothing. What was sent is taken to have arrived when the receiver's system has acknowledged
the octets and the connection still lived `resend_seconds` later; all else is sent again over the next one. So
what a receiver took and lost within that time (it was killed, it lost what it held in memory) comes again, and
a record may come twice.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from gateway.audit.sender_events import QueueAdopted, SenderEvent, SpoolDamaged
from gateway.audit.spool import Spool
from gateway.audit.spool_outlet import Outlet, Piece
from gateway.audit.syslog import FRAMINGS
from gateway.audit.syslog_settings import SyslogSettings
from gateway.clock import Clock

_SETTLE_SECONDS: Final = 0.25
"""Between two looks at what is settled: each one writes to the disk's cache."""
_LOOK_SECONDS: Final = 1.0
"""Between two looks for what dead processes left."""
MOST_ADOPTED: Final = 64
"""Queues of dead processes at a time: each has a descriptor until it is settled; a command leaves several."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Records of one queue, framed."""

    frames: bytes
    outlet: Outlet
    piece: Piece


@dataclass(frozen=True, slots=True)
class _Mark:
    outlet: Outlet
    piece: Piece
    sent_at: float
    """Monotonic."""
    total: int
    """Octets of frames sent over this connection up to here."""


class Delivery:
    """For the sender's thread; counts may be read from any."""

    def __init__(
        self,
        spool: Spool,
        clock: Clock,
        settings: SyslogSettings,
        on_event: Callable[[SenderEvent], None],
    ) -> None:
        """Nothing is looked at before the first call. Raises ValueError for an unknown framing."""
        if settings.framing not in FRAMINGS:
            raise ValueError(f"framing is one of {', '.join(FRAMINGS)}")
        self._framed = FRAMINGS[settings.framing]
        self._spool = spool
        self._clock = clock
        self._resend_seconds = settings.resend_seconds
        self._on_event = on_event
        self._own: Outlet | None = None
        self._adopted: list[Outlet] = []
        self._marks: deque[_Mark] = deque()
        self._total = self._seen = 0
        self._next_settle = self._next_look = clock.monotonic()
        self.sent = self.resent = self.damaged = 0

    @property
    def waiting(self) -> int:
        """How many records have yet to be sent."""
        own, queue = self._own, self._spool.own
        if own is None or own.queue is not queue:
            mine = queue.taken if queue is not None else 0
        else:
            mine = own.waiting
        return mine + sum(outlet.waiting for outlet in tuple(self._adopted))

    def has_news(self) -> bool:
        """Whether a record came since `next_batch` was called last."""
        return self._spool.appended != self._seen

    def next_batch(self) -> Batch | None:
        """Return what is to be sent now, what dead processes left first; None: nothing."""
        self._seen = self._spool.appended
        for outlet in self._outlets():
            while piece := outlet.read():
                self._tell_damage(outlet, piece)
                if piece.messages:
                    return Batch(b"".join(map(self._framed, piece.messages)), outlet, piece)
        return None

    def was_sent(self, batch: Batch) -> None:
        """Remember that a batch went out; it is not settled yet."""
        self.sent += len(batch.piece.messages)
        self._total += len(batch.frames)
        self._marks.append(_Mark(batch.outlet, batch.piece, self._clock.monotonic(), self._total))

    def settle(self, unacknowledged: int) -> None:
        """Settle what was sent long enough ago and has been acknowledged.

        `unacknowledged`: octets under way on the connection. TLS only adds octets to frames, so the last frames
        of that many octets hold all that is under way.
        """
        now = self._clock.monotonic()
        if now < self._next_settle:
            return
        self._next_settle = now + _SETTLE_SECONDS
        settled: dict[int, tuple[_Mark, int]] = {}
        while self._marks and self._is_settled(self._marks[0], now, unacknowledged):
            mark = self._marks.popleft()
            records = settled.get(id(mark.outlet), (mark, 0))[1] + len(mark.piece.messages)
            settled[id(mark.outlet)] = (mark, records)
        for mark, records in settled.values():
            mark.outlet.settle(mark.piece.segment, mark.piece.offset, records)
        self._let_go_of_adopted()

    def settle_all(self) -> None:
        """Settle all that was sent: the receiver has read it to the end."""
        self._marks.clear()
        for outlet in self._outlets():
            outlet.settle_all()

    def begin_again(self) -> None:
        """Have the next connection begin with what is not settled."""
        self._marks.clear()
        self._total = 0
        for outlet in self._outlets():
            self.resent += outlet.begin_again()

    def look_around(self) -> None:
        """Take over the oldest queue of a dead process, unless one of such is still to be read."""
        now = self._clock.monotonic()
        if now < self._next_look or any(outlet.waiting for outlet in self._adopted):
            return
        if len(self._adopted) >= MOST_ADOPTED:
            return
        self._next_look = now + _LOOK_SECONDS
        queue = self._spool.adopt()
        if queue is not None:
            self._next_look = now  # there may be more
            self._adopted.append(Outlet(queue, self._spool.lock))
            self._on_event(QueueAdopted(queue.path.name, queue.taken))

    def close(self) -> None:
        """Leave to others what is not settled."""
        for outlet in self._outlets():
            outlet.close()
        for outlet in self._adopted:
            outlet.queue.release()
        self._adopted.clear()

    def _outlets(self) -> list[Outlet]:
        """Return all queues of ours, what dead processes left first: it is older."""
        queue = self._spool.own
        if self._own is not None and self._own.queue is not queue:
            self._own.close()
            self._own = None
        if self._own is None and queue is not None:
            self._own = Outlet(queue, self._spool.lock)
        return [*self._adopted, self._own] if self._own is not None else [*self._adopted]

    def _is_settled(self, mark: _Mark, now: float, unacknowledged: int) -> bool:
        is_old = now - mark.sent_at >= self._resend_seconds
        return is_old and self._total - mark.total >= unacknowledged

    def _let_go_of_adopted(self) -> None:
        for outlet in tuple(self._adopted):
            if outlet.is_at_end and outlet.is_settled:
                outlet.settle_all()
                outlet.close()
                outlet.queue.release()
                self._adopted.remove(outlet)

    def _tell_damage(self, outlet: Outlet, piece: Piece) -> None:
        if piece.damaged:
            self.damaged += piece.damaged
            self._on_event(SpoolDamaged(outlet.queue.path.name, piece.damaged))
