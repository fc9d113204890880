"""What master and workers both speak of: a home that is to come into force, and what came of the last one."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Self

from gateway.control.reloaded import Reloaded

LastReload = tuple[Reloaded, datetime] | None
"""What came of the last reload, done or not, and when; None: there was none."""


@dataclass(frozen=True, slots=True)
class Change:
    """What the master wants to come into force; another try may have the same number."""

    number: int
    """Of the snapshot."""
    mark: str
    """Of the files that the master found, see `gateway.preflight.still.mark_of`."""

    def facts(self) -> dict[str, Any]:
        """Return it as JSON's values."""
        return {"number": self.number, "mark": self.mark}

    @classmethod
    def of(cls, said: Mapping[str, Any]) -> Self:
        """Read what `facts` gave. Raises KeyError, TypeError or ValueError."""
        return cls(int(said["number"]), str(said["mark"]))
