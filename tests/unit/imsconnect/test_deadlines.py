"""One budget, split; timers that cannot work, in words."""

from dataclasses import replace

import pytest

from gateway.errors import M, TransportError
from gateway.imsconnect.deadlines import Budget, Conversation, Timeouts, inconsistencies, longest_timer

PLAIN = Timeouts(execution_ms=5000, socket_ms=10_000, wait_seconds=5.0)


class TestWithoutABudget:
    def test_each_step_has_its_own_bound(self):
        budget = Budget(PLAIN, 100.0)
        assert budget.ends is None
        assert budget.wait_until() == 105.0
        assert budget.conversation(107.0) == Conversation(0x2C, 5000, 117.0, shortened=False)

    @pytest.mark.parametrize(("execution", "code"), [(0, 0x00), (-1, 0xFF), (-2, 0xE9)])
    def test_what_is_no_time_is_sent_as_it_is(self, execution, code):
        found = Budget(replace(PLAIN, execution_ms=execution), 0.0).conversation(0.0)
        assert (found.timer, found.timer_ms) == (code, None)

    def test_a_socket_timer_of_0_is_none(self):
        assert Budget(replace(PLAIN, socket_ms=0), 0.0).conversation(0.0).deadline is None

    @pytest.mark.parametrize("execution", [-3, 3_600_001])
    def test_what_irm_timer_cannot_say_is_refused(self, execution):
        with pytest.raises(ValueError, match="IRM_TIMER can say"):
            Budget(replace(PLAIN, execution_ms=execution), 0.0).conversation(0.0)


class TestWithABudget:
    BUDGET = Budget(replace(PLAIN, budget_ms=8000), 100.0)

    def test_it_bounds_every_step(self):
        assert self.BUDGET.ends == 108.0
        assert self.BUDGET.wait_until() == 105.0
        assert replace(self.BUDGET, timeouts=replace(PLAIN, budget_ms=2000)).wait_until() == 102.0

    def test_as_long_as_it_suffices_the_execution_timer_is_what_was_asked_for(self):
        found = self.BUDGET.conversation(102.0)
        assert found == Conversation(0x2C, 5000, 108.0, shortened=False)

    def test_time_spent_waiting_shortens_the_execution_timer_so_that_its_end_is_still_heard(self):
        found = self.BUDGET.conversation(104.0)
        assert found == Conversation(0x2A, 3000, 108.0, shortened=True)
        assert 104.0 + 3.0 < 108.0

    def test_a_socket_timer_that_ends_before_stands(self):
        budget = Budget(replace(PLAIN, socket_ms=6000, budget_ms=60_000), 0.0)
        assert budget.conversation(1.0) == Conversation(0x2C, 5000, 7.0, shortened=False)

    @pytest.mark.parametrize("execution", [0, -1])
    def test_a_timer_without_a_known_end_gets_one(self, execution):
        budget = Budget(replace(PLAIN, execution_ms=execution, socket_ms=0, budget_ms=8000), 100.0)
        assert budget.conversation(100.0) == Conversation(0x2E, 7000, 108.0, shortened=True)

    def test_no_wait_stays_no_wait(self):
        budget = Budget(replace(PLAIN, execution_ms=-2, socket_ms=0, budget_ms=8000), 100.0)
        assert budget.conversation(107.0) == Conversation(0xE9, None, 108.0, shortened=False)

    @pytest.mark.parametrize("now", [107.95, 108.0, 200.0])
    def test_when_nothing_is_left_nothing_is_sent(self, now):
        with pytest.raises(TransportError) as caught:
            self.BUDGET.conversation(now)
        assert caught.value.message is M.NO_SOCKET
        assert not caught.value.maybe_sent
        assert caught.value.private == "the budget of 8000 ms was spent before anything was sent"

    def test_what_little_is_left_is_used(self):
        found = self.BUDGET.conversation(107.875)
        assert (found.timer, found.timer_ms) == (0x07, 70)


@pytest.mark.parametrize(
    ("ms", "code", "effective"),
    [
        (10, 0x01, 10),
        (19, 0x01, 10),
        (250, 0x19, 250),
        (299, 0x19, 250),
        (300, 0x1A, 300),
        (999, 0x27, 950),
        (1000, 0x28, 1000),
        (1999, 0x28, 1000),
        (60_000, 0x63, 60_000),
        (119_999, 0x63, 60_000),
        (120_000, 0x64, 120_000),
        (9_999_999, 0x9E, 3_600_000),
    ],
)
def test_the_longest_timer_within_a_time_never_rounds_up(ms, code, effective):
    assert longest_timer(ms) == (code, effective)


def test_there_is_no_timer_below_10_ms():
    with pytest.raises(ValueError, match="10 ms or more, not 9"):
        longest_timer(9)


class TestInconsistencies:
    def test_a_socket_timer_that_outlasts_the_execution_timer_is_fine(self):
        assert inconsistencies(PLAIN) == ()

    @pytest.mark.parametrize(
        ("execution", "socket", "rounded"),
        [
            (5000, 5000, ""),
            (5000, 4000, ""),
            (4700, 5000, ", which IMS Connect rounds to 5000 ms"),
            (89_999, 90_000, None),
            (90_000, 100_000, ", which IMS Connect rounds to 120000 ms"),
        ],
    )
    def test_one_that_does_not_is_told_with_the_rounded_time(self, execution, socket, rounded):
        found = inconsistencies(replace(PLAIN, execution_ms=execution, socket_ms=socket))
        if rounded is None:
            assert found == ()
        else:
            text = (
                f"the socket timer of {socket} ms is not longer than the execution timer of {execution} ms"
                f"{rounded}: the caller would never learn that IMS was late"
            )
            assert found == (text,)

    @pytest.mark.parametrize("execution", [0, -1, -2])
    def test_what_is_no_time_cannot_be_compared(self, execution):
        assert inconsistencies(replace(PLAIN, execution_ms=execution, socket_ms=1)) == ()

    def test_a_socket_timer_without_limit_outlasts_everything(self):
        assert inconsistencies(replace(PLAIN, execution_ms=3_600_000, socket_ms=0)) == ()

    def test_a_budget_has_to_hold_the_execution_timer_and_the_wait(self):
        assert inconsistencies(replace(PLAIN, budget_ms=5051)) == ()
        short = (
            "the budget of 5049 ms is shorter than the execution timer of 5000 ms and 50 ms for the answer: "
            "the timer never gets its time"
        )
        assert inconsistencies(replace(PLAIN, budget_ms=5049)) == (short,)
        spent = (
            "the budget of 5000 ms is not longer than the wait for a socket of 5 s: a request that waits that "
            "long has nothing left for IMS"
        )
        assert inconsistencies(replace(PLAIN, execution_ms=1000, budget_ms=5000)) == (spent,)
