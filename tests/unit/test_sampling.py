"""Pictures of pools for the metrics."""

import threading
from typing import Any

from gateway.imsconnect.stats import PoolStats, new_counts
from gateway.observe.metrics import Metrics
from gateway.sampling import Sampler

PATIENCE = 20.0


class Pools:
    """Pools whose requests are counted by looking."""

    def __init__(self) -> None:
        self.looks = 0
        self.many = threading.Event()

    def stats(self) -> tuple[PoolStats, ...]:
        self.looks += 1
        if self.looks > 4:
            self.many.set()
        counts: dict[str, Any] = {str(name): 0 for name in new_counts()} | {"requests": self.looks}
        gauges: dict[str, Any] = {
            "size": 2,
            "limit": 2,
            "idle": 1,
            "in_use": 0,
            "connecting": 0,
            "waiting": 0,
            "backing_off": 0.0,
        }
        return (PoolStats(**counts, **gauges, bundle="ims1", endpoint="a:1", draining=False, closed=False),)


def requests(metrics: Metrics) -> float:
    name = 'imsgw_ims_connect_pool_events_total{bundle="ims1",endpoint="a:1",event="requests"} '
    [line] = [line for line in metrics.page().decode().splitlines() if line.startswith(name)]
    return float(line.removeprefix(name))


def test_the_first_picture_is_taken_at_once_and_the_last_at_the_end():
    metrics, pools = Metrics(), Pools()
    sampler = Sampler(lambda: [pools], metrics.paths, seconds=PATIENCE)
    assert requests(metrics) == pools.looks == 1
    assert b'imsgw_ims_connect_up{bundle="ims1",endpoint="a:1"} 1.0' in metrics.page()
    sampler.close()
    assert requests(metrics) == pools.looks == 2


def test_pictures_are_taken_in_between():
    pools = Pools()
    sampler = Sampler(lambda: [pools], Metrics().paths, seconds=0.005)
    assert pools.many.wait(PATIENCE)
    sampler.close()
