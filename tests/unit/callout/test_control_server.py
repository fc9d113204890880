"""The control channel with real sockets: whoever speaks, and however, the process goes on."""

import json
import socket
import threading
from contextlib import closing

import pytest

from gateway.callout import control_server
from gateway.callout.control_client import ask, living
from gateway.callout.control_server import ControlServer
from gateway.callout.control_socket import Seat, connect
from gateway.callout.control_words import Ask, ControlError, Told
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.running_gateway import wait_until
from tests.unit.callout.steered import ONE, picture

TOLD = Told(1, 7, True, "", (picture(ONE),))


class Desk:
    def __init__(self):
        self.asked = []
        self.hold = threading.Event()
        self.hold.set()
        self.answer = TOLD

    def do(self, what):
        self.asked.append(what)
        assert self.hold.wait(30)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def state(tmp_path, desk):
    server = ControlServer(Seat.take(tmp_path), desk.do, SYSTEM_CLOCK)
    server.start()
    with closing(server):
        yield tmp_path
        desk.hold.set()


def asked(state, what=Ask("list")):  # noqa: B008  a frozen value
    return ask(state, 1, what, SYSTEM_CLOCK)


def said(connection):
    with connection.makefile("rb") as file:
        return file.readline()


def test_what_is_asked_is_done_and_answered(state, desk):
    what = Ask("stop", (ONE,))
    assert living(state) == [1]
    assert asked(state, what) == TOLD
    assert asked(state) == TOLD
    assert desk.asked == [what, Ask("list")]


def test_a_refusal_comes_in_words(state, desk):
    desk.answer = ControlError("there is no listener ims1/X")
    with pytest.raises(ControlError, match=r"^there is no listener ims1/X$"):
        asked(state)


def test_an_error_of_ours_is_told_without_its_text_and_logged(state, desk, caplog):
    desk.answer = RuntimeError("SECRET of the runtime")
    with pytest.raises(ControlError, match="its log says more"):
        asked(state)
    assert "SECRET of the runtime" in caplog.text
    desk.answer = TOLD
    assert asked(state) == TOLD


@pytest.mark.parametrize("line", [b"\n", b"GET / HTTP/1.1\r\n", b"\x00\xff\n", b"{}\n", b"[" * 60_000 + b"\n"])
def test_nonsense_is_refused(state, desk, line):
    with connect(state, 1, 10) as connection:
        connection.sendall(line)
        assert "error" in json.loads(said(connection))
    assert not desk.asked
    assert asked(state) == TOLD


def test_a_line_without_end_is_cut_off(state, desk):
    with connect(state, 1, 10) as connection:
        try:
            connection.sendall(b"x" * 1_000_000)
            assert said(connection) == b""
        except OSError:
            pass  # cut off while it was sending
    assert not desk.asked
    assert asked(state) == TOLD


@pytest.mark.parametrize("beginning", [b"", b'{"do": "sto'])
def test_who_leaves_in_the_middle_has_asked_nothing(state, desk, beginning):
    with connect(state, 1, 10) as connection:
        connection.sendall(beginning)
    assert asked(state) == TOLD
    assert desk.asked == [Ask("list")]


def test_silent_peers_do_not_keep_others_out(state, desk, monkeypatch):
    monkeypatch.setattr(control_server, "_SECONDS", 0.2)
    silent = [connect(state, 1, 10) for _ in range(3 * control_server._MOST_CONNECTIONS)]
    try:
        assert asked(state) == TOLD
    finally:
        for each in silent:
            each.close()


def test_a_peer_that_takes_no_answer_is_given_up(tmp_path, monkeypatch):
    monkeypatch.setattr(control_server, "_SECONDS", 0.2)
    many = Told(1, 7, True, "", tuple([picture(ONE, reason="x" * 100)] * 2000))
    server = ControlServer(Seat.take(tmp_path), lambda _: many, SYSTEM_CLOCK)
    server.start()
    with closing(server), connect(tmp_path, 1, 10) as deaf:
        deaf.sendall(Ask("list").line())
        wait_until(
            lambda: server._room._value == control_server._MOST_CONNECTIONS - 1, "all but the next are free"
        )
        assert len(ask(tmp_path, 1, Ask("list"), SYSTEM_CLOCK).listeners) == 2000


def test_more_listeners_than_fit_into_an_answer_are_told_in_words(state, desk):
    desk.answer = Told(1, 7, True, "", tuple([picture(ONE, reason="x" * 1000)] * 2000))
    with pytest.raises(ControlError, match="more listeners than"):
        asked(state)


def test_a_process_that_has_ended_is_nobody(state, tmp_path):
    assert ask(tmp_path, 2, Ask("list"), SYSTEM_CLOCK) is None


def test_closing_cuts_off_who_is_connected_and_frees_the_seat(tmp_path, desk):
    server = ControlServer(Seat.take(tmp_path), desk.do, SYSTEM_CLOCK)
    server.start()
    with connect(tmp_path, 1, 10) as silent:
        wait_until(lambda: server._open, "the connection is taken")
        server.close()
        assert said(silent) == b""
    assert living(tmp_path) == []
    seat = Seat.take(tmp_path)
    assert seat.number == 1
    seat.close()


def test_one_that_was_never_started_can_be_closed(tmp_path, desk):
    ControlServer(Seat.take(tmp_path), desk.do, SYSTEM_CLOCK).close()
    assert living(tmp_path) == []


# -- the side of the command --------------------------------------------------------------------------------


@pytest.fixture
def impostor(tmp_path):
    """Something else at the seat, which answers as it is told to."""
    seat = Seat.take(tmp_path)
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
    seat.close()


@pytest.mark.parametrize("answer", [b"", b"x", b"{}\n", b"hello\n", b'{"error": 7}\n'])
def test_an_answer_that_is_none_is_told_in_words(impostor, tmp_path, answer):
    impostor[0] = answer
    with pytest.raises(ControlError, match=r"does not answer|cannot be understood|no line of JSON"):
        asked(tmp_path)


def test_a_process_that_does_not_answer_in_time_is_told_in_words(state, desk):
    desk.hold.clear()
    with pytest.raises(ControlError, match="instance 1 does not answer: no whole line came in time"):
        ask(state, 1, Ask("list"), SYSTEM_CLOCK, seconds=0.2)


def test_a_folder_that_may_not_be_read_is_told_in_words(tmp_path):
    (tmp_path / "callout").write_text("no folder")
    with pytest.raises(ControlError, match="cannot be read"):
        living(tmp_path)
