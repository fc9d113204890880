"""The pool's decisions, without threads: who gets what, and in which order."""

from dataclasses import dataclass, field

import pytest

from gateway.errors import M
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits, Place, Waiter
from gateway.imsconnect.places import Places
from gateway.observe.events import PathOpened, SocketsRefused
from tests.fixtures.clock import SetClock


@dataclass(eq=False)
class FakeSession:
    lane: Lane = Lane.REPLIES
    reusable: bool = True
    log: list[str] = field(default_factory=list)

    def is_quiet(self) -> bool:
        raise AssertionError("decisions do no I/O")

    def close(self) -> None:
        raise AssertionError("decisions do no I/O")

    def abort(self) -> None:
        self.log.append("aborted")


@pytest.fixture(autouse=True)
def woken() -> list[Waiter[FakeSession]]:
    WOKEN.clear()
    return WOKEN


@pytest.fixture
def places(clock) -> Places[FakeSession]:
    return Places("ims1", Limits(size=2, wait=5, idle=240), clock, lambda: 0.0)


WOKEN: list[Waiter[FakeSession]] = []


def enter(
    places: Places[FakeSession], lane: Lane = Lane.REPLIES, *, again: bool = False
) -> Waiter[FakeSession]:
    waiter = Waiter[FakeSession](lane, lambda: WOKEN.append(waiter))
    places.enter(waiter, again=again)
    return waiter


def connect(places: Places[FakeSession], lane: Lane = Lane.REPLIES) -> Place[FakeSession]:
    """Enter, be allowed to connect, and succeed."""
    place = enter(places, lane).place
    assert place is not None
    places.connected(place, FakeSession(lane))
    return place


def test_the_first_may_connect_and_the_surplus_waits(places, woken):
    waiters = [enter(places) for _ in range(5)]
    assert [waiter.open for waiter in waiters] == [False, False, True, True, True]
    assert woken == waiters[:2]
    assert (places.stats().connecting, places.stats().waiting) == (2, 3)


def test_a_session_that_comes_back_goes_to_the_head_of_the_queue(places):
    held = [connect(places), connect(places)]
    first, second = enter(places), enter(places)
    places.give_back(held[0], None)
    places.settle()
    assert first.place is held[0]
    assert second.open


def test_nobody_passes_those_who_wait(places):
    held = [connect(places), connect(places)]
    first = enter(places)
    places.give_back(held[0], None)
    late = enter(places)
    assert first.place is held[0]
    assert late.open


def test_who_was_given_a_bad_session_is_first_again(places):
    held = [connect(places), connect(places)]
    first = enter(places)
    unlucky = enter(places, again=True)
    places.give_back(held[0], None)
    places.settle()
    assert unlucky.place is held[0]
    assert first.open


def test_who_leaves_from_the_middle_of_the_queue_is_passed_over(places):
    held = [connect(places), connect(places)]
    first, second, third = (enter(places) for _ in range(3))
    places.leave(second)
    for place in held:
        places.give_back(place, None)
        places.settle()
    assert (first.place, third.place) == (held[0], held[1])
    assert second.place is None


def test_sessions_to_close_are_named_not_closed(places):
    place = connect(places)
    assert place.session is not None
    place.session.reusable = False
    places.give_back(place, None)
    assert places.take_doomed() == [place.session]
    assert places.take_doomed() == []


def test_other_tries_of_the_same_moment_still_give_hope_when_one_fails(places):
    one, two = enter(places), enter(places)
    waiting = enter(places)
    assert one.place is not None
    assert two.place is not None
    assert not places.not_connected(one.place, "refused")
    places.settle()
    assert waiting.open, "the other try may still succeed"
    places.connected(two.place, FakeSession())
    places.settle()
    assert waiting.place is not None


def test_when_the_last_of_them_fails_everybody_is_told(places):
    one, two = enter(places), enter(places)
    waiting = enter(places)
    for waiter in (one, two):
        assert waiter.place is not None
        places.not_connected(waiter.place, "refused")
        places.settle()
    assert waiting.refusal is not None
    assert waiting.refusal.message is M.UNREACHABLE


