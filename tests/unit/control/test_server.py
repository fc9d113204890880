"""The control channel with real sockets: whoever speaks, and however, the process goes on."""

import json
from contextlib import closing

import pytest

from gateway.clock import SYSTEM_CLOCK
from gateway.control import server as serving
from gateway.control.client import ask, living
from gateway.control.seat import Seat, connect
from gateway.control.server import ControlServer
from gateway.control.words import MOST_BYTES, ControlError, line_of, object_of
from tests.fixtures.running_gateway import wait_until
from tests.unit.control.desk import LIST, TOLD, Desk


@pytest.fixture
def desk():
    return Desk()


@pytest.fixture
def seat(tmp_path):
    taken = Seat.take(tmp_path)
    with closing(taken):
        yield taken


@pytest.fixture
def folder(tmp_path, seat, desk):
    server = ControlServer(seat.socket, desk.answer, SYSTEM_CLOCK)
    server.start()
    with closing(server):
        yield tmp_path
        desk.hold.set()


def asked(folder, what=LIST):
    return ask(folder, "1.sock", what, SYSTEM_CLOCK)


def said(connection):
    with connection.makefile("rb") as file:
        return file.readline()


def test_what_is_asked_is_done_and_answered(folder, desk):
    what = {"do": "stop", "of": "\u00e9"}
    assert living(folder) == [1]
    assert asked(folder, what) == TOLD
    assert asked(folder) == TOLD
    assert desk.asked == [what, LIST]


def test_a_refusal_comes_in_words(folder, desk):
    desk.says = ControlError("there is no listener ims1/X")
    with pytest.raises(ControlError, match=r"^there is no listener ims1/X$"):
        asked(folder)


def test_an_error_of_ours_is_told_without_its_text_and_logged(folder, desk, caplog):
    desk.says = RuntimeError("SECRET of the runtime")
    with pytest.raises(ControlError, match="its log says more"):
        asked(folder)
    assert "SECRET of the runtime" in caplog.text
    desk.says = TOLD
    assert asked(folder) == TOLD


@pytest.mark.parametrize("line", [b"\n", b"GET / HTTP/1.1\r\n", b"\x00\xff\n", b"7\n", b"[" * 60_000 + b"\n"])
def test_nonsense_is_refused(folder, desk, line):
    with connect(folder, "1.sock", 10) as connection:
        connection.sendall(line)
        assert "error" in json.loads(said(connection))
    assert not desk.asked
    assert asked(folder) == TOLD


def test_a_line_without_end_is_cut_off(folder, desk):
    with connect(folder, "1.sock", 10) as connection:
        try:
            connection.sendall(b"x" * (MOST_BYTES + 100_000))
            assert said(connection) == b""
        except OSError:
            pass  # cut off while it was sending
    assert not desk.asked
    assert asked(folder) == TOLD


@pytest.mark.parametrize("beginning", [b"", b'{"do": "sto'])
def test_who_leaves_in_the_middle_has_asked_nothing(folder, desk, beginning):
    with connect(folder, "1.sock", 10) as connection:
        connection.sendall(beginning)
    assert asked(folder) == TOLD
    assert desk.asked == [LIST]


def test_silent_peers_do_not_keep_others_out(tmp_path, seat, desk):
    server = ControlServer(seat.socket, desk.answer, SYSTEM_CLOCK, seconds=0.2)
    server.start()
    with closing(server):
        silent = [connect(tmp_path, "1.sock", 10) for _ in range(3 * serving._MOST_CONNECTIONS)]
        try:
            assert asked(tmp_path) == TOLD
        finally:
            for each in silent:
                each.close()


def test_a_peer_that_takes_no_answer_is_given_up(tmp_path, seat):
    many = {"said": "x" * (MOST_BYTES - 100)}
    server = ControlServer(seat.socket, lambda _: line_of(many), SYSTEM_CLOCK, seconds=0.2)
    server.start()
    with closing(server), connect(tmp_path, "1.sock", 10) as deaf:
        deaf.sendall(line_of(LIST))
        wait_until(lambda: server._open, "it is being answered")
        wait_until(lambda: not server._open, "it is given up")


def test_an_answer_may_be_long(folder, desk):
    desk.says = {"said": "x" * (MOST_BYTES - 100)}
    assert asked(folder) == desk.says


def test_more_than_fits_into_an_answer_is_told_in_words(folder, desk):
    desk.says = {"said": "x" * MOST_BYTES}
    with pytest.raises(ControlError, match="more to tell than"):
        asked(folder)


def test_an_answer_may_take_longer_than_a_request(tmp_path, seat, desk):
    server = ControlServer(seat.socket, desk.answer, SYSTEM_CLOCK, seconds=0.2)
    server.start()
    desk.hold.clear()
    with closing(server), connect(tmp_path, "1.sock", 10) as patient:
        patient.sendall(line_of(LIST))
        wait_until(lambda: desk.asked, "it is asked")
        with connect(tmp_path, "1.sock", 10) as silent:
            assert said(silent) == b"", "whoever says nothing is cut off meanwhile"
        desk.hold.set()
        assert object_of(said(patient)) == TOLD


def test_closing_cuts_off_who_is_connected(tmp_path, seat, desk):
    server = ControlServer(seat.socket, desk.answer, SYSTEM_CLOCK)
    server.start()
    with connect(tmp_path, "1.sock", 10) as silent:
        wait_until(lambda: server._open, "the connection is taken")
        server.close()
        assert said(silent) == b""
    assert ask(tmp_path, "1.sock", LIST, SYSTEM_CLOCK) is None


def test_one_that_was_never_started_can_be_closed(seat, desk):
    ControlServer(seat.socket, desk.answer, SYSTEM_CLOCK).close()
