"""How a listener is: what `imsgw callout list` shows."""

from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from gateway.callout.values import Source


class ListenerState(Enum):
    """What a listener does at this moment."""

    STARTING = "starting"
    LISTENING = "listening"
    """A RESUME TPIPE is open."""
    FULL = "full"
    """As many callouts are in work as may be, or the journal is full: nothing is retrieved."""
    TROUBLE = "trouble"
    """The last try failed; the next comes after `retry_seconds`."""
    STOPPING = "stopping"
    """Nothing is retrieved any more; callouts in work are finished."""
    STOPPED = "stopped"
    FAILED = "failed"
    """Stopped by an error, as `stop_on_error` wants it."""


@dataclass(frozen=True, slots=True)
class ListenerPicture:
    """One listener at one moment."""

    source: Source
    state: ListenerState
    reason: str
    """Why, in words; empty when all is well."""
    since: datetime
    received: int
    """Messages that were acknowledged."""
    refused: int
    """Messages that got a NAK."""
    in_work: int
    """Callouts in work."""
    waiting: int
    """Asynchronous callouts in the journal that wait for delivery."""
    dead: int
    """Dead letters of this tpipe."""
