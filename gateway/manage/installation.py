"""One home with its state folder, and how to bring a change of it into force."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from gateway.clock import SYSTEM_CLOCK, Clock
from gateway.control.reloaded import Reloaded
from gateway.errors import Problem

Activate = Callable[[], tuple[Reloaded, ...]]
"""Has the running processes of a state folder read the home anew; empty: none runs. Blocks until done."""


def nobody_runs() -> tuple[Reloaded, ...]:
    """Stand in for `activate` where no process is to be told."""
    return ()


@dataclass(frozen=True, slots=True)
class Installation:
    """What changes are made to. Any number of threads and processes may have one of the same home."""

    home: Path
    """Absolute."""
    state: Path
    """Absolute; that of the running processes, or two writers do not see each other."""
    environ: Mapping[str, str]
    """Answers `{ env }` when the home is judged here."""
    activate: Activate = nobody_runs
    clock: Clock = SYSTEM_CLOCK

    def judge(self) -> tuple[Problem, ...]:
        """Return all problems of the home as it is now, warnings too: what `imsgw check` says."""
        from gateway.manage.judging import judge  # noqa: PLC0415  Spyne takes a second to import

        return judge(self)
