"""wsu:Timestamp: read it, then judge it (WSS SOAP Message Security 1.1.1, section 10)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from gateway.errors import WssFault
from gateway.safexml import children
from gateway.wss.names import CREATED, EXPIRES, TIMESTAMP
from gateway.wss.rules import R
from gateway.wss.text import plain_text
from gateway.wss.times import Freshness, parse_instant
from gateway.wss.verdict import Trail

_SHAPES: Final = ([CREATED], [CREATED, EXPIRES])


@dataclass(frozen=True, slots=True, eq=False)
class Stamp:
    """A Timestamp that was found fresh."""

    element: Any
    created: datetime
    expires: datetime | None


def judge_timestamp(security: Any, freshness: Freshness, trail: Trail) -> Stamp | None:
    """Judge the Timestamp of a Security header and return it; None when there is none."""
    found = [child for child in children(security) if child.tag == TIMESTAMP]
    trail.require(R.TS_ONE, len(found) <= 1, f"{len(found)} Timestamps", WssFault.INVALID_SECURITY)
    if not found:
        return None
    timestamp = found[0]
    times = children(timestamp)
    shape_ok = [child.tag for child in times] in _SHAPES and not any(child.keys() for child in times)
    trail.require(R.TS_SHAPE, shape_ok, f"children {len(times)}", WssFault.INVALID_SECURITY)
    created = _instant(times[0], trail)
    expires = _instant(times[1], trail) if len(times) == 2 else None
    trail.met(R.TS_FORMAT)
    in_order = expires is None or created <= expires
    trail.require(R.TS_ORDER, in_order, "Created after Expires", WssFault.INVALID_SECURITY)
    complaint = freshness.complaint(created, expires)
    trail.require(R.TS_FRESH, not complaint, complaint, WssFault.MESSAGE_EXPIRED)
    return Stamp(timestamp, created, expires)


def _instant(element: Any, trail: Trail) -> datetime:
    try:
        return parse_instant(plain_text(element) or "")
    except ValueError as error:
        raise trail.broken(R.TS_FORMAT, str(error), WssFault.INVALID_SECURITY) from error
