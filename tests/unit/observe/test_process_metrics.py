"""What processes tell of themselves, of stores and of their load, in one and over several."""

from datetime import UTC, datetime, timedelta

import pytest

from gateway import __version__
from gateway.clock import SYSTEM_CLOCK
from gateway.observe.certificate_metrics import StoreEnds
from gateway.observe.metrics import Metrics
from tests.unit.observe.test_metrics import folder as folder  # noqa: PLC0414  a fixture
from tests.unit.observe.test_metrics import in_a_process, page_of, values

STORE = 'store="keystores/server.p12",use="server"'


def shown(counted):
    return values(counted.page())


def test_memory_files_and_time_of_processors_are_told_after_a_look():
    counted = Metrics()
    assert shown(counted)["imsgw_resident_memory_bytes"] == 0
    counted.process.look()
    page = shown(counted)
    assert page["imsgw_resident_memory_bytes"] > 10_000_000
    assert 3 < page["imsgw_open_files"] <= page["imsgw_open_files_limit"]
    assert page["imsgw_cpu_seconds_total"] > 0
    before = page["imsgw_cpu_seconds_total"]
    counted.process.look()
    assert before <= shown(counted)["imsgw_cpu_seconds_total"] < before + 5, "what was told is not told again"


def test_version_and_start_are_told():
    page = shown(Metrics())
    assert any(f'version="{__version__}"' in name and value == 1 for name, value in page.items())
    assert 0 <= SYSTEM_CLOCK.now().timestamp() - page["imsgw_start_time_seconds"] < 60


def test_workers_add_up_and_the_fullest_counts_for_files(folder):
    for number in (3, 8):
        in_a_process(
            folder,
            f"m.load.bounds(threads=8, waiting=100, connections=1000)\n"
            f"m.load.look(in_work={number}, waiting=1, connections={number})\n"
            f"m.process._files.set({number})",
        )
    page = page_of(folder)
    assert page["imsgw_requests_in_flight"] == 3 + 1 + 8 + 1
    assert page["imsgw_requests_waiting"] == 2
    assert page["imsgw_connections"] == 11
    assert (page["imsgw_threads"], page["imsgw_requests_waiting_limit"]) == (16, 200)
    assert page["imsgw_connections_limit"] == 2000
    assert page["imsgw_open_files"] == 8
    assert page["imsgw_workers"] == 3, "the one that shows the page too"


class TestCertificates:
    def test_the_days_that_are_left_are_counted_when_somebody_asks(self):
        counted = Metrics()
        end = SYSTEM_CLOCK.now() + timedelta(days=12)
        counted.certificates.stores([StoreEnds("server", "keystores/server.p12", end, 2)])
        page = shown(counted)
        assert page[f"imsgw_certificate_not_after_seconds{{{STORE}}}"] == end.timestamp()
        assert page[f"imsgw_certificate_days_left{{{STORE}}}"] == pytest.approx(12, abs=0.1)
        assert page[f"imsgw_certificates_expired{{{STORE}}}"] == 2

    def test_an_empty_store_has_no_end(self):
        counted = Metrics()
        counted.certificates.stores([StoreEnds("server", "keystores/server.p12", None, 0)])
        page = shown(counted)
        assert f"imsgw_certificate_not_after_seconds{{{STORE}}}" not in page
        assert page[f"imsgw_certificates_expired{{{STORE}}}"] == 0

    def test_of_a_store_that_is_not_named_any_more_nothing_is_told(self):
        counted = Metrics()
        ends = StoreEnds("server", "keystores/server.p12", datetime(2030, 1, 1, tzinfo=UTC), 0)
        counted.certificates.stores([ends])
        counted.certificates.stores([])
        assert not [name for name in shown(counted) if STORE in name]
        counted.certificates.stores([ends])
        assert f"imsgw_certificate_days_left{{{STORE}}}" in shown(counted)
