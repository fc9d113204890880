"""What came of a reload, in each process that was asked."""

from collections.abc import Mapping
from dataclasses import dataclass
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
        problems = [
            {"file": one.file, "key": one.key, "text": one.text, "warning": one.warning}
            for one in self.problems
        ]
        return {
            "process": self.process,
            "outcome": self.outcome.value,
            "number": self.number,
            "digest": self.digest,
            "problems": problems,
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
            number=int(said["number"]),
            digest=str(said["digest"]),
            problems=tuple(
                Problem(str(one["file"]), str(one["key"]), str(one["text"]), bool(one["warning"]))
                for one in said["problems"]
            ),
            restart=tuple(str(one) for one in said["restart"]),
            milliseconds=int(said["milliseconds"]),
            reason=str(said["reason"]),
        )
