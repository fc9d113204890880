"""Buckets of several workers as one hour without gaps."""

from gateway.admin.console.series import STEPS, hour, totals
from tests.unit.admin.console.pictures import EPOCH_NOON, NOON, bucket, worker


def test_an_hour_has_a_step_for_each_minute_up_to_now():
    found = hour([], NOON)
    assert len(found.steps) == STEPS == 60
    assert found.steps[-1].start == EPOCH_NOON
    assert found.steps[0].start == EPOCH_NOON - 59 * 60
    assert found.total.requests == 0
    assert found.total.mean is None
    assert found.total.faults is None


def test_workers_are_summed_and_the_longest_is_the_longest_of_all():
    one = worker(1, {"lab": (bucket(30, 3, 1, 100, 60),)})
    other = worker(2, {"lab": (bucket(30, 2, 0, 50, 90),), "quote": (bucket(30),)})
    step = hour([one, other], NOON, "lab").steps[-2]
    assert (step.answered, step.refused, step.milliseconds, step.longest) == (5, 1, 150, 90)
    assert step.mean == 25
    assert step.faults == 1 / 6
    assert hour([one, other], NOON).total.requests == 7


def test_what_is_older_than_an_hour_or_not_yet_does_not_count():
    told = worker(traffic={"lab": (bucket(3600), bucket(3540), bucket(-10), bucket(-600))})
    found = hour([told], NOON)
    assert found.total.requests == 2
    assert found.steps[0].requests == 1


def test_now_is_the_last_five_minutes():
    told = worker(traffic={"lab": (bucket(310, 100), bucket(290, 2), bucket(0, 1))})
    found = hour([told], NOON)
    assert found.present.requests == 3
    assert found.rate == 3 / 300


def test_totals_are_by_service_and_those_without_a_request_are_missing():
    one = worker(1, {"lab": (bucket(10, 2, 1, 30, 20), bucket(4000)), "quote": (bucket(4000),)})
    other = worker(2, {"lab": (bucket(10, 1, 0, 9, 9),)})
    found = totals([one, other], NOON)
    assert set(found) == {"lab"}
    assert (found["lab"].answered, found["lab"].refused) == (3, 1)
    assert (found["lab"].milliseconds, found["lab"].longest) == (39, 20)
