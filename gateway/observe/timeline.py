"""Where the time of one request went: named stretches, measured whether or not anybody looks at them.

Metrics, traces and audit are made of the same numbers, after the fact.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

from gateway.clock import Clock

PARSE: Final = "parse"
"""Bytes to a checked envelope."""
JUDGE: Final = "judge"
"""The judge of WS-Security, replay store included."""
AUTHENTICATE: Final = "authenticate"
"""The table of users and an authentication module of the installation."""
REQUEST: Final = "request"
"""Payload to segments."""
SIGN_ON: Final = "sign_on"
"""Waiting for a place of the sign-on guard."""
IMS: Final = "ims"
"""The call of IMS as the request sees it: waiting for a socket, connecting, and the round trip."""
POOL: Final = "ims.pool"
"""Within `IMS`: waiting for a socket, and opening one where there is none."""
ROUND_TRIP: Final = "ims.round_trip"
"""Within `IMS`: from the first byte sent to the last one received."""
REPLY: Final = "reply"
"""Segments to the reply's payload."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a request's time."""

    name: str
    began: float
    """Seconds since the request began."""
    seconds: float


class Timeline:
    """The stretches of one request. Used by one thread at a time."""

    __slots__ = ("_clock", "_start", "_stretches")

    def __init__(self, clock: Clock) -> None:
        """Begin now."""
        self._clock = clock
        self._start = clock.monotonic()
        self._stretches: list[Stretch] = []

    @property
    def seconds(self) -> float:
        """Seconds since the beginning."""
        return self._clock.monotonic() - self._start

    @property
    def stretches(self) -> tuple[Stretch, ...]:
        """What was measured so far, in the order in which it ended."""
        return tuple(self._stretches)

    @contextmanager
    def part(self, name: str) -> Iterator[None]:
        """Measure what is done within, however it ends."""
        began = self._clock.monotonic()
        try:
            yield
        finally:
            self.add(name, began, self._clock.monotonic())

    def add(self, name: str, began: float, ended: float) -> None:
        """Note what was measured elsewhere, by the same monotonic clock."""
        self._stretches.append(Stretch(name, began - self._start, ended - began))
