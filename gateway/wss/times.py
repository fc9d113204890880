"""Times in a security header: xs:dateTime in UTC, and whether one is fresh."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

FUTURE: Final = timedelta(seconds=60)
"""How far ahead a sender's clock may be when the policy's skew is smaller (WSS4J uses the same)."""

_DATE_TIME: Final = re.compile(
    r"\d{4}-\d\d-\d\dT(?:[01]\d|2[0-3]):\d\d:[0-5]\d(?:\.\d{1,9})?(?:Z|[+-](?:0\d|1[0-4]):[0-5]\d)", re.ASCII
)


def parse_instant(text: str) -> datetime:
    """Return the aware UTC instant that an xs:dateTime names.

    The zone is required; a numeric offset is accepted besides Z, since several stacks write ``+00:00``.
    Leap seconds and hour 24 are refused (BSP R3213, R3215). Raises ValueError.
    """
    told = text.strip(" \t\r\n")
    if _DATE_TIME.fullmatch(told) is None:
        raise ValueError("not an xs:dateTime with a time zone")
    try:
        return datetime.fromisoformat(told).astimezone(UTC)
    except OverflowError as error:
        raise ValueError("out of range") from error


@dataclass(frozen=True, slots=True)
class Freshness:
    """How old and how far ahead a time may be."""

    now: datetime
    skew: timedelta
    max_age: timedelta

    def complaint(self, created: datetime, expires: datetime | None = None) -> str:
        """Return why the times are not acceptable, empty when they are.

        An Expires far in the future does not stretch `max_age`.
        """
        if created > self.now + max(self.skew, FUTURE):
            return f"created {created.isoformat()} lies in the future"
        if created <= self.now - self.max_age - self.skew:  # from that moment on the replay store forgets it
            return f"created {created.isoformat()} is too old"
        if expires is not None and self.now - self.skew >= expires:
            return f"expired {expires.isoformat()}"
        return ""
