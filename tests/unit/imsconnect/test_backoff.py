"""When connections are tried again."""

import pytest

from gateway.imsconnect.backoff import LONGEST_DELAY_SECONDS, BackOff


def fail(backoff: BackOff, now: float) -> None:
    ticket = backoff.admit(now)
    assert ticket is not None
    backoff.failed(ticket, now)


@pytest.fixture
def backoff():
    return BackOff(lambda: 1.0)


def test_while_nothing_failed_any_number_may_try(backoff):
    assert all(backoff.admit(0.0) is not None for _ in range(100))
    assert not backoff.active
    assert not backoff.probing


def test_after_a_failure_nobody_may_until_the_delay_is_over_and_then_one(backoff):
    fail(backoff, 10.0)
    assert backoff.active
    assert backoff.admit(10.05) is None
    assert backoff.seconds_left(10.05) == pytest.approx(0.05)
    assert backoff.admit(10.1) is not None
    assert backoff.probing
    assert backoff.admit(99.0) is None


def test_the_delay_doubles_up_to_its_bound(backoff):
    now, delays = 0.0, []
    for _ in range(40):
        fail(backoff, now)
        delays.append(backoff.seconds_left(now))
        now += delays[-1]
    assert delays[:6] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, LONGEST_DELAY_SECONDS])
    assert delays[5:] == pytest.approx([LONGEST_DELAY_SECONDS] * 35)


@pytest.mark.parametrize(("jitter", "delay"), [(0.0, 0.05), (0.5, 0.075), (1.0, 0.1)])
def test_jitter_takes_up_to_half_off(jitter, delay):
    backoff = BackOff(lambda: jitter)
    fail(backoff, 0.0)
    assert backoff.seconds_left(0.0) == pytest.approx(delay)


def test_tries_that_fail_side_by_side_count_as_one_failure(backoff):
    tickets = [backoff.admit(0.0) for _ in range(32)]
    for ticket in tickets:
        assert ticket is not None
        backoff.failed(ticket, 0.0)
    assert backoff.seconds_left(0.0) == pytest.approx(0.1)


def test_a_success_ends_it_and_the_next_failure_starts_from_the_beginning(backoff):
    for now in (0.0, 1.0, 2.0):
        fail(backoff, now)
    assert backoff.admit(10.0) is not None
    backoff.succeeded()
    assert not backoff.active
    assert backoff.seconds_left(10.0) == 0
    fail(backoff, 10.0)
    assert backoff.seconds_left(10.0) == pytest.approx(0.1)


def test_a_failure_from_before_a_success_is_old_news(backoff):
    slow, quick = backoff.admit(0.0), backoff.admit(0.0)
    assert slow is not None
    assert quick is not None
    backoff.succeeded()
    backoff.failed(slow, 1.0)
    assert not backoff.active


def test_a_probe_that_is_given_up_makes_way_for_another(backoff):
    fail(backoff, 0.0)
    ticket = backoff.admit(1.0)
    assert ticket is not None
    backoff.abandoned(ticket)
    assert backoff.admit(1.0) is not None


def test_a_try_given_up_from_before_a_failure_does_not_stop_the_probe(backoff):
    old = backoff.admit(0.0)
    assert old is not None
    fail(backoff, 0.0)
    assert backoff.admit(1.0) is not None
    backoff.abandoned(old)
    assert backoff.probing
