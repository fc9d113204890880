"""How many connections each worker holds, told among processes."""

import os

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.web.tallies import Tallies, Tally


def holding(*connections: int) -> list[Tally]:
    """Return the tallies of workers that hold so many."""
    workers = Tallies(len(connections))
    tallies = [workers.of(age) for age in range(1, len(connections) + 1)]
    for tally, held in zip(tallies, connections, strict=True):
        tally.hold(held)
    return tallies


@pytest.mark.parametrize(
    ("held", "others", "leaves"),
    [
        (0, [0], False),
        (0, [5], False),
        (1, [0], True),
        (1, [1], False),
        (2, [1, 9], True),
        (8, [7], True),
        (9, [8], False),
        (10, [8], True),
        (90, [80], False),
        (91, [80], True),
        (5, [], False),
    ],
)
def test_a_new_connection_is_for_a_worker_that_holds_fewer_by_more_than_an_eighth(held, others, leaves):
    first, *_ = holding(held, *others)
    assert first.heavier is leaves


@given(st.lists(st.integers(0, 4096), min_size=1, max_size=16))
def test_there_is_always_a_worker_that_does_not_leave_a_connection_to_others(held):
    assert not all(tally.heavier for tally in holding(*held))


def test_nothing_is_left_to_a_worker_that_has_not_begun_or_takes_no_more():
    workers = Tallies(3)
    first, second = workers.of(1), workers.of(2)
    first.hold(7)
    assert not first.heavier, "the second has not begun, the third is not there"
    second.hold(0)
    assert first.heavier
    second.close()
    assert not first.heavier
    second.hold(0)
    assert not first.heavier, "its last connections end"


def test_nothing_is_left_to_a_worker_that_died_and_the_next_begins_in_its_place():
    workers = Tallies(2)
    first, second = workers.of(1), workers.of(2)
    first.hold(7)
    second.hold(0)
    workers.ended(2)
    assert not first.heavier
    third = workers.of(3)
    assert not first.heavier, "it has not begun"
    third.hold(3)
    assert first.heavier
    workers.ended(2)  # told twice
    assert first.heavier


def test_a_worker_beyond_those_there_should_be_counts_for_itself():
    workers = Tallies(1)
    first, second = workers.of(1), workers.of(2)
    first.hold(0)
    second.hold(9)
    assert not second.heavier
    workers.ended(2)
    first.hold(1)
    assert not first.heavier


def test_what_a_worker_tells_is_seen_by_the_other_processes():
    workers = Tallies(2)
    first, second = workers.of(1), workers.of(2)
    first.hold(5)
    pid = os.fork()
    if not pid:
        second.hold(2)
        os._exit(3 if first.heavier else 4)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 3
    assert first.heavier
