"""When the sender sleeps, and when it does not dare to."""

import os

import pytest

from gateway.audit.sender import Sender
from gateway.audit.sender_delivery import Delivery
from gateway.audit.spool import Spool
from gateway.audit.syslog_settings import SyslogSettings

MIB = 1024 * 1024


class Line:
    """A connection that notes how it is waited on."""

    def __init__(self) -> None:
        self.waits: list[float] = []
        self.meanwhile = lambda: None
        self.closed = False

    def wait(self, seconds: float, _wake: int | None = None) -> None:
        self.waits.append(seconds)
        self.meanwhile()

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def spool(tmp_path, clock):
    return Spool(tmp_path / "spool", clock, 16 * MIB, sync=False)


@pytest.fixture
def events():
    return []


@pytest.fixture
def sender(spool, clock, events):
    settings = SyslogSettings("siem", 6514)
    made = Sender(settings, Delivery(spool, clock, settings, events.append), clock, events.append)
    yield made
    os.close(made._wake)


def rung(sender: Sender) -> bool:
    try:
        return bool(os.eventfd_read(sender._wake))
    except BlockingIOError:
        return False


def test_with_nothing_to_send_it_sleeps_a_second_at_most(sender):
    line = Line()
    sender._sleep(line)
    assert line.waits == [1.0]


def test_a_record_that_came_before_it_lay_down_keeps_it_awake(sender, spool):
    sender._delivery.next_batch()
    spool.append(b"one")
    line = Line()
    sender._sleep(line)
    assert line.waits == []


def test_only_a_sleeper_is_rung_for(sender):
    sender.wake()
    assert not rung(sender)
    line = Line()
    heard: list[bool] = []

    def write_twice() -> None:
        sender.wake()
        heard.append(rung(sender))
        sender.wake()
        heard.append(rung(sender))

    line.meanwhile = write_twice
    sender._sleep(line)
    assert heard == [True, False]


def test_what_rang_is_forgotten_with_the_sleep(sender):
    line = Line()
    line.meanwhile = sender.wake
    sender._sleep(line)
    assert not rung(sender)


def test_a_connection_that_comes_after_the_end_is_not_used(sender, spool, clock, events, monkeypatch):
    spool.append(b"one")
    line = Line()
    monkeypatch.setattr("gateway.audit.sender.connect", lambda _settings: line)
    sender._stopping.set()
    clock.move(1)
    sender._attempt()
    assert (line.closed, sender.standing.connected, sender._delivery.sent) == (True, False, 0)
    assert events == []
