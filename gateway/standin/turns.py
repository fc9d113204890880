"""Whose turn it is at a tpipe: one RESUME TPIPE at a time unless MULTIRTP=Y, and none at a stopped tpipe.

Source: OTMA tpipe support for parallel processing of multiple active RESUME TPIPE requests (by default further
requests are queued until the active one ends); HWSSMPL0 and HWSSMPL1 return and reason codes (81, 82).
"""

from collections.abc import Callable
from dataclasses import dataclass

from gateway.standin.refusal import RC_OTMA, RESUME_CANCELLED, TPIPE_STOPPED, Refusal


@dataclass(eq=False, slots=True)
class Turn:
    """One RESUME TPIPE at a tpipe, from its arrival to its end."""

    tpipe: str
    refusal: Refusal | None = None
    """Why IMS has cancelled it; None while it goes on."""

    def check(self) -> None:
        """Raise the Refusal of a RESUME TPIPE that IMS has cancelled."""
        if self.refusal is not None:
            raise self.refusal


class Turns:
    """The RESUME TPIPEs of one IMS, in the order they came."""

    def __init__(self, wake: Callable[[str], None], *, parallel: bool) -> None:
        self._wake = wake
        self._parallel = parallel
        self._lines: dict[str, list[Turn]] = {}
        self._stopped: set[str] = set()

    def join(self, tpipe: str) -> Turn:
        """Get in line. Raises Refusal 12/82 at a stopped tpipe."""
        if tpipe in self._stopped:
            raise Refusal(RC_OTMA, TPIPE_STOPPED, f"tpipe {tpipe} is stopped")
        turn = Turn(tpipe)
        self._lines.setdefault(tpipe, []).append(turn)
        return turn

    def leave(self, turn: Turn) -> None:
        """End a turn, and let the next one know."""
        line = self._lines.get(turn.tpipe, [])
        if turn in line:
            line.remove(turn)
        if not line:
            self._lines.pop(turn.tpipe, None)
        self._wake(turn.tpipe)

    def has_come(self, turn: Turn) -> bool:
        """Tell whether a turn is the active one."""
        return self._parallel or self._lines[turn.tpipe][0] is turn

    def count(self, tpipe: str) -> int:
        """Return how many RESUME TPIPEs are active or in line at a tpipe."""
        return len(self._lines.get(tpipe, ()))

    @property
    def stopped(self) -> frozenset[str]:
        """The tpipes that are stopped."""
        return frozenset(self._stopped)

    def stop(self, tpipe: str) -> None:
        """/STOP TMEMBER TPIPE: cancel what is active there with 12/81; what comes later gets 12/82.

        unverified: that those in line behind the active one get 12/81 too.
        """
        self._stopped.add(tpipe)
        self.cancel(tpipe, Refusal(RC_OTMA, RESUME_CANCELLED, f"/STOP TMEMBER TPIPE {tpipe}"))

    def start(self, tpipe: str) -> None:
        """/START TMEMBER TPIPE: the tpipe may be read again."""
        self._stopped.discard(tpipe)

    def cancel(self, tpipe: str, refusal: Refusal) -> None:
        """Have IMS cancel every RESUME TPIPE at a tpipe; their clients get `refusal`."""
        for turn in self._lines.get(tpipe, ()):
            turn.refusal = turn.refusal or refusal
        self._wake(tpipe)
