"""Lanes before the threads: fair, bounded, in order; nothing is lost whoever gives up."""

import asyncio
from collections import Counter
from dataclasses import replace
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.errors import GatewayError, M
from gateway.web import turns as turns_module
from gateway.web.lanes import OPERATORS, OTHERS, SHARE, Lane
from gateway.web.turns import Turns

FREE = tuple(Lane(name, shares=False) for name in "abc")


class Manual:
    """Threads whose work is done when the test says so."""

    def __init__(self, _begin):
        self.futures = {}
        self.overs = {}

    def run(self, job, over):
        _, work = job.args
        self.futures[work] = asyncio.get_running_loop().create_future()
        self.overs[work] = over
        return asyncio.shield(self.futures[work])

    def finish(self, work):
        self.futures[work].set_result(work)
        self.overs[work]()


class Floor:
    """Turns with requests that end by hand. A request is named by lane and number."""

    def __init__(self, threads, waiting=1000, seconds=1000.0):
        self.refused = []
        self.turns = Turns(
            threads, waiting, seconds, lambda kind, lane: self.refused.append((kind, lane.of_service))
        )
        self.crew = self.turns._crew
        self.tasks = {}
        self.started = []

    async def settle(self):
        for _ in range(6):
            await asyncio.sleep(0)
        self.started += [work for work in self.crew.futures if work not in self.started]

    async def arrive(self, lane, number):
        work = (lane.service, number)
        self.tasks[work] = asyncio.ensure_future(self.turns.run(work, lane))
        # a refusal that nobody asks for would be logged when it is collected: in the middle of another test
        self.tasks[work].add_done_callback(lambda task: task.cancelled() or task.exception())
        await self.settle()
        return work

    async def finish(self, work):
        self.crew.finish(work)
        await self.settle()

    async def give_up(self, work):
        self.tasks[work].cancel()
        await self.settle()

    @property
    def at_work(self):
        return [work for work, future in self.crew.futures.items() if not future.done()]

    @property
    def waiting(self):
        return [work for work, task in self.tasks.items() if not task.done() and work not in self.started]

    async def end(self):
        while self.at_work:
            await self.finish(self.at_work[0])


@pytest.fixture(autouse=True, scope="module")
def manual():
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(turns_module, "Threads", Manual)
        yield


def run(test):
    asyncio.run(test())


def test_one_lane_alone_may_have_all_threads_and_among_others_leaves_an_eighth():
    async def test():
        for lane, most in ((FREE[0], 64), (OTHERS, 56), (Lane("a", most=5), 5), (Lane("a", most=60), 60)):
            floor = Floor(64)
            for number in range(70):
                await floor.arrive(lane, number)
            assert len(floor.at_work) == most

    run(test)


def test_when_two_lanes_are_flooded_the_next_one_finds_a_thread():
    async def test():
        floor = Floor(64)
        for name in ("a", "b"):
            for number in range(64):
                await floor.arrive(Lane(name), number)
        assert Counter(service for service, _ in floor.at_work) == {"a": 56, "b": 7}
        assert await floor.arrive(OPERATORS, 1) in floor.at_work

    run(test)


def test_as_soon_as_threads_turn_over_flooded_lanes_have_equal_shares_and_leave_one_free():
    async def test():
        floor = Floor(64)
        for name in "abcde":
            for number in range(100):
                await floor.arrive(Lane(name), number)
        for work in floor.at_work:
            await floor.finish(work)
        held = Counter(service for service, _ in floor.at_work)
        assert max(held.values()) - min(held.values()) <= 7
        for lane in (OTHERS, OPERATORS):
            assert await floor.arrive(lane, 1) in floor.at_work
            await floor.finish(floor.at_work[0])

    run(test)


def test_with_few_threads_one_lane_may_have_them_all_but_not_one_after_the_other():
    async def test():
        floor = Floor(2)
        for number in range(4):
            await floor.arrive(OTHERS, number)
        late = await floor.arrive(Lane("a"), 1)
        assert len(floor.at_work) == 2
        await floor.finish(("/", 0))
        assert floor.started[-1] == ("/", 2), "it came first"
        await floor.finish(("/", 1))
        assert floor.started[-1] == late, "now the other lane is next"
        await floor.end()

    run(test)


def test_the_bundle_of_several_services_has_a_bound_of_its_own():
    async def test():
        floor = Floor(64)
        lanes = [Lane(name, bundle="slow", bundle_most=10) for name in ("a", "b")]
        for number in range(10):
            for lane in lanes:
                await floor.arrive(lane, number)
        assert Counter(service for service, _ in floor.at_work) == {"a": 5, "b": 5}
        quick = await floor.arrive(Lane("c", bundle="quick", bundle_most=10), 0)
        assert quick in floor.at_work
        await floor.finish(("a", 0))
        assert len(floor.at_work) == 11, "who waits took it over"

    run(test)


def test_a_bundle_among_others_leaves_an_eighth_of_the_threads():
    async def test():
        floor = Floor(16)
        for lane in (Lane("a", bundle="one", bundle_shares=True), Lane("b", bundle="one", bundle_shares=True)):
            for number in range(20):
                await floor.arrive(lane, number)
        assert len(floor.at_work) == 14

    run(test)


def test_one_lane_does_not_take_all_places_to_wait():
    async def test():
        floor = Floor(1, waiting=16)
        for number in range(40):
            await floor.arrive(Lane("flooded"), number)
        assert floor.turns.waiting == 14
        assert set(floor.refused) == {("queue", "flooded")}
        late = await floor.arrive(Lane("late"), 1)
        assert late in floor.waiting
        error = floor.tasks[("flooded", 39)].exception()
        assert isinstance(error, GatewayError)
        assert error.message is M.BUSY
        assert "14 in its lane" in error.private
        await floor.end()

    run(test)


