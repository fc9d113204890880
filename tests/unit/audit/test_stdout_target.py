import os
import select
import socket
import subprocess
import sys
import threading

import pytest

from gateway.audit.stdout_target import StdoutTarget
from gateway.audit.target import AuditUnavailableError
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.running_gateway import wait_until

LONG = "x" * 10_000


@pytest.fixture
def pipe():
    reader, writer = os.pipe()
    yield reader, writer
    for descriptor in (reader, writer):
        try:
            os.close(descriptor)
        except OSError:
            pass


def target_on(descriptor: int, folder, seconds: float = 0.1) -> StdoutTarget:
    return StdoutTarget(folder / "audit/stdout.lock", SYSTEM_CLOCK, seconds, descriptor)


def filled(writer: int) -> int:
    """Fill a pipe to the last byte and return how many there are."""
    os.set_blocking(writer, False)
    count = 0
    try:
        while True:
            count += os.write(writer, b"." * 4096)
    except BlockingIOError:
        os.set_blocking(writer, True)
    return count


def test_lines_come_out_in_their_order(pipe, tmp_path):
    reader, writer = pipe
    target = target_on(writer, tmp_path)

    target.write("one")
    target.write("zwei ä")

    assert os.read(reader, 100) == "one\nzwei ä\n".encode()


def test_a_reader_that_does_not_read_makes_it_unavailable_within_its_time(pipe, tmp_path):
    reader, writer = pipe
    count = filled(writer)
    target = target_on(writer, tmp_path)

    with pytest.raises(AuditUnavailableError, match="nobody reads it"):
        target.write("one")

    os.read(reader, count)
    target.write("two")
    assert os.read(reader, 100) == b"two\n"


def test_a_reader_that_has_gone_makes_it_unavailable(pipe, tmp_path):
    reader, writer = pipe
    os.close(reader)

    with pytest.raises(AuditUnavailableError, match="nobody reads it any more"):
        target_on(writer, tmp_path).write("one")


def test_half_a_line_is_ended_before_the_next_one_by_whatever_process(pipe, tmp_path):
    reader, writer = pipe
    filled(writer)
    os.read(reader, 4096)  # room for one piece of the line, not for all of it

    with pytest.raises(AuditUnavailableError):
        target_on(writer, tmp_path).write(LONG)
    came = b""
    while not came.endswith(b"x"):
        came += os.read(reader, 65_536)
    target_on(writer, tmp_path).write("two")
    target_on(writer, tmp_path).write("three")

    assert os.read(reader, 65_536) == b"\ntwo\nthree\n"


KILLED = """
import sys
from pathlib import Path
from tests.unit.audit.test_stdout_target import LONG, target_on
target_on(int(sys.argv[1]), Path(sys.argv[2]), 60).write(LONG)
"""


def test_half_a_line_of_a_process_that_was_killed_is_ended_before_the_next_one(pipe, tmp_path):
    reader, writer = pipe
    count = filled(writer) - 4096
    os.read(reader, 4096)  # room for the first piece alone
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(writer), str(tmp_path)], pass_fds=[writer])
    wait_until(lambda: not select.select([], [writer], [], 0)[1], "the first piece is in the pipe")
    child.kill()
    child.wait()
    assert os.read(reader, count) == b"." * count

    target_on(writer, tmp_path).write("next")

    assert os.read(reader, 10_000) == LONG[:4096].encode() + b"\nnext\n"


def test_a_long_line_that_nobody_reads_leaves_nothing_behind(pipe, tmp_path):
    reader, writer = pipe
    count = filled(writer)
    target = target_on(writer, tmp_path)
    with pytest.raises(AuditUnavailableError, match="nobody reads it"):
        target.write(LONG)
    os.read(reader, count)

    target.write("next")

    assert os.read(reader, 100) == b"next\n"


def test_long_lines_of_several_threads_never_stand_in_each_other(pipe, tmp_path):
    reader, writer = pipe
    targets = [target_on(writer, tmp_path, 20) for _ in range(2)]  # as two processes would have them
    threads = [
        threading.Thread(
            target=lambda char=char, one=targets[i % 2]: [one.write(char * 9000) for _ in range(10)]
        )
        for i, char in enumerate("abcd")
    ]
    for thread in threads:
        thread.start()
    came = b""
    while came.count(b"\n") < 40:
        came += os.read(reader, 65_536)
    for thread in threads:
        thread.join()

    assert sorted(came.splitlines()) == sorted(char.encode() * 9000 for char in "abcd" for _ in range(10))


def test_a_socket_as_standard_output_is_served_and_not_waited_for(tmp_path):
    ours, theirs = socket.socketpair()
    with ours, theirs:
        target = target_on(ours.fileno(), tmp_path)
        target.write("one")
        assert theirs.recv(100) == b"one\n"
        refused = 0
        for _ in range(200):
            try:
                target.write(LONG)
            except AuditUnavailableError:
                refused += 1
                break
        assert refused


def test_a_file_as_standard_output_is_written(tmp_path):
    with (tmp_path / "out").open("wb") as out:
        target_on(out.fileno(), tmp_path).write(LONG)

    assert (tmp_path / "out").read_text() == f"{LONG}\n"


def test_a_closed_target_takes_nothing(pipe, tmp_path):
    target = target_on(pipe[1], tmp_path)
    target.close()

    with pytest.raises(AuditUnavailableError):
        target.write("one")
