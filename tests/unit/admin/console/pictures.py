"""Parts of a picture of a gateway."""

from datetime import datetime, timedelta
from typing import Any

from gateway.admin.ports import Pool, Worker
from gateway.observe.events import RequestEnded
from gateway.observe.traffic import BUCKET_SECONDS, Bucket, Ended

NOON = datetime.fromisoformat("2026-11-22T12:00:00+00:00")
"""When the clock of the tests stands still."""
EPOCH_NOON = int(NOON.timestamp())


def bucket(ago: int, answered: int = 1, refused: int = 0, milliseconds: int = 10, longest: int = 10) -> Bucket:
    """Return the bucket so many seconds before noon."""
    start = EPOCH_NOON - ago
    return Bucket(start - start % BUCKET_SECONDS, answered, refused, milliseconds, longest)


def pool(**changed: Any) -> Pool:
    values = {
        "bundle": "ims1", "endpoint": "127.0.0.1:9999", "up": True, "open": 3, "in_use": 1, "waiting": 0,
        "limit": 32, "opened": 7, "failed": 0,
    }  # fmt: skip
    return Pool(**{**values, **changed})


def worker(pid: int = 100, traffic: dict[str, tuple[Bucket, ...]] | None = None, **changed: Any) -> Worker:
    values: dict[str, Any] = {
        "number": 1, "digest": "fedcba9876543210", "started": NOON - timedelta(hours=1), "in_work": 0,
        "waiting": 0, "pools": (pool(),),
    }  # fmt: skip
    return Worker(pid, traffic=traffic or {}, **{**values, **changed})


def ended(tracking_id: str = "a" * 32, ago: int = 0, **changed: Any) -> Ended:
    values: dict[str, Any] = {
        "service": "lab", "operation": "Echo", "transaction": "ECHO", "peer": "10.1.2.3", "tls": True,
        "user": "ALICE", "origin": "username", "outcome": "answered", "message_id": "", "reason": "",
        "return_code": None, "reason_code": None, "racf_code": None, "reached_ims_connect": True,
        "milliseconds": 12,
    }  # fmt: skip
    event = RequestEnded(tracking_id=tracking_id, **{**values, **changed})
    return Ended(NOON - timedelta(seconds=ago), event)


def refused(tracking_id: str = "b" * 32, **changed: Any) -> Ended:
    values = {
        "outcome": "refused", "message_id": "IGW1302E", "reason": "timestamp.fresh: too old", "user": "",
        "reached_ims_connect": False, "rules": ("transport.https", "header.one", "!timestamp.fresh"),
    }  # fmt: skip
    return ended(tracking_id, **{**values, **changed})
