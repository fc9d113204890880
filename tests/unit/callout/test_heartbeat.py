"""The heartbeat goes on whatever happens, and tells once a home of what waits and nobody here delivers."""

from collections.abc import Callable
from contextlib import contextmanager

import pytest

from gateway.callout.heartbeat import Heartbeat
from gateway.callout.journal.entries import JournalError, State
from gateway.callout.values import Source
from tests.fixtures.running_gateway import wait_until

HERE, GONE, OTHER = Source("ims1", "HERE"), Source("ims1", "GONE"), Source("ims2", "HERE")


class Fake:
    """A journal that counts its beats."""

    def __init__(self) -> None:
        self.beats = 0
        self.errors: list[Exception] = []
        self.entries = {
            (HERE, State.WAITING): 7,
            (GONE, State.WAITING): 2,
            (GONE, State.DEAD): 9,
            (OTHER, State.WORKING): 1,
        }

    def beat(self) -> None:
        self.beats += 1
        if self.errors:
            raise self.errors.pop()

    def counts(self) -> dict[tuple[Source, State], int]:
        return self.entries


@contextmanager
def beating(journal: Fake, sources: Callable[[], set[Source]] = lambda: {HERE}):
    heart = Heartbeat(journal, 0.03, sources)
    heart.start()
    try:
        yield heart
    finally:
        heart.close()


def some_beats(journal: Fake) -> None:
    until = journal.beats + 3
    wait_until(lambda: journal.beats >= until, "beats", 30)


@pytest.mark.parametrize("error", [JournalError("away"), RuntimeError("of ours")])
def test_an_error_does_not_end_it(error):
    journal = Fake()
    journal.errors = [error, error]
    with beating(journal):
        some_beats(journal)
        some_beats(journal)
    assert not journal.errors


def test_a_journal_that_is_away_is_not_told_of_here_an_error_of_ours_is(caplog):
    journal = Fake()
    journal.entries = {}
    journal.errors = [JournalError("away")]
    with beating(journal):
        some_beats(journal)
    assert caplog.messages == []
    journal.errors = [RuntimeError("of ours")]
    with beating(journal):
        some_beats(journal)
    assert caplog.messages == ["a heartbeat met an error of ours"]


def test_what_nobody_here_delivers_is_told_once_and_again_when_the_home_has_changed(caplog):
    journal, sources = Fake(), {HERE}
    with beating(journal, lambda: sources) as heart:
        some_beats(journal)
        told = [message.partition(", and")[0] for message in caplog.messages]
        assert told == [
            "2 asynchronous callouts of ims1/GONE wait in the journal",
            "1 asynchronous callouts of ims2/HERE wait in the journal",
        ]
        caplog.clear()
        sources = {HERE, GONE}
        heart.changed()
        wait_until(lambda: caplog.messages, "told again", 30)
        some_beats(journal)
        assert [message[:36] for message in caplog.messages] == ["1 asynchronous callouts of ims2/HERE"]


def test_what_could_not_be_looked_for_is_looked_for_again(caplog, monkeypatch):
    journal = Fake()

    def away():
        raise JournalError("away")

    with monkeypatch.context() as outage:
        outage.setattr(journal, "counts", away)
        with beating(journal):
            some_beats(journal)
            assert caplog.messages == []
            outage.undo()
            wait_until(lambda: len(caplog.messages) == 2, "told", 30)


def test_one_that_never_began_ends():
    Heartbeat(Fake(), 30.0, set).close()
