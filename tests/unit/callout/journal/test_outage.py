"""A journal that cannot be used is told once, again at intervals, and once when it is back."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from gateway.callout.journal import open_journal
from gateway.callout.journal.entries import JournalError, JournalFullError
from gateway.callout.journal.outage import QUIET_SECONDS, REPEAT_SECONDS, Outage
from gateway.callout.values import Source
from gateway.config.model import JournalSettings
from tests.fixtures.clock import SetClock
from tests.unit.callout.journal.worlds import HERE, message

AWAY = JournalError("journal.db: the disk is full")
BEGUN = (
    "ERROR",
    "the journal cannot be used: journal.db: the disk is full (nothing asynchronous is taken or delivered)",
)


@pytest.fixture
def clock():
    return SetClock()


@pytest.fixture
def outage(clock):
    return Outage(clock)


@pytest.fixture
def lines(caplog):
    def told():
        ours = [record for record in caplog.records if record.name.startswith("gateway.")]
        found = [(record.levelname, record.getMessage()) for record in ours]
        caplog.clear()
        return found

    return told


def test_an_outage_is_told_once_however_many_meet_it(outage, clock, lines):
    for _ in range(500):
        outage.failed(AWAY)
    assert lines() == [BEGUN]
    clock.move(REPEAT_SECONDS - 1)
    outage.failed(AWAY)
    assert lines() == []


def test_many_threads_meet_one_outage(outage, lines):
    with ThreadPoolExecutor(8) as threads:
        list(threads.map(lambda _: outage.failed(AWAY), range(200)))
    assert lines() == [BEGUN]


def test_one_that_lasts_is_told_again_at_intervals_with_a_count_and_the_latest_cause(outage, clock, lines):
    for _ in range(61):
        outage.failed(AWAY)
        clock.move(2)
    outage.failed(JournalError("read-only"))
    assert lines() == [
        BEGUN,
        (
            "ERROR",
            f"the journal cannot be used: {AWAY} (for 60 s now, 31 attempts have failed)",
        ),
        (
            "ERROR",
            f"the journal cannot be used: {AWAY} (for 120 s now, 61 attempts have failed)",
        ),
    ]
    clock.move(REPEAT_SECONDS)
    outage.failed(JournalError("read-only"))
    assert "read-only (for 182 s now, 63 attempts" in lines()[0][1]


def test_its_end_is_told_once_and_the_next_is_another(outage, clock, lines):
    assert outage.over
    outage.failed(AWAY)
    clock.move(30)
    outage.failed(AWAY)
    clock.move(QUIET_SECONDS)
    lines()
    assert not outage.over
    outage.worked()
    assert outage.over
    outage.worked()
    assert lines() == [
        ("WARNING", "the journal can be used again, after 30 s in which 2 attempts failed"),
    ]
    outage.failed(AWAY)
    assert lines() == [BEGUN]


def test_what_works_now_and_then_is_one_outage(outage, clock, lines):
    for _ in range(10):
        outage.failed(AWAY)
        clock.move(QUIET_SECONDS / 2)
        outage.worked()
    assert lines() == [BEGUN]
    clock.move(QUIET_SECONDS / 2)
    outage.worked()
    assert [level for level, _ in lines()] == ["WARNING"]


def test_a_journal_that_works_is_not_told_of(outage, lines):
    outage.worked()
    assert lines() == []


# -- a journal whose disk fails -------------------------------------------------------------------------------


@pytest.fixture
def journal(tmp_path, clock, outage):
    opened = open_journal(JournalSettings(max_entries=2), tmp_path / "state", clock, outage=outage)
    yield opened
    opened.close()


def use(journal, clock):
    """Use it as the tpipes of a process do."""
    for number in range(20):
        for call in (
            journal.has_room,
            journal.beat,
            lambda: journal.next_due(HERE),
            lambda number=number: journal.claim(Source("ims1", f"T{number}"), 1),
            journal.counts,
        ):
            with pytest.raises(JournalError):
                call()
    clock.move(1)


def test_all_tpipes_of_a_journal_that_is_away_make_one_line_and_one_when_it_is_back(
    journal, tmp_path, clock, lines
):
    (tmp_path / "state").write_text("in the way")
    use(journal, clock)
    ((level, text),) = lines()
    assert level == "ERROR"
    assert text.startswith(f"the journal cannot be used: {tmp_path / 'state' / 'journal.db'}: ")
    (tmp_path / "state").unlink()
    clock.move(QUIET_SECONDS)
    assert journal.has_room()
    assert lines() == [], "that it can be read does not show that it can be written"
    journal.beat()
    assert lines() == [("WARNING", "the journal can be used again, after 0 s in which 100 attempts failed")]


def test_one_that_is_full_of_messages_is_no_outage(journal, sqlite_world, lines):
    for _ in range(2):
        journal.take(message(sqlite_world))
    with pytest.raises(JournalFullError):
        journal.take(message(sqlite_world))
    assert lines() == []


def test_an_error_of_ours_is_no_outage(journal, lines):
    with pytest.raises(AttributeError):
        journal.take(None)
    assert lines() == []


def test_a_journal_of_which_nobody_is_to_tell_says_nothing(tmp_path, clock, lines):
    (tmp_path / "state").write_text("in the way")
    journal = open_journal(JournalSettings(), tmp_path / "state", clock)
    use(journal, clock)
    journal.close()
    assert lines() == []
