"""Settings that make no sense are refused by name when they are made, not found out by calls."""

import math
from dataclasses import replace

import pytest

from gateway.imsconnect import ConnectionSettings, Endpoint, PoolSettings

GOOD = ConnectionSettings.to("127.0.0.1", 9999, "IMS1")


@pytest.mark.parametrize(
    "change",
    [
        {"size": 0},
        {"size": -1},
        {"wait_seconds": -1.0},
        {"wait_seconds": math.inf},
        {"wait_seconds": math.nan},
        {"idle_seconds": 0.0},
        {"idle_seconds": math.inf},
        {"max_age_seconds": 0.0},
        {"max_age_jitter": -0.1},
        {"max_age_jitter": 1.1},
        {"min_open": -1},
        {"min_open": 9},
        {"ping_seconds": 0.0},
        {"ping_seconds": math.nan},
        {"fast_retries": -1},
        {"retry_seconds": 0.0},
        {"report_seconds": -1.0},
    ],
)
def test_a_pool_that_could_not_work_is_refused(change):
    (name,) = change
    with pytest.raises(ValueError, match=rf"PoolSettings\.{name} is "):
        PoolSettings(**change)


@pytest.mark.parametrize(
    "change",
    [
        {"endpoints": ()},
        {"endpoints": ("127.0.0.1:9999",)},
        {"endpoints": (Endpoint("", 9999),)},
        {"endpoints": (Endpoint("127.0.0.1", 0),)},
        {"endpoints": (Endpoint("127.0.0.1", 65_536),)},
        {"policy": "oder"},
        {"datastore": ""},
        {"datastore": "ims1"},
        {"datastore": "NINECHARS"},
        {"datastore": "IMS1\n"},
        {"exit": "HWSSMPL1"},
        {"code": "ascii"},
        {"connect_seconds": 0.0},
        {"connect_seconds": math.nan},
        {"max_message_bytes": 87},
        {"max_message_bytes": 0x80000000},
        {"client_id_prefix": "FIVEC"},
        {"client_id_prefix": "low"},
        {"client_id_prefix": "HWS"},
        {"client_id_prefix": "HWSX"},
    ],
)
def test_a_connection_that_could_not_work_is_refused(change):
    (name,) = change
    with pytest.raises(ValueError, match=rf"ConnectionSettings\.{name} is "):
        replace(GOOD, **change)


def test_what_is_at_the_edge_is_taken():
    edge = {"wait_seconds": 0.0, "max_age_seconds": math.inf, "max_age_jitter": 1.0, "min_open": 8}
    pool = PoolSettings(ping_seconds=0.1, fast_retries=0, report_seconds=0.0, **edge)
    replace(GOOD, pool=pool, client_id_prefix="HW@1", connect_seconds=math.inf, max_message_bytes=88)
