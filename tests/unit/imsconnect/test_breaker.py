"""When connections are tried again."""

import pytest

from gateway.imsconnect.breaker import LONGEST_DELAY_SECONDS, Breaker, RetryTimes
from gateway.observe.events import PathOpened, PathRestored, StillDown


def fail(breaker: Breaker, now: float) -> None:
    ticket = breaker.admit(now)
    assert ticket is not None
    breaker.failed(ticket, now, "refused")


@pytest.fixture
def breaker():
    return Breaker("ims1", "ims.example:9999", RetryTimes(fast_tries=100), lambda: 1.0)


def test_while_nothing_failed_any_number_may_try(breaker):
    assert all(breaker.admit(0.0) is not None for _ in range(100))
    assert not breaker.active
    assert not breaker.probing


def test_after_a_failure_nobody_may_until_the_delay_is_over_and_then_one(breaker):
    fail(breaker, 10.0)
    assert breaker.active
    assert breaker.admit(10.05) is None
    assert breaker.seconds_left(10.05) == pytest.approx(0.05)
    assert breaker.admit(10.1) is not None
    assert breaker.probing
    assert breaker.admit(99.0) is None


def test_the_delay_doubles_up_to_its_bound(breaker):
    now, delays = 0.0, []
    for _ in range(40):
        fail(breaker, now)
        delays.append(breaker.seconds_left(now))
        now += delays[-1]
    assert delays[:6] == pytest.approx([0.1, 0.2, 0.4, 0.8, 1.6, LONGEST_DELAY_SECONDS])
    assert delays[5:] == pytest.approx([LONGEST_DELAY_SECONDS] * 35)


@pytest.mark.parametrize(("jitter", "delay"), [(0.0, 0.05), (0.5, 0.075), (1.0, 0.1)])
def test_jitter_takes_up_to_half_off(jitter, delay):
    breaker = Breaker("ims1", "", RetryTimes(), lambda: jitter)
    fail(breaker, 0.0)
    assert breaker.seconds_left(0.0) == pytest.approx(delay)


def test_tries_that_fail_side_by_side_count_as_one_failure(breaker):
    tickets = [breaker.admit(0.0) for _ in range(32)]
    for ticket in tickets:
        assert ticket is not None
        breaker.failed(ticket, 0.0, "refused")
    assert breaker.seconds_left(0.0) == pytest.approx(0.1)


def test_a_success_ends_it_and_the_next_failure_starts_from_the_beginning(breaker):
    for now in (0.0, 1.0, 2.0):
        fail(breaker, now)
    assert breaker.admit(10.0) is not None
    breaker.succeeded(10.0)
    assert not breaker.active
    assert breaker.seconds_left(10.0) == 0
    fail(breaker, 10.0)
    assert breaker.seconds_left(10.0) == pytest.approx(0.1)


def test_a_failure_from_before_a_success_is_old_news(breaker):
    slow, quick = breaker.admit(0.0), breaker.admit(0.0)
    assert slow is not None
    assert quick is not None
    breaker.succeeded(10.0)
    breaker.failed(slow, 1.0, "refused")
    assert not breaker.active


def test_a_probe_that_is_given_up_makes_way_for_another(breaker):
    fail(breaker, 0.0)
    ticket = breaker.admit(1.0)
    assert ticket is not None
    breaker.abandoned(ticket)
    assert breaker.admit(1.0) is not None


def test_a_try_given_up_from_before_a_failure_does_not_stop_the_probe(breaker):
    old = breaker.admit(0.0)
    assert old is not None
    fail(breaker, 0.0)
    assert breaker.admit(1.0) is not None
    breaker.abandoned(old)
    assert breaker.probing


class TestTwoStages:
    @pytest.fixture
    def breaker(self):
        return Breaker("ims1", "ims.example:9999", RetryTimes(fast_tries=3, long_interval=15.0), lambda: 1.0)

    def test_after_the_fast_tries_comes_the_long_interval(self, breaker):
        now, delays = 0.0, []
        for _ in range(6):
            fail(breaker, now)
            delays.append(breaker.seconds_left(now))
            now += delays[-1]
        assert delays == pytest.approx([0.1, 0.2, 0.4, 15.0, 15.0, 15.0])

    def test_jitter_takes_up_to_half_off_the_long_interval_too(self):
        breaker = Breaker("ims1", "", RetryTimes(fast_tries=0, long_interval=15.0), lambda: 0.0)
        fail(breaker, 0.0)
        assert breaker.seconds_left(0.0) == pytest.approx(7.5)

    def test_who_has_no_other_path_waits_for_the_longest_fast_delay_at_most(self, breaker):
        now = 0.0
        for _ in range(10):
            fail(breaker, now)
            now += breaker.seconds_left(now)
        fail(breaker, now)
        assert breaker.admit(now + 2.9, eager=True) is None
        assert breaker.admit(now + LONGEST_DELAY_SECONDS) is None
        assert breaker.admit(now + LONGEST_DELAY_SECONDS, eager=True) is not None
        assert breaker.admit(now + 99, eager=True) is None, "one at a time, eager or not"

    def test_an_interval_shorter_than_the_fast_delays_holds_for_the_eager_too(self):
        breaker = Breaker("ims1", "", RetryTimes(fast_tries=0, long_interval=0.05), lambda: 1.0)
        fail(breaker, 0.0)
        assert breaker.admit(0.05, eager=True) is not None

    def test_when_the_next_try_may_start_can_be_asked(self, breaker):
        assert breaker.retry_at is None
        fail(breaker, 5.0)
        assert breaker.retry_at == pytest.approx(5.1)
        breaker.admit(6.0)
        assert breaker.retry_at is None, "one is running"


class TestWhatIsTold:
    @pytest.fixture
    def breaker(self):
        retry = RetryTimes(fast_tries=2, long_interval=15.0, reporting_interval=60.0)
        return Breaker("ims1", "ims.example:9999", retry, lambda: 1.0)

    def test_the_first_failure_and_the_return(self, breaker):
        fail(breaker, 10.0)
        assert breaker.take_events() == [PathOpened("ims1", "ims.example:9999", "refused")]
        fail(breaker, 10.5)
        assert breaker.take_events() == []
        breaker.succeeded(12.0)
        assert breaker.take_events() == [PathRestored("ims1", "ims.example:9999", 2.0, 2)]
        breaker.succeeded(13.0)
        assert breaker.take_events() == []

    def test_that_it_still_fails_once_a_reporting_interval(self, breaker):
        fail(breaker, 0.0)
        breaker.take_events()
        told = []
        for now in range(15, 200, 15):
            fail(breaker, float(now))
            told += [(now, event) for event in breaker.take_events()]
        assert [now for now, _ in told] == [60, 120, 180]
        assert told[0][1] == StillDown("ims1", "ims.example:9999", 60.0, 5, "refused")

    def test_failures_side_by_side_are_told_once(self, breaker):
        for ticket in [breaker.admit(0.0) for _ in range(32)]:
            breaker.failed(ticket, 0.0, "refused")
        assert len(breaker.take_events()) == 1
