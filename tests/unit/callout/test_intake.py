"""What is decided on a message before IMS is told that we have it."""

from dataclasses import replace
from threading import Event

import pytest

from gateway.callout.codes import Status
from gateway.callout.intake import REMEMBERED, Tokens, TpipeIntake
from gateway.callout.journal.entries import JournalError
from gateway.callout.ports import Accept, Nak, Refuse
from gateway.config.model import BundleCallout
from tests.unit.callout.parts import TOKEN, received, stage


class Desk:
    def __init__(self):
        self.begun = []

    def begin(self, message, _request, _arrived):
        self.begun.append(message)


class Intake:
    """An intake with its desk; each message has its room."""

    def __init__(self, scene, **callout):
        self.desk, self.entries = Desk(), []
        settings = BundleCallout(tpipes=("HWS2SOAP",), **callout)
        self.intake = TpipeIntake(settings, scene.means, self.desk, Tokens(), self.entries.append)

    def take(self, message):
        assert self.intake.wait_for_room(Event())
        return self.intake.take(message)


def test_a_synchronous_callout_is_begun_once_it_is_acknowledged_and_keeps_its_room():
    with stage() as scene:
        one = Intake(scene)
        decision = one.take(received())
        assert isinstance(decision, Accept)
        assert one.desk.begun == []
        decision.begin()
        assert len(one.desk.begun) == 1
        assert scene.means.slots.taken == 1
        assert scene.notes.said == []


def test_an_asynchronous_callout_is_in_the_journal_before_anything_is_said_and_keeps_its_room():
    with stage() as scene:
        one = Intake(scene)
        decision = one.take(received(b"event", token=b""))
        assert scene.notes.said == [("take", b"event")]
        assert one.entries == []
        decision.begin()
        (entry,) = one.entries
        assert (entry.new.data, entry.new.service, entry.new.operation) == (b"event", "rating", "Rate")
        assert scene.means.slots.taken == 1


@pytest.mark.parametrize(
    ("nak", "status"),
    [
        ("discard", Status.PARSING_DISCARDED),
        ("reroute", Status.PARSING_REROUTED),
        ("retain", None),
    ],
)
def test_a_synchronous_callout_that_cannot_be_read_gets_the_nak_of_the_bundle(nak, status):
    with stage() as scene:
        decision = Intake(scene, nak=nak).take(received(b"BAD"))
        assert decision == Refuse(Nak(nak), status, "it cannot be read")
        assert scene.means.slots.taken == 0
        assert [event.outcome for event in scene.heard.events] == ["refused"]


def test_an_asynchronous_callout_that_cannot_be_read_is_a_dead_letter_and_acknowledged():
    with stage() as scene:
        decision = Intake(scene).take(received(b"BAD", token=b""))
        assert isinstance(decision, Accept)
        assert decision.trouble
        assert scene.notes.said == [("bury", b"BAD", Status.PARSING_DISCARDED)]
        assert scene.means.slots.taken == 0


def test_a_request_that_is_handed_over_again_is_served_once():
    with stage() as scene:
        one = Intake(scene)
        for _ in range(2):
            one.take(received()).begin()
        assert len(one.desk.begun) == 1
        assert scene.means.slots.taken == 1
        assert [event.outcome for event in scene.heard.events] == ["again"]


def test_what_the_journal_cannot_keep_stays_with_ims():
    with stage() as scene:
        one = Intake(scene)
        scene.notes.trouble = []
        assert one.intake.wait_for_room(Event())
        scene.notes.trouble.append(JournalError("disk full"))
        with pytest.raises(JournalError):
            one.intake.take(received(b"event", token=b""))
        assert scene.means.slots.taken == 0


def test_nothing_is_retrieved_while_all_places_are_taken():
    with stage(concurrency=1) as scene:
        one = Intake(scene)
        one.take(received())
        stopped = Event()
        stopped.set()
        assert not one.intake.wait_for_room(stopped)
        scene.means.slots.give_back()
        assert one.intake.wait_for_room(Event())


def test_nothing_is_retrieved_while_the_journal_is_full_or_away():
    with stage() as scene:
        one = Intake(scene)
        scene.notes.room = False
        stopped = Event()
        stopped.set()
        assert not one.intake.wait_for_room(stopped)
        scene.notes.trouble.append(JournalError("server away"))
        with pytest.raises(JournalError):
            one.intake.wait_for_room(Event())
        assert scene.means.slots.taken == 0


def test_synchronous_callouts_alone_need_no_journal():
    with stage() as scene:
        scene.notes.room = False
        assert Intake(scene, requests="synchronous").intake.wait_for_room(Event())


def test_tokens_are_remembered_but_not_for_ever():
    tokens = Tokens()
    assert tokens.is_new(received())
    assert not tokens.is_new(received())
    for number in range(REMEMBERED):
        assert tokens.is_new(received(token=number.to_bytes(40)))
    assert tokens.is_new(received())


@pytest.mark.parametrize(
    "other",
    [
        received(b"another request"),
        received(token=bytes([0, 40]) + bytes(37) + b"\x01"),
        replace(received(), control_data=(("DFSCNVTR", b"X"),)),
        received(TOKEN[-1:] + b"request", token=TOKEN[:-1]),
    ],
    ids=["data", "token", "control data", "the same bytes, cut elsewhere"],
)
def test_another_request_is_never_taken_for_one_that_was_handed_over_again(other):
    """Two IMS may make equal tokens, and nobody says that one IMS never makes one twice."""
    tokens = Tokens()
    assert tokens.is_new(received())
    assert tokens.is_new(other)
