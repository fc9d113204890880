"""A unit of work: what a program changed, kept until its fate is known.

IMS commits or backs out at the sync point, which for commit mode 1 with CONFIRM is the client's ACK or NAK.
Programs change their data at once and say here how to take it back.
"""

from collections.abc import Callable
from enum import Enum


class Fate(Enum):
    """Where a unit of work stands."""

    OPEN = "open"
    COMMITTED = "committed"
    BACKED_OUT = "backed out"


class UnitOfWork:
    """The changes of one program run, until commit or back-out. Only the first of the two counts."""

    def __init__(self) -> None:
        self.fate = Fate.OPEN
        self._at_commit: list[Callable[[], None]] = []
        self._undo: list[Callable[[], None]] = []
        self._release: list[Callable[[], None]] = []

    def on_commit(self, act: Callable[[], None]) -> None:
        """Have `act` called first if the unit is committed; what it raises backs the unit out."""
        self._at_commit.append(act)

    def on_back_out(self, undo: Callable[[], None]) -> None:
        """Have `undo` called, the last one first, if the unit is backed out."""
        self._undo.append(undo)

    def at_end(self, release: Callable[[], None]) -> None:
        """Have `release` called at commit and at back-out, for locks."""
        self._release.append(release)

    def commit(self) -> None:
        """Keep what was changed."""
        self._end(Fate.COMMITTED)

    def back_out(self) -> None:
        """Take back what was changed."""
        self._end(Fate.BACKED_OUT)

    def _end(self, fate: Fate) -> None:
        if self.fate is not Fate.OPEN:
            return
        if fate is Fate.COMMITTED:
            self._send_off()
        self.fate = fate
        if fate is Fate.BACKED_OUT:
            for undo in reversed(self._undo):
                undo()
        for release in self._release:
            release()

    def _send_off(self) -> None:
        try:
            for act in self._at_commit:
                act()
        except BaseException:
            self._end(Fate.BACKED_OUT)
            raise
