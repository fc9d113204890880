"""The whole way: from a record that is written to a receiver that has it, whatever happens to either."""

import json
import os
import socket
import ssl
import threading
import time
from dataclasses import replace
from pathlib import Path

import pytest

from gateway.audit.formats import FORMATS
from gateway.audit.requests import of_request
from gateway.audit.sender_events import QueueAdopted, ReceiverLost, ReceiverReached, SenderEvent, SenderFailed
from gateway.audit.syslog_settings import SyslogSettings
from gateway.audit.syslog_target import SyslogTarget
from gateway.audit.target import AuditUnavailableError
from gateway.clock import SYSTEM_CLOCK
from gateway.tls import StoreError
from tests.fixtures.pki import keystore, truststore
from tests.fixtures.ports import free_port
from tests.fixtures.rfc5424 import parse_message
from tests.fixtures.running_gateway import wait_until
from tests.fixtures.siem import read_cef, read_leef
from tests.fixtures.syslog_receiver import SyslogReceiver, receiving
from tests.unit.audit.events import STAMP, refused

QUICK = {"timeout_seconds": 1, "reconnect_seconds": 0.2, "stop_seconds": 2}


class Scene:
    """Targets of one folder; what is still open at the end is closed."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "spool"
        self.events: list[SenderEvent] = []
        self.open: list[SyslogTarget] = []

    def target(
        self, receiver: SyslogReceiver | int, *, sends: bool = True, shortened=None, **settings
    ) -> SyslogTarget:
        port = receiver if isinstance(receiver, int) else receiver.port
        values = {"tls": False, "hostname": "gw1", **QUICK, **settings}
        made = SyslogTarget(
            SyslogSettings("127.0.0.1", port, **values),
            self.folder,
            SYSTEM_CLOCK,
            self.events.append,
            sends=sends,
            **({"shortened": shortened} if shortened else {}),
        )
        self.open.append(made)
        return made

    def seen(self, kind: type) -> list[SenderEvent]:
        return [event for event in self.events if isinstance(event, kind)]

    @property
    def left(self) -> list[str]:
        """What lies in the spool."""
        return sorted(path.name for path in self.folder.rglob("*.spool"))


@pytest.fixture
def scene(tmp_path):
    made = Scene(tmp_path)
    yield made
    for target in made.open:
        target.close()


@pytest.fixture
def receiver():
    with receiving() as made:
        yield made


def write(target: SyslogTarget, first: int, count: int) -> list[str]:
    records = [f"record {number}" for number in range(first, first + count)]
    for record in records:
        target.write(record)
    return records


def test_records_reach_the_receiver_in_order_and_nothing_stays(scene, receiver):
    target = scene.target(receiver)
    records = write(target, 0, 500)
    receiver.wait_for(*records)
    target.close()
    assert receiver.records() == records
    assert scene.left == []
    picture = target.picture()
    assert (picture.taken, picture.sent, picture.resent, picture.waiting, picture.refused) == (
        500,
        500,
        0,
        0,
        0,
    )


def test_a_message_names_this_machine_and_process(scene, receiver):
    target = scene.target(receiver, facility="local3", severity="info", app_name="gate", structured_data=True)
    target.write(json.dumps({"a": "b"}))
    wait_until(lambda: receiver.sessions and receiver.sessions[0].received)
    found = parse_message(bytes(receiver.sessions[0].received).split(b" ", 1)[1])
    assert (found.facility, found.severity, found.hostname, found.app_name) == (19, 6, "gw1", "gate")
    assert found.data["meta"] == {"sequenceId": "1"}
    assert found.msg == b'{"a": "b"}'


def test_a_long_record_is_cut_and_counted(scene, receiver):
    target = scene.target(receiver, message_bytes=2048)
    target.write("x" * 3000)
    wait_until(receiver.records)
    (message,) = receiver.sessions[0].messages()
    assert len(message) == 2048
    assert target.picture().cut == 1


@pytest.mark.parametrize("name", ["json", "leef", "cef"])
def test_a_long_name_does_not_make_a_record_that_nobody_can_read(scene, receiver, name):
    form = FORMATS[name]
    event = refused("IGW1302E", claimed="\U0001f600" * 400, tracking_id="é" * 400, issuer="\\" * 400)
    target = scene.target(receiver, message_bytes=2048, shortened=form.shortened)
    target.write(form.line(of_request(event, STAMP)))
    wait_until(receiver.records)
    (message,) = receiver.sessions[0].messages()
    assert len(message) <= 2048
    assert target.picture().cut == 1
    told = parse_message(message).msg.decode()
    {"json": json.loads, "leef": read_leef, "cef": read_cef}[name](told)
    assert STAMP.event_id in told


def test_records_wait_for_a_receiver_that_is_away(scene):
    port = free_port()
    target = scene.target(port)
    records = write(target, 0, 2000)
    wait_until(lambda: scene.seen(ReceiverLost))
    picture = target.picture()
    assert (picture.connected, picture.waiting, picture.sent) == (False, 2000, 0)
    assert "Connection refused" in picture.last_error
    assert picture.spool_bytes > 2000 * 60
    with receiving() as receiver:
        receiver.go()
        receiver.port = port
        receiver.come()
        receiver.wait_for(*records)
        assert receiver.records() == records
    assert len(scene.seen(ReceiverReached)) == 1


def test_a_receiver_that_hangs_up_gets_the_last_seconds_again(scene, receiver):
    target = scene.target(receiver)
    first = write(target, 0, 50)
    receiver.wait_for(*first)
    receiver.hang_up()
    wait_until(lambda: len(receiver.sessions) == 2 and len(receiver.sessions[1].messages()) == 50)
    assert [parse_message(one).msg.decode() for one in receiver.sessions[1].messages()] == first
    wait_until(lambda: target.picture().sent == 100)  # counted behind the send: what came may not be yet
    picture = target.picture()
    assert picture.resent == 50
    assert picture.last_error == "ConnectionEndedError: the receiver closed the connection"


def test_the_leaving_of_a_receiver_is_noticed_without_a_record(scene, receiver):
    target = scene.target(receiver)
    wait_until(lambda: target.picture().connected and receiver.sessions)
    receiver.go()
    wait_until(lambda: not target.picture().connected)


def test_what_is_older_than_that_is_not_sent_again(scene, receiver):
    target = scene.target(receiver, resend_seconds=0.3)
    first = write(target, 0, 5)
    receiver.wait_for(*first)
    wait_until(lambda: b"settled to 0000000043" not in _only_segment(scene))
    receiver.hang_up()
    wait_until(lambda: len(receiver.sessions) == 2)
    second = write(target, 5, 5)
    receiver.wait_for(*second)
    assert receiver.records() == first + second
    assert target.picture().resent == 0


def _only_segment(scene: Scene) -> bytes:
    (segment,) = scene.folder.rglob("*.spool")
    return bytes(segment.read_bytes()[:43])


def test_a_receiver_that_takes_nothing_is_left_and_gets_it_again(scene, receiver):
    receiver.reading.clear()
    target = scene.target(receiver)
    records = [f"{number} " + "x" * 8000 for number in range(1500)]  # more than the buffers on the way hold
    for record in records:
        target.write(record)
    wait_until(lambda: scene.seen(ReceiverLost))
    assert "timed out" in target.picture().last_error
    receiver.reading.set()
    wait_until(lambda: set(records) <= set(receiver.records()))


def test_closing_settles_what_the_receiver_has_read(scene, receiver):
    target = scene.target(receiver)
    records = write(target, 0, 3000)
    target.close()
    assert scene.left == []
    receiver.wait_for(*records)
    heir = scene.target(receiver)
    heir.write("last")
    receiver.wait_for("last")
    assert receiver.records() == [*records, "last"]


def test_closing_leaves_what_the_receiver_has_not_read(scene, receiver):
    target = scene.target(receiver, stop_seconds=0.1)
    wait_until(lambda: target.picture().connected)
    receiver.reading.clear()
    records = write(target, 0, 10)
    target.close()
    assert scene.left == ["00000001.spool"]
    receiver.hang_up()
    receiver.reading.set()
    scene.target(receiver)
    wait_until(lambda: len(receiver.sessions) == 2 and len(receiver.sessions[1].messages()) == len(records))
    (event,) = scene.seen(QueueAdopted)
    assert event.records == 10


def test_closing_does_not_wait_for_a_receiver_that_is_away(scene):
    target = scene.target(free_port(), reconnect_seconds=10)
    target.write("one")
    wait_until(lambda: scene.seen(ReceiverLost))
    began = time.monotonic()
    target.close()
    assert time.monotonic() - began < 8, "it waited for the next attempt"
    assert scene.left == ["00000001.spool"]
    with pytest.raises(AuditUnavailableError, match="closed"):
        target.write("two")
    assert target.picture().refused == 1


def test_closing_does_not_wait_for_a_receiver_that_takes_nothing(scene, receiver):
    target = scene.target(receiver, stop_seconds=0.1, timeout_seconds=30)
    wait_until(lambda: target.picture().connected)
    receiver.reading.clear()
    for _ in range(1500):  # more than the buffers on the way hold
        target.write("x" * 8000)
    began = time.monotonic()
    target.close()
    assert time.monotonic() - began < 20, "it waited for the send"
    assert not target._sender._thread.is_alive()
    assert len(scene.left) > 1


def test_a_store_that_breaks_while_we_run_is_told_and_records_wait(scene, pki, tmp_path):
    authorities = tmp_path / "ca.pem"
    authorities.write_bytes(pki.keys.ca.read_bytes())
    with receiving(pki) as receiver:
        target = scene.target(receiver, tls=True, truststore=truststore(authorities))
        target.write("one")
        receiver.wait_for("one")
        authorities.write_text("no certificates")
        receiver.hang_up()
        wait_until(lambda: "ca.pem" in target.picture().last_error)
        target.write("two")
        authorities.write_bytes(pki.keys.ca.read_bytes())
        receiver.wait_for("two")


def test_what_a_process_without_a_sender_writes_another_one_sends(scene, receiver):
    quiet = scene.target(receiver, sends=False)
    threads = threading.active_count()
    quiet.write("one")
    quiet.write("two")
    assert threading.active_count() == threads
    scene.target(receiver)
    receiver.wait_for("one", "two")
    quiet.write("three")
    receiver.wait_for("three")
    assert receiver.records() == ["one", "two", "three"]


def test_what_dead_processes_left_goes_out_before_what_is_new(scene, receiver):
    away = scene.target(free_port())
    old = write(away, 0, 100)
    away.close()
    target = scene.target(free_port())
    target.close()
    receiver.reading.clear()
    heir = scene.target(receiver)
    wait_until(lambda: scene.seen(QueueAdopted))
    new = write(heir, 100, 100)
    receiver.reading.set()
    receiver.wait_for(*old, *new)
    assert receiver.records() == old + new


def test_a_refusal_of_the_spool_is_counted_and_told(scene):
    target = scene.target(free_port(), spool_bytes=1024 * 1024, message_bytes=65_536)
    for _ in range(100):
        try:
            target.write("x" * 60_000)
        except AuditUnavailableError as error:
            assert "is full" in str(error)
            break
    picture = target.picture()
    assert picture.refused == 1
    assert picture.spool_bytes <= 1024 * 1024


def test_a_process_forked_off_leaves_the_spool_alone(scene, receiver):
    target = scene.target(receiver)
    target.write("one")
    if (child := os.fork()) == 0:
        try:
            target.write("two")
        except AuditUnavailableError:
            target.close()
            os._exit(0)
        os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    target.write("three")
    receiver.wait_for("one", "three")
    target.close()
    assert receiver.records() == ["one", "three"]


def test_who_hears_of_the_sender_cannot_end_it(scene, receiver, caplog):
    def broken(_event: SenderEvent) -> None:
        raise RuntimeError("no log")

    settings = SyslogSettings("127.0.0.1", receiver.port, tls=False)
    target = SyslogTarget(settings, scene.folder, SYSTEM_CLOCK, broken)
    scene.open.append(target)
    target.write("one")
    receiver.wait_for("one")
    assert "RuntimeError: no log" in caplog.text


def test_an_error_of_ours_in_the_sender_is_told_and_it_goes_on(scene, receiver, monkeypatch):
    target = scene.target(receiver)
    wait_until(lambda: target.picture().connected)
    monkeypatch.setattr(target._delivery, "next_batch", lambda: 1 / 0)
    wait_until(lambda: scene.seen(SenderFailed))
    monkeypatch.undo()
    target.write("one")
    receiver.wait_for("one")
    assert "ZeroDivisionError" in target.picture().last_error


def test_no_descriptor_and_no_thread_stays(scene, receiver):
    scene.target(receiver).close()
    wait_until(lambda: all(session.connection.fileno() < 0 for session in receiver.sessions))
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    threads = {thread.name for thread in threading.enumerate()}
    for number in range(3):
        target = scene.target(receiver)
        target.write(str(number))
        receiver.wait_for(str(number))
        target.close()
        target.close()
    wait_until(lambda: all(session.connection.fileno() < 0 for session in receiver.sessions))
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors
    assert "audit-sender" not in threads | {thread.name for thread in threading.enumerate()}


def test_with_resend_seconds_of_none_a_connection_lives_through_a_slow_network(scene, receiver):
    target = scene.target(receiver, resend_seconds=0)
    wait_until(lambda: target.picture().connected)
    assert target._sender._connection._socket.getsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT) == 1000


# over TLS


def test_records_go_over_tls_to_a_receiver_that_is_who_it_says(scene, pki):
    with receiving(pki) as receiver:
        target = scene.target(receiver, tls=True, truststore=pki.truststore())
        records = write(target, 0, 100)
        receiver.wait_for(*records)
        assert receiver.sessions[0].connection.version() == "TLSv1.3"
        target.close()
        assert scene.left == []


def test_a_receiver_of_another_authority_gets_nothing(scene, pki):
    with receiving(pki) as receiver:
        target = scene.target(receiver, tls=True, truststore=truststore(pki.other.ca))
        target.write("one")
        wait_until(lambda: scene.seen(ReceiverLost))
        assert "certificate verify failed" in target.picture().last_error
        wait_until(lambda: len(receiver.refused) > 1, "another attempt")
        assert receiver.sessions == []


def test_a_receiver_with_another_name_gets_nothing(scene, pki):
    with receiving(pki) as receiver:
        target = scene.target(receiver, tls=True, truststore=pki.truststore(), server_name="siem.bank.example")
        target.write("one")
        wait_until(lambda: scene.seen(ReceiverLost))
        assert "siem.bank.example" in target.picture().last_error
        assert all(not session.received for session in receiver.sessions)


def test_our_certificate_is_shown_to_a_receiver_that_asks(scene, pki):
    with receiving(pki, asks_for_certificate=True) as receiver:
        target = scene.target(
            receiver, tls=True, truststore=pki.truststore(), keystore=keystore(pki.keys.client)
        )
        target.write("one")
        receiver.wait_for("one")
        subject = receiver.sessions[0].connection.getpeercert()["subject"]
        assert ("commonName", "IMS Gateway test client") in [pair for part in subject for pair in part]


@pytest.mark.parametrize("shown", ["none", "stranger"])
def test_a_receiver_that_does_not_take_our_certificate_gets_no_record_and_is_no_success(scene, pki, shown):
    with receiving(pki, asks_for_certificate=True) as receiver:
        ours = keystore(pki.other.client) if shown == "stranger" else None
        target = scene.target(receiver, tls=True, truststore=pki.truststore(), keystore=ours)
        target.write("one")
        wait_until(lambda: len(receiver.refused) > 2, "several attempts")
        assert target.picture().sent == 0
        assert scene.seen(ReceiverReached) == []
        assert len(scene.seen(ReceiverLost)) == 1
        assert "alert" in target.picture().last_error


def test_a_renewed_certificate_is_used_at_the_next_connection(scene, pki, tmp_path):
    ours = tmp_path / "ours.p12"
    ours.write_bytes(pki.other.client.read_bytes())
    with receiving(pki, asks_for_certificate=True) as receiver:
        target = scene.target(receiver, tls=True, truststore=pki.truststore(), keystore=keystore(ours))
        target.write("one")
        wait_until(lambda: receiver.refused)
        ours.write_bytes(pki.keys.client.read_bytes())
        receiver.wait_for("one")


def test_a_receiver_without_tls_is_given_up_within_the_time_for_a_handshake(scene, pki):
    with receiving() as receiver:
        receiver.reading.clear()
        target = scene.target(receiver, tls=True, truststore=pki.truststore(), timeout_seconds=0.3)
        target.write("one")
        wait_until(lambda: scene.seen(ReceiverLost))
        assert "timed out" in target.picture().last_error


def test_a_store_that_cannot_be_read_is_told_at_the_start(scene, pki, tmp_path):
    with pytest.raises(StoreError):
        scene.target(free_port(), tls=True, truststore=truststore(tmp_path / "missing.pem"))


@pytest.mark.parametrize("setting", [{"facility": "local8"}, {"severity": "fatal"}, {"framing": "none"}])
def test_a_name_that_does_not_exist_is_told_at_the_start(scene, setting):
    with pytest.raises(ValueError):
        scene.target(free_port(), **setting)


def test_a_receiver_of_lines_gets_lines(scene, receiver):
    target = scene.target(receiver, framing="line-feed")
    for record in ("one", "two\nthree"):
        target.write(record)
    wait_until(lambda: receiver.sessions and bytes(receiver.sessions[0].received).endswith(b"three\n"))
    target.close()
    lines = bytes(receiver.sessions[0].received).split(b"\n")
    assert [parse_message(line).msg for line in lines[:2]] == [b"one", b"two three"]
    assert lines[2:] == [b""]


def test_the_name_of_a_receiver_has_brackets_around_ipv6():
    settings = SyslogSettings("2001:db8::1", 6514)
    assert settings.receiver == "[2001:db8::1]:6514"
    assert replace(settings, host="siem").receiver == "siem:6514"
    assert ssl.HAS_TLSv1_3
