"""Which endpoint comes first."""

import pytest

from gateway.errors import M
from gateway.imsconnect.paths import (
    BUSY_SECONDS,
    DOWN_SECONDS,
    FIRST_AWAY_SECONDS,
    LONGEST_AWAY_SECONDS,
    SETTLED_SECONDS,
    Paths,
    Tried,
)

NAMES = ("a:9999", "b:9999", "c:9999")


@pytest.fixture
def order(clock):
    return Paths(NAMES, "order", clock)


@pytest.fixture
def balance(clock):
    return Paths(NAMES, "balance", clock)


def test_there_is_no_bundle_without_an_endpoint(clock):
    with pytest.raises(ValueError, match="at least one endpoint"):
        Paths((), "order", clock)


class TestOrder:
    def test_it_is_that_of_the_configuration(self, order, clock):
        assert order.candidates(clock.monotonic()) == (0, 1, 2)
        assert order.candidates(clock.monotonic(), lambda index: 9 - index) == (0, 1, 2)

    def test_one_that_is_down_comes_last(self, order, clock):
        order.note(0, Tried.DOWN, "refused")
        assert order.candidates(clock.monotonic()) == (1, 2, 0)
        assert not order.healthy(0, clock.monotonic())

    @pytest.mark.parametrize("back", [Tried.UP, Tried.WORKED])
    def test_one_that_is_back_is_preferred_again_after_a_while(self, order, clock, back):
        order.note(0, Tried.DOWN, "refused")
        order.note(0, back)
        assert order.candidates(clock.monotonic()) == (1, 2, 0)
        assert order.healthy(0, clock.monotonic())
        clock.move(SETTLED_SECONDS - 1)
        assert order.candidates(clock.monotonic()) == (1, 2, 0)
        clock.move(1)
        assert order.candidates(clock.monotonic()) == (0, 1, 2)

    def test_one_of_which_nothing_more_is_heard_is_tried_again_in_time(self, order, clock):
        order.note(0, Tried.DOWN, "refused")
        clock.move(DOWN_SECONDS)
        assert order.healthy(0, clock.monotonic())
        assert order.candidates(clock.monotonic()) == (1, 2, 0)
        clock.move(SETTLED_SECONDS)
        assert order.candidates(clock.monotonic()) == (0, 1, 2)

    def test_one_of_which_the_same_is_heard_again_stays_down(self, order, clock):
        for _ in range(20):
            order.note(0, Tried.DOWN, "refused")
            clock.move(DOWN_SECONDS - 1)
            assert not order.healthy(0, clock.monotonic())

    def test_one_that_is_back_but_unsteady_begins_its_while_anew(self, order, clock):
        for _ in range(5):
            order.note(0, Tried.DOWN, "refused")
            clock.move(1)
            order.note(0, Tried.UP)
            clock.move(SETTLED_SECONDS - 1)
            assert order.candidates(clock.monotonic())[0] == 1

    def test_one_that_is_back_is_better_than_one_that_is_down(self, order, clock):
        for index in (0, 1, 2):
            order.note(index, Tried.DOWN, "refused")
        order.note(2, Tried.UP)
        assert order.candidates(clock.monotonic())[0] == 2

    def test_one_without_a_free_socket_is_behind_for_a_moment(self, order, clock):
        order.note(0, Tried.BUSY)
        assert order.candidates(clock.monotonic()) == (1, 2, 0)
        clock.move(BUSY_SECONDS)
        assert order.candidates(clock.monotonic()) == (0, 1, 2)


class TestElsewhere:
    def test_one_that_sends_us_elsewhere_is_left_alone_for_a_while(self, balance, clock):
        balance.note(1, Tried.ELSEWHERE, "8/73")
        assert balance.candidates(clock.monotonic(), lambda _: 0)[-1] == 1
        clock.move(FIRST_AWAY_SECONDS)
        assert balance.healthy(1, clock.monotonic())
        firsts = {balance.candidates(clock.monotonic(), lambda _: 0)[0] for _ in NAMES}
        assert firsts == {0, 1, 2}

    def test_in_order_it_has_to_settle_then(self, order, clock):
        order.note(0, Tried.ELSEWHERE, "8/73")
        clock.move(FIRST_AWAY_SECONDS)
        assert order.candidates(clock.monotonic()) == (1, 2, 0)
        clock.move(SETTLED_SECONDS)
        assert order.candidates(clock.monotonic()) == (0, 1, 2)

    def test_each_time_twice_as_long_up_to_a_bound_until_it_works(self, order, clock):
        def away() -> float:
            order.note(0, Tried.ELSEWHERE, "8/73")
            seconds = 0.0
            while not order.healthy(0, clock.monotonic()):
                clock.move(1)
                seconds += 1
            return seconds

        assert [away() for _ in range(6)] == [15, 30, 60, 120, LONGEST_AWAY_SECONDS, LONGEST_AWAY_SECONDS]
        order.note(0, Tried.WORKED)
        assert away() == FIRST_AWAY_SECONDS

    def test_many_that_hear_the_same_at_once_count_as_one(self, order, clock):
        for _ in range(20):
            order.note(0, Tried.ELSEWHERE, "8/73")
        clock.move(FIRST_AWAY_SECONDS)
        assert order.healthy(0, clock.monotonic())

    def test_what_was_under_way_before_and_ends_well_changes_nothing(self, order, clock):
        order.note(0, Tried.ELSEWHERE, "8/73")
        order.note(0, Tried.WORKED)
        assert not order.healthy(0, clock.monotonic())


