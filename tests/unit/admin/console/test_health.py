"""What needs attention: each thing that is wrong is told, and nothing else."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from gateway.admin.console.health import concerns
from gateway.audit.picture import AuditPicture
from gateway.config.model import GatewaySettings, Home, ServerSettings
from gateway.control.reloaded import Outcome, Reloaded
from gateway.errors import Problem
from tests.fixtures.admin import plain_home, snapshot_of
from tests.unit.admin.console.pictures import pool, worker

DIGEST = "fedcba9876543210"
WELL = Reloaded("serve 1", Outcome.IN_FORCE, 1, DIGEST)


@pytest.fixture
def snapshot(tmp_path, clock):
    server = ServerSettings(workers=2, threads=10)
    return snapshot_of(plain_home(tmp_path, GatewaySettings(server=server)), clock)


def told(snapshot, workers=None, last=None):
    workers = (worker(1), worker(2)) if workers is None else workers
    return [(concern.gravity, concern.text) for concern in concerns(snapshot, workers, last)]


def test_when_all_is_well_nothing_is_told(snapshot):
    assert told(snapshot) == []
    assert told(snapshot, last=WELL) == []


@pytest.mark.parametrize(
    ("outcome", "words"),
    [(Outcome.REFUSED, "The last reload was refused"), (Outcome.FAILED, "The last reload failed")],
)
def test_a_reload_that_was_not_done_is_told(snapshot, outcome, words):
    assert told(snapshot, last=replace(WELL, outcome=outcome)) == [
        ("bad", f"{words}; what served before goes on")
    ]


def test_keys_that_count_from_the_next_start_are_told(snapshot):
    found = told(snapshot, last=replace(WELL, restart=("server.https",)))
    assert found == [("warn", "Some changed keys count from the next start only")]


def test_workers_that_are_missing_behind_or_full_are_told(snapshot):
    assert told(snapshot, [worker(1)]) == [("bad", "1 of 2 workers answer")]
    assert told(snapshot, [worker(1), worker(2, digest="0")]) == [("bad", "1 worker on another configuration")]
    full = told(snapshot, [worker(1), worker(2, in_work=9)])
    assert full == [("warn", "1 worker with nearly all threads in work")]


def test_ways_to_ims_connect_that_are_down_or_crowded_are_told(snapshot):
    down, crowded = pool(up=False), pool(waiting=3)
    assert told(snapshot, [worker(1, pools=(down,)), worker(2)]) == [
        ("bad", "IMS Connect 127.0.0.1:9999 (ims1) cannot be reached from 1 of 2 workers")
    ]
    assert told(snapshot, [worker(1, pools=(down,)), worker(2, pools=(down,))]) == [
        ("bad", "IMS Connect 127.0.0.1:9999 (ims1) cannot be reached")
    ]
    assert told(snapshot, [worker(1, pools=(crowded,)), worker(2)]) == [
        ("warn", "3 requests waiting for a socket to 127.0.0.1:9999 (ims1)")
    ]


def test_an_audit_trail_that_is_down_has_lost_records_or_whose_receiver_is_away_is_told(snapshot, clock):
    well = AuditPicture("file:a", "json", "refuse", True, clock.now(), "", 5, 0)
    down = replace(well, up=False, reason="disk full", lost=2)
    away = replace(well, waiting=7, receiver="refused")

    assert told(snapshot, [worker(1, audit=well), worker(2, audit=well)]) == []
    assert told(snapshot, [worker(1, audit=well), worker(2, audit=down)]) == [
        ("bad", "The audit trail cannot be written, requests are refused: disk full"),
        ("bad", "2 audit records lost since the workers started"),
    ]
    assert told(snapshot, [worker(1, audit=away), worker(2)]) == [
        ("warn", "The syslog receiver of the audit trail does not answer; 7 records wait")
    ]


def test_stopped_services_and_warnings_are_told_after_what_is_worse(snapshot):
    stopped = SimpleNamespace(settings=SimpleNamespace(enabled=False))
    home = snapshot.home
    changed = Home(home.path, home.state, home.gateway, {}, {"lab": stopped})  # type: ignore[dict-item]
    warned = replace(snapshot, home=changed, warnings=(Problem("a", "b", "c", warning=True),))
    assert told(warned, [worker(1)]) == [
        ("bad", "1 of 2 workers answer"),
        ("warn", "1 service stopped"),
        ("warn", "The check has 1 warning"),
    ]
