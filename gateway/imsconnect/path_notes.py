"""From the pools' events to the decisions over paths: what a housekeeper finds out counts for every caller."""

from collections.abc import Callable

from gateway.imsconnect.paths import Outcome
from gateway.observe.events import PathEvent, PathOpened, PathRestored, PathSink, StillDown

Note = Callable[[int, Outcome, str], None]
"""`Paths.note`, behind the lock of whoever shares it."""


class PathNotes:
    """The sink of one endpoint's pool: notes the event, then passes it on."""

    def __init__(self, note: Note, index: int, onward: PathSink | None = None) -> None:
        self._note = note
        self._index = index
        self._onward = onward

    def path_changed(self, event: PathEvent) -> None:
        """Take one event; called without any lock of the pool held."""
        match event:
            case PathOpened() | StillDown():
                self._note(self._index, Outcome.DOWN, event.reason)
            case PathRestored():
                self._note(self._index, Outcome.UP, "")
        if self._onward is not None:
            self._onward.path_changed(event)
