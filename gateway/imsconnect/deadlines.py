"""One budget per request, split over the wait for a socket, connecting, IRM_TIMER and the socket timer.

The execution timer (IRM_TIMER) runs in IMS Connect and inside the socket timer, which runs here: were the
socket timer the shorter one, the caller would never learn that IMS was late, and the socket would be lost.

Without a whole budget every step has its own bound and they add up. With one, the request ends when it is
spent: time that went by waiting and connecting shortens what follows, the execution timer first.

Source: IMS TM resource adapter timeouts; Setting socket timeout values; Timer interval specifications.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from gateway.errors import M, TransportError
from gateway.imsconnect import values
from gateway.imsconnect.wire.timer import DEFAULT, FOREVER, MAX_TIMER_MS, NO_WAIT, encode_timer, timer_seconds

REPORT_MS: Final = 50
"""What the socket timer must at least outlast the execution timer by when a budget has cut both: time for the
RSM of a timeout to arrive."""

SHORTEST_TIMER_MS: Final = 10
"""IRM_TIMER cannot say less."""

_SPECIAL: Final = {values.DEFAULT_TIMEOUT: DEFAULT, values.FOREVER: FOREVER, values.NO_WAIT: NO_WAIT}
"""`execution_ms` that is no time: IMS Connect's default, without limit, no wait."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeouts:
    """What the files or the caller say."""

    execution_ms: int
    """For IRM_TIMER: 1 to 3,600,000; 0: IMS Connect's default; -1: without limit; -2: no wait."""
    socket_ms: int
    """The whole conversation on the socket; 0: without limit."""
    wait_seconds: float
    """For a free socket."""
    budget_ms: int = 0
    """All of it together; 0: as much as the others add up to."""


@dataclass(frozen=True, slots=True)
class Conversation:
    """The bounds of one conversation."""

    timer: int
    """Code for IRM_TIMER."""
    timer_ms: int | None
    """The milliseconds that IMS Connect will really wait; None: the code is no time."""
    deadline: float | None
    """When the socket timer ends it, on the clock's monotonic scale; None: never."""
    shortened: bool
    """Whether a budget cut the execution timer short."""


@dataclass(frozen=True, slots=True)
class Budget:
    """What one request may still take. Made when it arrives; `now` is the clock's monotonic seconds."""

    timeouts: Timeouts
    started: float

    @property
    def ends(self) -> float | None:
        """When the whole budget is spent; None: there is none."""
        return self.started + self.timeouts.budget_ms / 1000 if self.timeouts.budget_ms else None

    def wait_until(self) -> float:
        """Return when the wait for a socket ends."""
        return self._within(self.started + self.timeouts.wait_seconds)

    def conversation(self, now: float) -> Conversation:
        """Return the bounds of a conversation that begins now.

        Raises TransportError NO_SOCKET when nothing is left of the budget: nothing is sent then, for an answer
        could not be heard.
        """
        socket_ms = self.timeouts.socket_ms
        deadline = now + socket_ms / 1000 if socket_ms else None
        if self.ends is None or (deadline is not None and deadline <= self.ends):
            timer, timer_ms = encode_execution(self.timeouts.execution_ms)
            return Conversation(timer, timer_ms, deadline, shortened=False)
        left_ms = int((self.ends - now) * 1000)
        if left_ms <= SHORTEST_TIMER_MS + REPORT_MS:
            raise self._spent(now)
        timer, timer_ms, shortened = self._timer(left_ms - REPORT_MS)
        return Conversation(timer, timer_ms, self.ends, shortened)

    def _timer(self, longest_ms: int) -> tuple[int, int | None, bool]:
        """Return the execution timer, cut to `longest_ms`."""
        asked = self.timeouts.execution_ms
        timer, timer_ms = encode_execution(asked)
        if timer == NO_WAIT or (timer_ms is not None and timer_ms <= longest_ms):
            return timer, timer_ms, False
        timer, timer_ms = longest_timer(longest_ms)
        return timer, timer_ms, True

    def _within(self, moment: float) -> float:
        return min(moment, self.started + self.timeouts.budget_ms / 1000) if self.timeouts.budget_ms else moment

    def _spent(self, now: float) -> TransportError:
        private = f"the budget of {self.timeouts.budget_ms} ms was spent before anything was sent"
        fields = {"seconds": f"{now - self.started:.3g}"}
        return TransportError(M.NO_SOCKET, fields, private, maybe_sent=False)


@lru_cache(maxsize=256)  # operations have few timeouts
def encode_execution(ms: int) -> tuple[int, int | None]:
    """Return the code for an execution timeout and the milliseconds in effect, None when it is no time.

    Raises ValueError for what IRM_TIMER cannot say.
    """
    if ms in _SPECIAL:
        return _SPECIAL[ms], None
    return encode_timer(ms)


def longest_timer(ms: int) -> tuple[int, int]:
    """Return the code of the longest time that is not longer than `ms`, and that time in milliseconds.

    Raises ValueError below 10 ms.
    """
    if ms < SHORTEST_TIMER_MS:
        raise ValueError(f"IRM_TIMER can say {SHORTEST_TIMER_MS} ms or more, not {ms}")
    code, effective = encode_timer(min(ms, MAX_TIMER_MS))
    while effective > ms:
        code -= 1
        seconds = timer_seconds(code)
        assert seconds is not None, "below a code for a time there is another"
        effective = round(seconds * 1000)
    return code, effective


def inconsistencies(timeouts: Timeouts) -> tuple[str, ...]:
    """Say what cannot work as it was meant, in words for whoever wrote it; none: all is well."""
    found = []
    _timer, sent = encode_execution(timeouts.execution_ms)
    socket_ms, budget_ms = timeouts.socket_ms, timeouts.budget_ms
    if sent is not None and socket_ms and sent >= socket_ms:
        rounded = "" if sent == timeouts.execution_ms else f", which IMS Connect rounds to {sent} ms"
        found.append(
            f"the socket timer of {socket_ms} ms is not longer than the execution timer of "
            f"{timeouts.execution_ms} ms{rounded}: the caller would never learn that IMS was late"
        )
    if budget_ms and sent is not None and sent + REPORT_MS > budget_ms:
        found.append(
            f"the budget of {budget_ms} ms is shorter than the execution timer of {sent} ms and {REPORT_MS} ms "
            "for the answer: the timer never gets its time"
        )
    if budget_ms and budget_ms <= timeouts.wait_seconds * 1000:
        found.append(
            f"the budget of {budget_ms} ms is not longer than the wait for a socket of "
            f"{timeouts.wait_seconds:g} s: a request that waits that long has nothing left for IMS"
        )
    return tuple(found)


def judge(execution_ms: int, socket_ms: int, wait_seconds: float) -> tuple[int | None, tuple[str, ...]]:
    """Return the execution timeout in effect, and what cannot work: the load-time check of an operation."""
    timeouts = Timeouts(execution_ms=execution_ms, socket_ms=socket_ms, wait_seconds=wait_seconds)
    return encode_execution(execution_ms)[1], inconsistencies(timeouts)
