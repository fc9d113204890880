"""Places, deadlines, circuits, snapshots: what the rest stands on."""

from threading import Event, Thread, current_thread

import pytest

from gateway.callout.alarm import Alarm
from gateway.callout.circuit import Circuit
from gateway.callout.slots import Slots
from gateway.callout.snapshot import Current, Snapshot
from gateway.callout.threads import ParsingThreads
from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import RetrySettings
from gateway.parsing import ROOM, run_parser
from tests.fixtures.clock import SetClock
from tests.fixtures.running_gateway import wait_until
from tests.unit.callout.parts import Reader, Service, deployment


def test_there_are_no_more_places_than_the_limit():
    slots = Slots(3)
    assert slots.take(Event())
    assert slots.take_more(10) == 2
    assert slots.take_more(1) == 0
    slots.give_back(2)
    assert slots.taken == 1


def test_who_waits_for_a_place_gets_the_one_that_is_given_back():
    slots, got = Slots(1), Event()
    assert slots.take(Event())
    waiter = Thread(target=lambda: slots.take(Event()) and got.set())
    waiter.start()
    slots.give_back()
    assert got.wait(30)
    waiter.join()


def test_a_wait_for_a_place_ends_when_it_is_stopped():
    slots, stop = Slots(1), Event()
    assert slots.take(stop)
    told = []
    waiter = Thread(target=lambda: told.append(slots.take(stop)))
    waiter.start()
    stop.set()
    waiter.join(30)
    assert told == [False]


def test_idle_is_waited_for_until_the_deadline_and_no_longer():
    slots, clock = Slots(1), SetClock()
    assert slots.wait_idle(clock, clock.monotonic())
    assert slots.take(Event())
    assert not slots.wait_idle(clock, clock.monotonic())


def test_things_are_done_at_their_times_and_in_their_order():
    alarm, done, all_done = Alarm(SYSTEM_CLOCK), [], Event()
    now = SYSTEM_CLOCK.monotonic()
    alarm.at(now + 0.03, lambda: (done.append("third"), all_done.set()))
    alarm.at(now + 0.02, lambda: done.append("second"))
    alarm.at(now - 1, lambda: done.append("first"))
    assert all_done.wait(30)
    alarm.close()
    assert done == ["first", "second", "third"]


def test_what_is_cancelled_is_not_done_and_a_failure_stops_nothing(caplog):
    alarm, done, end = Alarm(SYSTEM_CLOCK), [], Event()
    now = SYSTEM_CLOCK.monotonic()

    def fail():
        raise RuntimeError("of the test")

    alarm.at(now, fail)
    alarm.at(now + 0.01, lambda: done.append("cancelled")).cancel()
    alarm.at(now + 0.02, end.set)
    assert end.wait(30)
    alarm.close()
    assert done == []
    assert "a deadline could not be seen to" in caplog.text


def test_of_calls_that_have_ended_long_before_their_deadlines_nothing_is_kept():
    alarm, done = Alarm(SYSTEM_CLOCK), Event()
    now = SYSTEM_CLOCK.monotonic()
    kept = [alarm.at(now + 3600, lambda: None) for _ in range(10)]
    for _ in range(10_000):
        alarm.at(now + 3600, lambda: None).cancel()
    assert 10 <= len(alarm) < 3000
    alarm.at(now + 0.01, done.set)
    assert done.wait(30)
    alarm.close()
    assert all(one.act is not None for one in kept)


def test_one_delivery_at_a_time_tries_an_address_that_pauses():
    clock = SetClock()
    circuit = Circuit(RetrySettings(circuit_failures=1, first_seconds=4.0), clock)
    assert circuit.failed()
    assert circuit.enter() == 4.0
    clock.move(4.0)
    assert circuit.enter() == 0.0
    assert circuit.enter() > 0
    assert not circuit.failed()
    assert circuit.enter() == 8.0
    clock.move(8.0)
    assert circuit.enter() == 0.0
    circuit.left()
    assert circuit.enter() == 0.0
    assert circuit.succeeded()
    assert circuit.enter() == 0.0
    assert not circuit.succeeded()


def test_a_snapshot_is_closed_behind_the_last_that_uses_it():
    services = Service(), Service()
    old, new = (Snapshot(deployment(), Reader(), service) for service in services)
    current = Current(old)
    with current.use() as used:
        assert used is old
        current.swap(new)
        with current.use() as other:
            assert other is new
        assert services[0].closed == 0
    assert services[0].closed == 1
    current.close()
    assert services[1].closed == 1
    with pytest.raises(RuntimeError), current.use():
        pass


def test_threads_that_have_parsed_enough_end_and_others_take_over():
    threads, seen, done = ParsingThreads(1, "parsers"), [], []

    def parse():
        run_parser(lambda: seen.append(current_thread()), ROOM)
        done.append(current_thread())

    for count in (1, 2):
        threads.submit(parse)
        wait_until(lambda wanted=count: len(done) == wanted and not done[-1].is_alive(), "it ends", 30)
    threads.close()
    # each parsed by itself, and was worn by it
    assert seen == done
    assert done[0] is not done[1]


def test_where_no_thread_can_be_started_work_is_done_here_once(monkeypatch):
    threads, done = ParsingThreads(2, "parsers"), []

    def none_left(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as machine:
        machine.setattr(Thread, "start", none_left)
        threads.submit(lambda: done.append(current_thread()))
        assert done == [current_thread()]
    threads.submit(lambda: done.append(current_thread()))
    threads.close()
    assert len(done) == 2
    assert done[1] is not current_thread()


def test_behind_the_end_nothing_is_begun():
    threads, done = ParsingThreads(1, "parsers"), []
    threads.close()
    with pytest.raises(RuntimeError):
        threads.submit(lambda: done.append(1))
    assert done == []
