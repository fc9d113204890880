"""How a command asks the running `imsgw callout` processes of a state folder."""

from pathlib import Path
from typing import Final

from gateway.callout.control_words import Ask, Told
from gateway.clock import Clock
from gateway.control import client, seat

SECONDS: Final = client.SECONDS
"""For an answer, beyond what was asked takes by itself."""


def ask(state: Path, number: int, what: Ask, clock: Clock, seconds: float = SECONDS) -> Told | None:
    """Ask one instance; None: it has ended. Raises ControlError with what is wrong, in words."""
    said = client.ask(state / seat.CALLOUT, f"{number}.sock", what.facts(), clock, seconds)
    return None if said is None else Told.of(said)


def living(state: Path) -> list[int]:
    """Return the numbers of instances that may live. Raises ControlError."""
    return client.living(state / seat.CALLOUT)
