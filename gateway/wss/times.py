"""Times in a security header: xs:dateTime in UTC, and whether one is fresh."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

FUTURE: Final = timedelta(seconds=60)
"""How far ahead a sender's clock may be when the policy's skew is smaller (WSS4J uses the same)."""

_DATE_TIME = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)T(\d\d):(\d\d):(\d\d)(?:\.(\d{1,9}))?(Z|[+-]\d\d:\d\d)", re.ASCII
)


def parse_instant(text: str) -> datetime:
    """Return the aware UTC instant that an xs:dateTime names.

    The zone is required; a numeric offset is accepted besides Z, since several stacks write ``+00:00``.
    Leap seconds and hour 24 are refused (BSP R3213, R3215). Raises ValueError.
    """
    match = _DATE_TIME.fullmatch(text.strip(" \t\r\n"))
    if match is None:
        raise ValueError("not an xs:dateTime with a time zone")
    year, month, day, hour, minute, second = (int(part) for part in match.groups()[:6])
    micro = int((match[7] or "0").ljust(6, "0")[:6])
    offset = timedelta()
    if match[8] != "Z":
        hours, minutes = int(match[8][1:3]), int(match[8][4:6])
        if hours > 14 or minutes > 59:
            raise ValueError("time zone offset out of range")
        offset = timedelta(hours=hours, minutes=minutes) * (-1 if match[8][0] == "-" else 1)
    try:
        return datetime(year, month, day, hour, minute, second, micro, tzinfo=UTC) - offset
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
        if created < self.now - self.max_age - self.skew:
            return f"created {created.isoformat()} is too old"
        if expires is not None and self.now - self.skew >= expires:
            return f"expired {expires.isoformat()}"
        return ""
