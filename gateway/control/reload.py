"""Asking the running processes of an installation to read their home anew."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gateway.clock import Clock
from gateway.control import client, seat
from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.words import ControlError

SECONDS: Final = 120.0
"""For a reload: thousands of services may have to be read, by each worker."""


def ask_reload(
    state: Path, clock: Clock, processes: tuple[str, ...] = (seat.SERVE, seat.CALLOUT)
) -> tuple[Reloaded, ...]:
    """Have every running process of a state folder read its home anew; empty: none runs.

    One after the other, the gateway first. One that cannot be asked counts as FAILED. Raises ControlError when
    the folder cannot be read.
    """
    return tuple(said for process in processes for said in _ask_all(state / process, clock))


def _ask_all(folder: Path, clock: Clock) -> Iterator[Reloaded]:
    for number in client.living(folder):
        name = f"{folder.name} {number}"
        try:
            said = client.ask(folder, f"{number}.sock", {"do": "reload"}, clock, SECONDS)
            if said is not None:
                yield Reloaded.of(said)
        except ControlError as error:
            yield Reloaded(name, Outcome.FAILED, 0, "", reason=str(error))
        except (KeyError, TypeError, ValueError):
            yield Reloaded(name, Outcome.FAILED, 0, "", reason="what the process says cannot be understood")
