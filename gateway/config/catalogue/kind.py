"""One kind of finding: a stable id, how bad it is, what is found, what to do about it."""

from dataclasses import dataclass
from typing import Literal

from gateway.errors import Problem

Severity = Literal["error", "warning"]


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of finding. Its id is never given a second meaning; scripts and suppressions rely on it."""

    id: str
    """Subject and what is wrong with it, ``timeouts.stop``."""
    severity: Severity
    """`error`: something would not work, nothing is served. `warning`: it works, and somebody should look."""
    finds: str
    """What is found, for a table: a phrase that begins in lower case."""
    action: str
    """What to do, for people: one or two sentences."""

    def at(self, file: str, key: str, text: str) -> Problem:
        """Return a finding of this kind; `file` counts from the home, an empty `key` is the whole file."""
        return Problem(file, key, text, self.severity == "warning", self.id)


def error(name: str, finds: str, action: str) -> Kind:
    """Return a kind of finding that keeps a home from being served."""
    return Kind(name, "error", finds, action)


def warning(name: str, finds: str, action: str) -> Kind:
    """Return a kind of finding that somebody should look at."""
    return Kind(name, "warning", finds, action)
