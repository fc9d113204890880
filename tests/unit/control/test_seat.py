"""Seats: numbers, locks and sockets in a folder of the state."""

import os
import socket
import stat
import subprocess
import sys

import pytest

from gateway.control import seat as seats
from gateway.control.seat import Seat, connect, instances, workers

TAKE = """
import sys
from pathlib import Path
from gateway.control.seat import Seat
seat = Seat.take(Path(sys.argv[1]))
print(seat.number, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def take():
    ours = []

    def taken(folder):
        ours.append(Seat.take(folder))
        return ours[-1]

    yield taken
    for seat in ours:
        seat.close()


@pytest.fixture
def in_a_process(tmp_path):
    """Take a seat in a process of its own; returns it and the number."""
    started = []

    def take():
        process = subprocess.Popen(
            [sys.executable, "-c", TAKE, str(tmp_path / "callout")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
        )
        started.append(process)
        return process, int(process.stdout.readline())

    yield take
    for process in started:
        process.kill()
        process.communicate()


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "callout"


def answers(folder, number):
    with connect(folder, f"{number}.sock", 5):
        return True


def test_each_instance_gets_the_lowest_number_that_is_free(folder, take):
    assert [take(folder).number, take(folder).number] == [1, 2]
    third = Seat.take(folder)
    fourth = take(folder)
    third.close()
    assert (fourth.number, take(folder).number) == (4, 3)
    assert instances(folder) == [1, 2, 3, 4]
    assert all(answers(folder, number) for number in (1, 2, 3, 4))


def test_nobody_but_the_owner_gets_in(tmp_path, take):
    folder = tmp_path / "state" / "callout"
    before = os.umask(0)
    try:
        take(folder)
    finally:
        os.umask(before)
    modes = {path.name: stat.S_IMODE(path.stat().st_mode) for path in (folder, *folder.iterdir())}
    assert modes == {"callout": 0o700, "1.sock": 0o600, "1.lock": 0o600}
    assert stat.S_IMODE((tmp_path / "state").stat().st_mode) == 0o700


def test_a_folder_that_others_could_enter_is_closed_to_them(folder, take):
    folder.mkdir(mode=0o777)
    folder.chmod(0o777)
    take(folder)
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700


@pytest.mark.skipif(os.geteuid() != 0, reason="only root gives a folder to another user, and enters his")
def test_a_folder_of_another_user_is_not_taken(folder):
    folder.mkdir(mode=0o700)
    os.chown(folder, 65_534, 65_534)
    with pytest.raises(PermissionError, match="another user"):
        Seat.take(folder)
    assert not list(folder.iterdir())


def test_a_link_in_place_of_the_folder_is_not_followed(tmp_path, folder):
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(NotADirectoryError):
        Seat.take(folder)
    assert not list((tmp_path / "elsewhere").iterdir())


def test_a_link_in_place_of_a_lock_is_not_followed(tmp_path, folder):
    folder.mkdir(mode=0o700)
    (folder / "1.lock").symlink_to(tmp_path / "victim")
    with pytest.raises(OSError, match="symbolic links"):
        Seat.take(folder)
    assert not (tmp_path / "victim").exists()


def test_a_seat_of_another_process_is_taken_and_free_when_that_is_killed(folder, take, in_a_process):
    process, number = in_a_process()
    assert (number, take(folder).number) == (1, 2)
    process.kill()
    process.wait()
    # what it left behind: a socket that nobody listens at
    assert (folder / "1.sock").exists()
    with pytest.raises(ConnectionRefusedError):
        connect(folder, "1.sock", 5)
    assert take(folder).number == 1
    assert answers(folder, 1)


def test_a_seat_that_was_given_up_leaves_no_socket(folder):
    Seat.take(folder).close()
    assert instances(folder) == []
    with pytest.raises(FileNotFoundError):
        connect(folder, "1.sock", 5)


def test_a_path_that_is_too_long_for_a_unix_socket_works_all_the_same(tmp_path, take):
    folder = tmp_path / ("d" * 100) / ("e" * 100)
    with socket.socket(socket.AF_UNIX) as plain, pytest.raises(OSError, match="too long"):
        plain.connect(str(folder / "1.sock"))
    assert [take(folder).number, take(folder).number] == [1, 2]
    assert instances(folder) == [1, 2]
    assert answers(folder, 1)
    assert answers(folder, 2)


@pytest.mark.parametrize("length", range(104, 112))
def test_every_length_around_the_limit_works(tmp_path, take, length):
    rest = length - len(str(tmp_path)) - len("/" + "/1.sock")
    if rest < 1:
        pytest.skip("the folder for tests has a long name")
    folder = tmp_path / ("x" * rest)
    take(folder)
    assert len(str(folder / "1.sock")) == length
    assert answers(folder, 1)


def test_there_is_an_end_to_instances(folder, take, monkeypatch):
    monkeypatch.setattr(seats, "_MOST_INSTANCES", 2)
    take(folder)
    take(folder)
    with pytest.raises(OSError, match="2 instances run already"):
        Seat.take(folder)


def test_a_state_that_cannot_be_written_is_an_error(tmp_path):
    (tmp_path / "state").write_text("no folder")
    with pytest.raises(FileExistsError):
        Seat.take(tmp_path / "state" / "callout")


def test_files_that_are_no_sockets_of_ours_are_passed_over(folder, take):
    take(folder)
    for name in (
        "x.sock",
        "1234.sock",
        "-1.sock",
        "0.sock",
        "01.sock",
        "1-2.sock",
        "\u0661.sock",
        "2.lock",
        ".sock",
    ):
        (folder / name).touch()
    assert instances(folder) == [1]


def test_without_a_folder_there_is_nobody(tmp_path):
    assert instances(tmp_path / "never") == []


# -- the workers of an instance -------------------------------------------------------------------------------


@pytest.fixture
def of_workers():
    """Sockets of workers, closed in the end."""
    listening = []

    def made(seat, age):
        listening.append(seat.for_worker(age))
        return listening[-1]

    yield made
    for each in listening:
        each.close()


def test_a_worker_listens_at_a_socket_with_its_age(folder, take, of_workers):
    seat = take(folder)
    with of_workers(seat, 7), connect(folder, "1-7.sock", 5):
        assert stat.S_IMODE((folder / "1-7.sock").stat().st_mode) == 0o600


def test_workers_are_those_of_one_instance_by_age(folder, take, of_workers):
    one, two = take(folder), take(folder)
    for age in (10, 9, 2):
        of_workers(one, age)
    of_workers(two, 3)
    (folder / "1-x.sock").touch()
    (folder / "11-4.sock").touch()
    assert workers(folder, 1) == ["1-2.sock", "1-9.sock", "1-10.sock"]
    assert workers(folder, 2) == ["2-3.sock"]
    assert instances(folder) == [1, 2], "a socket of a worker is no instance"


def test_of_a_worker_that_is_gone_nothing_stays(folder, take, of_workers):
    seat = take(folder)
    of_workers(seat, 1)
    of_workers(seat, 11)
    seat.worker_gone(1)
    seat.worker_gone(5)
    assert workers(folder, 1) == ["1-11.sock"]


def test_a_worker_of_the_same_age_takes_the_place_of_the_one_before(folder, take, of_workers):
    seat = take(folder)
    of_workers(seat, 1).close()
    of_workers(seat, 1)
    with connect(folder, "1-1.sock", 5):
        pass


def test_a_worker_of_an_instance_with_a_long_path_is_reached_too(tmp_path, take, of_workers):
    folder = tmp_path / ("d" * 100)
    of_workers(take(folder), 123)
    with connect(folder, "1-123.sock", 5):
        pass


def test_what_workers_of_a_dead_instance_left_behind_goes_with_the_next_but_not_that_of_others(
    folder, take, of_workers
):
    first, second = Seat.take(folder), take(folder)
    of_workers(first, 1)
    of_workers(second, 2)
    (folder / "1-9.sock").touch()
    first.close()
    (folder / "1-9.sock").touch()
    take(folder)
    assert workers(folder, 1) == []
    assert workers(folder, 2) == ["2-2.sock"]


def test_without_a_folder_there_are_no_workers(folder):
    assert workers(folder, 1) == []


def test_a_folder_that_is_none_is_an_error(folder):
    folder.write_text("no folder")
    with pytest.raises(NotADirectoryError):
        workers(folder, 1)
