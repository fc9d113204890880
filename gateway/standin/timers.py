"""How long IMS Connect waits for IMS, and what it says when the time is over.

Source: Timer interval specifications; Timeout specifications on input messages; Return and reason codes for IMS
Connect exits (32, 36, 40). The timer runs only while IMS Connect waits for IMS.
"""

import asyncio
from dataclasses import dataclass, replace
from enum import Enum
from typing import Final

from gateway.imsconnect.wire import F1, Irm, SocketType, Verb, timer_seconds
from gateway.imsconnect.wire.codes import RC_DEFAULT_TIMER, RC_TIMER, RC_TIMER_KEPT
from gateway.imsconnect.wire.timer import FOREVER, NO_WAIT, NO_WAIT_LEVEL

NO_WAIT_FOR_OUTPUT: Final = 2.0
"""Seconds that NO_WAIT means on a send-receive input, which must wait for its output."""
NO_WAIT_FOR_MORE: Final = 0.25
"""Seconds that NO_WAIT means on the ACK or NAK of commit-then-send output when it is not honoured."""
RESUME_SECONDS: Final = 2.0
"""Seconds that X'00' and NO_WAIT mean on RESUME TPIPE."""
RESUME_ANSWER_SECONDS: Final = 0.25
"""Seconds that X'00' and NO_WAIT mean on the ACK or NAK of RESUME TPIPE other than single."""
ENDED_SECONDS: Final = 0.25
"""unverified: seconds that X'FF' means on a NAK or DEALLOCATE, which has ended RESUME TPIPE."""


@dataclass(frozen=True, slots=True)
class Wait:
    """One wait for IMS."""

    seconds: float | None
    """None: for ever."""
    return_code: int
    reason_code: int
    """The timer value in effect."""


class Deadline:
    """The end of a wait that begins now and is waited for in several pieces."""

    def __init__(self, wait: Wait) -> None:
        self._time = asyncio.get_running_loop().time
        self._end = None if wait.seconds is None else self._time() + wait.seconds

    @property
    def left(self) -> float | None:
        """Seconds that are left, at least 0; None: for ever."""
        return None if self._end is None else max(0.0, self._end - self._time())


def wait_for_output(irm: Irm, timeout_seconds: float) -> Wait:
    """Return the wait for the output of a send-receive input; `timeout_seconds` is TIMEOUT= of TCPIP."""
    return _wait(irm, timeout_seconds, NO_WAIT_FOR_OUTPUT)


def wait_for_more(answer: Irm, timeout_seconds: float) -> Wait:
    """Return the wait for further output after the ACK or NAK of commit-then-send output."""
    return _wait(answer, timeout_seconds, NO_WAIT_FOR_MORE)


def wait_in_resume(irm: Irm) -> Wait:
    """Return the wait of RESUME TPIPE for its first message."""
    return _wait(irm, RESUME_SECONDS, RESUME_SECONDS)


def wait_after_resumed(answer: Irm, timeout_seconds: float, *, single: bool) -> Wait:
    """Return the wait after the ACK, NAK or DEALLOCATE of a message that RESUME TPIPE brought."""
    default = timeout_seconds if single else RESUME_ANSWER_SECONDS
    wait = _wait(answer, default, RESUME_ANSWER_SECONDS)
    if wait.seconds is None and answer.timer == FOREVER and answer.verb is not Verb.ACK:
        return replace(wait, seconds=ENDED_SECONDS)
    return wait


def is_unanswered(answer: Irm, protocol_level: int) -> bool:
    """Tell whether nothing follows this ACK or NAK of commit-then-send output (IMS Connect protocol level).

    The codec knows it too, but its state may already be that of the next request, which need not wait.
    """
    return F1.NOWAIT in answer.f1 and answer.timer == NO_WAIT and protocol_level >= NO_WAIT_LEVEL


def _wait(irm: Irm, timeout_seconds: float, no_wait: float) -> Wait:
    return_code = RC_TIMER_KEPT if irm.socket is SocketType.PERSISTENT else RC_TIMER
    if irm.timer == FOREVER:
        return Wait(None, return_code, irm.timer)
    if irm.timer == NO_WAIT:
        return Wait(no_wait, return_code, irm.timer)
    seconds = timer_seconds(irm.timer)
    if seconds is not None:
        return Wait(seconds, return_code, irm.timer)
    # unverified: TIMEOUT=0 waits for ever, and the reason code is the default in TIMEOUT's unit of 1/100 s
    return Wait(timeout_seconds or None, RC_DEFAULT_TIMER, round(timeout_seconds * 100))


class Ending(Enum):
    """How a wait for IMS ended."""

    DONE = "done"
    EXPIRED = "timed out"
    GONE = "client gone"
    DOWN = "data store gone"
