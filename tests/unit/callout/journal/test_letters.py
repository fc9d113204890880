"""What a journal shows people and lets them do, in either store."""

from datetime import UTC, datetime

import pytest

from gateway.callout.journal.entries import OpenedLetter, Stage, State
from gateway.callout.values import Source
from tests.fixtures.journal import keep
from tests.unit.callout.journal.worlds import HERE, THERE, message

NONE = "0" * 32


def test_a_letter_tells_all_but_the_message(world):
    journal = world.open()
    new = message(world, b"12345", service="RATING", operation="getRate")
    id_ = journal.bury(new, 1006, "no XML")
    (letter,) = journal.letters()
    assert (letter.id, letter.source, letter.service, letter.operation) == (id_, HERE, "RATING", "getRate")
    assert (letter.stage, letter.state, letter.attempts) == (Stage.CALL, State.DEAD, 0)
    assert (letter.received, letter.status, letter.reason, letter.size) == (new.received, 1006, "no XML", 5)
    assert letter.changed.tzinfo is UTC
    assert journal.letter(id_) == OpenedLetter(letter, b"12345", None)


@pytest.mark.parametrize("answer", [b"\xd6\xd2", b""])
def test_an_opened_letter_has_the_answer_that_ims_is_yet_to_get(world, answer):
    journal = world.open()
    entry = journal.answered(journal.take(message(world, b"12345")), answer)
    opened = journal.letter(entry.id)
    assert (opened.letter.stage, opened.data, opened.answer) == (Stage.ANSWER, b"12345", answer)
    journal.dead(entry, 1003, "IMS is away")
    assert journal.letter(entry.id).answer == answer
    assert repr(answer) not in repr(opened)


def test_when_it_came_is_kept_to_the_microsecond(world):
    journal = world.open()
    for instant in (datetime(1999, 12, 31, 23, 59, 59, 999_999, UTC), datetime(2038, 1, 19, 3, 14, 8, 1, UTC)):
        world.clock._now = instant
        journal.bury(message(world), 1006, "no XML")
        assert journal.letters()[-1].received == instant


def test_letters_come_by_pages_oldest_first(world):
    journal = world.open()
    ids = [journal.bury(message(world), 1006, "no XML") for _ in range(7)]
    keep(journal, message(world))
    pages, last = [], ""
    while page := journal.letters(limit=3, after=last):
        pages.append([letter.id for letter in page])
        last = page[-1].id
    assert pages == [ids[:3], ids[3:6], ids[6:]]


def test_behind_one_that_is_gone_the_list_begins_anew(world):
    journal = world.open()
    journal.bury(message(world), 1006, "no XML")
    assert len(journal.letters(after=NONE)) == 1


def test_letters_of_each_state(world):
    journal = world.open()
    waiting, dead = keep(journal, message(world)), journal.bury(message(world), 1006, "no XML")
    working = keep(journal, message(world, source=THERE))
    journal.claim(THERE, 1)
    for state, id_ in ((State.WAITING, waiting), (State.DEAD, dead), (State.WORKING, working)):
        assert [letter.id for letter in journal.letters(state)] == [id_]


def test_counts_are_by_tpipe_and_state(world):
    journal = world.open()
    other = Source("ims2", HERE.tpipe)
    for source in (HERE, HERE, THERE, other):
        keep(journal, message(world, source=source))
    journal.claim(THERE, 1)
    journal.bury(message(world), 1006, "no XML")
    assert journal.counts() == {
        (HERE, State.WAITING): 2,
        (HERE, State.DEAD): 1,
        (THERE, State.WORKING): 1,
        (other, State.WAITING): 1,
    }


def test_a_letter_is_found_by_the_beginning_of_its_id_when_no_other_has_it(world):
    journal = world.open()
    ids = [keep(journal, message(world)) for _ in range(40)]
    for id_ in ids:
        shortest = next(n for n in range(1, 33) if sum(other.startswith(id_[:n]) for other in ids) == 1)
        found = journal.letter(id_[:shortest])
        assert found is not None
        assert found.letter.id == id_
        if shortest > 1:
            assert journal.letter(id_[: shortest - 1]) is None


def test_what_is_no_beginning_of_an_id_finds_nothing(world):
    journal = world.open()
    id_ = keep(journal, message(world))
    for name in ("", "g", "%", "_", id_ + "0", "urn:uuid:", "\x00", "é", " " + id_):
        assert journal.letter(name) is None


def test_only_dead_letters_are_replayed_or_discarded(world):
    journal = world.open()
    waiting, dead = keep(journal, message(world)), journal.bury(message(world), 1006, "no XML")
    working = keep(journal, message(world, source=THERE))
    journal.claim(THERE, 1)
    assert journal.discard([waiting, working, NONE]) == 0
    assert journal.replay([waiting, working, NONE]) == 0
    assert journal.replay([waiting, dead]) == 1
    assert journal.replay([dead]) == 0
    assert [entry.id for entry in journal.claim(HERE, 5)] == [waiting, dead]


def test_what_is_discarded_is_gone(world):
    journal = world.open()
    ids = [journal.bury(message(world), 1006, "no XML") for _ in range(3)]
    assert journal.discard(ids[:2]) == 2
    assert [letter.id for letter in journal.letters()] == ids[2:]


def test_more_ids_than_a_statement_takes(world):
    journal = world.open()
    ids = [journal.bury(message(world), 1006, "no XML") for _ in range(3)]
    many = [f"{number:032x}" for number in range(40_000)]
    assert journal.replay([*many, *ids]) == 3


def test_no_ids_are_none(world):
    journal = world.open()
    assert (journal.replay([]), journal.discard([])) == (0, 0)


def test_what_is_replayed_keeps_its_id_and_counts_anew(world):
    journal = world.open()
    id_ = keep(journal, message(world))
    for _ in range(3):
        (entry,) = journal.claim(HERE, 1)
        journal.again(entry, 0, 1002, "fault")
    (entry,) = journal.claim(HERE, 1)
    journal.dead(entry, 1002, "fault")
    world.pass_time(1)
    journal.replay([id_])
    (again,) = journal.claim(HERE, 1)
    assert (again.id, again.attempts, again.new) == (id_, 1, entry.new)


def test_a_long_reason_is_cut(world):
    journal = world.open()
    journal.bury(message(world), 1002, "x" * 100_000 + "\x00")
    assert journal.letters()[0].reason == "x" * 2000


def test_people_who_look_are_no_instance(world):
    journal = world.open()
    journal.bury(message(world), 1006, "no XML")
    journal.letters()
    journal.close()
    assert world.sql("SELECT count(*) FROM imsgw_journal_instances") == [(0,)]
