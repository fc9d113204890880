"""Regions: inputs that wait for one, in which order they run, and when they are discarded instead."""

import asyncio

import pytest

from gateway.standin import Context, Reply
from gateway.standin.regions import Regions
from gateway.standin.units import UnitOfWork
from tests.unit.standin.by_hand import (
    CM0,
    CONFIRM,
    FOREVER,
    ORDER,
    TEN_MS,
    message,
    refusal,
    reply,
    text,
    until,
)

EXPIRES = 0x01
"""IRM_F1_TRNEXP."""


class Gate:
    """Answers with its input once the test has let that through; `entered` are those that were scheduled."""

    entered: list[str]
    open: dict[str, asyncio.Event]
    loop: asyncio.AbstractEventLoop

    async def run(self, context: Context) -> Reply:
        Gate.loop = asyncio.get_running_loop()
        event = Gate.open.setdefault(context.text, asyncio.Event())
        Gate.entered.append(context.text)
        await event.wait()
        return context.text_reply(context.text)


def let(word: str) -> None:
    """Let the run with this input go on."""
    until(lambda: word in Gate.entered)
    Gate.loop.call_soon_threadsafe(Gate.open[word].set)


@pytest.fixture
def busy(standin_factory):
    """A stand-in with GATE, one region for it."""
    Gate.entered, Gate.open = [], {}
    return standin_factory(transactions={"GATE": {"program": f"{__name__}:Gate", "regions": 1}})


def waiting(standin, count):
    until(lambda: standin.datastore("IMS1").ims.regions.waiting("GATE") == count)


class TestRegions:
    def test_inputs_beyond_the_regions_wait_and_run_in_order(self, busy, connect):
        clients = [connect(busy) for _ in range(3)]
        for number, client in enumerate(clients):
            client.send(text(f"GATE {number}", client=f"CLIENT{number}"))
            until(lambda number=number: len(busy.datastore("IMS1").ims.inputs) == number + 1)
        until(lambda: Gate.entered)
        waiting(busy, 2)
        assert Gate.entered == ["0"]
        for number, client in enumerate(clients):
            let(str(number))
            assert client.output() == reply(str(number))
        assert Gate.entered == ["0", "1", "2"]

    def test_a_region_is_occupied_until_the_client_has_answered(self, busy, connect):
        first, second = connect(busy), connect(busy)
        first.send(text("GATE A", f3=CONFIRM))
        let("A")
        assert first.output() == reply("A", flags=0x30)
        second.send(text("GATE B", client="SECOND"))
        waiting(busy, 1)
        assert Gate.entered == ["A"]
        first.ask(message(verb="A", f3=CONFIRM))
        let("B")
        assert second.output() == reply("B")

    def test_other_transactions_are_not_held_up(self, busy, connect):
        first, second = connect(busy), connect(busy)
        first.send(text("GATE A"))
        until(lambda: Gate.entered)
        assert second.ask(text("ECHO 1", client="SECOND")) == reply("1")

    def test_without_a_region_nothing_runs(self, standin_factory, connect):
        standin = standin_factory(transactions={"ECHO": {"regions": 0}})
        client = connect(standin)
        assert client.ask(text("ECHO 1", timer=TEN_MS)) == refusal(40, TEN_MS)
        assert standin.datastore("IMS1").ims.regions.waiting("ECHO") == 1

    def test_a_restart_frees_the_regions(self, busy, connect):
        client = connect(busy)
        client.send(text("GATE A"))
        until(lambda: Gate.entered)
        connect(busy).send(text("GATE B", client="SECOND"))
        waiting(busy, 1)
        busy.restart()
        assert busy.datastore("IMS1").ims.regions.active == ()
        connect(busy).send(text("GATE C"))
        let("C")

    def test_a_client_that_left_does_not_keep_its_region(self, busy, connect):
        first, second = connect(busy), connect(busy)
        first.send(text("GATE A", f3=CONFIRM))
        until(lambda: Gate.entered)
        first.close()
        second.send(text("GATE B", client="SECOND"))
        waiting(busy, 1)
        let("A")
        let("B")
        assert second.output() == reply("B")

    def test_a_cancelled_turn_passes_on(self):
        async def scenario() -> None:
            regions, first, third = Regions({"T": 1}, frozenset()), UnitOfWork(), UnitOfWork()
            await regions.acquire("T", first)
            second = asyncio.ensure_future(regions.acquire("T", UnitOfWork()))
            last = asyncio.ensure_future(regions.acquire("T", third))
            await asyncio.sleep(0)
            first.commit()  # it is the turn of the second, which is cancelled before it runs
            second.cancel()
            await last
            assert [region.unit for region in regions.active] == [third]
            third.back_out()
            assert regions.active == ()

        asyncio.run(scenario())


