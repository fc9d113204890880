"""What a journal promises to those who deliver, in either store."""

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.callout.journal.entries import ClaimLostError, JournalError, JournalFullError, Stage, State
from tests.fixtures.journal import keep
from tests.unit.callout.journal.worlds import HERE, LEASE, THERE, message

# -- keeping and claiming -------------------------------------------------------------------------------------


def test_a_message_comes_out_as_it_went_in(world):
    journal = world.open()
    new = message(
        world,
        bytes(range(256)) * 200,
        service="RATING",
        operation="getRate",
        network_user="CN=Zoë,O=Bank",
        network_session="CN=ca",
    )
    id_ = keep(journal, new)
    (entry,) = world.open().claim(HERE, 10)
    assert (entry.id, entry.new, entry.stage, entry.attempts, entry.answer) == (id_, new, Stage.CALL, 1, b"")
    assert len(id_) == 32
    assert set(id_) <= set("0123456789abcdef")


def test_an_empty_message_is_kept_too(world):
    journal = world.open()
    keep(journal, message(world, b""))
    assert journal.claim(HERE, 1)[0].new.data == b""


def test_texts_that_no_database_takes_do_not_keep_a_message_out(world):
    journal = world.open()
    keep(journal, message(world, operation="nul\x00 and \ud800", service="x" * 10_000))
    assert journal.claim(HERE, 1)[0].new.operation == "nul\ufffd and ?"


def test_each_message_has_an_id_of_its_own_even_with_the_same_data(world):
    journal = world.open()
    assert len({keep(journal, message(world)) for _ in range(20)}) == 20


def test_a_tpipe_gets_its_own_entries_only_and_no_more_than_asked_for(world):
    journal = world.open()
    here = [keep(journal, message(world)) for _ in range(3)]
    there = keep(journal, message(world, source=THERE))
    assert [entry.id for entry in journal.claim(HERE, 2)] == here[:2]
    assert [entry.id for entry in journal.claim(THERE, 2)] == [there]
    assert [entry.id for entry in journal.claim(HERE, 2)] == here[2:]
    assert journal.claim(HERE, 2) == []


def test_what_is_due_longest_comes_first(world):
    journal = world.open()
    first, second, third = (keep(journal, message(world)) for _ in range(3))
    claimed = {entry.id: entry for entry in journal.claim(HERE, 3)}
    journal.again(claimed[first], 20, 1009, "refused")
    journal.again(claimed[second], 10, 1009, "refused")
    journal.again(claimed[third], 40, 1009, "refused")
    world.pass_time(30)
    assert [entry.id for entry in journal.claim(HERE, 10)] == [second, first]


def test_what_one_has_claimed_nobody_else_gets(world):
    one, other = world.open(), world.open()
    id_ = keep(one, message(world))
    assert [entry.id for entry in one.claim(HERE, 1)] == [id_]
    assert other.claim(HERE, 1) == one.claim(HERE, 1) == []


def test_many_threads_of_two_processes_share_all_entries_and_none_twice(world):
    journals = [world.open(), world.open()]
    kept = {keep(journals[0], message(world)) for _ in range(60)}
    together = threading.Barrier(6)

    def take_all(number):
        together.wait()
        found = []
        while entries := journals[number % 2].claim(HERE, 2):
            found += [entry.id for entry in entries]
        return found

    with ThreadPoolExecutor(6) as threads:
        taken = [id_ for found in threads.map(take_all, range(6)) for id_ in found]
    taken += [entry.id for entry in journals[0].claim(HERE, 60)]  # skipped while others had it locked
    assert sorted(taken) == sorted(kept)


def test_processes_that_start_at_once_make_one_journal(world):
    journals = [world.open() for _ in range(6)]
    together = threading.Barrier(6)

    def kept_by(journal):
        together.wait()
        return keep(journal, message(world))

    with ThreadPoolExecutor(6) as threads:
        kept = set(threads.map(kept_by, journals))
    assert {entry.id for entry in journals[0].claim(HERE, 10)} == kept


def test_a_message_that_is_taken_is_kept_and_claimed_at_once(world):
    journal, other = world.open(), world.open()
    new = message(world, b"\x00taken", service="RATING")
    entry = journal.take(new)
    assert (entry.new, entry.stage, entry.attempts, entry.answer) == (new, Stage.CALL, 1, b"")
    assert other.claim(HERE, 1) == journal.claim(HERE, 1) == []
    journal.again(entry, 0, 1009, "refused")
    (again,) = other.claim(HERE, 1)
    assert (again.id, again.new, again.attempts) == (entry.id, new, 2)
    other.delivered(again)
    assert other.counts() == {}


