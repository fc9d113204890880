"""The master's part of a reload: all workers swap or none, whatever becomes of workers, files, askers."""

import shutil
import socket
import threading
from collections.abc import Callable

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.control import seat
from gateway.control.reloaded import Outcome
from gateway.control.server import ControlServer
from gateway.control.words import line_of, object_of
from gateway.preflight.still import load_still
from gateway.runtime import master as module
from gateway.runtime.master import Coordinator
from tests.fixtures.clock import SetClock
from tests.fixtures.pki import Pki
from tests.fixtures.running_gateway import change_correlator

GATEWAY = "gateway.toml"


class Workers:
    """Stands in for the server: workers that answer at their sockets as a test has them answer."""

    def __init__(self) -> None:
        self.stopped = False
        self.asked: list[tuple[int, str]] = []
        self.replaced: list[int] = []
        self.renewed = 0
        self.answers: dict[tuple[int, str], Callable[[], dict[str, object] | None]] = {}
        """None: it dies before it has answered."""
        self._servers: dict[int, tuple[socket.socket, ControlServer]] = {}
        self.without: list[int] = []
        """Of whom there is no socket."""

    def fork(self, master: Coordinator, age: int) -> None:
        listening = master.before_fork(age)
        assert listening is not None
        server = ControlServer(listening, lambda line: self._answer(age, line), SYSTEM_CLOCK)
        self._servers[age] = listening, server
        server.start()

    def _answer(self, age: int, line: bytes) -> bytes:
        do = object_of(line)["do"]
        self.asked.append((age, do))
        usual = {"prepared": 1} if do == "prepare" else {"done": True}
        said = self.answers.get((age, do), lambda: usual)()
        return b"" if said is None else line_of(said)

    def die(self, age: int) -> None:
        listening, server = self._servers[age]
        server.close()
        listening.close()

    def close(self) -> None:
        for age in self._servers:
            self.die(age)

    def done(self, age: int) -> list[str]:
        return [do for one, do in self.asked if one == age]

    # -- Hands

    def interrupted(self) -> bool:
        return self.stopped

    def renew(self, _home: object, _tls: object) -> None:
        self.renewed += 1

    def workers(self) -> list[int]:
        return sorted((*self._servers, *self.without))

    def replace(self, age: int) -> None:
        self.replaced.append(age)


@pytest.fixture
def home(tmp_path):
    home = tmp_path / "home"
    (home / "wsdl").mkdir(parents=True)
    (home / "bundles").mkdir()
    (home / GATEWAY).write_text('[server]\nhttps = ""\nhttp = "127.0.0.1:0"\n[admin]\nlisten = ""\n')
    return home


@pytest.fixture
def workers():
    workers = Workers()
    yield workers
    workers.close()


@pytest.fixture
def coordinator(home, clock: SetClock):
    snapshot, look = load_still(home, None, None)
    return Coordinator(snapshot, look, lambda *_: pytest.fail("builds"), lambda _pid: None, clock)


@pytest.fixture
def master(coordinator, workers):
    coordinator.begin(workers)
    for age in (1, 2):
        workers.fork(coordinator, age)
    yield coordinator
    workers.close()
    coordinator.close()


def outcome(master):
    assert master._last is not None
    return master._last["reloaded"]


def test_all_are_ready_before_any_swaps_and_all_are_told(master, workers):
    master.reload()
    assert outcome(master)["outcome"] == "in force"
    assert [do for _, do in workers.asked] == ["prepare"] * 2 + ["commit"] * 2 + ["told"] * 2
    assert (master.snapshot.number, workers.renewed, workers.replaced) == (2, 1, [])


def test_where_one_is_not_ready_none_swaps(master, workers):
    workers.answers[2, "prepare"] = lambda: {"reason": "no room"}
    master.reload()
    assert (outcome(master)["outcome"], outcome(master)["reason"]) == ("failed", "no room")
    assert "commit" not in {do for _, do in workers.asked}
    assert [workers.done(age) for age in (1, 2)] == [["prepare", "abort", "told"]] * 2
    assert (master.snapshot.number, workers.renewed) == (1, 0)


def test_a_worker_that_has_died_is_no_obstacle_and_nobody_waits_for_it(master, workers):
    workers.die(2)
    master.reload()
    assert outcome(master)["outcome"] == "in force"
    assert workers.done(1) == ["prepare", "commit", "told"]
    assert workers.replaced == [2]


def test_a_worker_that_dies_while_it_prepares_stops_the_change(master, workers):
    """For what it was to prepare may be what it died of."""
    workers.answers[2, "prepare"] = lambda: None
    master.reload()
    assert outcome(master)["outcome"] == "failed"
    assert "commit" not in {do for _, do in workers.asked}


def test_a_worker_without_a_socket_is_replaced_by_a_reload(master, workers):
    """As the log says when there is none to be had: the disk was full at that moment."""
    workers.without.append(3)
    master.reload()
    assert outcome(master)["outcome"] == "in force"
    assert workers.replaced == [3]


def test_a_worker_that_dies_between_is_replaced_and_the_others_swap(master, workers):
    workers.answers[2, "commit"] = lambda: None
    master.reload()
    assert outcome(master)["outcome"] == "in force"
    assert (workers.done(1)[:2], workers.replaced) == (["prepare", "commit"], [2])


