"""The ledger of the fault suite sees what must not be: else a suite that always passes would prove nothing."""

from collections import Counter

import pytest

from bench.faults.fault import QUICK, Fault, judged
from bench.faults.ledger import Came, Ledger, Told, balance, says_nothing_ran
from bench.faults.load import came_of
from gateway.errors import M
from tests.fixtures.in_process import SoapReply, envelope, work


def told(text, came=Came.RIGHT, what="", began=1.0, *, copy=False):
    return Told(text, came, what, began, began + 0.5, "t", copy)


def executed(*texts):
    return Counter(texts)


def test_a_good_run_has_no_breach_and_counts_everything():
    ledger = balance(
        [told("a"), told("b", Came.REFUSED, M.UNREACHABLE.id), told("c", Came.NONE, "TimeoutError")],
        executed("a", "c"),
    )
    assert ledger.breaches == []
    assert (ledger.sent, ledger.right, ledger.executed, ledger.executed_but_not_answered) == (3, 1, 2, 1)
    assert (ledger.refused, ledger.no_answer) == ({M.UNREACHABLE.id: 1}, {"TimeoutError": 1})


@pytest.mark.parametrize(
    ("messages", "executions", "breach"),
    [
        ([told("a", Came.WRONG, "200 somebody else's")], ("a",), "wrong answers"),
        ([told("a")], ("a", "x"), "wrong answers"),
        ([told("a")], ("a", "a"), "executed twice"),
        ([told("a")], (), "answered but not executed"),
        ([told("a", Came.REFUSED, M.UNREACHABLE.id)], ("a",), "refused as not done, but executed"),
        ([told("a", Came.REFUSED, M.INTERNAL.id)], (), "internal errors"),
        ([told("a", Came.NONE, "ConnectionResetError", began=9.0)], (), "not right after the recovery"),
    ],
)
def test_each_disagreement_is_a_breach(messages, executions, breach):
    ledger = balance(messages, executed(*executions), calm_from=5.0)
    assert [each for each in ledger.breaches if breach in each] == ledger.breaches != []


def test_a_refusal_that_leaves_open_what_ims_did_goes_with_an_execution():
    for message in (M.CONNECTION_LOST, M.SOCKET_TIMEOUT, M.EXECUTION_TIMEOUT):
        assert not says_nothing_ran(message.id)
        assert balance([told("a", Came.REFUSED, message.id)], executed("a")).breaches == []


def test_of_a_copy_only_the_first_may_be_refused_and_the_second_executed():
    copies = [told("a", Came.REFUSED, M.REPLAY_STORE.id), told("a", copy=True)]
    assert balance(copies, executed("a")).breaches == []
    assert balance(copies, executed("a", "a")).breaches != []


def test_an_answer_is_right_only_with_the_text_of_its_message():
    def reply(status, body):
        return SoapReply(status, {}, body)

    assert came_of(reply(200, envelope(work("echo", "m1-2"))), "m1-2")[0] is Came.RIGHT
    for status, body in (
        (200, envelope(work("echo", "m1-20"))),
        (200, b"IGW2001E"),
        (500, envelope(work("echo", "m1-2"))),
        (502, b"no words of ours"),
    ):
        assert came_of(reply(status, body), "m1-2")[0] is Came.WRONG
    assert came_of(reply(500, b"<faultstring>IGW2001E ...</faultstring>"), "m1-2") == (Came.REFUSED, "IGW2001E")


def test_a_fault_that_is_not_to_be_felt_may_refuse_nothing():
    def run(_pace):
        return Ledger(sent=2, right=1, refused={M.BUSY.id: 1})

    assert judged(Fault("x", "", "", run), QUICK).breaches == []
    assert judged(Fault("x", "", "", run, felt=False), QUICK).breaches != []


def test_a_run_in_which_nobody_was_served_proves_nothing():
    assert judged(Fault("x", "", "", lambda _pace: Ledger()), QUICK).breaches != []
