"""The results of a comparison, looked up."""

from collections.abc import Mapping, Sequence
from typing import Any

Row = Mapping[str, Any]


class Figures:
    """What a run found; what it did not find is None, or an empty list."""

    def __init__(self, record: Mapping[str, Any]) -> None:
        self._record = record

    @property
    def senders(self) -> int:
        """How many senders there were."""
        count: int = self._record["settings"]["senders"]
        return count

    @property
    def rows(self) -> Sequence[Row]:
        """The servers' figures."""
        return self.part("rows")

    def part(self, name: str) -> Sequence[Row]:
        """Return the rows of a part."""
        found: Sequence[Row] = self._record[name]
        return found

    def row(self, server: str, transport: str, service: str) -> Row | None:
        """Return what a server took for a kind of message."""
        wanted = (server, transport, service)
        return next((r for r in self.rows if (r["server"], r["transport"], r["service"]) == wanted), None)

    def cpu(self, server: str, transport: str, service: str) -> float | None:
        """Return its CPU microseconds."""
        row = self.row(server, transport, service)
        return None if row is None else float(row["cpu_microseconds"])

    def refusals(self, service: str) -> Mapping[str, Sequence[str]]:
        """Return what servers refused of a kind of message."""
        return {row["server"]: row["refused"] for row in self.part("refused") if row["service"] == service}

    def payload(self, service: str, size: int) -> Row | None:
        """Return what a payload of this size took."""
        rows = self.part("payload")
        return next((row for row in rows if (row["service"], row["bytes"]) == (service, size)), None)

    def latency(self, service: str, load: str) -> Row | None:
        """Return how long calls took."""
        rows = self.part("latency")
        return next((row for row in rows if (row["service"], row["load"]) == (service, load)), None)