def test_a_closed_pool_serves_those_in_the_house_and_keeps_no_session(places):
    held = [connect(places), connect(places)]
    inside = enter(places)
    places.closed = True
    outside = enter(places)
    assert outside.refusal is not None
    assert outside.refusal.message is M.STOPPING
    places.leave(inside)
    inside = enter(places, again=True)
    places.give_back(held[0], None)
    places.settle()
    assert inside.place is held[0]
    places.give_back(held[0], None)
    places.settle()
    assert places.take_doomed() == [held[0].session]
    assert not places.drained
    places.give_back(held[1], None)
    places.settle()
    assert places.drained


def test_an_aborted_pool_serves_nobody(places):
    held = [connect(places), connect(places)]
    inside = enter(places)
    places.closed = True
    places.abort()
    places.settle()
    assert inside.refusal is not None
    assert inside.refusal.message is M.STOPPING
    for place in held:
        assert place.session is not None
        assert place.session.log == ["aborted"]


def test_idle_sessions_of_the_other_lane_make_room_oldest_first(places, clock):
    held = [connect(places, Lane.ONE_WAY), connect(places, Lane.ONE_WAY)]
    for place in held:
        clock.move(1)
        places.give_back(place, None)
    waiter = enter(places, Lane.REPLIES)
    assert waiter.place is not None
    assert waiter.place.session is None
    assert places.take_doomed() == [held[0].session]
    assert places.stats().evicted == 1


def test_what_is_due_next_is_the_expiry_of_the_session_idle_longest(places, clock):
    assert places.next_due() is None
    held = [connect(places), connect(places, Lane.ONE_WAY)]
    start = clock.monotonic()
    places.give_back(held[0], None)
    clock.move(10)
    places.give_back(held[1], None)
    assert places.next_due() == start + 240


ONE, TWO, THREE = (Lane.dedicated(f"CLIENT0{number}") for number in (1, 2, 3))


def make(clock, **limits) -> Places[FakeSession]:
    size = limits.pop("size", 2)
    return Places("ims1", Limits(size, 5, 240, **limits), clock, lambda: 0.0, "ims.example:9999")


class TestAtOnce:
    """What a request would get by entering an empty queue, without the queue."""

    def test_the_session_used_last_is_leased_and_counted_like_any(self, places):
        older, newer = connect(places), connect(places)
        for place in (older, newer):
            places.give_back(place, None)
        assert places.at_once(Lane.REPLIES) is newer
        stats = places.stats()
        assert (stats.requests, stats.queued, stats.in_use, stats.idle) == (3, 0, 1, 1)
        assert places.at_once(Lane.REPLIES) is older
        assert places.at_once(Lane.REPLIES) is None

    def test_nobody_who_waits_is_passed(self, places):
        held = connect(places)
        connect(places)
        first = enter(places)
        places.give_back(held, None)
        assert places.at_once(Lane.REPLIES) is None
        places.settle()
        assert first.place is held

    def test_it_takes_only_sessions_of_its_lane(self, places):
        places.give_back(connect(places), None)
        assert places.at_once(Lane.ONE_WAY) is None
        assert places.at_once(ONE) is None

    @pytest.mark.parametrize("state", ["closed", "draining", "aborted"])
    def test_a_pool_that_serves_nobody_has_nothing(self, places, state):
        places.give_back(connect(places), None)
        setattr(places, state, True)
        assert places.at_once(Lane.REPLIES) is None
        assert places.stats().requests == 1, "who enters instead is counted there"

    def test_one_that_is_too_old_is_left_for_the_queue_to_close(self, clock):
        places = make(clock, max_age=100, max_age_jitter=0)
        place = connect(places)
        session = place.session
        places.give_back(place, None)
        clock.move(100)
        assert places.at_once(Lane.REPLIES) is None
        assert places.take_doomed() == []
        entered = enter(places).place
        assert entered is not None
        assert entered.session is None
        assert places.take_doomed() == [session]


