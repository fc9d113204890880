"""The side of whoever asks: what is no answer is told in words."""

import errno
import socket
import threading
from contextlib import ExitStack, closing, suppress

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.control import seat as seats
from gateway.control.client import ask, living
from gateway.control.seat import Seat
from gateway.control.server import ControlServer
from gateway.control.words import ControlError, refusal
from tests.unit.control.desk import LIST, TOLD, Desk


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "callout"


@pytest.fixture
def seat(folder):
    taken = Seat.take(folder)
    with closing(taken):
        yield taken


@pytest.fixture
def impostor(seat):
    """Something else at the seat, which answers as it is told to."""
    answers = [b""]

    def serve():
        while True:
            try:
                connection, _ = seat.socket.accept()
            except OSError:
                return
            with connection:
                connection.recv(65536)
                connection.sendall(answers[0])

    thread = threading.Thread(target=serve)
    thread.start()
    yield answers
    seat.socket.shutdown(socket.SHUT_RDWR)
    thread.join()


def asked(folder, name="1.sock", **how):
    return ask(folder, name, LIST, SYSTEM_CLOCK, **how)


def test_a_worker_is_asked_like_an_instance(folder, seat):
    desk = Desk()
    with seat.for_worker(7) as listening:
        server = ControlServer(listening, desk.answer, SYSTEM_CLOCK)
        server.start()
        with closing(server):
            assert asked(folder, "1-7.sock") == TOLD
    assert desk.asked == [LIST]


def test_members_that_are_not_known_are_the_callers_business(folder, impostor):
    impostor[0] = b'{"colour": "red"}\n{"more": 1}\n'
    assert asked(folder) == {"colour": "red"}


@pytest.mark.parametrize("answer", [b"", b"x", b"hello\n", b"[]\n", b'{"error": 7}\n', b"x" * 100_000])
def test_an_answer_that_is_none_is_told_in_words(impostor, folder, answer):
    impostor[0] = answer
    with pytest.raises(ControlError, match=r"callout 1 does not answer|no line of JSON|something is wrong"):
        asked(folder)


def test_a_refusal_is_raised_in_its_own_words(impostor, folder):
    impostor[0] = refusal("there is no bundle ims9")
    with pytest.raises(ControlError, match=r"^there is no bundle ims9$"):
        asked(folder)


@pytest.mark.parametrize("name", ["2.sock", "1-4.sock"])
def test_a_process_that_has_ended_is_nobody(folder, seat, name):
    assert asked(folder, name) is None


def test_a_process_that_was_killed_is_nobody(folder):
    seat = Seat.take(folder)
    seat.socket.close()  # the file stays, as behind a kill
    assert asked(folder) is None
    seat.close()


def test_a_process_that_does_not_answer_in_time_is_told_in_words(folder, seat):
    with pytest.raises(ControlError, match="callout 1 does not answer: no whole line came in time"):
        asked(folder, seconds=0.2)


def test_a_process_that_is_busy_is_told_in_words(folder, seat, monkeypatch):
    def busy(*_args):
        raise BlockingIOError(errno.EAGAIN, "busy")

    monkeypatch.setattr(seats, "connect", busy)
    with pytest.raises(ControlError, match="callout 1 does not answer: others ask it, and it is busy"):
        asked(folder)


def test_a_full_backlog_is_waited_for_no_longer_than_was_said(folder, seat):
    with ExitStack() as waiting:
        with suppress(BlockingIOError):
            while True:
                waiting.enter_context(seats.connect(folder, "1.sock", 0.1))
        with pytest.raises(ControlError, match="it is busy"):
            asked(folder, seconds=0.1)


def test_a_process_that_may_not_be_asked_is_told_in_words(folder, seat, monkeypatch):
    def refused(*_args):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(seats, "connect", refused)
    with pytest.raises(ControlError, match="callout 1 cannot be asked: Permission denied"):
        asked(folder)


def test_a_folder_that_may_not_be_read_is_told_in_words(folder):
    folder.write_text("no folder")
    with pytest.raises(ControlError, match="cannot be read"):
        living(folder)


def test_without_a_folder_nobody_lives(folder):
    assert living(folder) == []
