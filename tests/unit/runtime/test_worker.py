"""A worker's application: who answers what, and what is closed with it."""

import json
import socket

import pytest

from gateway.control.words import line_of


class Admin:
    """Console and management API, as far as a worker knows them."""

    def __init__(self) -> None:
        self.closed = 0

    def __call__(self, _environ, start_response):
        start_response("200 OK", [])
        return [b"the console"]

    def close(self) -> None:
        self.closed += 1


def answered(worker, listener, path):
    environ = {
        "REQUEST_METHOD": "GET",
        "PATH_INFO": path,
        "SERVER_NAME": "127.0.0.1",
        "SERVER_PORT": "8443",
        "REMOTE_ADDR": "192.0.2.1",
        "imsgw.listener": listener,
        "imsgw.tracking_id": "t1",
        "imsgw.stopping": False,
        "imsgw.peer_certificate": None,
    }
    return b"".join(worker(environ, lambda *_said: lambda _data: None))


def test_the_console_answers_on_its_listener_but_for_what_is_answered_at_once(worker):
    without = answered(worker, "admin", "/")
    worker.manage(Admin())
    assert answered(worker, "admin", "/") == b"the console"
    assert answered(worker, "http", "/") == without != b"the console"
    assert worker.at_once("/healthz")
    assert answered(worker, "admin", "/healthz") == answered(worker, "http", "/healthz") != b"the console"


def test_commands_are_taken_from_the_beginning_to_the_end(worker, floor, tmp_path):
    with socket.socket(socket.AF_UNIX) as listening:
        address = str(tmp_path / "s")
        listening.bind(address)
        listening.listen()
        worker.begin(floor, listening)
        with socket.socket(socket.AF_UNIX) as asking, asking.makefile() as answers:
            asking.connect(address)
            asking.sendall(line_of({"do": "look"}))
            assert json.loads(answers.readline())["number"] == 1
        worker._closing.close()
        with socket.socket(socket.AF_UNIX) as late, pytest.raises(ConnectionRefusedError):
            late.connect(address)


def test_a_worker_without_a_socket_serves_all_the_same(worker, floor):
    worker.begin(floor, None)
    assert answered(worker, "http", "/healthz")


def test_the_console_is_closed_with_the_worker(worker):
    admin = Admin()
    worker.manage(admin)
    worker._closing.close()
    assert admin.closed == 1
