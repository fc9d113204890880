"""The master's part of a reload: all workers swap or none, whatever becomes of workers, files, askers."""

import socket
import threading

from gateway.control.reloaded import Outcome


def test_all_are_ready_before_any_swaps_and_all_are_told(reloads, workers):
    told = reloads.reload("a test")
    assert (told.outcome, told.number) == (Outcome.IN_FORCE, 2)
    assert [do for _, do in workers.asked] == ["prepare"] * 2 + ["commit"] * 2 + ["told"] * 2
    assert (reloads.snapshot.number, workers.renewed, workers.replaced) == (2, 1, [])


def test_what_came_of_it_is_kept(reloads, clock):
    told = reloads.reload("a test")
    assert reloads.last == (told, clock.now())


def test_where_one_is_not_ready_none_swaps(reloads, workers):
    workers.answers[2, "prepare"] = lambda: {"reason": "no room"}
    told = reloads.reload("a test")
    assert (told.outcome, told.reason) == (Outcome.FAILED, "no room")
    assert "commit" not in {do for _, do in workers.asked}
    assert [workers.done(age) for age in (1, 2)] == [["prepare", "abort", "told"]] * 2
    assert (reloads.snapshot.number, workers.renewed) == (1, 0)


def test_a_worker_that_finds_mistakes_has_the_home_refused(reloads, workers):
    problem = {"file": "gateway.toml", "key": "server.http", "text": "is wrong"}
    workers.answers[1, "prepare"] = lambda: {"problems": [problem]}
    told = reloads.reload("a test")
    assert (told.outcome, [one.text for one in told.problems]) == (Outcome.REFUSED, ["is wrong"])
    assert [workers.done(age) for age in (1, 2)] == [["prepare", "abort", "told"]] * 2


def test_an_error_of_ours_leaves_everything_as_it_was_and_nothing_prepared(reloads, workers, caplog):
    workers.answers[2, "prepare"] = lambda: {"problems": [{"of": "another version"}]}
    told = reloads.reload("a test")
    assert (told.outcome, told.reason) == (
        Outcome.FAILED,
        "internal error of the gateway; its log says more",
    )
    assert "an error of ours" in caplog.text
    assert [workers.done(age) for age in (1, 2)] == [["prepare", "abort", "told"]] * 2
    assert (reloads.snapshot.number, workers.renewed) == (1, 0)


def test_a_worker_that_has_died_is_no_obstacle_and_nobody_waits_for_it(reloads, workers):
    workers.die(2)
    assert reloads.reload("a test").done
    assert workers.done(1) == ["prepare", "commit", "told"]
    assert workers.replaced == [2]


def test_a_worker_that_dies_while_it_prepares_stops_the_change(reloads, workers):
    """For what it was to prepare may be what it died of."""
    workers.answers[2, "prepare"] = lambda: None
    assert reloads.reload("a test").outcome is Outcome.FAILED
    assert "commit" not in {do for _, do in workers.asked}


def test_a_worker_without_a_socket_is_replaced_by_a_reload(reloads, workers):
    """As the log says when there is none to be had: the disk was full at that moment."""
    workers.without.append(3)
    assert reloads.reload("a test").done
    assert workers.replaced == [3]


def test_a_worker_that_dies_between_is_replaced_and_the_others_swap(reloads, workers):
    workers.answers[2, "commit"] = lambda: None
    assert reloads.reload("a test").done
    assert (workers.done(1)[:2], workers.replaced) == (["prepare", "commit"], [2])


def test_a_stop_ends_the_wait_for_a_worker_that_hangs(reloads, workers):
    go = threading.Event()

    def hang() -> dict[str, object]:
        workers.stopped = True
        go.wait(60)
        return {"prepared": 2}

    workers.answers[2, "prepare"] = hang
    try:
        told = reloads.reload("a test")
    finally:
        go.set()
    assert (told.outcome, told.reason) == (
        Outcome.FAILED,
        "worker 2 is not ready: the gateway is being stopped",
    )
    assert workers.renewed == 0


def test_what_nobody_waits_for_any_more_does_not_come_into_force(reloads, workers):
    """Who was told that it failed has taken the change back by now."""
    asking, asker = socket.socketpair()

    def gives_up() -> dict[str, object]:
        asking.close()
        return {"prepared": 2}

    workers.answers[1, "prepare"] = gives_up
    with asking, asker:
        told = reloads.reload("a test", asker)
    assert told.reason == "who asked for it does not wait for it any more"
    assert (workers.renewed, workers.done(2)) == (0, ["prepare", "abort", "told"])


def test_who_still_waits_has_it_come_into_force(reloads):
    asking, asker = socket.socketpair()
    with asking, asker:
        assert reloads.reload("a test", asker).done


def test_nothing_runs_beside_the_master_once_a_reload_has_ended(reloads, workers):
    """It forks next."""
    workers.close()
    before = set(threading.enumerate())
    assert reloads.reload("a test").done
    assert set(threading.enumerate()) == before
