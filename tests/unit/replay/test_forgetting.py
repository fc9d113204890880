"""By what time entries are removed when the clock of the machine is set."""

from datetime import timedelta

import pytest

from gateway.replay.forgetting import HOLD, TOLERANCE, Forgetting


@pytest.fixture
def forgetting(clock):
    return Forgetting(clock)


def ahead(clock, seconds):
    return clock.now() + timedelta(seconds=seconds)


def test_while_the_clock_goes_as_time_does_it_is_believed(forgetting, clock):
    for _ in range(5):
        clock.move(1000)
        assert forgetting.until(clock.now()) == clock.now()


def test_a_clock_that_was_set_ahead_is_not_believed_and_time_goes_on(forgetting, clock):
    for _ in range(3):
        clock.move(60)
        assert forgetting.until(ahead(clock, 3600)) == clock.now()


def test_set_back_to_the_right_time_it_is_believed_at_once(forgetting, clock):
    forgetting.until(ahead(clock, 3600))
    clock.move(60)
    assert forgetting.until(clock.now()) == clock.now()


def test_a_clock_that_stays_ahead_is_believed_in_the_end(forgetting, clock):
    clock.move(HOLD.total_seconds() - 1)
    assert forgetting.until(clock.now()) == clock.now()
    for _ in range(2):
        clock.move(HOLD.total_seconds() / 2 - 1)
        assert forgetting.until(ahead(clock, 3600)) == clock.now()
    clock.move(2)
    assert forgetting.until(ahead(clock, 3600)) == ahead(clock, 3600)
    clock.move(10)
    assert forgetting.until(ahead(clock, 3600)) == ahead(clock, 3600)


def test_a_clock_that_is_set_back_is_believed_at_once(forgetting, clock):
    behind = ahead(clock, -7200)
    assert forgetting.until(behind) == behind
    clock.move(5)
    assert forgetting.until(ahead(clock, -7200)) == ahead(clock, -7200)


def test_small_differences_never_make_it_forget_early(forgetting, clock):
    start = clock.now()
    for _ in range(4):
        slightly = start + TOLERANCE
        assert forgetting.until(slightly) == start
        start = slightly
