"""What master and workers call the home that is to come into force."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Self


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