def test_what_was_taken_by_who_is_lost_waits(world):
    journal, other = world.open(), world.open()
    entry = journal.take(message(world))
    world.crash(journal)
    world.pass_time(LEASE + 1)
    other.beat()
    assert [found.id for found in other.claim(HERE, 1)] == [entry.id]


def test_a_full_journal_takes_nothing(world):
    journal = world.open(max_entries=1)
    journal.take(message(world))
    with pytest.raises(JournalFullError):
        journal.take(message(world))


@pytest.mark.parametrize("how", ["claim", "take"])
def test_a_claim_whose_answer_was_lost_does_not_stay_with_an_instance_that_knows_nothing_of_it(world, how):
    journal, other = world.open(), world.open()
    if how == "claim":
        keep(journal, message(world))
    held = journal.take(message(world, source=THERE))
    with world.cut_off(journal), pytest.raises(JournalError, match="cut off"):
        journal.claim(HERE, 1) if how == "claim" else journal.take(message(world))
    assert other.claim(HERE, 1) == []  # it stands there as ours, and we live
    journal.beat()
    (entry,) = other.claim(HERE, 1)
    assert entry.attempts == 1
    assert other.claim(THERE, 1) == []
    for _ in range(100):
        journal.beat()
    assert other.claim(HERE, 1) == []
    journal.delivered(held)


def test_what_was_abandoned_waits_again_at_a_beat_while_its_instance_lives(world):
    journal, other = world.open(), world.open()
    abandoned, held = journal.take(message(world)), journal.take(message(world))
    with world.cut_off(journal):
        journal.abandon(abandoned)
    assert other.claim(HERE, 2) == []
    journal.beat()
    (entry,) = other.claim(HERE, 2)
    assert entry.id == abandoned.id
    journal.delivered(held)


def test_what_was_cut_off_may_be_done_again(world):
    journal = world.open()
    for _ in range(4):
        keep(journal, message(world))
    one, two, three, four = journal.claim(HERE, 4)
    calls = (
        lambda: journal.delivered(one),
        lambda: journal.answered(two, b"answer"),
        lambda: journal.again(three, 60, 1002, "fault"),
        lambda: journal.dead(four, 1002, "fault"),
    )
    for call in calls:
        with world.cut_off(journal), pytest.raises(JournalError, match="cut off"):
            call()
    for call in calls:
        call()
    assert journal.letters(State.WORKING)[0].stage is Stage.ANSWER
    assert journal.counts() == {(HERE, State.WORKING): 1, (HERE, State.WAITING): 1, (HERE, State.DEAD): 1}


# -- what becomes of a claimed entry --------------------------------------------------------------------------


def test_what_is_delivered_is_gone(world):
    journal = world.open()
    keep(journal, message(world))
    (entry,) = journal.claim(HERE, 1)
    journal.delivered(entry)
    world.pass_time(10 * LEASE)
    journal.beat()
    assert journal.counts() == {}
    journal.delivered(entry)  # as whoever did not hear that it worked does


def test_what_failed_waits_and_its_deliveries_are_counted(world):
    journal = world.open()
    id_ = keep(journal, message(world))
    for attempt in (1, 2, 3):
        (entry,) = journal.claim(HERE, 1)
        assert entry.attempts == attempt
        journal.again(entry, 5, 1002, f"fault {attempt}")
        assert journal.claim(HERE, 1) == []
        world.pass_time(5)
    (letter,) = journal.letters(State.WAITING)
    assert (letter.id, letter.status, letter.reason, letter.attempts) == (id_, 1002, "fault 3", 3)


def test_what_was_postponed_is_not_counted(world):
    journal = world.open()
    keep(journal, message(world))
    for _ in range(3):
        (entry,) = journal.claim(HERE, 1)
        assert entry.attempts == 1
        journal.postponed(entry, 5)
        assert journal.claim(HERE, 1) == []
        world.pass_time(5)


def test_an_answer_is_kept_and_its_delivery_counted_anew(world):
    journal = world.open()
    id_ = keep(journal, message(world))
    (entry,) = journal.claim(HERE, 1)
    journal.again(entry, 0, 1009, "refused")
    (entry,) = journal.claim(HERE, 1)
    answered = journal.answered(entry, b"\x00answer")
    assert (answered.id, answered.stage, answered.attempts) == (id_, Stage.ANSWER, 1)
    assert (answered.answer, answered.new) == (b"\x00answer", entry.new)
    assert journal.answered(entry, b"\x00answer") == answered  # as whoever did not hear that it worked does
    world.crash(journal)
    world.pass_time(LEASE + 1)
    other = world.open()
    other.beat()
    (again,) = other.claim(HERE, 1)
    assert (again.id, again.stage, again.attempts, again.answer) == (id_, Stage.ANSWER, 2, b"\x00answer")


