"""The limit of sockets that is learned."""

import pytest

from gateway.imsconnect.ceiling import FIRST_HOLD_SECONDS, LONGEST_HOLD_SECONDS, Ceiling


@pytest.fixture
def ceiling():
    return Ceiling(8)


def test_at_first_it_is_the_size(ceiling):
    assert ceiling.at(0.0) == 8
    assert not ceiling.learned


def test_where_more_were_refused_it_is_what_is_open(ceiling):
    ceiling.refused(5, 100.0)
    assert ceiling.at(100.0) == 5
    assert ceiling.learned


def test_after_a_while_one_more_may_be_tried(ceiling):
    ceiling.refused(5, 100.0)
    assert ceiling.retry_at == 100.0 + FIRST_HOLD_SECONDS
    assert ceiling.at(ceiling.retry_at) == 6


def test_with_each_refusal_it_holds_twice_as_long_up_to_its_bound(ceiling):
    now, holds = 0.0, []
    for _ in range(10):
        ceiling.refused(5, now)
        holds.append(ceiling.retry_at - now)
        now = ceiling.retry_at
    assert holds[:3] == [FIRST_HOLD_SECONDS, 2 * FIRST_HOLD_SECONDS, 4 * FIRST_HOLD_SECONDS]
    assert holds[-1] == LONGEST_HOLD_SECONDS


def test_each_that_is_had_lets_the_next_be_tried_until_the_size_is_reached(ceiling):
    ceiling.refused(6, 100.0)
    now = ceiling.retry_at
    ceiling.grew(7)
    assert ceiling.at(now) == 8
    ceiling.grew(8)
    assert not ceiling.learned


def test_one_that_takes_the_place_of_another_says_nothing(ceiling):
    ceiling.refused(5, 100.0)
    ceiling.grew(5)
    assert ceiling.at(100.0) == 5


def test_it_is_never_beyond_the_size():
    ceiling = Ceiling(4)
    ceiling.refused(4, 0.0)
    assert ceiling.at(99.0) == 4


def test_one_socket_may_always_be_had(ceiling):
    ceiling.refused(0, 0.0)
    assert ceiling.at(0.0) == 1


def test_it_can_be_forgotten(ceiling):
    ceiling.refused(5, 0.0)
    ceiling.refused(5, 0.0)
    ceiling.forget()
    assert ceiling.at(0.0) == 8
    ceiling.refused(5, 10.0)
    assert ceiling.retry_at == 10.0 + FIRST_HOLD_SECONDS