def test_who_waits_too_long_is_told_so_and_counted():
    async def test():
        floor = Floor(1, seconds=0.0)
        await floor.arrive(FREE[0], 0)
        late = await floor.arrive(FREE[1], 1)
        while not floor.tasks[late].done():  # noqa: ASYNC110  a timer of the loop ends it
            await asyncio.sleep(0)
        assert floor.tasks[late].exception().message is M.BUSY
        assert floor.refused == [("waited", "b")]
        assert floor.turns.waiting == 0

    run(test)


def test_what_another_configuration_says_of_a_lane_counts_from_its_next_request_on():
    async def test():
        floor = Floor(8)
        narrow = Lane("a", most=1, shares=False)
        for number in range(4):
            await floor.arrive(narrow, number)
        assert len(floor.at_work) == 1
        await floor.arrive(replace(narrow, most=3), 4)
        assert floor.at_work == [("a", 0), ("a", 1), ("a", 2)]
        await floor.arrive(replace(narrow, most=1), 5)
        for number in range(2):
            await floor.finish(("a", number))
        assert floor.at_work == [("a", 2)], "those beyond the bound end, and nobody takes their place"
        await floor.end()
        assert floor.started == [("a", number) for number in range(6)]

    run(test)


def test_a_lane_that_changes_its_bundle_gives_threads_back_where_it_took_them():
    async def test():
        floor = Floor(8)
        before = Lane("a", shares=False, bundle="one", bundle_most=1)
        first = await floor.arrive(before, 0)
        second = await floor.arrive(replace(before, bundle="two"), 1)
        assert floor.at_work == [first, second]
        await floor.finish(first)
        waits = await floor.arrive(replace(before, bundle="two"), 2)
        assert floor.at_work == [second], "the thread of bundle two is still held"
        assert await floor.arrive(Lane("b", shares=False, bundle="one", bundle_most=1), 0) in floor.at_work
        await floor.finish(second)
        assert waits in floor.at_work

    run(test)


LANES = (
    Lane("free", shares=False),
    Lane("shares"),
    Lane("narrow", most=2, shares=False, bundle="x", bundle_most=3),
    Lane("bundled", bundle="x", bundle_most=3),
)
STEPS = st.lists(
    st.tuples(st.sampled_from(["arrive", "arrive", "finish", "give up"]), st.integers(0, 3)), max_size=60
)


def room(floor, threads, lane):
    """Say by the rules alone whether a lane may have one more thread."""
    held = Counter(service for service, _ in floor.at_work)
    free = threads - len(floor.at_work)
    in_bundle = held["narrow"] + held["bundled"]
    own = lane.most == 0 or held[lane.service] < lane.most
    left = not lane.shares or held[lane.service] < SHARE * free
    return free > 0 and own and left and (not lane.bundle or in_bundle < lane.bundle_most)


@given(threads=st.integers(1, 12), waiting=st.integers(0, 12), steps=STEPS)
def test_lanes_keep_their_bounds_and_order_and_waste_no_thread(threads, waiting, steps):
    async def test():
        floor, number, given_up = Floor(threads, waiting), 0, set()
        for step, which in steps:
            if step == "arrive":
                number += 1
                before = room(floor, threads, LANES[which])
                queued = [work for work in floor.waiting if work[0] == LANES[which].service]
                work = await floor.arrive(LANES[which], number)
                assert (work in floor.at_work) == (before and not queued)
            elif step == "finish" and floor.at_work:
                await floor.finish(floor.at_work[which % len(floor.at_work)])
            elif step == "give up" and floor.waiting:
                work = floor.waiting[which % len(floor.waiting)]
                given_up.add(work)
                await floor.give_up(work)
            check(floor, threads, waiting)
        await floor.end()
        refused = {w for w, t in floor.tasks.items() if not t.cancelled() and t.exception()}
        assert set(floor.started) == set(floor.tasks) - given_up - refused, "nothing is lost"
        assert (floor.turns.working, floor.turns.waiting) == (0, 0)

    run(test)


def check(floor, threads, waiting):
    held = Counter(service for service, _ in floor.at_work)
    assert len(floor.at_work) == floor.turns.working <= threads
    assert len(floor.waiting) == floor.turns.waiting <= waiting
    assert held["narrow"] <= 2
    assert held["narrow"] + held["bundled"] <= 3
    for lane in LANES:
        started = [number for service, number in floor.started if service == lane.service]
        assert started == sorted(started), "first come, first served"
        if any(service == lane.service for service, _ in floor.waiting):
            assert not room(floor, threads, lane), "nobody waits while there is a thread for him"


@given(threads=st.integers(1, 5), arrivals=st.lists(st.integers(0, 2), min_size=1, max_size=40))
def test_a_lane_is_passed_by_at_most_once_by_each_other_lane(threads, arrivals):
    async def test():
        floor = Floor(threads)
        for number in range(threads):
            await floor.arrive(FREE[0], -number)
        for number, which in enumerate(arrivals, start=1):
            await floor.arrive(FREE[which], number)
        waiting = Counter(service for service, _ in floor.waiting)
        before = len(floor.started)
        await floor.end()
        rounds = floor.started[before:]
        for position, (service, _) in enumerate(rounds):
            others = {name for name, left in waiting.items() if left and name != service}
            until = partial(_next_of, rounds, position)
            assert all(until(name) <= len(waiting) for name in others), rounds
            waiting[service] -= 1

    run(test)


def _next_of(rounds, position, name):
    """Return how many threads are handed out until it is the turn of a lane."""
    return next(n for n, (service, _) in enumerate(rounds[position:]) if service == name)
