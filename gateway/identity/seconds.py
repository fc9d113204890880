"""Which second a PassTicket is made for, so that no two of one user and application are equal.

A PassTicket tells the second and nothing smaller, and RACF takes each only once; the second call of a user in
one second would be refused, and count as a wrong password. RACF takes times up to ten minutes off its own
clock, so such a call gets a PassTicket of a second nearby that nobody has had.

Who had which is asked of the replay store, which all workers share, and all machines that name one Valkey.
"""

import secrets
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from typing import Final

from gateway.errors import GatewayError, M
from gateway.wss.replay import Once, OnceKind, Remembered, ReplayStore

REACH_SECONDS: Final = 480
"""How far from now a second may be. RACF's ten minutes less two: the clocks of gateway and z/OS differ, and a
call may wait for a socket."""

TRIES: Final = 48
"""Seconds asked for before a caller is told to come back. With half of all seconds taken one caller in 10**11
finds none, with nine of ten taken one in sixty."""

_SECOND: Final = timedelta(seconds=1)


class Seconds:
    """Gives out seconds. Thread-safe as the store is."""

    def __init__(self, store: ReplayStore, choose: Callable[[int], int] = secrets.randbelow) -> None:
        """`choose` returns a whole number from 0 up to, not including, its argument."""
        self._store = store
        self._choose = choose

    def take(self, application: str, user: str, now: datetime) -> datetime:
        """Return a second within reach that nobody has had for this user and application: now, if it is free.

        Raises GatewayError(M.BUSY) when none is found, or when the store cannot say.
        """
        now = now.replace(microsecond=0)
        for offset in self._offsets():
            second = now + offset * _SECOND
            until = second + (REACH_SECONDS + 1) * _SECOND
            told = second.isoformat().encode()
            entry = Once.of(OnceKind.PASSTICKET, (application.encode(), user.encode(), told), until)
            answer = self._store.remember((entry,), now)
            if answer in {Remembered.NEW, Remembered.UNPROTECTED}:
                return second
            if answer is not Remembered.SEEN:
                raise GatewayError(M.BUSY, private=f"PassTickets: the replay store is {answer.value}")
        raise GatewayError(
            M.BUSY,
            private=f"more than one PassTicket a second for {user} at {application}: no free second within"
            f" {REACH_SECONDS} s",
        )

    def _offsets(self) -> Iterator[int]:
        """Yield 0, then offsets by chance from a span that doubles: after a short burst the times stay near."""
        yield 0
        span = 1
        for _ in range(1, TRIES):
            span = min(2 * span, REACH_SECONDS)
            yield self._choose(2 * span + 1) - span