def test_without_threads_workers_are_asked_one_after_the_other_and_nothing_is_raised(
    master, workers, monkeypatch
):
    class NoThread(threading.Thread):
        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    monkeypatch.setattr(module, "Thread", NoThread)
    master.reload()
    assert outcome(master)["outcome"] == "in force"
    assert [workers.done(age) for age in (1, 2)] == [["prepare", "commit", "told"]] * 2


def test_a_stop_ends_the_wait_for_a_worker_that_hangs(master, workers):
    go = threading.Event()

    def hang() -> dict[str, object]:
        workers.stopped = True
        go.wait(60)
        return {"prepared": 2}

    workers.answers[2, "prepare"] = hang
    try:
        master.reload()
    finally:
        go.set()
    assert (outcome(master)["outcome"], outcome(master)["reason"]) == (
        "failed",
        "worker 2 is not ready: the gateway is being stopped",
    )
    assert workers.renewed == 0


def test_a_home_whose_reading_hangs_is_given_up_and_the_next_reload_says_so(
    master, workers, clock, monkeypatch
):
    go = threading.Event()

    def hang(before: object) -> object:
        clock.move(1000)
        go.wait(60)
        raise AssertionError

    monkeypatch.setattr(module, "_ready", hang)
    try:
        master.reload()
        assert (outcome(master)["outcome"], outcome(master)["reason"]) == (
            "failed",
            "to read and judge it takes too long",
        )
        monkeypatch.undo()
        master.reload()
        assert outcome(master)["reason"].startswith("an earlier reading hangs")
    finally:
        go.set()


def test_nothing_runs_beside_the_master_once_a_reload_has_ended(home, coordinator):
    """It forks next."""
    try:
        before = set(threading.enumerate())
        coordinator.reload()
        assert set(threading.enumerate()) == before
    finally:
        coordinator.close()


def test_what_nobody_waits_for_any_more_does_not_come_into_force(master, workers):
    """Who was told that it failed has taken the change back by now."""
    asking = seat.connect(master._folder, "1.sock", 10)
    asking.sendall(line_of({"do": "reload"}))

    def gives_up() -> dict[str, object]:
        asking.close()
        return {"prepared": 2}

    workers.answers[1, "prepare"] = gives_up
    master.command()
    assert outcome(master)["reason"] == "who asked for it does not wait for it any more"
    assert (workers.renewed, workers.done(2)) == (0, ["prepare", "abort", "told"])


def test_who_asks_is_answered(master, workers):
    with seat.connect(master._folder, "1.sock", 10) as asking:
        asking.sendall(line_of({"do": "reload"}))
        master.command()
        assert object_of(asking.recv(65_536))["outcome"] == "in force"


# -- the watch


@pytest.fixture
def watched(home, master, clock):
    change_correlator(home / GATEWAY, {"server.watch_seconds": 5})
    master.reload()
    assert master.snapshot.number == 2
    return master


def look(master, clock, seconds=5.0):
    """Look when it is due, and again when it has stood still."""
    clock.move(seconds)
    master.look()
    master.look()


def test_what_failed_though_the_home_may_be_right_is_tried_again(home, watched, workers, clock):
    change_correlator(home / GATEWAY, {"server.faults": "unified"})
    workers.answers[2, "prepare"] = lambda: {"reason": "busy"}
    look(watched, clock)
    assert outcome(watched)["outcome"] == "failed"
    del workers.answers[2, "prepare"]
    look(watched, clock)
    assert watched.snapshot.number == 2, "not at every look"
    look(watched, clock, 60)
    assert watched.snapshot.number == 3
    assert watched.snapshot.home.gateway.server.faults == "unified"


def test_what_was_refused_is_not_tried_again(home, watched, workers, clock):
    change_correlator(home / GATEWAY, {"server.faults": "none such"})
    look(watched, clock)
    assert outcome(watched)["outcome"] == Outcome.REFUSED
    workers.asked.clear()
    look(watched, clock, 60)
    assert workers.asked == []


def test_a_home_that_was_refused_for_a_file_to_come_is_taken_when_it_has_come(home, watched, clock, pki: Pki):
    (home / "keystores").mkdir()
    change_correlator(home / GATEWAY, {"server.client_truststore.path": "keystores/ca.pem"})
    look(watched, clock)
    assert "keystores/ca.pem" in outcome(watched)["problems"][0]["text"]
    shutil.copy(pki.keys.ca, home / "keystores/ca.pem")
    look(watched, clock)
    assert (outcome(watched)["outcome"], watched.snapshot.number) == ("in force", 3)


def test_a_file_named_by_a_key_that_counts_from_the_next_start_does_not_have_it_read_for_ever(
    home, watched, workers, clock, pki: Pki
):
    store = {"replay.store": "valkeys://127.0.0.1:1/0", "replay.truststore.path": str(pki.keys.ca)}
    change_correlator(home / GATEWAY, store)
    look(watched, clock)
    assert (outcome(watched)["outcome"], outcome(watched)["restart"]) == ("in force", ["replay"])
    workers.asked.clear()
    look(watched, clock, 60)
    assert workers.asked == []


def test_files_that_change_while_keys_and_stores_are_read_do_not_come_into_force(
    home, master, workers, monkeypatch
):
    def changed(_home: object) -> dict[str, object]:
        (home / "wsdl/another").mkdir(exist_ok=True)
        (home / "bundles/late.txt").write_text("x")
        return {}

    monkeypatch.setattr(module, "listener_tls", changed)
    master.reload()
    assert outcome(master)["outcome"] == "refused"
    assert "keep changing" in outcome(master)["problems"][0]["text"]
    assert workers.done(1) == ["told"]