def test_when_the_next_is_due(world):
    journal = world.open()
    assert journal.next_due(HERE) is None
    keep(journal, message(world))
    assert journal.next_due(HERE) == 0
    (entry,) = journal.claim(HERE, 1)
    assert journal.next_due(HERE) is None
    journal.again(entry, 3600, 1002, "fault")
    assert journal.next_due(HERE) == pytest.approx(3600, abs=120)
    assert journal.next_due(THERE) is None
    world.pass_time(4000)
    assert journal.next_due(HERE) == 0


def test_a_dead_letter_is_not_delivered_any_more(world):
    journal = world.open()
    keep(journal, message(world))
    (entry,) = journal.claim(HERE, 1)
    journal.dead(entry, 1002, "ten times")
    world.pass_time(10 * LEASE)
    journal.beat()
    assert journal.claim(HERE, 1) == []
    assert journal.counts() == {(HERE, State.DEAD): 1}


# -- instances ------------------------------------------------------------------------------------------------


def lost_claim(world):
    """Return who lost a claim without knowing, its entry, and another who lives."""
    old, new = world.open(), world.open()
    keep(old, message(world))
    (entry,) = old.claim(HERE, 1)
    world.pass_time(LEASE + 1)
    new.beat()
    return old, entry, new


def test_what_a_lost_instance_had_waits_again(world):
    _, entry, new = lost_claim(world)
    (again,) = new.claim(HERE, 1)
    assert (again.id, again.attempts) == (entry.id, 2)


def test_who_is_heard_of_keeps_what_it_has(world):
    one, other = world.open(), world.open()
    keep(one, message(world))
    one.claim(HERE, 1)
    for _ in range(5):
        world.pass_time(LEASE * 0.9)
        one.beat()
        other.beat()
    assert other.claim(HERE, 1) == []


def test_within_the_lease_nobody_loses_anything(world):
    one, other = world.open(), world.open()
    keep(one, message(world))
    one.claim(HERE, 1)
    world.crash(one)
    world.pass_time(LEASE * 0.9)
    other.beat()
    assert other.claim(HERE, 1) == []


def test_its_own_beat_takes_nothing_from_an_instance_that_was_silent_for_long(world):
    journal = world.open()
    keep(journal, message(world))
    journal.claim(HERE, 1)
    world.pass_time(10 * LEASE)
    journal.beat()
    assert journal.claim(HERE, 1) == []


def test_an_instance_that_was_taken_for_lost_works_on_and_what_it_claims_is_its_own(world):
    old, entry, new = lost_claim(world)
    (again,) = old.claim(HERE, 1)
    assert again.claim != entry.claim
    new.beat()
    assert new.claim(HERE, 1) == []
    world.crash(old)
    lease_of_beats(world, new)
    assert len(new.claim(HERE, 1)) == 1


def lease_of_beats(world, *journals):
    for _ in range(4):
        world.pass_time(LEASE * 0.3)
        for journal in journals:
            journal.beat()


def test_when_the_journal_itself_was_away_nobody_is_taken_for_lost_by_that(world):
    one, other = world.open(), world.open()
    keep(one, message(world))
    one.claim(HERE, 1)
    other.beat()
    world.pass_time(10 * LEASE)  # nobody could beat
    other.beat()
    assert other.claim(HERE, 1) == []
    one.beat()
    lease_of_beats(world, one, other)
    assert other.claim(HERE, 1) == []
    world.crash(one)
    world.pass_time(10 * LEASE)
    other.beat()
    assert other.claim(HERE, 1) == []  # it may live
    lease_of_beats(world, other)
    assert len(other.claim(HERE, 1)) == 1


def test_who_beats_seldom_finds_the_lost_all_the_same(world):
    one, other = world.open(), world.open()
    keep(one, message(world))
    one.claim(HERE, 1)
    world.crash(one)
    for _ in range(6):
        world.pass_time(LEASE * 0.8)
        other.beat()
    assert len(other.claim(HERE, 1)) == 1


