"""What a worker remembers of its latest requests."""

import sys
from dataclasses import replace

from gateway.observe import traffic
from gateway.observe.events import RequestEnded
from gateway.observe.traffic import BUCKET_SECONDS, BUCKETS, RECENT, TrafficBoard
from tests.fixtures.clock import SetClock

EVENT = RequestEnded(
    tracking_id="t",
    service="phonebook",
    operation="PhoneBook",
    transaction="IVTNO",
    peer="192.0.2.1",
    tls=True,
    user="ALICE",
    origin="username",
    outcome="answered",
    message_id="",
    reason="",
    return_code=None,
    reason_code=None,
    racf_code=None,
    reached_ims_connect=True,
    milliseconds=10,
)


def counts(board):
    return {
        service: [(one.answered, one.refused, one.milliseconds, one.longest) for one in buckets]
        for service, buckets in board.traffic().items()
    }


def test_requests_are_counted_by_service_and_time(clock: SetClock):
    board = TrafficBoard(clock)
    events = [
        EVENT,
        replace(EVENT, outcome="refused", milliseconds=30),
        replace(EVENT, service="lab", outcome="accepted", milliseconds=5),
    ]
    for event in events:
        board.emit(event)
    clock.move(BUCKET_SECONDS)
    board.emit(replace(EVENT, milliseconds=7))
    assert counts(board) == {"phonebook": [(1, 1, 40, 30), (1, 0, 7, 7)], "lab": [(1, 0, 5, 5)]}
    starts = [one.start for one in board.traffic()["phonebook"]]
    assert starts[1] - starts[0] == BUCKET_SECONDS
    assert starts[0] % BUCKET_SECONDS == 0


def test_what_is_older_than_an_hour_is_forgotten(clock: SetClock):
    board = TrafficBoard(clock)
    board.emit(EVENT)
    clock.move(BUCKETS * BUCKET_SECONDS - BUCKET_SECONDS)
    assert counts(board) == {"phonebook": [(1, 0, 10, 10)]}
    clock.move(2 * BUCKET_SECONDS)
    assert counts(board) == {}


def test_services_that_have_gone_cost_no_memory_for_ever(clock: SetClock):
    board = TrafficBoard(clock)
    for number in range(50):
        board.emit(replace(EVENT, service=f"service-{number}"))
        clock.move(BUCKETS * BUCKET_SECONDS)
    assert len(board._services) <= 2


def test_a_clock_that_is_set_back_loses_no_count(clock: SetClock):
    board = TrafficBoard(clock)
    board.emit(EVENT)
    clock.move(-600)
    board.emit(EVENT)
    assert counts(board) == {"phonebook": [(2, 0, 20, 10)]}


def test_the_latest_requests_come_newest_first_and_are_bounded(clock: SetClock):
    board = TrafficBoard(clock)
    for number in range(RECENT + 5):
        board.emit(replace(EVENT, tracking_id=str(number)))
    assert [one.event.tracking_id for one in board.recent(2)] == [str(RECENT + 4), str(RECENT + 3)]
    assert len(board.recent(10 * RECENT)) == RECENT
    assert board.recent(0) == ()


def busy_board(clock, services, buckets):
    board = TrafficBoard(clock)
    events = [replace(EVENT, service=f"service-{number}", milliseconds=number) for number in range(services)]
    for _ in range(buckets):
        for event in events:
            board.emit(event)
        clock.move(BUCKET_SECONDS)
    return board


def test_a_service_that_is_always_busy_takes_a_bounded_number_of_bytes(clock: SetClock):
    board = busy_board(clock, 1, 3 * BUCKETS)
    (numbers,) = board._services.values()
    assert sys.getsizeof(numbers) < 20_000
    assert len(board.traffic()["service-0"]) in {BUCKETS - 1, BUCKETS}


def test_of_more_busy_services_than_can_be_told_the_counts_come_by_longer_stretches(clock, monkeypatch):
    board = busy_board(clock, 20, 90)
    fine = board.traffic()
    for most, seconds in ((20 * 90, 10), (20 * 61, 60), (20 * 13, 300), (20 * 5, 900), (20, 3600)):
        monkeypatch.setattr(traffic, "MOST_TOLD", most)
        told = board.traffic()
        assert sum(map(len, told.values())) <= max(most, 2 * len(told))
        assert all(bucket.start % seconds == 0 for buckets in told.values() for bucket in buckets)
        for service, buckets in told.items():
            assert sum(one.answered for one in buckets) == sum(one.answered for one in fine[service]) == 90
            assert sum(one.milliseconds for one in buckets) == sum(one.milliseconds for one in fine[service])
            assert max(one.longest for one in buckets) == int(service.removeprefix("service-"))
