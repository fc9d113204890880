"""Questions to all workers: what each says, or why it says nothing, is told by its age."""

from gateway.control import client
from gateway.control.words import ControlError
from gateway.runtime.aside import STOPPED


def test_each_answers_what_it_was_asked(master, workers):
    workers.answers[1, "look"] = lambda: {"picture": "of the first"}
    assert master._crew.ask({"do": "look"}, 10) == {1: {"picture": "of the first"}, 2: {"done": True}}


def test_each_can_be_asked_something_of_its_own(master, workers):
    master._crew.ask(lambda age: {"do": f"of worker {age}"}, 10)
    assert sorted(workers.asked) == [(1, "of worker 1"), (2, "of worker 2")]


def test_one_that_has_died_says_nothing_and_one_that_dies_now_is_told_of_in_words(master, workers):
    workers.die(1)
    workers.answers[2, "look"] = lambda: None
    said = master._crew.ask({"do": "look"}, 10)
    assert said[1] is None
    assert str(said[2]).startswith("serve 1-2 does not answer")


def test_an_error_of_ours_is_in_the_log_and_costs_one_answer(master, monkeypatch, caplog):
    def ask(_folder, name, *_how):
        if name == "1-1.sock":
            raise ZeroDivisionError
        raise ControlError("is busy")

    monkeypatch.setattr(client, "ask", ask)
    assert master._crew.ask({"do": "look"}, 10) == {
        1: "internal error of the gateway; its log says more",
        2: "is busy",
    }
    assert "ZeroDivisionError" in caplog.text


def test_who_is_to_stop_waits_for_nobody(master, workers, hanging):
    workers.answers[2, "look"] = hanging
    workers.stopped = True
    assert master._crew.ask({"do": "look"}, 60)[2] == STOPPED


def test_before_the_server_has_begun_there_is_nobody(coordinator):
    try:
        assert coordinator._crew.ask({"do": "look"}, 10) == {}
        assert not coordinator._crew.stopping()
    finally:
        coordinator.close()
