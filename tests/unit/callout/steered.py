"""A runtime that does nothing but remember, and pictures of listeners."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from gateway.callout.state import ListenerPicture, ListenerState
from gateway.callout.values import Source

SINCE = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
ONE, TWO = Source("ims1", "CALL1"), Source("ims1", "CALL2")


def picture(
    source: Source = ONE, state: ListenerState = ListenerState.LISTENING, **other: Any
) -> ListenerPicture:
    counts = {"reason": "", "received": 0, "refused": 0, "in_work": 0, "waiting": 0, "dead": 0, **other}
    return ListenerPicture(source=source, state=state, since=SINCE, **counts)


class Steered:
    """What `Desk`, `Condition` and `run` steer."""

    def __init__(self, *pictures: ListenerPicture) -> None:
        self.shown: Sequence[ListenerPicture] = pictures or (picture(ONE), picture(TWO))
        self.done: list[tuple[Any, ...]] = []
        self.ready = True
        self.journal_usable = True
        self.drains = True
        self.error: Exception | None = None

    def pictures(self) -> Sequence[ListenerPicture]:
        if self.error is not None:
            raise self.error
        return list(self.shown)

    def start_listeners(self, sources: Any) -> None:
        self.done.append(("start", tuple(sources)))

    def stop_listeners(self, sources: Any) -> None:
        self.done.append(("stop", tuple(sources)))

    def drain(self, seconds: float) -> bool:
        self.done.append(("drain", seconds))
        return self.drains

    def start(self) -> None:
        self.done.append(("begin",))

    def reload(self, home: Any, contracts: Any) -> None:
        self.done.append(("reload", home, contracts))

    def close(self) -> None:
        self.done.append(("close",))