class TestDedicatedLanes:
    def test_a_client_id_has_one_session_and_the_second_borrower_waits(self, places):
        held = connect(places, ONE)
        second = enter(places, ONE)
        assert second.open
        places.give_back(held, None)
        places.settle()
        assert second.place is held

    def test_while_it_is_being_connected_the_second_waits_too(self, places):
        first, second = enter(places, ONE), enter(places, ONE)
        assert first.place is not None
        assert second.open
        places.not_connected(first.place, None)
        places.settle()
        assert second.place is not None

    def test_who_waits_for_his_client_id_lets_the_others_pass(self, places):
        connect(places, ONE)
        waiting = enter(places, ONE)
        assert enter(places, TWO).place is not None
        assert waiting.open

    def test_a_client_id_whose_session_went_bad_gets_another_one(self, places):
        held = connect(places, ONE)
        second = enter(places, ONE)
        places.stale(held)
        places.settle()
        assert second.place is not None
        assert second.place.session is None

    def test_sessions_of_a_client_id_go_to_nobody_else(self, places):
        places.give_back(connect(places, ONE), None)
        waiter = enter(places)
        assert waiter.place is not None
        assert waiter.place.session is None

    def test_a_new_client_id_takes_the_place_of_the_session_idle_longest(self, places, clock):
        held = [connect(places, ONE), connect(places, TWO)]
        for place in (held[1], held[0]):
            clock.move(1)
            places.give_back(place, None)
        assert enter(places, THREE).place is not None
        assert places.take_doomed() == [held[1].session]

    def test_a_full_pool_in_use_lets_a_new_client_id_wait(self, places):
        held = [connect(places, ONE), connect(places, TWO)]
        waiter = enter(places, THREE)
        assert waiter.open
        places.give_back(held[0], None)
        places.settle()
        assert waiter.place is not None
        assert places.take_doomed() == [held[0].session]

    def test_who_leaves_before_the_session_comes_gives_the_client_id_free(self, places):
        first = enter(places, ONE)
        places.leave(first)
        assert enter(places, ONE).place is not None

    def test_a_session_granted_and_not_used_goes_back_to_its_client_id(self, places):
        places.give_back(connect(places, ONE), None)
        granted = enter(places, ONE)
        place = granted.place
        places.leave(granted)
        assert enter(places, ONE).place is place

    def test_a_session_that_changes_its_lane_is_found_under_the_new_one(self, places):
        place = connect(places)
        assert place.session is not None
        place.session.lane = Lane.ONE_WAY
        places.give_back(place, None)
        assert enter(places, Lane.ONE_WAY).place is place


class TestLearnedLimit:
    def test_while_others_work_a_refused_socket_shrinks_the_pool_for_a_while(self, clock):
        places = make(clock, size=8)
        held = [connect(places) for _ in range(3)]
        waiter = enter(places)
        assert waiter.place is not None
        assert places.not_connected(waiter.place, "refused")
        places.settle()
        stats = places.stats()
        assert (stats.limit, stats.size, stats.backing_off) == (3, 8, 0.0)
        assert "3 of 8 (for now 3) open" in repr(stats)
        late = enter(places)
        assert late.open, "nobody tries to connect"
        places.give_back(held[0], None)
        places.settle()
        assert late.place is held[0]
        clock.move(1)
        assert enter(places).place is not None, "one more is tried"
        assert enter(places).open

    def test_it_is_told_once_a_reporting_interval(self, clock):
        places = make(clock, size=8)
        connect(places)
        told = []
        for _ in range(40):
            clock.move(60)
            waiter = enter(places)
            assert waiter.place is not None
            places.not_connected(waiter.place, "refused")
            told += places.take_events()
            clock.move(30)
            places.take_events()
        assert told[0] == SocketsRefused("ims1", "ims.example:9999", 1, "refused")
        assert len(told) == 40

    def test_within_the_interval_it_is_not_told_again(self, clock):
        places = make(clock, size=8)
        connect(places)
        told = []
        for _ in range(3):
            waiter = enter(places)
            assert waiter.place is not None
            places.not_connected(waiter.place, "refused")
            told += places.take_events()
            clock.move(10)
        assert len(told) == 1

    def test_when_nothing_is_open_any_more_it_is_a_path_that_is_down(self, clock):
        places = make(clock, size=8)
        held = connect(places)
        for expected in (1, 8):
            waiter = enter(places)
            assert waiter.place is not None
            places.not_connected(waiter.place, "refused")
            assert places.stats().limit == expected
            clock.move(1)
            if expected == 1:
                places.stale(held)
                places.settle()
        assert isinstance(places.take_events()[-1], PathOpened)
        assert places.stats().backing_off >= 0


