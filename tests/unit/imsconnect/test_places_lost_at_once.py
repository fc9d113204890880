"""A socket lost in its first conversation: IMS Connect at its MAXSOC may close it when the request has left."""

import pytest

from gateway.imsconnect.place import Limits, Place
from gateway.imsconnect.places import Places
from gateway.observe.events import SocketsRefused
from tests.unit.imsconnect.test_places import FakeSession, connect, enter


@pytest.fixture
def places(clock) -> Places[FakeSession]:
    return Places("ims1", Limits(size=8, wait=5, idle=240), clock, lambda: 0.0)


def lose(places: Places[FakeSession], place: Place[FakeSession]) -> None:
    """End a conversation that broke off."""
    assert place.session is not None
    place.session.reusable = False
    places.give_back(place, "connections_lost")
    places.settle()


def prove(places: Places[FakeSession], count: int) -> None:
    """Have sessions that a conversation has ended on."""
    held = [connect(places) for _ in range(count)]
    for place in held:
        places.give_back(place, None)
    places.settle()


def test_beside_sessions_that_work_it_is_a_limit(places):
    prove(places, 3)
    for _ in range(3):
        assert enter(places).place
    fresh = connect(places)
    assert not places.wary
    lose(places, fresh)
    assert places.stats().limit == 3
    assert enter(places).open, "nobody tries to connect"
    assert [type(event) for event in places.take_events()] == [SocketsRefused]


def test_what_is_tried_later_is_pinged_before_anything_is_sent_on_it(places, clock):
    prove(places, 3)
    for _ in range(3):
        assert enter(places).place
    lose(places, connect(places))
    assert places.wary
    clock.move(1)
    later = enter(places).place
    assert later is not None, "one more is tried"
    places.connected(later, FakeSession())
    places.give_back(later, None)
    assert places.stats().limit == 5


def test_where_no_other_has_worked_it_says_nothing(places):
    fresh, other = connect(places), connect(places)
    lose(places, fresh)
    lose(places, other)
    assert places.stats().limit == 8
    assert not places.wary


def test_one_that_worked_before_says_nothing(places):
    prove(places, 2)
    waiter = enter(places)
    assert waiter.place is not None
    lose(places, waiter.place)
    assert places.stats().limit == 8
