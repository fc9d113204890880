"""What is counted, in one process and over several, as Prometheus reads it."""

import os
import subprocess
import sys
from dataclasses import replace

import pytest

from gateway.observe import metrics
from gateway.observe.events import RequestEnded
from gateway.observe.metrics import Metrics

EVENT = RequestEnded(
    tracking_id="t1",
    service="s",
    operation="",
    transaction="",
    peer="192.0.2.1",
    tls=True,
    user="",
    origin="",
    outcome="refused",
    message_id="IGW1302E",
    reason="why",
    return_code=None,
    reason_code=None,
    racf_code=None,
    reached_ims_connect=False,
    milliseconds=1,
)
COMMON = {
    "imsgw_build_info": "gauge",
    "imsgw_start_time_seconds": "gauge",
    "imsgw_workers": "gauge",
    "imsgw_cpu_seconds_total": "counter",
    "imsgw_resident_memory_bytes": "gauge",
    "imsgw_open_files": "gauge",
    "imsgw_open_files_limit": "gauge",
    "imsgw_replay_store_failures_total": "counter",
    "imsgw_replay_store_unprotected_total": "counter",
    "imsgw_replay_store_full_total": "counter",
    "imsgw_replay_store_up": "gauge",
    "imsgw_reloads_total": "counter",
    "imsgw_config_version": "gauge",
    "imsgw_config_last_reload_timestamp_seconds": "gauge",
    "imsgw_config_last_reload_successful": "gauge",
    "imsgw_ims_connect_up": "gauge",
    "imsgw_ims_connect_went_down_total": "counter",
    "imsgw_ims_connect_sockets": "gauge",
    "imsgw_ims_connect_pool_events_total": "counter",
    "imsgw_ims_connect_certificate_not_after_seconds": "gauge",
    "imsgw_ims_connect_certificate_days_left": "gauge",
    "imsgw_certificate_not_after_seconds": "gauge",
    "imsgw_certificate_days_left": "gauge",
    "imsgw_certificates_expired": "gauge",
    "imsgw_audit_records_total": "counter",
    "imsgw_audit_lost_total": "counter",
    "imsgw_audit_up": "gauge",
    "imsgw_audit_spool_records": "gauge",
    "imsgw_audit_receiver_up": "gauge",
    "imsgw_audit_spool_used_ratio": "gauge",
    "imsgw_audit_spool_damaged_total": "counter",
    "imsgw_traces_total": "counter",
}
"""Those of `serve` and of `callout`."""
NAMES = COMMON | {
    "imsgw_request_seconds": "histogram",
    "imsgw_request_bytes_total": "counter",
    "imsgw_reply_bytes_total": "counter",
    "imsgw_request_errors_total": "counter",
    "imsgw_requests_refused_total": "counter",
    "imsgw_requests_turned_away_total": "counter",
    "imsgw_tls_handshake_failures_total": "counter",
    "imsgw_ims_pool_wait_seconds": "histogram",
    "imsgw_ims_round_trip_seconds": "histogram",
    "imsgw_ims_codes_total": "counter",
    "imsgw_requests_in_flight": "gauge",
    "imsgw_requests_waiting": "gauge",
    "imsgw_requests_waiting_limit": "gauge",
    "imsgw_threads": "gauge",
    "imsgw_connections": "gauge",
    "imsgw_connections_limit": "gauge",
    "imsgw_limited_total": "counter",
    "imsgw_limits_store_failures_total": "counter",
    "imsgw_limits_store_uncounted_total": "counter",
    "imsgw_limits_store_up": "gauge",
}


def values(page: bytes) -> dict[str, float]:
    """Read the text format by hand: a line a value, name and labels first."""
    lines = [line for line in page.decode().splitlines() if not line.startswith("#")]
    return {name: float(value) for name, value in (line.rsplit(" ", 1) for line in lines)}


