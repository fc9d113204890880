"""What the files of a home look like, and when that is a reason to read it anew.

A change counts once it is the same at two looks in a row, so that what is being written is not read half. What
was refused is not tried again until its files change.
"""

from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.config.model import Home
from gateway.config.watched import Fingerprint, fingerprint, named_files, spoken_of

_AGAIN_SECONDS: Final = 30.0
"""At least so long after a reload that failed, though the home may be right, the watch tries again."""
_NEVER: Final[Fingerprint] = frozenset({("", 0, 0, 0)})
"""How no home looks."""


class Watch:
    """Looks at the files of one home, and remembers. For the master's thread."""

    def __init__(self, home: Home, look: Fingerprint, clock: Clock) -> None:
        """`look` is what the files of the home in force looked like when it was read."""
        self.in_force = look
        """The look of the home in force."""
        self._path = home.path
        self._clock = clock
        self._seen = look
        """At the last look: what was refused is not tried again until it changes."""
        self._named = named_files(home)
        """Files that the home in force names; to find them is too much work for every look."""
        self._hoped: frozenset[Path] = frozenset()
        """Files that a home may name that was refused: if they come, or change, it may be right."""
        self._changing: Fingerprint | None = None
        self._due = clock.monotonic()

    def look(self) -> Fingerprint:
        """Return what the files look like now. Does not raise."""
        return fingerprint(self._path, self._named | self._hoped)

    def calls(self, seconds: float) -> bool:
        """Look when that is due; tell whether the files have changed and stand still.

        `seconds`: between looks; 0: there are none.
        """
        if not seconds or self._clock.monotonic() < self._due:
            return False
        self._due = self._clock.monotonic() + seconds
        now = self.look()
        if now == self._seen:
            self._changing = None
        elif now == self._changing:
            self._seen, self._changing = now, None
            return True
        else:
            self._changing = now
            self._due = self._clock.monotonic()  # what is being written is looked at again soon
        return False

    def failed(self, seconds: float) -> None:
        """Call again, though not soon: the home may be right; it is not for another change of files to tell."""
        self._seen, self._due = _NEVER, self._clock.monotonic() + max(seconds, _AGAIN_SECONDS)

    def refused(self, look: Fingerprint) -> None:
        """Remember a home that has mistakes, by its look before it was read."""
        self._seen, self._hoped = look, spoken_of(self._path)

    def taken(self, look: Fingerprint, named: frozenset[Path]) -> None:
        """Remember a home that is in force now, and the files that it names: the look is of those, too."""
        self.in_force = self._seen = look
        self._named, self._hoped = named, frozenset()
