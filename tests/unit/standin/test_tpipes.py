"""Hold queues in memory: order, delivery, and what becomes of messages that were on their way."""

import asyncio

import pytest

from gateway.exchange import Undeliverable
from gateway.standin.demands import Fallback
from gateway.standin.held import CalloutRequest, HeldOutput, Kind
from gateway.standin.tpipes import Tpipes

FIRST, SECOND, THIRD = HeldOutput((b"1",)), HeldOutput((b"2",)), HeldOutput((b"3",))
BOTH = (Kind.SYNC, Kind.ASYNC)


@pytest.fixture
def tpipes() -> Tpipes:
    made = Tpipes()
    made.hold("A", FIRST)
    made.hold("A", SECOND)
    return made


def take(tpipes: Tpipes, tpipe: str = "A"):
    delivery = tpipes.take(tpipe)
    assert delivery is not None
    return delivery


class TestOrder:
    def test_outputs_leave_in_the_order_they_came(self, tpipes):
        assert tpipes.held("A") == (FIRST, SECOND)
        assert [take(tpipes).held, take(tpipes).held, tpipes.take("A")] == [FIRST, SECOND, None]

    def test_what_is_put_back_stands_where_it_stood(self, tpipes):
        first, second = take(tpipes), take(tpipes)
        tpipes.hold("A", THIRD)
        second.put_back()
        first.put_back()
        assert tpipes.held("A") == (FIRST, SECOND, THIRD)

    def test_what_was_sent_before_something_came_stands_before_it(self, tpipes):
        sent = tpipes.send("A", HeldOutput((b"sent",)))
        tpipes.hold("A", THIRD)
        sent.put_back()
        assert [output.segments[0] for output in tpipes.held("A")] == [b"1", b"2", b"sent", b"3"]

    def test_a_queue_that_is_empty_does_not_exist(self, tpipes):
        tpipes.hold("B", FIRST)
        take(tpipes), take(tpipes)
        assert tpipes.depths == {"B": 1}
        assert (tpipes.depth("A"), tpipes.depth("B")) == (0, 1)


class TestFate:
    def test_an_acknowledged_output_is_gone(self, tpipes):
        delivery = take(tpipes)
        assert tpipes.in_delivery == 1
        delivery.acknowledge()
        assert (tpipes.held("A"), tpipes.in_delivery, delivery.fate) == ((SECOND,), 0, "acknowledged")

    def test_the_first_word_counts(self, tpipes):
        delivery = take(tpipes)
        delivery.acknowledge()
        delivery.put_back()
        assert tpipes.held("A") == (SECOND,)

    @pytest.mark.parametrize(
        ("fallback", "fate", "depths"),
        [
            (Fallback(Undeliverable.HOLD), "held", {"A": 2}),
            (Fallback(Undeliverable.PURGE), "purged", {"A": 1}),
            (Fallback(Undeliverable.REROUTE, "B"), "rerouted", {"A": 1, "B": 1}),
        ],
    )
    def test_undelivered_output_is_put_away(self, tpipes, fallback, fate, depths):
        assert take(tpipes).put_away(fallback) == fate
        assert tpipes.depths == depths

    def test_rerouted_output_comes_last(self, tpipes):
        tpipes.hold("B", THIRD)
        take(tpipes).put_away(Fallback(Undeliverable.REROUTE, "B"))
        assert tpipes.held("B") == (THIRD, FIRST)

    def test_clear_empties_all_for_good(self, tpipes):
        delivery = take(tpipes)
        tpipes.clear()
        delivery.put_back()
        assert (tpipes.depths, tpipes.in_delivery) == ({}, 0)


class TestKinds:
    def test_callout_requests_come_first_and_count_apart(self, tpipes):
        async def scenario() -> None:
            answer = asyncio.get_running_loop().create_future()
            request = CalloutRequest(b"", b"", (), "", "", answer)
            waiting = tpipes.request("A", request)
            assert (tpipes.depths, tpipes.requests) == ({"A": 2}, {"A": 1})
            taken = tpipes.take("A", BOTH)
            assert taken is not None
            assert taken.held is request
            assert tpipes.take("A", (Kind.SYNC,)) is None
            waiting.discard()
            taken.put_back()
            assert tpipes.requests == {}

        asyncio.run(scenario())

    def test_a_tpipe_is_known_by_its_output_or_by_definition(self, tpipes):
        tpipes.define("B")
        assert [tpipes.exists(name) for name in "ABC"] == [True, True, False]


class TestWaiting:
    def test_a_change_wakes_those_who_wait_for_that_tpipe(self):
        async def scenario() -> tuple[bool, bool, bool]:
            tpipes = Tpipes()
            given_up, waiting, other = tpipes.changed("A"), tpipes.changed("A"), tpipes.changed("B")
            given_up.cancel()
            tpipes.hold("A", FIRST)
            return waiting.done(), other.done(), tpipes.changed("A").done()

        assert asyncio.run(scenario()) == (True, False, False)
