"""Seats: numbers, locks and sockets in the state folder."""

import os
import socket
import stat
import subprocess
import sys

import pytest

from gateway.callout import control_socket
from gateway.callout.control_socket import Seat, connect, numbers

TAKE = """
import sys
from pathlib import Path
from gateway.callout.control_socket import Seat
seat = Seat.take(Path(sys.argv[1]))
print(seat.number, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def take():
    seats = []

    def taken(state):
        seats.append(Seat.take(state))
        return seats[-1]

    yield taken
    for seat in seats:
        seat.close()


@pytest.fixture
def in_a_process(tmp_path):
    """Take a seat in a process of its own; returns it and the number."""
    started = []

    def take(state=tmp_path):
        process = subprocess.Popen(
            [sys.executable, "-c", TAKE, str(state)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
        )
        started.append(process)
        return process, int(process.stdout.readline())

    yield take
    for process in started:
        process.kill()
        process.communicate()


def answers(state, number):
    with connect(state, number, 5):
        return True


def test_each_instance_gets_the_lowest_number_that_is_free(tmp_path, take):
    assert [take(tmp_path).number, take(tmp_path).number] == [1, 2]
    third = Seat.take(tmp_path)
    fourth = take(tmp_path)
    third.close()
    assert (fourth.number, take(tmp_path).number) == (4, 3)
    assert numbers(tmp_path) == [1, 2, 3, 4]
    assert all(answers(tmp_path, number) for number in (1, 2, 3, 4))


def test_nobody_but_the_owner_gets_in(tmp_path, take):
    before = os.umask(0)
    try:
        take(tmp_path / "state")
    finally:
        os.umask(before)
    folder = tmp_path / "state" / "callout"
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"callout": 0o700, "1.sock": 0o600, "1.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_folder_that_others_could_enter_is_closed_to_them(tmp_path, take):
    (tmp_path / "callout").mkdir(mode=0o777)
    (tmp_path / "callout").chmod(0o777)
    take(tmp_path)
    assert stat.S_IMODE((tmp_path / "callout").stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another user, and enters his")
def test_a_folder_of_another_user_is_not_taken(tmp_path):
    (tmp_path / "callout").mkdir(mode=0o700)
    os.chown(tmp_path / "callout", 65_534, 65_534)
    with pytest.raises(PermissionError, match="another user"):
        Seat.take(tmp_path)
    assert not list((tmp_path / "callout").iterdir())


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path):
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "callout").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        Seat.take(tmp_path)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path):
    (tmp_path / "callout").mkdir(mode=0o700)
    (tmp_path / "callout" / "1.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        Seat.take(tmp_path)
    assert not (tmp_path / "victim").exists()


def test_a_seat_of_another_process_is_taken_and_free_when_that_is_killed(tmp_path, take, in_a_process):
    process, number = in_a_process()
    assert (number, take(tmp_path).number) == (1, 2)
    process.kill()
    process.wait()
    # what it left behind: a socket that nobody listens at
    assert (tmp_path / "callout" / "1.sock").exists()
    with pytest.raises(ConnectionRefusedError):
        connect(tmp_path, 1, 5)
    assert take(tmp_path).number == 1
    assert answers(tmp_path, 1)


def test_a_seat_that_was_given_up_leaves_no_socket(tmp_path):
    Seat.take(tmp_path).close()
    assert numbers(tmp_path) == []
    with pytest.raises(FileNotFoundError):
        connect(tmp_path, 1, 5)


def test_a_path_that_is_too_long_for_a_unix_socket_works_all_the_same(tmp_path, take):
    state = tmp_path / ("d" * 100) / ("e" * 100)
    with socket.socket(socket.AF_UNIX) as plain, pytest.raises(OSError, match="too long"):
        plain.connect(str(state / "callout" / "1.sock"))
    assert [take(state).number, take(state).number] == [1, 2]
    assert numbers(state) == [1, 2]
    assert answers(state, 1)
    assert answers(state, 2)


@pytest.mark.parametrize("length", range(104, 112))
def test_every_length_around_the_limit_works(tmp_path, take, length):
    rest = length - len(str(tmp_path)) - len("/" + "/callout/1.sock")
    if rest < 1:
        pytest.skip("the folder for tests has a long name")
    state = tmp_path / ("x" * rest)
    take(state)
    assert len(str(state / "callout" / "1.sock")) == length
    assert answers(state, 1)


def test_there_is_an_end_to_instances(tmp_path, take, monkeypatch):
    monkeypatch.setattr(control_socket, "_MOST_INSTANCES", 2)
    take(tmp_path)
    take(tmp_path)
    with pytest.raises(OSError, match="2 instances run already"):
        Seat.take(tmp_path)


def test_a_state_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(FileExistsError):
        Seat.take(tmp_path / "state")


def test_files_that_are_no_sockets_of_ours_are_passed_over(tmp_path, take):
    take(tmp_path)
    for name in ("x.sock", "1234.sock", "-1.sock", "\u0661.sock", "2.lock", ".sock"):
        (tmp_path / "callout" / name).touch()
    assert numbers(tmp_path) == [1]


def test_without_a_folder_there_is_nobody(tmp_path):
    assert numbers(tmp_path / "never") == []
