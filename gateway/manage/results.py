"""What comes of a change to a home, and why one was not made."""

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from gateway.control.reloaded import Reloaded
from gateway.errors import Problem


class Why(StrEnum):
    """Kinds of reasons that a change was not made; nothing is changed then, whichever it is."""

    NOT_FOUND = "not found"
    """There is no service, bundle or file of that name."""
    EXISTS = "exists"
    """There is one already."""
    WRONG = "wrong"
    """What was asked for is not right: a name, a key, a value, a WSDL."""
    CHANGED = "changed"
    """Somebody has changed it since whoever asked has looked at it."""
    IN_USE = "in use"
    """Something else needs what was to go."""
    REFUSED = "refused"
    """The home with the change has mistakes that it had not before, or a running process did not take it."""
    CANNOT_WRITE = "cannot write"
    """The home or the state folder may not be written, or the disk is full."""
    BUSY = "busy"
    """Another change is being made, and did not end in time."""
    UNREACHABLE = "unreachable"
    """A server that was to be asked, or fetched from, does not answer as it should."""


class ManageError(Exception):
    """A change that was not made. The text is for people; secrets are in nothing of it."""

    def __init__(
        self,
        why: Why,
        text: str,
        problems: tuple[Problem, ...] = (),
        processes: tuple[Reloaded, ...] = (),
    ) -> None:
        """`problems`: what is wrong, by file and key; `processes`: what the running processes said."""
        super().__init__(text)
        self.why = why
        self.text = text
        self.problems = problems
        self.processes = processes

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values: what commands print with --json."""
        return {
            "error": self.text,
            "why": self.why.value,
            "problems": [problem_facts(one) for one in self.problems],
            "processes": [one.facts() for one in self.processes],
        }


@dataclass(frozen=True, slots=True)
class Change:
    """A change that was made."""

    changed: bool
    """False: everything was as wanted already, and nothing was written."""
    files: tuple[str, ...] = ()
    """What was written, moved or removed, relative to the home."""
    processes: tuple[Reloaded, ...] = ()
    """What the running processes said; empty: none runs, it counts from the next start."""
    problems: tuple[Problem, ...] = ()
    """Errors that were there before and are there still: the change is written, but not in force."""
    warnings: tuple[Problem, ...] = ()
    """Of the files that were written."""
    notes: tuple[str, ...] = ()
    """For people: what else happened."""

    @property
    def in_force(self) -> bool:
        """Whether running processes serve it now."""
        return bool(self.processes) and all(one.done for one in self.processes)

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {
            "changed": self.changed,
            "in_force": self.in_force,
            "files": list(self.files),
            "processes": [one.facts() for one in self.processes],
            "problems": [problem_facts(one) for one in self.problems],
            "warnings": [problem_facts(one) for one in self.warnings],
            "notes": list(self.notes),
        }


def problem_facts(problem: Problem) -> dict[str, Any]:
    """Return a problem as JSON's values."""
    return {"file": problem.file, "key": problem.key, "text": problem.text, "warning": problem.warning}


def errors_of(problems: tuple[Problem, ...]) -> tuple[Problem, ...]:
    """Return the problems that are no warnings."""
    return tuple(problem for problem in problems if not problem.warning)