class TestExpiration:
    def test_an_input_that_waited_longer_than_its_timer_is_not_run(self, busy, connect):
        first, second = connect(busy), connect(busy)
        first.send(text("GATE A"))
        until(lambda: Gate.entered)
        assert second.ask(text("GATE B", client="SECOND", timer=TEN_MS, f1=EXPIRES)) == refusal(40, TEN_MS)
        let("A")
        until(lambda: busy.seen[1].outcome == "timed out, DFS3688I")
        assert Gate.entered == ["A"]
        assert busy.datastore("IMS1").ims.regions.active == ()

    def test_without_the_flag_it_runs_for_nobody(self, busy, connect):
        first, second = connect(busy), connect(busy)
        first.send(text("GATE A"))
        until(lambda: Gate.entered)
        assert second.ask(text("GATE B", client="SECOND", timer=TEN_MS)) == refusal(40, TEN_MS)
        let("A")
        let("B")
        until(lambda: busy.seen[1].outcome == "timed out, lost")

    def test_what_expired_leaves_nothing_on_the_hold_queue(self, busy, connect):
        first, second = connect(busy), connect(busy)
        first.send(text("GATE A"))
        until(lambda: Gate.entered)
        late = text("GATE B", client="SECOND", timer=TEN_MS, f1=EXPIRES, f2=CM0, f3=CONFIRM)
        assert second.ask(late) == refusal(40, TEN_MS)
        let("A")
        until(lambda: busy.seen[1].outcome == "timed out, DFS3688I")
        assert busy.tpipes.depths == {}

    def test_a_send_only_expires_too(self, busy, connect):
        client = connect(busy)
        client.send(text("GATE A", verb="S", f2=CM0))
        until(lambda: Gate.entered)
        client.send(text("GATE B", verb="S", f2=CM0, timer=TEN_MS, f1=EXPIRES))
        waiting(busy, 1)
        client.ask(text("SLEEP 11"))  # ten milliseconds later
        let("A")
        until(lambda: busy.seen[1].outcome == "DFS3688I")
        assert Gate.entered == ["A"]
        assert busy.tpipes.depths == {"CLIENT01": 1}

    def test_for_ever_does_not_expire(self, busy, connect):
        first, second = connect(busy), connect(busy)
        first.send(text("GATE A"))
        until(lambda: Gate.entered)
        second.send(text("GATE B", client="SECOND", timer=FOREVER, f1=EXPIRES))
        waiting(busy, 1)
        let("A")
        let("B")
        assert second.output() == reply("B")

    def test_an_input_that_runs_in_time_does_not_expire_while_it_runs(self, client):
        assert client.ask(text("SLEEP 30", f1=EXPIRES, timer=TEN_MS)) == refusal(40, TEN_MS)
        assert client.ask(text("SLEEP 5", f1=EXPIRES)) == reply("5")


class TestOrder:
    def test_send_only_in_order_runs_one_after_the_other(self, standin_factory, connect):
        Gate.entered, Gate.open = [], {}
        standin = standin_factory(transactions={"GATE": {"program": f"{__name__}:Gate"}})
        client = connect(standin)
        for word in "AB":
            client.send(text(f"GATE {word}", verb="S", f2=CM0, f3=ORDER))
        until(lambda: len(standin.datastore("IMS1").ims.inputs) == 2)
        until(lambda: Gate.entered)
        client.assert_open()
        assert Gate.entered == ["A"]
        let("A")
        let("B")

    def test_with_acknowledgment_the_order_is_not_kept(self, standin_factory, connect):
        Gate.entered, Gate.open = [], {}
        standin = standin_factory(transactions={"GATE": {"program": f"{__name__}:Gate"}})
        client = connect(standin)
        for word in "AB":
            client.ask(text(f"GATE {word}", verb="K", f2=CM0, f3=ORDER))
        until(lambda: sorted(Gate.entered) == ["A", "B"])
