"""What a worker remembers of its latest requests, for people at the console: counts by time, the last ones.

In memory only, bounded, and gone with the worker; what is counted for good are the metrics.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Final

from gateway.observe.events import RequestEnded

BUCKET_SECONDS: Final = 10
"""Length of a bucket; buckets begin at multiples of it since the epoch, so that those of all workers match."""
BUCKETS: Final = 360
"""Buckets that are kept: one hour."""
RECENT: Final = 200
"""Latest requests that are kept."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """The requests of one service that ended within one stretch of time."""

    start: int
    """Seconds since the epoch, a multiple of BUCKET_SECONDS."""
    answered: int
    refused: int
    """Those that got a fault."""
    milliseconds: int
    """Sum over all of them."""
    longest: int
    """The longest, in milliseconds."""


@dataclass(frozen=True, slots=True)
class Ended:
    """A request that has ended, and when."""

    at: datetime
    event: RequestEnded


@dataclass(frozen=True, slots=True)
class Captured:
    """Request and answer of one call, redacted: no security header, the named elements masked."""

    at: datetime
    tracking_id: str
    service: str
    status: int
    """HTTP status of the answer."""
    request: str
    """XML, cut where it is too long."""
    answer: str