class TestBalance:
    def test_the_least_load_comes_first(self, balance, clock):
        load = {0: 5, 1: 2, 2: 3}
        assert balance.candidates(clock.monotonic(), load.__getitem__) == (1, 2, 0)

    def test_equals_take_turns(self, balance, clock):
        orders = [balance.candidates(clock.monotonic(), lambda _: 1) for _ in range(6)]
        assert orders == [(0, 1, 2), (1, 2, 0), (2, 0, 1)] * 2

    def test_without_loads_all_take_turns(self, balance, clock):
        assert [balance.candidates(clock.monotonic())[0] for _ in range(6)] == [0, 1, 2] * 2

    def test_the_load_of_one_that_is_down_is_not_low(self, balance, clock):
        balance.note(1, Tried.DOWN, "refused")
        assert balance.candidates(clock.monotonic(), {0: 5, 1: 0, 2: 3}.__getitem__) == (2, 0, 1)

    def test_one_that_is_back_takes_its_share_at_once(self, balance, clock):
        balance.note(1, Tried.DOWN, "refused")
        balance.note(1, Tried.UP)
        assert balance.candidates(clock.monotonic(), {0: 5, 1: 0, 2: 3}.__getitem__) == (1, 2, 0)


class TestDesperation:
    def test_there_is_hope_while_one_path_is_healthy(self, order, clock):
        for index in (0, 1):
            order.note(index, Tried.DOWN, "refused")
        assert not order.desperate(clock.monotonic())
        order.note(2, Tried.ELSEWHERE, "8/73")
        assert order.desperate(clock.monotonic())

    def test_the_most_hopeful_comes_first_which_is_there_but_sent_us_away(self, order, clock):
        order.note(0, Tried.DOWN, "refused")
        order.note(1, Tried.DOWN, "refused")
        order.note(2, Tried.ELSEWHERE, "8/73")
        assert order.candidates(clock.monotonic())[0] == 2

    def test_then_the_one_that_went_last(self, order, clock):
        for index in (2, 0, 1):
            order.note(index, Tried.DOWN, "refused")
            clock.move(1)
        order.note(2, Tried.DOWN, "refused again, which is not news")
        assert order.candidates(clock.monotonic()) == (1, 0, 2)

    def test_the_error_names_all_of_them_with_their_reasons(self, order):
        order.note(0, Tried.DOWN, "connect: Connection refused")
        order.note(1, Tried.ELSEWHERE, "8/73")
        order.drain(2)
        error = order.unreachable("ims1", {0: "in back-off, 2.0 s left"})
        assert error.message is M.UNREACHABLE
        assert not error.maybe_sent
        assert error.private == (
            "a:9999: in back-off, 2.0 s left; b:9999: 8/73; c:9999: drained: the path was taken out of use"
        )
        assert order.unreachable("ims1").private.startswith("a:9999: connect: Connection refused; ")

    def test_one_that_was_not_tried_is_named_too(self, order):
        assert order.unreachable("ims1").private == "a:9999: not tried; b:9999: not tried; c:9999: not tried"


class TestDraining:
    def test_a_drained_path_is_no_candidate_until_it_is_resumed(self, order, clock):
        order.drain(0)
        assert order.candidates(clock.monotonic()) == (1, 2)
        order.resume(0)
        assert order.candidates(clock.monotonic()) == (0, 1, 2)

    def test_it_is_not_tried_in_desperation_either(self, order, clock):
        order.drain(0)
        for index in (1, 2):
            order.note(index, Tried.DOWN, "refused")
        assert order.desperate(clock.monotonic())
        assert set(order.candidates(clock.monotonic())) == {1, 2}
