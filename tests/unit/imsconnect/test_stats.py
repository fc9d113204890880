"""The picture of a pool."""

from dataclasses import FrozenInstanceError, fields
from typing import Any, get_args

import pytest

from gateway.imsconnect.stats import CountName, PoolStats, new_counts

GAUGES = {
    "endpoint": "",
    "size": 32,
    "limit": 32,
    "idle": 2,
    "in_use": 3,
    "connecting": 1,
    "waiting": 4,
    "backing_off": 0.0,
    "draining": False,
    "closed": False,
}


def stats(**gauges: Any) -> PoolStats:
    values: dict[str, Any] = {**GAUGES, **gauges, **{str(name): 0 for name in new_counts()}}
    return PoolStats(bundle="ims1", **values)


def test_every_counter_is_in_the_picture():
    assert set(new_counts()) == set(get_args(CountName))
    assert set(get_args(CountName)) <= {field.name for field in fields(PoolStats)}


def test_it_does_not_change():
    with pytest.raises(FrozenInstanceError):
        stats().idle = 1  # type: ignore[misc]


@pytest.mark.parametrize(
    ("gauges", "state"), [({}, "up"), ({"backing_off": 1.26}, "back-off 1.3 s"), ({"closed": True}, "closed")]
)
def test_it_reads_in_one_line(gauges, state):
    assert repr(stats(**gauges)) == (
        f"<pool ims1 {state}: 5 of 32 open, 3 in use, 2 idle, 1 connecting, 4 waiting; "
        "0 requests, 0 connects, 0 reuses, 0 stale, 0 dropped, 0 connect failures, 0 waits in vain>"
    )
