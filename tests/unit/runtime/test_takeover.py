"""A worker's part of a reload: what it makes ready is what the master found, and hangs nobody."""

import threading

import pytest

from gateway.control.words import ControlError
from gateway.preflight.still import load_still, mark_of
from gateway.runtime import takeover as module
from gateway.runtime.change import Change
from gateway.runtime.takeover import Takeover
from tests.fixtures.running_gateway import change_correlator

CORRELATOR = "wsdl/lab/correlator.toml"
BUNDLE = "bundles/ims1.toml"


def found(home):
    """Return the change that a master wants which has read the home as it is now."""
    return Change(2, mark_of(load_still(home, None, None)[1]))


@pytest.fixture
def takeover(worker):
    return Takeover(worker.live)


@pytest.fixture
def ways(worker):
    """How many ways to IMS there are."""
    return lambda: len(worker.desk._parts.backends.living())


def test_what_was_prepared_answers_once_it_is_committed_and_not_before(lab_home, worker, takeover):
    change_correlator(lab_home / CORRELATOR, {"operations.WhoAmI.lterm": "LT00002"})
    change = found(lab_home)
    assert takeover.prepare(change) == {"prepared": 2}
    assert worker.live.current.snapshot.number == 1
    assert takeover.commit(change) == {"done": 2}
    assert worker.live.current.snapshot.number == 2


def test_the_service_around_it_uses_the_new_settings_with_it(lab_home, takeover, floor):
    takeover.floor = floor
    changes = {"server.faults": "unified", "limits.connections_per_client": 7}
    change_correlator(lab_home / "gateway.toml", changes)
    change = found(lab_home)
    takeover.prepare(change)
    assert floor.renewed == []
    takeover.commit(change)
    assert [(settings.faults, tls) for settings, tls in floor.renewed] == [("unified", {})]
    assert floor.limits.connections_per_client == 7


def test_other_limits_count_from_the_next_request_on(lab_home, takeover):
    def lane():
        return takeover._live.current.door.lane("https", "/imssoap/services/LabPort")

    before = lane()
    assert (before.service, before.most, before.shares) == ("lab", 0, False), "it is alone"
    change_correlator(lab_home / CORRELATOR, {"limits.concurrency": 3})
    change = found(lab_home)
    takeover.prepare(change)
    assert lane() is before
    takeover.commit(change)
    assert (lane().service, lane().most) == ("lab", 3)


def test_a_home_with_a_mistake_is_not_prepared(lab_home, takeover):
    change_correlator(lab_home / "gateway.toml", {"server.faults": "none such"})
    told = takeover.prepare(Change(2, "of the master"))
    assert "server.faults" in [problem["key"] for problem in told["problems"]]


def test_other_files_than_the_masters_are_not_prepared(lab_home, takeover):
    change = found(lab_home)
    change_correlator(lab_home / CORRELATOR, {"operations.WhoAmI.lterm": "LT00002"})
    assert "other files than the master" in takeover.prepare(change)["reason"]
    with pytest.raises(ControlError, match="nothing of this number"):
        takeover.commit(change)


def test_what_was_given_up_is_let_go_and_cannot_be_committed(lab_home, takeover, ways):
    before = ways()
    change_correlator(lab_home / BUNDLE, {"ims_connect.port": 1})
    change = found(lab_home)
    takeover.prepare(change)
    assert ways() == before + 1
    assert takeover.abort(change) == {"done": True}
    assert ways() == before
    with pytest.raises(ControlError, match="nothing of this number"):
        takeover.commit(change)


def test_files_that_change_while_stores_are_read_are_not_prepared_and_nothing_of_them_is_kept(
    lab_home, takeover, ways, monkeypatch
):
    before = ways()
    change_correlator(lab_home / BUNDLE, {"ims_connect.port": 1})

    def changes(_home):
        (lab_home / "bundles/late.txt").write_text("x")
        return {}

    monkeypatch.setattr(module, "listener_tls", changes)
    told = takeover.prepare(found(lab_home))
    assert "keep changing" in told["problems"][0]["text"]
    assert ways() == before


def test_what_another_try_has_prepared_is_not_taken_nor_forgotten(lab_home, takeover):
    """Its number may be the same: one that failed had it too."""
    change, earlier = found(lab_home), Change(2, "of an earlier try")
    assert takeover.prepare(change) == {"prepared": 2}
    takeover.abort(earlier)
    with pytest.raises(ControlError, match="nothing of this number"):
        takeover.commit(earlier)
    assert takeover.commit(change) == {"done": 2}


def test_one_that_hangs_keeps_nobody_and_what_it_makes_late_is_let_go(lab_home, takeover, ways, monkeypatch):
    monkeypatch.setattr(module, "_TURN_SECONDS", 0.01)
    change_correlator(lab_home / BUNDLE, {"ims_connect.port": 1})
    before, change = ways(), found(lab_home)
    here, go = threading.Event(), threading.Event()

    def hangs(_home):
        here.set()
        assert go.wait(60)
        return {}

    monkeypatch.setattr(module, "listener_tls", hangs)
    late: list[object] = []
    preparing = threading.Thread(target=lambda: late.append(takeover.prepare(change)))
    preparing.start()
    assert here.wait(30)
    for do in (takeover.abort, takeover.prepare, takeover.commit):
        with pytest.raises(ControlError, match="an earlier change hangs"):
            do(change)
    go.set()
    preparing.join(30)
    assert late == [{"reason": "it was given up"}]
    assert ways() == before


def test_an_error_of_ours_is_in_the_log_and_the_reason(lab_home, takeover, monkeypatch, caplog):
    def fails(_home):
        raise KeyError("ours")

    monkeypatch.setattr(module, "listener_tls", fails)
    assert takeover.prepare(found(lab_home)) == {"reason": "internal error of the gateway; its log says more"}
    assert "KeyError" in caplog.text
