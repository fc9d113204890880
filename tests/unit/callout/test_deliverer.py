"""What is due in the journal is delivered, whatever the journal, the services and we ourselves do meanwhile."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from threading import Event, Lock

import pytest

from gateway.callout import deliverer
from gateway.callout.deliverer import Deliverer
from gateway.callout.journal.entries import Entry, JournalError, NewEntry, Stage
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.running_gateway import wait_until
from tests.unit.callout.parts import SOURCE, stage


def entry(number: int = 1) -> Entry:
    new = NewEntry(SOURCE, b"event", SYSTEM_CLOCK.now(), "rating", "Rate")
    return Entry(f"{number:032x}", new, Stage.CALL, 1, claim=f"claim {number}")


class Queue:
    """The part of the journal that is asked what is due."""

    def __init__(self, *entries: Entry) -> None:
        self.entries = list(entries)
        self.asked = self.claims = 0
        self.next_due_acts: list[Exception] = []
        self.claim_acts: list[Exception] = []
        self.empty = False
        self.hold = Event()
        self.hold.set()
        self._lock = Lock()

    def next_due(self, _source: object) -> float | None:
        self.asked += 1
        assert self.hold.wait(60)
        if self.next_due_acts:
            raise self.next_due_acts.pop()
        return 0.0 if self.entries else None

    def claim(self, _source: object, limit: int) -> Sequence[Entry]:
        with self._lock:
            self.claims += 1
            if self.claim_acts:
                raise self.claim_acts[0]
            if self.empty:
                return []
            taken, self.entries = self.entries[:limit], self.entries[limit:]
            return taken


@contextmanager
def delivering(scene, queue: Queue) -> Iterator[Deliverer]:
    scene.notes.next_due, scene.notes.claim = queue.next_due, queue.claim
    one = Deliverer(scene.means)
    one.start()
    try:
        yield one
    finally:
        queue.hold.set()
        one.close()


@pytest.fixture(autouse=True)
def short_pauses(monkeypatch):
    monkeypatch.setattr(deliverer, "TROUBLE_SECONDS", 0.01)
    monkeypatch.setattr(deliverer, "LOOK_SECONDS", 0.01)


def test_all_that_is_due_is_delivered_and_no_more_at_once_than_there_is_room_for():
    with stage(lambda _call: None, concurrency=2) as scene:
        with delivering(scene, Queue(*map(entry, range(9)))):
            wait_until(lambda: len(scene.notes.said) == 9, "nine deliveries", 30)
        assert scene.means.slots.taken == 0


@pytest.mark.parametrize("error", [JournalError("away"), RuntimeError("of ours")])
@pytest.mark.parametrize("where", ["next_due_acts", "claim_acts"])
def test_whatever_goes_wrong_with_the_journal_it_is_asked_again(where, error):
    queue = Queue(entry())
    setattr(queue, where, [error])
    with stage(lambda _call: None) as scene, delivering(scene, queue):
        wait_until(lambda: queue.asked > 1, "asked again", 30)
        queue.claim_acts.clear()
        wait_until(lambda: scene.notes.said, "the delivery", 30)
        wait_until(lambda: not scene.means.slots.taken, "the room", 30)


def test_an_error_of_ours_is_followed_by_a_pause(monkeypatch):
    monkeypatch.setattr(deliverer, "TROUBLE_SECONDS", 3600.0)
    queue = Queue(entry())
    queue.claim_acts = [RuntimeError("of ours")]
    with stage() as scene, delivering(scene, queue):
        wait_until(lambda: queue.claims and not scene.means.slots.taken, "the first try", 30)
    assert queue.claims == 1


def test_what_is_due_but_being_claimed_by_another_is_asked_for_after_a_pause(monkeypatch):
    monkeypatch.setattr(deliverer, "LEAST_SECONDS", 3600.0)
    queue = Queue(entry())
    queue.empty = True
    with stage() as scene, delivering(scene, queue):
        wait_until(lambda: queue.claims and not scene.means.slots.taken, "the first try", 30)
    assert queue.claims == 1


def test_a_journal_that_is_long_in_answering_takes_no_room_from_synchronous_callouts():
    queue = Queue()
    queue.hold.clear()
    with stage(concurrency=1) as scene, delivering(scene, queue):
        wait_until(lambda: queue.asked, "asked", 30)
        assert scene.means.slots.taken == 0


def test_behind_its_stop_what_was_begun_is_kept_as_soon_as_the_journal_works():
    called, go_on = Event(), Event()

    def slow(_call):
        called.set()
        assert go_on.wait(60)

    with stage(slow) as scene, delivering(scene, Queue(entry())) as one:
        assert called.wait(30)
        scene.notes.trouble = [JournalError("away") for _ in range(5)]
        one.stop()
        go_on.set()
        wait_until(lambda: not scene.means.slots.taken, "the end", 30)
        assert scene.notes.said == [("delivered", Stage.CALL)]


def test_what_cannot_be_kept_to_the_end_is_abandoned_so_that_somebody_delivers_it_again():
    called, go_on = Event(), Event()

    def slow(_call):
        called.set()
        assert go_on.wait(60)

    with stage(slow) as scene, delivering(scene, Queue(entry())) as one:
        assert called.wait(30)
        scene.notes.trouble = [JournalError("away") for _ in range(1000)]
        one.give_up()
        go_on.set()
        wait_until(lambda: not scene.means.slots.taken, "the end", 30)
        assert scene.notes.said == [("abandon", entry().id)]


def test_an_entry_of_which_nothing_can_be_kept_is_abandoned():
    with stage(lambda _call: None) as scene:

        def broken(_entry):
            raise RuntimeError("of ours")

        scene.notes.delivered = scene.notes.again = scene.notes.dead = broken
        scene.notes.again = lambda *_: broken(None)
        with delivering(scene, Queue(entry())):
            wait_until(lambda: scene.notes.said, "its end", 30)
        assert scene.notes.said == [("abandon", entry().id)]
        assert scene.means.slots.taken == 0