class TestPassing:
    def test_who_waits_to_connect_lets_those_pass_whose_sessions_are_idle(self, clock):
        places = make(clock, size=4)
        one_way, replies = connect(places, Lane.ONE_WAY), connect(places)
        assert one_way.session is not None
        one_way.session.lane = Lane.ONE_WAY
        refused = enter(places)
        assert refused.place is not None
        places.not_connected(refused.place, "refused")
        places.settle()
        stuck = enter(places)
        places.give_back(one_way, None)
        assert stuck.open
        places.settle()
        # the limit is reached, so the idle session of another lane makes room
        assert stuck.place is not None
        assert places.take_doomed() == [one_way.session]
        assert replies.session is not None

    def test_in_back_off_an_idle_session_of_another_lane_serves_who_comes_later(self, clock):
        places = make(clock, size=4)
        one_way = connect(places, Lane.ONE_WAY)
        assert one_way.session is not None
        one_way.session.lane = Lane.ONE_WAY
        places.give_back(one_way, None)
        probe = enter(places)
        assert probe.place is not None
        places.not_connected(probe.place, "refused")
        held = enter(places, Lane.ONE_WAY).place
        assert held is one_way
        stuck = enter(places)
        assert stuck.open, "a session in use gives hope"
        later = enter(places, Lane.ONE_WAY)
        assert later.open
        places.give_back(one_way, None)
        places.settle()
        assert later.place is one_way


class TestDraining:
    def test_those_who_wait_and_those_who_come_are_sent_away_and_those_inside_finish(self, places):
        held = [connect(places), connect(places)]
        waiting = enter(places)
        places.draining = True
        places.settle()
        assert waiting.refusal is not None
        assert waiting.refusal.message is M.UNREACHABLE
        assert waiting.refusal.private == "drained: the path was taken out of use"
        assert enter(places).refusal is not None
        for place in held:
            places.give_back(place, None)
        places.settle()
        assert places.take_doomed() == [place.session for place in held]
        assert places.drained
        assert places.stats().state == "draining"
        assert places.next_due() is None
        assert places.chore() is None

    def test_it_can_end(self, places):
        places.draining = True
        assert enter(places).refusal is not None
        places.draining = False
        assert enter(places).place is not None


class TestProbing:
    """Which of several endpoints is back is looked up in the background."""

    def down(self, clock) -> Places[FakeSession]:
        places = make(clock, probe_in_background=True)
        first = enter(places)
        assert first.place is not None
        places.not_connected(first.place, "refused")
        return places

    def test_callers_do_not_pay_for_it(self, clock):
        places = self.down(clock)
        clock.move(99)
        waiter = enter(places)
        assert waiter.refusal is not None
        assert places.stats().connecting == 0

    def test_the_housekeeper_does_it_when_it_is_time(self, clock):
        places = self.down(clock)
        assert places.next_due() == clock.monotonic() + 0.05
        assert places.chore() is None
        clock.move(0.05)
        place = places.chore()
        assert place is not None
        assert place.session is None
        assert places.chore() is None
        assert places.next_due() is None, "it is under way"
        places.connected(place, FakeSession())
        places.checked(place)
        places.settle()
        assert (places.stats().idle, places.stats().checks) == (1, 1)
        assert enter(places).place is place

    def test_who_has_no_other_path_tries_himself(self, clock):
        places = self.down(clock)
        clock.move(1)
        waiter = Waiter[FakeSession](Lane.REPLIES, lambda: None, eager=True)
        places.enter(waiter, again=False)
        assert waiter.place is not None

    def test_with_one_endpoint_callers_try(self, places, clock):
        first = enter(places)
        assert first.place is not None
        places.not_connected(first.place, "refused")
        assert places.next_due() is None
        clock.move(1)
        assert enter(places).place is not None


