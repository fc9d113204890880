"""A worker's part of a reload: what it makes ready is what the master found, and hangs nobody."""

import json
import threading
from datetime import timedelta

import pytest

from gateway import runtime
from gateway.clock import SYSTEM_CLOCK
from gateway.control.words import MOST_BYTES, ControlError
from gateway.exchange import Arrival, Peer
from gateway.preflight.serving import with_applications
from gateway.preflight.still import load_still, mark_of
from gateway.runtime import worker as module
from gateway.runtime.probe import MOST_MESSAGES
from tests.fixtures.running_gateway import change_correlator, deploy_lab

GATEWAY = "gateway.toml"
CORRELATOR = "wsdl/lab/correlator.toml"
BUNDLE = """
[ims_connect]
host = "127.0.0.1"
port = 9999
datastore = "IMS1"
exit = "HWSSMPL1"
[credentials]
user = "GWUSER"
password = "GWPASS1"
"""


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    (home / "wsdl").mkdir(parents=True)
    (home / "bundles").mkdir()
    (home / "bundles/ims1.toml").write_text(BUNDLE)
    deploy_lab(home, "lab", "LabPort")
    (home / GATEWAY).write_text('[server]\nhttps = ""\nhttp = "127.0.0.1:0"\n[admin]\nlisten = ""\n')
    return home


@pytest.fixture
def worker(home):
    snapshot, _ = load_still(home, None, None)
    worker = runtime.build(with_applications(snapshot))
    yield worker
    worker.close()


def ask(worker, do, number=2, mark="", **more):
    return json.loads(worker.command(json.dumps({"do": do, "number": number, "mark": mark, **more}).encode()))


def mark(home):
    return mark_of(load_still(home, None, None)[1])


def test_what_was_prepared_answers_once_it_is_committed_and_not_before(home, worker):
    change_correlator(home / CORRELATOR, {"operations.WhoAmI.lterm": "LT00002"})
    found = mark(home)
    assert ask(worker, "prepare", mark=found) == {"prepared": 2}
    assert worker.live.current.snapshot.number == 1
    assert ask(worker, "commit", mark=found) == {"done": 2}
    assert worker.live.current.snapshot.number == 2


def test_other_files_than_the_masters_are_not_prepared(home, worker):
    found = mark(home)
    change_correlator(home / CORRELATOR, {"operations.WhoAmI.lterm": "LT00002"})
    assert "other files than the master" in ask(worker, "prepare", mark=found)["reason"]
    with pytest.raises(ControlError, match="nothing of this number"):
        ask(worker, "commit", mark=found)


def test_files_that_change_while_stores_are_read_are_not_prepared_and_nothing_of_them_is_kept(
    home, worker, monkeypatch
):
    ways = len(worker._parts.backends.living())
    change_correlator(home / "bundles/ims1.toml", {"ims_connect.port": 1})

    def changes(_home):
        (home / "bundles/late.txt").write_text("x")
        return {}

    monkeypatch.setattr(module, "listener_tls", changes)
    told = ask(worker, "prepare", mark=mark(home))
    assert "keep changing" in told["problems"][0]["text"]
    assert len(worker._parts.backends.living()) == ways


def test_what_another_try_has_prepared_is_not_taken_nor_forgotten(home, worker):
    """Its number may be the same: one that failed had it too."""
    found = mark(home)
    assert ask(worker, "prepare", mark=found) == {"prepared": 2}
    ask(worker, "abort", mark="of an earlier try")
    with pytest.raises(ControlError, match="nothing of this number"):
        ask(worker, "commit", mark="of an earlier try")
    assert ask(worker, "commit", mark=found) == {"done": 2}


def test_one_that_hangs_keeps_nobody_and_what_it_makes_late_is_let_go(home, worker, monkeypatch):
    monkeypatch.setattr(module, "_TURN_SECONDS", 0.01)
    change_correlator(home / "bundles/ims1.toml", {"ims_connect.port": 1})
    ways = len(worker._parts.backends.living())
    found, here, go = mark(home), threading.Event(), threading.Event()

    def hangs(_home):
        here.set()
        assert go.wait(60)
        return {}

    monkeypatch.setattr(module, "listener_tls", hangs)
    late: list[object] = []
    preparing = threading.Thread(target=lambda: late.append(ask(worker, "prepare", mark=found)))
    preparing.start()
    assert here.wait(30)
    for do in ("abort", "prepare", "commit"):
        with pytest.raises(ControlError, match="an earlier change hangs"):
            ask(worker, do, mark=found)
    go.set()
    preparing.join(30)
    assert late == [{"reason": "it was given up"}]
    assert len(worker._parts.backends.living()) == ways


def test_an_error_of_ours_is_in_the_log_and_not_laid_to_who_asks(home, worker, monkeypatch, caplog):
    def fails(_home):
        raise KeyError("ours")

    monkeypatch.setattr(module, "listener_tls", fails)
    assert ask(worker, "prepare", mark=mark(home)) == {
        "reason": "internal error of the gateway; its log says more"
    }
    assert "KeyError" in caplog.text
    with pytest.raises(ControlError, match="not in order"):
        worker.command(b'{"do": "prepare", "number": "x"}')


def test_captured_messages_that_are_more_than_a_line_leave_the_newest_and_say_how_many_are_left_out(worker):
    now = SYSTEM_CLOCK.now()
    ask(worker, "capture", service="lab", until=(now + timedelta(minutes=30)).isoformat())
    for number in range(MOST_MESSAGES):
        message = f"<a>{number} {'Ж' * 30_000}</a>".encode()
        arrival = Arrival("lab", f"t{number}", now, Peer("127.0.0.1", tls=False), "text/xml", None, message)
        worker._parts.probe.answered(arrival, 200, message)
    line = worker.command(json.dumps({"do": "captured", "service": "lab"}).encode())
    assert len(line) <= MOST_BYTES
    told = json.loads(line)["captured"]
    assert told[0]["tracking_id"] == f"t{MOST_MESSAGES - 1}"
    assert told[-1]["left_out"] == MOST_MESSAGES - len(told) > 0
