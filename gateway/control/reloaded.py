"""What came of a reload, in each process that was asked."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any, Self

from gateway.errors import Problem


class Outcome(StrEnum):
    """What became of a changed home in one process."""

    IN_FORCE = "in force"
    """It was read, found right, and serves."""
    REFUSED = "refused"
    """It has mistakes: what served before goes on."""
    FAILED = "failed"
    """The process could not do it, though the home may be right: what served before goes on."""


@dataclass(frozen=True, slots=True)
class Reloaded:
    """What one process says of a reload."""

    process: str
    """For people: "serve 1", "callout 2"."""
    outcome: Outcome
    number: int
    """Of the snapshot that is in force now; counts from 1 at the start of the process."""
    digest: str
    """Of the same: 16 hexadecimal digits, alike wherever the same files are in force. Secrets are not in it."""
    problems: tuple[Problem, ...] = ()
    """What stands in the way, and warnings."""
    restart: tuple[str, ...] = ()
    """Keys of gateway.toml that have changed and count from the next start."""
    milliseconds: int = 0
    reason: str = ""
    """Why it failed, in words."""

    @property
    def done(self) -> bool:
        """Whether the home is in force."""
        return self.outcome is Outcome.IN_FORCE

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values: what `imsgw reload --json` prints, and what `of` reads."""
        return {
            "process": self.process,
            "outcome": self.outcome.value,
            "number": self.number,
            "digest": self.digest,
            "problems": problem_facts(self.problems),
            "restart": list(self.restart),
            "milliseconds": self.milliseconds,
            "reason": self.reason,
        }

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Read what `facts` gave, perhaps by another version. Raises ValueError, KeyError or TypeError."""
        return cls(
            process=str(said["process"]),
            outcome=Outcome(said["outcome"]),
            number=_count(said["number"]),
            digest=str(said["digest"]),
            problems=problems_of(said["problems"]),
            restart=_words(said["restart"]),
            milliseconds=_count(said["milliseconds"]),
            reason=str(said["reason"]),
        )


def problem_facts(problems: Iterable[Problem]) -> list[dict[str, Any]]:
    """Return problems as JSON's values."""
    return [asdict(one) for one in problems]


def problems_of(said: Iterable[Mapping[str, Any]]) -> tuple[Problem, ...]:
    """Read what `problem_facts` gave. Raises TypeError."""
    known = {field.name for field in fields(Problem)}
    read = []
    for one in said:
        if not isinstance(one, Mapping):
            raise TypeError("a problem is an object")
        read.append(Problem(**{name: one[name] for name in known & one.keys()}))
    return tuple(read)


def _words(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(one, str) for one in value):
        raise TypeError("keys are a list of words")
    return tuple(value)


def _count(value: object) -> int:
    if not isinstance(value, int) or isinstance(value, bool):
        raise TypeError("a count is a whole number")
    return value