class TestWarmth:
    def test_nothing_is_opened_unasked(self, clock):
        places = make(clock, size=4, min_open=3)
        assert places.next_due() is None
        places.keep_open = True
        assert places.next_due() == clock.monotonic()

    def test_as_many_are_opened_as_are_missing_and_no_more_than_there_may_be(self, clock):
        places = make(clock, size=4, min_open=3)
        connect(places)
        places.keep_open = True
        for _ in range(2):
            place = places.chore()
            assert place is not None
            places.connected(place, FakeSession())
            places.checked(place)
        assert places.chore() is None
        assert (places.stats().idle, places.stats().in_use) == (2, 1)
        assert make(clock, size=1, min_open=3).next_due() is None

    def test_what_expires_is_opened_again(self, clock):
        places = make(clock, size=4, min_open=1)
        places.keep_open = True
        place = places.chore()
        assert place is not None
        places.connected(place, FakeSession())
        places.checked(place)
        clock.move(240)
        again = places.chore()
        assert places.take_doomed() == [place.session]
        assert again is not None
        assert again.session is None

    def test_while_nothing_can_be_reached_it_is_left_to_the_callers(self, clock):
        places = make(clock, size=4, min_open=1)
        places.keep_open = True
        place = places.chore()
        assert place is not None
        places.not_connected(place, "refused")
        assert places.next_due() is None

    def test_at_the_limit_that_was_learned_one_is_tried_now_and_then(self, clock):
        places = make(clock, size=4, min_open=3)
        held = connect(places)
        places.keep_open = True
        place = places.chore()
        assert place is not None
        places.not_connected(place, "refused")
        assert places.chore() is None
        assert places.next_due() == clock.monotonic() + 1
        clock.move(1)
        place = places.chore()
        assert place is not None
        assert places.next_due() is None, "one at a time"
        assert held.session is not None


class TestPings:
    def test_a_session_is_due_when_nothing_happened_on_it_for_so_long(self, clock):
        places = make(clock, ping=60)
        held = connect(places)
        places.give_back(held, None)
        assert places.next_due() == clock.monotonic() + 60
        clock.move(60)
        assert places.chore() is held
        assert places.stats().in_use == 1
        places.checked(held)
        assert places.chore() is None
        assert places.next_due() == clock.monotonic() + 60

    def test_pings_do_not_keep_an_unused_session_open_for_ever(self, clock):
        places = make(clock, ping=60)
        held = connect(places)
        places.give_back(held, None)
        for _ in range(4):
            clock.move(60)
            assert places.chore() is held
            places.checked(held)
        assert places.take_doomed() == [held.session]
        assert places.stats().expired == 1

    def test_a_client_id_waits_for_the_ping_on_its_session(self, clock):
        places = make(clock, ping=60)
        held = connect(places, ONE)
        places.give_back(held, None)
        clock.move(60)
        assert places.chore() is held
        waiter = enter(places, ONE)
        assert waiter.open
        places.checked(held)
        places.settle()
        assert waiter.place is held

    def test_one_that_did_not_answer_is_closed(self, clock):
        places = make(clock, ping=60)
        held = connect(places)
        places.give_back(held, None)
        clock.move(60)
        assert places.chore() is held
        places.stale(held)
        assert places.take_doomed() == [held.session]


class RunningClock(SetClock):
    """Later each time it is asked, as real clocks are."""

    def monotonic(self) -> float:
        self.move(1e-6)
        return super().monotonic()


def test_what_is_due_now_is_done_now_though_the_clock_runs():
    places = make(RunningClock(), size=4, min_open=1, ping=60)
    places.keep_open = True
    place = places.chore()
    assert place is not None
    places.connected(place, FakeSession())
    places.checked(place)
    due = places.next_due()
    assert due is not None
    assert due > places.now() + 59
