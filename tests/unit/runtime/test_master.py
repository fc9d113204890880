"""The master beside its workers: commands at its socket, what a worker begins with and leaves behind."""

import pytest

from gateway.control import seat
from gateway.control.words import ControlError, line_of, object_of


def asked(master, home, what):
    """Ask as a command does, and return the answer. Raises ControlError."""
    with seat.connect(home / "var" / seat.SERVE, f"{master.number}.sock", 10) as asking:
        asking.sendall(line_of(what))
        master.command()
        return object_of(asking.recv(65_536))


def test_who_asks_is_answered(master, home):
    assert asked(master, home, {"do": "reload"})["outcome"] == "in force"


def test_who_does_not_wait_for_a_reload_does_not_get_it(master, home, workers):
    asking = seat.connect(home / "var" / seat.SERVE, "1.sock", 10)
    asking.sendall(line_of({"do": "reload"}))

    def gives_up() -> dict[str, object]:
        asking.close()
        return {"prepared": 2}

    workers.answers[1, "prepare"] = gives_up
    master.command()
    assert (workers.renewed, workers.done(2)) == (0, ["prepare", "abort", "told"])


def test_status_is_what_is_in_force_and_what_came_of_the_last_reload(master, home, workers):
    first = asked(master, home, {"do": "status"})
    assert (first["process"], first["number"], first["workers"]) == ("serve 1", 1, [1, 2])
    assert first["last_reload"] is None
    workers.answers[2, "prepare"] = lambda: {"reason": "no room"}
    master.reload()
    then = asked(master, home, {"do": "status"})
    assert (then["number"], then["digest"]) == (1, first["digest"])
    assert then["last_reload"]["reloaded"]["reason"] == "no room"


def test_the_ways_of_a_bundle_are_given_up_by_all_before_the_home_is_read_anew(master, home, workers):
    (home / "bundles/ims1.toml").write_text('[ims_connect]\nhost = "127.0.0.1"\nport = 1\ndatastore = "I"\n')
    master.reload()
    workers.asked.clear()
    assert asked(master, home, {"do": "recycle", "bundle": "ims1"})["outcome"] == "in force"
    assert workers.done(1) == workers.done(2) == ["recycle", "prepare", "commit", "told"]


@pytest.mark.parametrize(
    "what", [{"do": "recycle", "bundle": "none such"}, {"do": "recycle"}, {"do": "stop"}, {}]
)
def test_what_cannot_be_done_is_refused_and_nobody_is_asked(master, home, workers, what):
    with pytest.raises(ControlError, match=r"no bundle|one of reload, recycle, status"):
        asked(master, home, what)
    assert workers.asked == []


def test_a_command_that_does_not_come_holds_nothing_up(master, home):
    seat.connect(home / "var" / seat.SERVE, "1.sock", 10).close()
    master.command()
    assert asked(master, home, {"do": "status"})["number"] == 1


def test_a_worker_begins_with_what_is_in_force_and_is_told_of_the_last_reload(master, workers):
    built: list[object] = []
    master._build = lambda snapshot, seat, last: built.append((snapshot.number, seat, last))
    master.build()
    assert built.pop() == (1, 1, None)
    workers.answers[2, "prepare"] = lambda: {"reason": "no room"}
    master.reload()
    master.build()
    (number, _, last) = built.pop()
    assert (number, last[0].reason) == (1, "no room")


def test_of_a_worker_that_could_not_be_forked_nothing_is_left(home, coordinator):
    """It is tried again every second, for as long as the system forks no more."""
    sockets = home / "var" / seat.SERVE
    with coordinator.before_fork(7):
        coordinator.not_forked(7)
    assert [path.name for path in sockets.glob("*.sock")] == ["1.sock"]
    coordinator.not_forked(8)  # which had not come so far
    coordinator.close()


def test_behind_a_worker_that_has_ended_nothing_is_left(home, coordinator):
    sockets = home / "var" / seat.SERVE
    listening = coordinator.before_fork(7)
    assert (sockets / "1-7.sock").exists()
    forgotten: list[int] = []
    coordinator._forget = forgotten.append
    coordinator.worker_ended(4711, 7)
    assert (forgotten, (sockets / "1-7.sock").exists()) == ([4711], False)
    listening.close()
    coordinator.close()
    assert not list(sockets.glob("*.sock"))
