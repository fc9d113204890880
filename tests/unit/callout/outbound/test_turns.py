"""How many calls are in work at one address."""

import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from gateway.callout.codes import Hope, Status
from gateway.callout.turns import NoTurnError, Turns
from gateway.clock import SYSTEM_CLOCK
from tests.fixtures.running_gateway import wait_until
from tests.unit.callout.outbound.calls import SHORT, call, failure

pytestmark = pytest.mark.timeout(60)


def soon(seconds=SHORT):
    return SYSTEM_CLOCK.monotonic() + seconds


def test_there_are_so_many_places_at_each_address():
    turns = Turns(2, SYSTEM_CLOCK)
    with turns.at("a", soon()), turns.at("a", soon()):
        with pytest.raises(NoTurnError), turns.at("a", soon()):
            pytest.fail("a third place")
        with turns.at("b", soon()):
            pass
    with turns.at("a", soon()):
        pass


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_place_is_given_back_whatever_happens(error):
    turns = Turns(1, SYSTEM_CLOCK)
    with pytest.raises(error), turns.at("a", soon()):
        raise error
    with turns.at("a", soon()):
        pass


def test_nobody_waits_whose_time_is_over():
    with pytest.raises(NoTurnError), Turns(1, SYSTEM_CLOCK).at("a", soon(-1)):
        pytest.fail("a place")


def test_who_waits_gets_the_place_that_becomes_free():
    turns, got = Turns(1, SYSTEM_CLOCK), threading.Event()

    def wait():
        with turns.at("a", soon(30)):
            got.set()

    with turns.at("a", soon()):
        thread = threading.Thread(target=wait)
        thread.start()
        assert not got.wait(0.05)
    assert got.wait(20)
    thread.join()


def test_nothing_is_kept_of_addresses_that_nobody_uses():
    turns = Turns(1, SYSTEM_CLOCK)
    for number in range(100):
        with turns.at(f"http://host{number}/", soon()):
            pass
        with pytest.raises(NoTurnError), turns.at(f"http://host{number}/", soon(-1)):
            pass
    assert turns._queues == {}


# -- through the caller ---------------------------------------------------------------------------------------


@pytest.fixture
def busy(calling, service):
    """Return a caller whose only place at the service is taken, until the test lets it go."""
    caller = calling.caller(concurrency=1)
    service.rating.hold("C1")
    with ExitStack() as stack:
        thread = threading.Thread(target=caller.call, args=(call(f"{service.origin}/a"),))
        stack.callback(thread.join)
        stack.callback(service.rating.let_go)
        thread.start()
        wait_until(lambda: service.heard)
        yield caller


def test_a_call_waits_for_its_turn_no_longer_than_its_program(busy, service):
    error = failure(busy, call(f"{service.origin}/a", deadline=soon(), give_up=soon(1000)))
    assert (error.status, error.hope, error.maybe_done) == (Status.NO_RESPONSE, Hope.LATER, False)
    assert "turn" in error.text
    assert service.most_at_once == 1


def test_another_server_of_the_service_has_places_of_its_own(busy, service_factory):
    other = service_factory()
    assert busy.call(call(f"{other.origin}/a")).findtext("{*}score") == "3"


@pytest.mark.parametrize("path", ["/b", "/a?customer=2"])
def test_a_path_that_a_program_makes_up_is_no_way_around_the_turns(busy, service, path):
    error = failure(busy, call(f"{service.origin}{path}", deadline=soon(), give_up=soon(1000)))
    assert "turn" in error.text
    assert len(service.heard) == 1


def test_two_hundred_calls_take_their_turns(calling, service):
    caller = calling.caller(concurrency=8)
    with ThreadPoolExecutor(32) as threads:
        found = list(threads.map(lambda _: caller.call(call(service.origin)).findtext("{*}score"), range(200)))
    assert found == ["3"] * 200
    assert service.most_at_once <= 8
    assert service.connections <= 8
