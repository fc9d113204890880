"""Pictures of pools for the metrics."""

import threading
from typing import Any

from gateway.imsconnect.stats import PoolStats, new_counts
from gateway.observe.events import PathOpened
from gateway.observe.metrics import Metrics
from gateway.sampling import Pulse, Sampler, Vitals

PATIENCE = 20.0


class Pools:
    """Pools whose requests are counted by looking."""

    def __init__(self, looks: int = 0, endpoint: str = "a:1", backing_off: float = 0.0) -> None:
        self.looks = looks
        self.endpoint = endpoint
        self.backing_off = backing_off
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
            "backing_off": self.backing_off,
        }
        states: dict[str, Any] = {"draining": False, "closed": False}
        return (PoolStats(**counts, **gauges, **states, bundle="ims1", endpoint=self.endpoint),)


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


def test_a_picture_that_fails_is_told_and_the_next_comes_all_the_same(caplog):
    pools = Pools()
    failing = ["not now"]

    def sources():
        if pools.looks and failing:  # the first picture is taken at once, not in the thread
            raise RuntimeError(failing.pop())
        return [pools]

    sampler = Sampler(sources, Metrics().paths, seconds=0.005)
    assert pools.many.wait(PATIENCE)
    sampler.close()
    assert "the pools of sockets could not be looked at" in caplog.text


def test_a_pool_in_the_place_of_another_counts_on_from_zero():
    metrics, sources = Metrics(), [Pools(looks=100)]
    sampler = Sampler(lambda: sources, metrics.paths, seconds=PATIENCE)
    sources[:] = [Pools(looks=6)]
    sampler.close()
    assert requests(metrics) == 101 + 7


def test_a_pool_in_the_place_of_one_that_was_down_is_up_unless_it_is_down_itself():
    up = b'imsgw_ims_connect_up{bundle="ims1",endpoint="a:1"} '
    for backing_off, shown in ((0.0, b"1.0"), (2.5, b"0.0")):
        metrics, sources = Metrics(), [Pools()]
        sampler = Sampler(lambda sources=sources: sources, metrics.paths, seconds=PATIENCE)
        metrics.paths.path_changed(PathOpened("ims1", "a:1", "refused"))
        sources[:] = [Pools(backing_off=backing_off)]
        sampler.close()
        assert up + shown in metrics.page()


def test_while_the_pool_before_is_drained_both_are_counted_once_and_their_sockets_added():
    metrics, old = Metrics(), Pools(looks=100)
    sources = [old]
    sampler = Sampler(lambda: sources, metrics.paths, seconds=PATIENCE)
    sources.append(Pools(looks=6))
    sampler.look()
    sampler.look()
    assert requests(metrics) == 103 + 8
    assert b'sockets{bundle="ims1",endpoint="a:1",state="idle"} 2.0' in metrics.page()
    sources.remove(old)
    sampler.close()
    assert requests(metrics) == 103 + 9
    assert b'sockets{bundle="ims1",endpoint="a:1",state="idle"} 1.0' in metrics.page()


def test_of_an_address_that_is_gone_only_what_was_counted_is_told():
    metrics, sources = Metrics(), [Pools(looks=3), Pools(endpoint="b:1")]
    sampler = Sampler(lambda: sources, metrics.paths, seconds=PATIENCE)
    metrics.paths.path_changed(PathOpened("ims1", "a:1", "refused"))
    del sources[0]
    sampler.close()
    page = metrics.page().decode()
    assert 'imsgw_ims_connect_up{bundle="ims1",endpoint="b:1"} 1.0' in page
    assert 'imsgw_ims_connect_up{bundle="ims1",endpoint="a:1"}' not in page
    assert 'imsgw_ims_connect_sockets{bundle="ims1",endpoint="a:1"' not in page
    assert requests(metrics) == 4


def test_a_look_that_fails_is_told_and_the_next_comes_all_the_same(caplog):
    looks, more = [], threading.Event()

    def look():
        looks.append(None)
        if len(looks) == 1:
            raise OSError("nothing to see")
        more.set()

    pulse = Pulse(look, seconds=0.005)
    assert more.wait(PATIENCE)
    pulse.close()
    after = len(looks)
    assert [record.message for record in caplog.records] == ["the state of the process could not be looked at"]
    assert len(looks) == after, "it has ended"


class TestVitals:
    def test_looks_are_taken_when_they_are_due_and_of_another_home_at_once(self, clock, monkeypatch):
        looks: list[object] = []
        home: list[Any] = [object()]
        monkeypatch.setattr("gateway.sampling.Ends.look", lambda _self, seen, _now: looks.append(seen) or ())
        metrics = Metrics()
        processes: list[None] = []
        monkeypatch.setattr(metrics.process, "look", lambda: processes.append(None))
        vitals = Vitals(metrics, lambda: home[0], clock)
        for _ in range(61):
            vitals.look()
            clock.move(1.0)
        assert looks == [home[0]] * 2, "at the start, and a minute later"
        assert len(processes) == 13, "every five seconds"
        home[0] = object()
        vitals.look()
        assert looks[2:] == [home[0]]
