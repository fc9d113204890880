"""What the console says about what was just done, or was not."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, Literal

from gateway.admin.api.changes import ChangeShown
from gateway.admin.api.problem import ApiError, HomeProblem
from gateway.errors import Problem

DONE: Final = {
    "started": "The service is started.",
    "stopped": "The service is stopped: callers get a fault.",
    "capture": "Messages of this service are kept from now on.",
    "forgotten": "No more messages are kept, and those that were are forgotten.",
    "reloaded": "The configuration was read anew and is in force in all processes.",
    "changed": "The bundle is changed, and the change is in force.",
    "same": "Nothing was changed: all stands so already.",
    "recycled": "The pool was closed and opens anew: sockets in use are closed once their request has ended.",
    "listening": "The listeners retrieve again.",
    "quiet": "The listeners retrieve no more; callouts in work are finished.",
    "replayed": "The dead letters are to be delivered again, now.",
    "discarded": "The dead letters are discarded for good.",
}
"""By the word that stands in the address: nothing else that stands there is ever shown."""


@dataclass(frozen=True, slots=True)
class Said:
    """A text for the head of a page."""

    kind: Literal["good", "warn", "bad"]
    text: str
    problems: Sequence[Problem | HomeProblem] = ()


def of_address(word: str) -> Said | None:
    """Return what a word in the address stands for; None for every other."""
    return Said("good", DONE[word]) if word in DONE else None


def of_change(change: ChangeShown) -> Said | None:
    """Return what is to be minded of a change that was made; None: it is in force everywhere."""
    if change.in_force:
        return None
    text = "It is written, but not in force: " + (
        "the configuration has errors that it had before." if change.problems else "no process took it."
    )
    return Said("warn", text, change.problems)


def of_error(error: ApiError) -> Said:
    """Return why something was not done."""
    return Said("bad", error.detail[:1].upper() + error.detail[1:], error.problems)