@pytest.mark.parametrize("after", ["waiting", "claimed"])
@pytest.mark.parametrize("bad_news", ["again", "postponed", "dead"])
def test_bad_news_of_a_lost_claim_changes_nothing(world, bad_news, after):
    old, entry, new = lost_claim(world)
    claimed = new.claim(HERE, 1) if after == "claimed" else []
    before = world.sql("SELECT * FROM imsgw_journal_entries")
    if bad_news == "postponed":
        old.postponed(entry, 1)
    elif bad_news == "again":
        old.again(entry, 1, 1002, "fault")
    else:
        old.dead(entry, 1002, "fault")
    assert world.sql("SELECT * FROM imsgw_journal_entries") == before
    for current in claimed:
        new.dead(current, 1002, "its own")
    assert len(new.letters(State.DEAD)) == len(claimed)


def test_bad_news_of_a_claim_that_the_same_instance_has_anew_changes_nothing(world):
    old, entry, _ = lost_claim(world)
    old.claim(HERE, 1)
    old.again(entry, 0, 1002, "fault")
    assert old.claim(HERE, 1) == []


def test_what_was_delivered_is_delivered_whoever_has_it_by_now(world):
    old, entry, new = lost_claim(world)
    (current,) = new.claim(HERE, 1)
    old.delivered(entry)
    assert new.counts() == {}
    new.again(current, 1, 1002, "fault")
    with pytest.raises(ClaimLostError):
        new.answered(current, b"answer")
    assert new.counts() == {}


def test_an_answer_counts_on_a_lost_claim_while_nobody_else_has_it(world):
    old, entry, new = lost_claim(world)
    answered = old.answered(entry, b"answer")
    assert new.claim(HERE, 1) == []
    old.delivered(answered)
    assert new.counts() == {}


def test_an_answer_on_a_claim_that_another_has_is_refused(world):
    old, entry, new = lost_claim(world)
    (current,) = new.claim(HERE, 1)
    with pytest.raises(ClaimLostError, match=entry.id):
        old.answered(entry, b"answer of the old")
    kept = new.answered(current, b"answer of the new")
    with pytest.raises(ClaimLostError):
        old.answered(entry, b"answer of the old")
    new.again(kept, 0, 1003, "IMS away")
    with pytest.raises(ClaimLostError):  # it has an answer
        old.answered(entry, b"answer of the old")
    assert new.claim(HERE, 1)[0].answer == b"answer of the new"


def test_who_leaves_gives_back_what_it_has(world):
    one, other = world.open(), world.open()
    id_ = keep(one, message(world))
    one.claim(HERE, 1)
    one.close()
    assert [entry.id for entry in other.claim(HERE, 1)] == [id_]


# -- room -----------------------------------------------------------------------------------------------------


def test_there_is_room_for_so_many_and_no_more(world):
    journal = world.open(max_entries=3)
    for _ in range(3):
        assert journal.has_room()
        keep(journal, message(world))
    assert not journal.has_room()
    with pytest.raises(JournalFullError, match="max_entries"):
        keep(journal, message(world))
    one, two, three = journal.claim(HERE, 3)
    assert not journal.has_room()
    journal.delivered(one)
    assert journal.has_room()
    keep(journal, message(world))
    journal.dead(two, 1002, "fault")
    assert journal.has_room()
    keep(journal, message(world))
    journal.again(three, 1, 1002, "fault")
    assert not journal.has_room()


def test_a_full_journal_takes_dead_letters(world):
    journal = world.open(max_entries=1)
    keep(journal, message(world))
    journal.bury(message(world), 1006, "no XML")
    assert len(journal.letters()) == 1


def test_room_that_others_make_or_take_is_seen_after_a_while(world):
    one, other = world.open(max_entries=1), world.open(max_entries=1)
    assert one.has_room()
    keep(other, message(world))
    world.pass_time(5)
    assert not one.has_room()
    other.delivered(other.claim(HERE, 1)[0])
    world.pass_time(5)
    assert one.has_room()


def test_who_comes_to_a_full_journal_knows(world):
    keep(world.open(), message(world))
    with pytest.raises(JournalFullError):
        keep(world.open(max_entries=1), message(world))


# -- the layout -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ("UPDATE imsgw_journal_schema SET version = 2", "a newer version of the gateway"),
        ("UPDATE imsgw_journal_schema SET version = 0", "an older version of the gateway"),
        ("DELETE FROM imsgw_journal_schema", "damaged"),
    ],
)
def test_tables_of_another_version_are_refused_in_words_and_left_alone(world, change, words):
    keep(world.open(), message(world))
    world.sql(change)
    journal = world.open()
    for use in (lambda: keep(journal, message(world)), journal.beat, journal.letters, journal.has_room):
        with pytest.raises(JournalError, match=words):
            use()
    assert world.sql("SELECT count(*) FROM imsgw_journal_entries") == [(1,)]
