"""What is sent, settled and sent again, by a clock that the test moves and a connection that it imagines."""

from pathlib import Path

import pytest

from gateway.audit.sender_delivery import MOST_ADOPTED, Delivery
from gateway.audit.sender_events import QueueAdopted, SenderEvent, SpoolDamaged
from gateway.audit.spool import Spool
from gateway.audit.syslog_settings import SyslogSettings
from tests.fixtures.rfc5424 import parse_frames

OPEN = Path("/proc/self/fd")
RESEND = 10
SETTINGS = SyslogSettings("siem", 6514, resend_seconds=RESEND)
MIB = 1024 * 1024


class Scene:
    def __init__(self, folder, clock) -> None:
        self.clock = clock
        self.folder = folder / "spool"
        self.events: list[SenderEvent] = []
        self.spool = self.another()
        self.delivery = Delivery(self.spool, clock, SETTINGS, self.events.append)

    def another(self) -> Spool:
        """The spool as another process sees it."""
        return Spool(self.folder, self.clock, 16 * MIB, sync=False)

    def put(self, *messages: bytes) -> None:
        for message in messages:
            self.spool.append(message)

    def send(self) -> list[bytes]:
        """Send all there is; return the messages."""
        sent = []
        while batch := self.delivery.next_batch():
            self.delivery.was_sent(batch)
            sent += parse_frames(batch.frames)
        return sent

    def settle(self, seconds: float, unacknowledged: int = 0) -> None:
        self.clock.move(seconds)
        self.delivery.settle(unacknowledged)

    def again(self) -> list[bytes]:
        """End the connection; return what goes over the next one."""
        self.delivery.begin_again()
        return self.send()


@pytest.fixture
def scene(tmp_path, clock):
    return Scene(tmp_path, clock)


def test_records_are_sent_once_and_in_order(scene):
    scene.put(b"one", b"two")
    assert scene.send() == [b"one", b"two"]
    scene.put(b"three")
    assert scene.send() == [b"three"]
    assert scene.send() == []
    assert (scene.delivery.sent, scene.delivery.resent, scene.delivery.waiting) == (3, 0, 0)


def test_what_was_sent_shortly_before_the_end_is_sent_again(scene):
    scene.put(b"one")
    scene.send()
    scene.settle(RESEND - 0.1)
    assert scene.again() == [b"one"]
    assert (scene.delivery.sent, scene.delivery.resent) == (2, 1)


def test_what_was_sent_longer_ago_is_not(scene):
    scene.put(b"one")
    scene.send()
    scene.clock.move(6)
    scene.put(b"two")
    scene.send()
    scene.settle(5)
    assert scene.again() == [b"two"]
    scene.settle(RESEND)
    assert scene.again() == []


def test_what_the_receivers_system_has_not_acknowledged_is_not_settled_however_old(scene):
    scene.put(b"one")
    scene.send()
    scene.put(b"two")
    scene.send()
    # frames of 5 octets: "3 one", "3 two"
    scene.settle(RESEND, unacknowledged=6)
    scene.settle(RESEND, unacknowledged=6)
    assert scene.again() == [b"one", b"two"]
    scene.settle(RESEND, unacknowledged=0)
    assert scene.again() == []


def test_the_frame_before_what_is_under_way_is_settled(scene):
    scene.put(b"one")
    scene.send()
    scene.put(b"two")
    scene.send()
    scene.settle(RESEND, unacknowledged=5)
    assert scene.again() == [b"two"]


def test_the_settled_place_outlives_the_process(scene):
    scene.put(b"one")
    scene.send()
    scene.clock.move(6)
    scene.put(b"two")
    scene.send()
    scene.settle(5)
    scene.put(b"three")
    scene.delivery.close()
    scene.spool.close()
    heir = Scene(scene.folder.parent, scene.clock)
    heir.delivery.look_around()
    assert heir.send() == [b"two", b"three"]


def test_segments_are_removed_when_all_of_them_is_settled(scene):
    scene.put(*(b"%d" % number + b"x" * 60_000 for number in range(7)))
    assert len(scene.send()) == 7
    assert len(list(scene.folder.rglob("*.spool"))) == 4
    scene.settle(RESEND)
    assert [one.name for one in scene.folder.rglob("*.spool")] == ["00000004.spool"]
    assert scene.again() == []


