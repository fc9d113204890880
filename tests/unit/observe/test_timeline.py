"""Where the time of a request went."""

import pytest

from gateway.observe.timeline import Stretch, Timeline
from tests.fixtures.clock import SetClock


def test_parts_are_told_in_seconds_since_the_beginning_in_the_order_of_their_ends(clock: SetClock):
    timeline = Timeline(clock)
    clock.move(1)
    with timeline.part("outer"):
        clock.move(2)
        with timeline.part("inner"):
            clock.move(3)
    assert timeline.stretches == (Stretch("inner", 3, 3), Stretch("outer", 1, 5))
    assert timeline.seconds == 6


def test_a_part_that_fails_is_measured_too(clock: SetClock):
    timeline = Timeline(clock)

    def fail():
        with timeline.part("broken"):
            clock.move(2)
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    assert timeline.stretches == (Stretch("broken", 0, 2),)