def in_a_process(folder, work, before=""):
    """Count in a process of its own, as a worker does; returns its id, what it printed, what it logged."""
    code = f"{before}\nfrom gateway.observe.metrics import Metrics\nm = Metrics(Path({str(folder)!r}))\n{work}"
    process = subprocess.Popen(
        [sys.executable, "-c", f"from pathlib import Path\n{code}"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    out, err = process.communicate(timeout=60)
    assert process.returncode == 0, err.decode()
    return process.pid, out, err.decode()


def page_of(folder):
    return values(in_a_process(folder, "import sys; sys.stdout.buffer.write(m.page())")[1])


@pytest.fixture
def folder(tmp_path):
    metrics.empty(tmp_path / "metrics")
    return tmp_path / "metrics"


def test_names_and_types_are_those_that_are_documented():
    told = [line.split() for line in Metrics().page().decode().splitlines() if line.startswith("# TYPE imsgw")]
    assert {name: kind for _, _, name, kind in told if not name.endswith("_created")} == NAMES


def test_what_is_counted_is_shown():
    counted = Metrics()
    counted.replay_usable(True)
    counted.replay_failed(accepted=False)
    counted.replay_failed(accepted=True)
    counted.replay_full()
    shown = values(counted.page())
    assert shown["imsgw_replay_store_failures_total"] == 2
    assert shown["imsgw_replay_store_unprotected_total"] == 1
    assert shown["imsgw_replay_store_full_total"] == 1
    assert shown["imsgw_replay_store_up"] == 1
    counted.replay_usable(False)
    assert values(counted.page())["imsgw_replay_store_up"] == 0


def test_two_in_one_process_know_nothing_of_each_other_and_nothing_of_the_environment_changes():
    environment = dict(os.environ)
    one, other = Metrics(), Metrics()
    one.replay_full()
    assert values(other.page())["imsgw_replay_store_full_total"] == 0
    assert dict(os.environ) == environment


def test_a_refusal_counts_for_the_rule_that_was_broken():
    counted = Metrics()
    events = [
        replace(EVENT, rules=("transport.https", "!replay.new")),
        replace(EVENT, rules=("!replay.new",)),
        replace(EVENT, rules=("!timestamp.fresh",)),
        replace(EVENT, rules=("transport.https", "replay.new")),  # refused by IMS, say
        EVENT,
    ]
    for event in events:
        counted.emit(event)
    shown = values(counted.page())
    assert shown['imsgw_requests_refused_total{rule="replay.new"}'] == 2
    assert shown['imsgw_requests_refused_total{rule="timestamp.fresh"}'] == 1
    assert not any("transport.https" in name for name in shown)


def test_workers_are_added_up_and_what_one_has_counted_outlives_it(folder):
    in_a_process(folder, "m.replay_usable(True); m.replay_failed(accepted=False); m.replay_full()")
    in_a_process(folder, "m.replay_usable(True); m.replay_failed(accepted=True)")
    shown = page_of(folder)
    assert shown["imsgw_replay_store_failures_total"] == 2
    assert shown["imsgw_replay_store_unprotected_total"] == 1
    assert shown["imsgw_replay_store_full_total"] == 1


def test_the_store_is_up_when_every_living_worker_can_use_it(folder):
    in_a_process(folder, "m.replay_usable(True)")
    ended, _, _ = in_a_process(folder, "m.replay_usable(False)")
    probe = "m.replay_usable(True); import sys; sys.stdout.buffer.write(m.page())"
    assert values(in_a_process(folder, probe)[1])["imsgw_replay_store_up"] == 0
    metrics.worker_ended(folder, ended)
    assert values(in_a_process(folder, probe)[1])["imsgw_replay_store_up"] == 1


def test_a_worker_that_ended_before_it_counted_is_no_trouble(folder, tmp_path):
    metrics.worker_ended(folder, 1)
    metrics.worker_ended(tmp_path / "nowhere", 1)


def test_a_new_run_starts_from_nothing(folder):
    in_a_process(folder, "m.replay_full()")
    metrics.empty(folder)
    assert list(folder.iterdir()) == []
    assert page_of(folder)["imsgw_replay_store_full_total"] == 0


def test_files_are_for_their_owner_only(folder):
    in_a_process(folder, "m.replay_full()")
    assert folder.stat().st_mode & 0o077 == 0
    assert {file.stat().st_mode & 0o077 for file in folder.iterdir()} == {0}


def test_a_worker_without_room_for_its_files_lives_and_says_so(folder):
    in_a_process(folder, "m.replay_full()")
    full = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))"
    before = set(folder.iterdir())
    _, shown, log = in_a_process(
        folder, "m.replay_full(); import sys; sys.stdout.buffer.write(m.page())", before=full
    )
    assert "cannot be written" in log
    assert values(shown)["imsgw_replay_store_full_total"] == 1  # that of the others
    assert set(folder.iterdir()) == before


def test_it_is_an_error_when_the_library_was_there_first(folder):
    work = "m.replay_full()"
    with pytest.raises(AssertionError, match="imported too early"):
        in_a_process(folder, work, before="import prometheus_client")