def test_queues_of_dead_processes_come_first_and_go_when_settled(scene):
    for text in (b"older", b"old"):
        dead = scene.another()
        dead.append(text)
        dead.close()
        scene.clock.move(2)
    scene.put(b"new")
    scene.delivery.look_around()
    assert scene.delivery.waiting == 2
    scene.delivery.look_around()
    assert len(scene.delivery._adopted) == 1, "one after the other"
    assert scene.send() == [b"older", b"new"]
    scene.delivery.look_around()
    assert scene.send() == [b"old"]
    assert scene.again() == [b"older", b"old", b"new"]
    scene.settle(RESEND)
    assert len(list(scene.folder.iterdir())) == 1
    assert [event.records for event in scene.events if isinstance(event, QueueAdopted)] == [1, 1]


def test_of_many_queues_of_dead_processes_a_few_are_open_at_a_time_and_all_are_sent(scene):
    """Each command that writes a record leaves one; each that is open takes descriptors from the clients."""
    for number in range(MOST_ADOPTED + 5):
        dead = scene.another()
        dead.append(b"%02d" % number)
        dead.close()
        scene.clock.move(0.001)
    sent, most, before = [], 0, len(list(OPEN.iterdir()))
    for _ in range(MOST_ADOPTED + 5 + 100):
        scene.delivery.look_around()
        sent += scene.send()
        most = max(most, len(list(OPEN.iterdir())) - before)
        scene.settle(RESEND / 80)

    assert sent == [b"%02d" % number for number in range(MOST_ADOPTED + 5)]
    assert most == MOST_ADOPTED
    assert list(scene.folder.iterdir()) == []


def test_the_queue_of_a_dead_process_is_kept_until_all_of_it_is_settled(scene):
    dead = scene.another()
    dead.append(b"old")
    dead.close()
    scene.delivery.look_around()
    assert scene.send() == [b"old"]
    scene.settle(RESEND - 1)
    assert scene.again() == [b"old"]
    scene.settle(RESEND)
    assert list(scene.folder.iterdir()) == []


def test_damage_is_skipped_counted_and_told_once(scene):
    dead = scene.another()
    dead.append(b"one")
    dead.append(b"two")
    dead.close()
    (segment,) = scene.folder.rglob("*.spool")
    segment.write_bytes(segment.read_bytes().replace(b"one", b"0ne") + b"torn")
    scene.delivery.look_around()
    assert scene.send() == [b"two"]
    assert scene.again() == [b"two"]
    assert (scene.delivery.damaged, scene.delivery.waiting) == (2, 0)
    assert sum(event.places for event in scene.events if isinstance(event, SpoolDamaged)) == 2
    scene.settle(RESEND)
    assert list(scene.folder.iterdir()) == []


def test_a_queue_of_damage_only_is_let_go(scene):
    dead = scene.another()
    dead.append(b"one")
    dead.close()
    (segment,) = scene.folder.rglob("*.spool")
    segment.write_bytes(b"\0" * 1000)
    scene.delivery.look_around()
    assert scene.send() == []
    scene.settle(1)
    assert list(scene.folder.iterdir()) == []
    assert scene.delivery.damaged == 1


def test_what_was_handed_over_and_not_finished_is_sent_again(scene):
    scene.put(b"one", b"two")
    assert scene.delivery.next_batch() is not None  # the connection ends in the middle of it
    assert scene.again() == [b"one", b"two"]


def test_a_large_spool_goes_out_in_bounded_batches(scene):
    scene.put(*(b"%06d" % number + b"x" * 1000 for number in range(2000)))
    sizes, messages = [], []
    while batch := scene.delivery.next_batch():
        sizes.append(len(batch.frames))
        messages += parse_frames(batch.frames)
    assert max(sizes) <= 256 * 1024
    assert [int(message[:6]) for message in messages] == list(range(2000))


def test_news_is_what_came_since_the_last_look(scene):
    scene.put(b"one")
    assert scene.delivery.has_news()
    scene.send()
    assert not scene.delivery.has_news()
    scene.put(b"two")
    assert scene.delivery.has_news()
