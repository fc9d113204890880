"""How a running callout process is, in words and numbers: for commands, probes and metrics."""

from collections.abc import Callable, Collection, Sequence
from typing import Final, Protocol

from gateway.callout.state import ListenerPicture, ListenerState
from gateway.callout.values import Source
from gateway.observe.callout_metrics import ListenerReading

_UP: Final = frozenset({ListenerState.LISTENING, ListenerState.FULL})
_CONTENT: Final = _UP | {ListenerState.STOPPED}
_MOST_NAMED: Final = 3


class Steered(Protocol):
    """What runs, as far as commands and probes are concerned: `gateway.callout.runtime.CalloutRuntime`."""

    @property
    def ready(self) -> bool:
        """Whether it serves, and nothing is in trouble."""
        ...

    def pictures(self) -> Sequence[ListenerPicture]:
        """Return how the listeners are."""
        ...

    def start_listeners(self, sources: Collection[Source]) -> None:
        """Start those that do not listen. Raises KeyError."""
        ...

    def stop_listeners(self, sources: Collection[Source]) -> None:
        """Stop them; their callouts in work are finished. Raises KeyError."""
        ...

    def drain(self, seconds: float) -> bool:
        """Retrieve nothing any more, wait for callouts in work; False: some are left."""
        ...


class Condition:
    """Asks what runs. Any thread."""

    def __init__(self, runtime: Steered, at_end: Callable[[], None] = lambda: None) -> None:
        """Begin as one that serves; `at_end` is called at each `end`."""
        self._runtime = runtime
        self._at_end = at_end
        self._ending = ""

    @property
    def ending(self) -> str:
        """Why nothing is retrieved any more; empty as long as it is."""
        return self._ending

    def end(self, why: str) -> None:
        """Have it be ready no more: from here on nothing begins."""
        self._ending = why
        self._at_end()

    def unready(self) -> str:
        """Say why the process is not ready; "" when it is."""
        if self._ending:
            return self._ending
        if self._runtime.ready:
            return ""
        troubled = [picture for picture in self._runtime.pictures() if picture.state not in _CONTENT]
        if not troubled:
            return "nothing is retrieved: not started yet"
        told = "; ".join(_words(picture) for picture in troubled[:_MOST_NAMED])
        left = len(troubled) - _MOST_NAMED
        return f"{told}; and {left} more" if left > 0 else told

    @property
    def in_work(self) -> int:
        """Callouts in work."""
        return sum(picture.in_work for picture in self._runtime.pictures())

    def readings(self) -> list[ListenerReading]:
        """Return the listeners as the metrics want them."""
        return [
            ListenerReading(
                bundle=picture.source.bundle,
                tpipe=picture.source.tpipe,
                state=picture.state.value,
                up=picture.state in _UP,
                received=picture.received,
                refused=picture.refused,
                in_work=picture.in_work,
                entries={"waiting": picture.waiting, "dead": picture.dead},
            )
            for picture in self._runtime.pictures()
        ]


def _words(picture: ListenerPicture) -> str:
    reason = f": {picture.reason}" if picture.reason else ""
    return f"{picture.source} is in state {picture.state.value}{reason}"
