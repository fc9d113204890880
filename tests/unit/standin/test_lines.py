"""Trace and messages of the process never hold the stand-in up, whoever reads them or does not."""

import signal
from threading import Event

import pytest

from gateway.standin.lines import Lines
from tests.unit.standin.as_process import start
from tests.unit.standin.by_hand import SECONDS, Client, reply, text, until
from tests.unit.standin.test_running import port_of


class Slow:
    """Takes lines when it is told to."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.called, self.may = Event(), Event()

    def write(self, line: str) -> None:
        self.called.set()
        assert self.may.wait(SECONDS)
        self.taken.append(line)


def test_lines_come_in_order_and_all_before_the_end():
    taken: list[str] = []
    with Lines(taken.append) as lines:
        for number in range(1000):
            lines.write(str(number))
    assert taken == [str(number) for number in range(1000)]


def test_what_does_not_fit_is_lost_and_counted():
    slow = Slow()
    with Lines(slow.write, keep=3) as lines:
        lines.write("1")
        assert slow.called.wait(SECONDS)
        for line in ("2", "34", "5", "6"):
            lines.write(line)
        slow.may.set()
    assert slow.taken == ["1", "2", "34", "2 lines are missing here: nobody took them in time"]


def test_an_error_of_writing_ends_the_writing_and_nothing_else():
    tried: list[str] = []

    def broken(line: str) -> None:
        tried.append(line)
        raise BrokenPipeError

    with Lines(broken) as lines:
        lines.write("1")
        until(lambda: not lines._thread.is_alive())
        lines.write("2")
    assert tried == ["1"]


@pytest.mark.parametrize("reader", ["does-not-read", "has-left"])
def test_a_console_that_nobody_reads_holds_nobody_up(config, reader):
    with start(config, trace=2) as process:
        port = port_of(process)
        assert process.stdout is not None
        if reader == "has-left":
            process.stdout.close()
        with Client(port) as client:
            for _ in range(30):
                assert client.ask(text("ECHO " + "X" * 4000)) == reply("X" * 4000)
        process.send_signal(signal.SIGTERM)
        # only the end is waited for: to read the output would let it go on
        assert process.wait(SECONDS) == 0
        assert process.stderr is not None
        assert process.stderr.read() == ""


def test_what_is_said_on_the_console_is_whole_at_the_end(config):
    with start(config, trace=1) as process:
        with Client(port_of(process)) as client:
            client.ask(text("ECHO 1"))
        process.send_signal(signal.SIGTERM)
        out, _ = process.communicate(timeout=SECONDS)
    assert "#1 > SEND_RECEIVE" in out
    assert "stopping\n" in out
