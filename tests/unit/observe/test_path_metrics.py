"""Metrics of the ways to IMS Connect, in one process and over several."""

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.imsconnect.stats import PoolStats, new_counts
from gateway.observe import metrics
from gateway.observe.events import PathOpened, PathRestored, SocketsRefused, StillDown
from gateway.observe.metrics import Metrics
from gateway.observe.path_metrics import COUNTED, CountedPaths
from tests.unit.observe.test_metrics import in_a_process, page_of, values

AT = 'bundle="ims1",endpoint="a:9999"'
OPENED = PathOpened("ims1", "a:9999", "refused")


@pytest.fixture
def folder(tmp_path):
    metrics.empty(tmp_path / "metrics")
    return tmp_path / "metrics"


def shown(counted: Metrics) -> dict[str, float]:
    return values(counted.page())


def picture(**changed: Any) -> dict[str, Any]:
    counts: dict[str, Any] = {str(name): 0 for name in new_counts()}
    gauges = {
        "size": 32,
        "limit": 32,
        "idle": 2,
        "in_use": 3,
        "connecting": 0,
        "waiting": 1,
        "backing_off": 0.0,
    }
    states = {"bundle": "ims1", "endpoint": "a:9999", "draining": False, "closed": False}
    return asdict(PoolStats(**{**counts, **gauges, **states, **changed}))


class TestPaths:
    def test_a_path_is_up_until_it_goes_and_again_when_it_comes_back(self):
        counted = Metrics()
        up, down = f"imsgw_ims_connect_up{{{AT}}}", f"imsgw_ims_connect_went_down_total{{{AT}}}"
        counted.paths.known("ims1", "a:9999")
        assert shown(counted)[up] == 1
        for event in (OPENED, StillDown("ims1", "a:9999", 60.0, 9, "refused")):
            counted.paths.path_changed(event)
            assert (shown(counted)[up], shown(counted)[down]) == (0, 1)
        counted.paths.path_changed(PathRestored("ims1", "a:9999", 61.0, 10))
        assert (shown(counted)[up], shown(counted)[down]) == (1, 1)

    def test_refused_sockets_take_no_path_away(self):
        counted = Metrics()
        counted.paths.known("ims1", "a:9999")
        counted.paths.path_changed(SocketsRefused("ims1", "a:9999", 5, "refused"))
        assert shown(counted)[f"imsgw_ims_connect_up{{{AT}}}"] == 1

    def test_events_are_passed_on(self):
        class Log:
            def __init__(self):
                self.events: list[object] = []

            def path_changed(self, event: object) -> None:
                self.events.append(event)

        log = Log()
        CountedPaths(Metrics().paths, log).path_changed(OPENED)
        assert log.events == [OPENED]

    def test_a_path_is_up_when_every_worker_says_so(self, folder):
        in_a_process(folder, "m.paths.known('ims1', 'a:9999')")
        opened = "from gateway.observe.events import PathOpened"
        in_a_process(folder, "m.paths.path_changed(PathOpened('ims1', 'a:9999', 'refused'))", opened)
        assert page_of(folder)[f"imsgw_ims_connect_up{{{AT}}}"] == 0


class TestCertificates:
    def test_the_days_that_are_left_are_counted_when_somebody_asks(self):
        counted = Metrics()
        counted.paths.certificate("ims1", "", "client", SYSTEM_CLOCK.now() + timedelta(days=30))
        counted.paths.certificate("ims1", "a:9999", "server", SYSTEM_CLOCK.now() - timedelta(days=2))
        page = shown(counted)
        days = "imsgw_ims_connect_certificate_days_left"
        assert page[f'{days}{{bundle="ims1",endpoint="",whose="client"}}'] == pytest.approx(30, abs=0.1)
        assert page[f'{days}{{{AT},whose="server"}}'] == pytest.approx(-2, abs=0.1)

    def test_the_end_is_shown_as_a_moment_too(self):
        counted = Metrics()
        end = SYSTEM_CLOCK.now() + timedelta(days=30)
        counted.paths.certificate("ims1", "a:9999", "server", end)
        name = f'imsgw_ims_connect_certificate_not_after_seconds{{{AT},whose="server"}}'
        assert shown(counted)[name] == end.timestamp()

    def test_of_several_workers_the_one_counts_that_has_seen_a_certificate_last(self, folder):
        clock = "from datetime import datetime, UTC"
        for year in (2040, 2030, 2035):
            work = f"m.paths.certificate('ims1', 'a:9999', 'server', datetime({year}, 1, 1, tzinfo=UTC))"
            in_a_process(folder, work, clock)
        name = f'imsgw_ims_connect_certificate_not_after_seconds{{{AT},whose="server"}}'
        assert page_of(folder)[name] == 2051222400, "1 January 2035"


class TestPools:
    def test_gauges_are_those_of_the_latest_picture(self):
        counted = Metrics()
        counted.paths.sockets("ims1", "a:9999", [picture()])
        counted.paths.sockets("ims1", "a:9999", [picture(idle=5, limit=8)])
        page = shown(counted)
        states = ("idle", "in_use", "waiting", "limit")
        found = {state: page[f'imsgw_ims_connect_sockets{{{AT},state="{state}"}}'] for state in states}
        assert found == {"idle": 5, "in_use": 3, "waiting": 1, "limit": 8}

    def test_counters_go_on_from_picture_to_picture(self):
        counted = Metrics()
        before: dict[str, object] = {}
        for requests in (10, 10, 25):
            now = picture(requests=requests)
            counted.paths.counted(now, before)
            before = now
        assert shown(counted)[f'imsgw_ims_connect_pool_events_total{{{AT},event="requests"}}'] == 25

    def test_everything_that_is_counted_exists(self):
        assert set(COUNTED) <= set(new_counts())

    def test_workers_add_up(self, folder):
        for idle in (2, 3):
            told = f"{picture(idle=idle, connects=idle)!r}"
            in_a_process(folder, f"m.paths.sockets('ims1', 'a:9999', [{told}]); m.paths.counted({told}, {{}})")
        page = page_of(folder)
        assert page[f'imsgw_ims_connect_sockets{{{AT},state="idle"}}'] == 5
        assert page[f'imsgw_ims_connect_pool_events_total{{{AT},event="connects"}}'] == 5

    def test_of_an_address_that_is_gone_workers_that_share_files_show_no_gauges(self, folder):
        told = f"{picture(connects=4)!r}"
        shown_once = f"m.paths.known('ims1', 'a:9999'); m.paths.sockets('ims1', 'a:9999', [{told}])"
        for _ in range(2):
            work = f"{shown_once}; m.paths.counted({told}, {{}}); m.paths.gone('ims1', 'a:9999')"
            in_a_process(folder, work)
        page = page_of(folder)
        assert {name.partition("{")[0] for name in page if AT in name} == {
            "imsgw_ims_connect_pool_events_total",
            "imsgw_ims_connect_went_down_total",
        }, "what was counted"
        assert page[f'imsgw_ims_connect_pool_events_total{{{AT},event="connects"}}'] == 8

    def test_an_address_that_comes_back_is_shown_again(self):
        counted = Metrics()
        counted.paths.gone("ims1", "a:9999")
        counted.paths.known("ims1", "a:9999")
        assert shown(counted)[f"imsgw_ims_connect_up{{{AT}}}"] == 1
