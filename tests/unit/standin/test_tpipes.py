import asyncio

from gateway.standin.tpipes import HeldOutput, Tpipes

FIRST, SECOND = HeldOutput((b"1",)), HeldOutput((b"2",))


class TestTpipes:
    def test_outputs_leave_in_the_order_they_came(self):
        tpipes = Tpipes()
        tpipes.hold("A", FIRST)
        tpipes.hold("A", SECOND)
        assert tpipes.held("A") == (FIRST, SECOND)
        assert [tpipes.take("A"), tpipes.take("A"), tpipes.take("A")] == [FIRST, SECOND, None]

    def test_what_is_put_back_comes_first_again(self):
        tpipes = Tpipes()
        tpipes.hold("A", FIRST)
        tpipes.hold("A", SECOND)
        tpipes.put_back("A", tpipes.take("A") or SECOND)
        assert tpipes.held("A") == (FIRST, SECOND)

    def test_a_queue_that_is_empty_does_not_exist(self):
        tpipes = Tpipes()
        tpipes.hold("A", FIRST)
        tpipes.hold("B", FIRST)
        tpipes.take("A")
        assert tpipes.depths == {"B": 1}
        assert (tpipes.depth("A"), tpipes.depth("B")) == (0, 1)

    def test_clear_empties_all(self):
        tpipes = Tpipes()
        tpipes.hold("A", FIRST)
        tpipes.clear()
        assert tpipes.depths == {}

    def test_an_arrival_wakes_those_who_wait_for_that_tpipe(self):
        async def scenario() -> tuple[bool, bool, bool]:
            tpipes = Tpipes()
            given_up, waiting, other = tpipes.arrival("A"), tpipes.arrival("A"), tpipes.arrival("B")
            given_up.cancel()
            tpipes.hold("A", FIRST)
            return waiting.done(), other.done(), tpipes.arrival("A").done()

        assert asyncio.run(scenario()) == (True, False, False)
