"""A real rsyslog over TLS has every record that `write` confirmed, whatever ends it, or us, under load."""

import json
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from gateway.audit.sender_events import ReceiverLost, SenderEvent
from gateway.audit.syslog_settings import SyslogSettings
from gateway.audit.syslog_target import SyslogTarget
from gateway.clock import SYSTEM_CLOCK
from gateway.config.stores import KeyStore
from tests.fixtures.pki import Pki, keystore
from tests.fixtures.rfc5424 import parse_message
from tests.fixtures.running_gateway import wait_until
from tests.interop.audit.rsyslog import Driver, Rsyslog, need_rsyslog
from tests.interop.audit.writing import record

pytestmark = [pytest.mark.interop, pytest.mark.xdist_group("rsyslog")]
DRIVERS: tuple[Driver, ...] = ("ossl", "gtls")


@pytest.fixture
def rsyslog(tmp_path, pki):
    """One with OpenSSL that asks for no certificate."""
    with running(tmp_path, pki) as made:
        yield made


@contextmanager
def running(folder: Path, pki: Pki, driver: Driver = "ossl", **settings) -> Iterator[Rsyslog]:
    need_rsyslog(driver)
    made = Rsyslog(folder / "rsyslog", pki, driver, **settings)
    made.folder.mkdir()
    made.start()
    try:
        yield made
    finally:
        made.kill()


@contextmanager
def writing_to(
    receiver: Rsyslog, folder: Path, ours: KeyStore | None = None, **settings
) -> Iterator[SyslogTarget]:
    values = {"truststore": receiver.pki.truststore(), "keystore": ours, "reconnect_seconds": 0.5, **settings}
    events: list[SenderEvent] = values.pop("events", [])
    made = SyslogSettings("127.0.0.1", receiver.port, **values)
    target = SyslogTarget(made, folder / "spool", SYSTEM_CLOCK, events.append)
    try:
        yield target
    finally:
        target.close()


class Load(threading.Thread):
    """Writes records from `start` to `end`, a few thousand a second at most."""

    def __init__(self, target: SyslogTarget, who: str) -> None:
        super().__init__(daemon=True)
        self._target = target
        self._who = who
        self._ended = threading.Event()
        self.written: list[str] = []

    def run(self) -> None:
        while not self._ended.is_set():
            line = record(self._who, len(self.written))
            self._target.write(line)
            self.written.append(line)
            time.sleep(0.0005)

    def end(self) -> list[str]:
        self._ended.set()
        self.join()
        return self.written

    def wait_for_more(self, count: int) -> None:
        goal = len(self.written) + count
        wait_until(lambda: len(self.written) >= goal)


def records(receiver: Rsyslog, kills: int = 0) -> list[str]:
    """Return what the receiver has, in its order, repeats too; it may have been killed over a line a time."""
    found: list[str] = []
    torn = 0
    for line in receiver.messages():
        try:
            text = parse_message(line).msg.decode()
            json.loads(text)
        except ValueError:
            torn += 1
        else:
            found.append(text)
    assert torn <= kills
    return found


def wait_for_all(receiver: Rsyslog, written: list[str], kills: int = 0) -> list[str]:
    """Wait until the receiver has every record; return what it has."""
    wanted = set(written)
    wait_until(lambda: wanted <= set(records(receiver, kills)), "the coming of all records")
    found = records(receiver, kills)
    assert set(found) == wanted, "nothing else"
    return found


@pytest.mark.parametrize("driver", DRIVERS)
def test_all_records_come_over_mutual_tls_across_restarts_and_a_kill_under_load(tmp_path, pki, driver):
    with (
        running(tmp_path, pki, driver, clients="x509/certvalid", held_seconds=0.7) as receiver,
        writing_to(receiver, tmp_path, keystore(pki.keys.client)) as target,
    ):
        load = Load(target, "load")
        load.start()
        for end in (receiver.stop, receiver.kill):
            wait_until(lambda: target.picture().connected and receiver.messages())
            load.wait_for_more(600)
            end()
            load.wait_for_more(600)
            receiver.start()
            wait_until(lambda: target.picture().connected)
        load.wait_for_more(300)
        found = wait_for_all(receiver, load.end(), kills=1)
        assert len(found) > len(set(found)), "what was sent shortly before came again"
        wait_until(lambda: len(found) <= target.picture().sent)  # counted behind the send
        picture = target.picture()
        assert (picture.refused, picture.damaged, picture.taken) == (0, 0, len(load.written))
    assert not list((tmp_path / "spool").rglob("*.spool")), "it was told that all was read"


def test_what_waited_for_a_receiver_comes_in_order_and_once(tmp_path, rsyslog):
    rsyslog.stop()
    with writing_to(rsyslog, tmp_path) as target:
        written = [record("away", number) for number in range(8000)]
        for number, line in enumerate(written):
            target.write(line)
            if number == 4000:
                small = target.picture().spool_bytes
        picture = target.picture()
        assert (picture.connected, picture.waiting, picture.sent) == (False, 8000, 0)
        assert picture.spool_bytes > 1.9 * small > 3_000_000
        rsyslog.start()
        assert wait_for_all(rsyslog, written) == written
        wait_until(lambda: target.picture().waiting == 0)


def test_what_a_killed_process_confirmed_comes_through_another_one(tmp_path, rsyslog):
    arguments = [str(tmp_path / "spool"), str(rsyslog.port), str(rsyslog.pki.keys.ca)]
    command = [sys.executable, "-m", "tests.interop.audit.writing", *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as child:
        for number in range(3000):
            child.stdout.readline()
            if number == 1000:
                wait_until(rsyslog.messages)
                rsyslog.stop()  # from now on records only wait
        child.kill()
        confirmed = 3000 + len(child.stdout.read().splitlines())
    rsyslog.start()
    with writing_to(rsyslog, tmp_path):
        wanted = {record("child", number) for number in range(confirmed)}
        wait_until(lambda: wanted <= set(records(rsyslog)))
    assert set(records(rsyslog)) - wanted <= {record("child", confirmed)}, (
        "one may have been written unconfirmed"
    )


@pytest.mark.parametrize("driver", DRIVERS)
@pytest.mark.parametrize("shown", ["none", "stranger"])
def test_a_receiver_takes_no_record_of_somebody_whose_certificate_it_does_not_know(
    tmp_path, pki, driver, shown
):
    ours = keystore(pki.other.client) if shown == "stranger" else None
    events: list[SenderEvent] = []
    with (
        running(tmp_path, pki, driver, clients="x509/certvalid") as receiver,
        writing_to(receiver, tmp_path, ours, events=events, stop_seconds=0.1) as target,
    ):
        target.write(record("refused", 1))
        wait_until(lambda: any(isinstance(event, ReceiverLost) for event in events))
        assert target.picture().waiting == 1
        assert receiver.messages() == []
    assert list((tmp_path / "spool").rglob("*.spool")), "it waits for a better certificate"
