"""All running processes of a state folder are asked, and each is told of."""

from contextlib import ExitStack, closing

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.control.reload import ask_reload
from gateway.control.reloaded import Outcome, Reloaded
from gateway.control.seat import Seat
from gateway.control.server import ControlServer
from gateway.control.words import ControlError
from tests.unit.control.desk import Desk


@pytest.fixture
def run(tmp_path):
    """Have a process sit in a folder of the state, and answer what a test says."""
    with ExitStack() as stack:

        def start(folder, says):
            seat = stack.enter_context(closing(Seat.take(tmp_path / folder)))
            desk = Desk()
            desk.says = says
            server = stack.enter_context(closing(ControlServer(seat.socket, desk.answer, SYSTEM_CLOCK)))
            server.start()
            return desk

        yield start


def told(process, outcome=Outcome.IN_FORCE):
    return Reloaded(process, outcome, 2, "0123456789abcdef")


def test_the_gateway_is_asked_first_then_callout_by_number(run, tmp_path):
    said = [told("callout 1"), told("callout 2", Outcome.REFUSED), told("serve 1")]
    desks = [run(one.process.partition(" ")[0], one.facts()) for one in said]
    assert ask_reload(tmp_path, SYSTEM_CLOCK) == (said[2], said[0], said[1])
    assert [desk.asked for desk in desks] == [[{"do": "reload"}]] * 3


def test_one_kind_can_be_asked_alone(run, tmp_path):
    run("callout", told("callout 1").facts())
    serve = run("serve", told("serve 1").facts())
    assert ask_reload(tmp_path, SYSTEM_CLOCK, ("callout",)) == (told("callout 1"),)
    assert not serve.asked


def test_where_nothing_runs_nothing_is_told(tmp_path):
    assert ask_reload(tmp_path, SYSTEM_CLOCK) == ()
    seat = Seat.take(tmp_path / "callout")
    seat.socket.close()  # the file stays, as behind a kill
    assert ask_reload(tmp_path, SYSTEM_CLOCK) == ()
    seat.close()


def test_one_that_refuses_to_be_asked_has_failed_and_the_others_are_told_of(run, tmp_path):
    run("serve", ControlError("it is being stopped"))
    run("callout", told("callout 1").facts())
    assert ask_reload(tmp_path, SYSTEM_CLOCK) == (
        Reloaded("serve 1", Outcome.FAILED, 0, "", reason="it is being stopped"),
        told("callout 1"),
    )


@pytest.mark.parametrize(
    "says",
    [
        {},
        {"outcome": "in force"},
        {**told("callout 1").facts(), "outcome": "perhaps"},
        {**told("callout 1").facts(), "problems": [7]},
        {**told("callout 1").facts(), "number": None},
    ],
)
def test_one_that_cannot_be_understood_has_failed(run, tmp_path, says):
    run("callout", says)
    (failed,) = ask_reload(tmp_path, SYSTEM_CLOCK)
    assert (failed.process, failed.outcome) == ("callout 1", Outcome.FAILED)
    assert "cannot be understood" in failed.reason


def test_a_folder_that_cannot_be_read_is_an_error(tmp_path):
    (tmp_path / "serve").write_text("no folder")
    with pytest.raises(ControlError, match="cannot be read"):
        ask_reload(tmp_path, SYSTEM_CLOCK)
