"""The pool's decisions, without threads: who gets what, and in which order."""

from dataclasses import dataclass, field

import pytest

from gateway.errors import M
from gateway.imsconnect.lane import Lane
from gateway.imsconnect.place import Limits, Place, Waiter
from gateway.imsconnect.places import Places


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
