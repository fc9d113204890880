"""What the ledger takes for a contradiction, and what it does not."""

import pytest

from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.outcome import Outcome
from tests.chaos.ledger import Book, Delivered, Entries, Statement, Told, contradictions, told_by

NOT_ONCE = [{}, {"seen": 1}, {"seen": 1, "back": 1}]
"""Of an entry: never seen, in work when IMS ended, backed out."""
ONCE = {"seen": 1, "kept": 1}


def verdict(told: Told, done: dict[str, int]) -> list[str]:
    entries = Entries()
    for name, number in done.items():
        getattr(entries, name)["A1"] = number
    return entries.against([Statement("A1", told)])


@pytest.mark.parametrize("told", [Told.ANSWERED, Told.HANDED_OVER])
def test_what_is_answered_was_done_once(told):
    assert verdict(told, ONCE) == []
    for done in (*NOT_ONCE, {"seen": 2, "kept": 1}, {"seen": 2, "kept": 2}):
        assert verdict(told, done), done


@pytest.mark.parametrize("told", [Told.NOTHING_SENT, Told.REFUSED])
def test_what_was_not_sent_or_refused_never_ran(told):
    assert verdict(told, {}) == []
    for done in (*NOT_ONCE[1:], ONCE):
        assert verdict(told, done), done


def test_what_was_backed_out_is_in_the_ledger_as_that():
    assert verdict(Told.BACKED_OUT, {"seen": 1, "back": 1}) == []
    for done in (*NOT_ONCE[:2], ONCE):
        assert verdict(Told.BACKED_OUT, done), done


def test_what_nobody_knows_was_done_once_at_most():
    for done in (*NOT_ONCE, ONCE):
        assert verdict(Told.UNKNOWN, done) == []
    for done in ({"seen": 2}, {"seen": 2, "kept": 1, "back": 1}, {"seen": 2, "kept": 2}):
        assert verdict(Told.UNKNOWN, done), done


def test_what_nobody_asked_for_is_a_contradiction():
    entries = Entries()
    entries.seen["A1"] = 1
    assert entries.against([]) == ["A1: nobody owns up to it"]


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (TransportError(M.UNREACHABLE, {"bundle": "b"}, maybe_sent=False), Told.NOTHING_SENT),
        (TransportError(M.CONNECTION_LOST), Told.UNKNOWN),
        (TransportError(M.SOCKET_TIMEOUT, {"milliseconds": "1"}), Told.UNKNOWN),
        (ImsError(M.IMS_CONNECT, {"meaning": "no"}, known=Outcome.NOT_DONE), Told.REFUSED),
        (ImsError(M.ROLLED_BACK, known=Outcome.BACKED_OUT), Told.BACKED_OUT),
        (ImsError(M.ROLLED_BACK, known=Outcome.DONE), Told.HANDED_OVER),
        (ImsError(M.EXECUTION_TIMEOUT, {"milliseconds": "1"}), Told.UNKNOWN),
        (GatewayError(M.NO_CONVERSATION), Told.NOTHING_SENT),
    ],
)
def test_what_an_error_tells(error, told):
    assert told_by(error) is told


def test_an_answer_of_somebody_else_breaks_a_promise_at_once():
    book = Book()
    assert book.attempt("A1", lambda: "A1") is Told.ANSWERED
    assert book.broken == []
    book.attempt("A2", lambda: "A1")
    assert book.broken == ["A2 got the reply of A1"]


def test_what_is_no_error_of_the_catalogue_breaks_one_too():
    book = Book()
    assert book.attempt("A1", lambda: str(1 / 0)) is Told.UNKNOWN
    (broken,) = book.broken
    assert "ZeroDivisionError" in broken


def got(*entries: str) -> list[Delivered]:
    """A name in capitals is one whose ACK has arrived."""
    return [Delivered(entry.upper(), entry.isupper()) for entry in entries]


@pytest.mark.parametrize("delivered", [("A", "B", "C"), ("a", "A", "b", "b", "B", "c"), ("a", "b", "c", "c")])
def test_messages_in_order_each_until_its_ack_has_arrived(delivered):
    assert contradictions(["A", "B", "C"], got(*delivered)) == []


@pytest.mark.parametrize(
    ("delivered", "words"),
    [
        (("A", "C"), "B lost, or out of order"),
        (("A", "B"), "C never arrived"),
        (("A", "A", "B", "C"), "although its ACK had arrived"),
        (("A", "b", "A", "c"), "came again behind B"),
        (("A", "B", "C", "X"), "never put on"),
        ((), "A, B, C never arrived"),
    ],
)
def test_messages_that_are_lost_doubled_or_out_of_order(delivered, words):
    assert any(words in what for what in contradictions(["A", "B", "C"], got(*delivered)))
