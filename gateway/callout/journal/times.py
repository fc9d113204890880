"""Instants as the journal keeps them: microseconds since 1970."""

from datetime import UTC, datetime, timedelta
from typing import Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


def microseconds(instant: datetime) -> int:
    """Return microseconds since 1970, exactly. The instant is aware."""
    return (instant - _EPOCH) // _MICROSECOND


def instant(count: int) -> datetime:
    """Return the instant, in UTC."""
    return _EPOCH + count * _MICROSECOND
