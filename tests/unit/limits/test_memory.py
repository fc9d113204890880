"""Counters in memory: sliding windows by the clock, bounded in number."""

from hypothesis import given
from hypothesis import strategies as st
from limits.limits import RateLimitItemPerSecond
from limits.strategies import SlidingWindowCounterRateLimiter

from gateway.limits.counting import wait_of
from gateway.limits.memory import BoundedMemory
from tests.fixtures.clock import SetClock


def taken(memory, amount, seconds, tries, key="k"):
    limiter, item = SlidingWindowCounterRateLimiter(memory), RateLimitItemPerSecond(amount, seconds)
    return sum(limiter.hit(item, key) for _ in range(tries))


def test_so_many_go_through_and_no_more(clock):
    memory = BoundedMemory(clock)
    assert taken(memory, 5, 10, 20) == 5
    assert taken(memory, 5, 10, 20, key="other") == 5


def test_what_the_window_before_counted_fades_as_this_one_goes_on():
    clock = SetClock()
    memory = BoundedMemory(clock)  # the clock begins with a window: 1000 s
    assert taken(memory, 10, 10, 20) == 10
    clock.move(10)
    assert taken(memory, 10, 10, 20) == 0, "no second burst where two windows meet"
    clock.move(5)
    assert taken(memory, 10, 10, 20) == 5
    clock.move(25)
    assert taken(memory, 10, 10, 20) == 10, "all is forgotten after two windows"


def test_no_more_keys_are_kept_than_there_is_room_for_and_the_quiet_ones_go_first(clock):
    memory = BoundedMemory(clock, most_keys=3)
    for key in "abc":
        assert taken(memory, 1, 60, 1, key) == 1
    assert taken(memory, 1, 60, 1, "a") == 0
    assert taken(memory, 1, 60, 1, "d") == 1
    assert len(memory) == 3
    assert [taken(memory, 1, 60, 1, key) for key in "ac"] == [0, 0]
    assert taken(memory, 1, 60, 1, "b") == 1, "it was quiet longest"


def test_a_key_can_be_forgotten(clock):
    memory = BoundedMemory(clock)
    assert taken(memory, 1, 60, 2) == 1
    memory.clear_sliding_window("LIMITER/k/1/60/second", 60)
    assert taken(memory, 1, 60, 2) == 1
    assert memory.reset() == 1
    assert memory.check()


@given(
    amount=st.integers(1, 20),
    seconds=st.integers(1, 30),
    pauses=st.lists(st.floats(0, 10), min_size=1, max_size=60),
)
def test_a_window_lets_its_amount_through_and_who_is_refused_is_told_when_to_come_again(
    amount, seconds, pauses
):
    clock = SetClock()
    memory = BoundedMemory(clock)
    limiter, item = SlidingWindowCounterRateLimiter(memory), RateLimitItemPerSecond(amount, seconds)
    counted = {}
    for pause in pauses:
        clock.move(pause)
        window = int(clock.monotonic() // seconds)
        if limiter.hit(item, "k"):
            counted[window] = counted.get(window, 0) + 1
            assert counted[window] <= amount
            continue
        wait = wait_of(amount, seconds, memory.get_sliding_window(item.key_for("k"), seconds))
        assert 0 < wait <= 2 * seconds
        clock.move(wait * 0.999 - 0.001)
        assert not limiter.hit(item, "k"), "not a moment earlier"
        clock.move(wait * 0.001 + 0.002)
        assert limiter.hit(item, "k"), "the time that was told"
        window = int(clock.monotonic() // seconds)
        counted[window] = counted.get(window, 0) + 1
