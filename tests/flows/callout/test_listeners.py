"""Listeners: one a tpipe, with room before they ask, pauses after errors only, and changes while they run."""

import threading

import pytest

from gateway.callout.state import ListenerState
from gateway.callout.values import Source
from gateway.config.check import check_home
from gateway.config.read import read_home
from gateway.errors import ConfigError
from gateway.observe.callout_events import CalloutEnded, ListenerChanged
from tests.fixtures import hostile_service as hostile
from tests.fixtures.callout import GOOD, NAKED, code, contract, event, rating
from tests.fixtures.callout_wire import NAK, RESUME
from tests.fixtures.running_gateway import wait_until


@pytest.fixture
def deployed(lab, service):
    lab.service(contract("rating", service.origin))
    return lab


# -- a thread per tpipe ----------------------------------------------------------------------------------------


def test_one_listener_for_each_tpipe_of_each_bundle(deployed):
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"]})
    deployed.bundle("ims2", deployed.another_standin(), callout={"tpipes": ["PIPE2", "PIPE3"]})
    running = deployed.start()
    assert set(running.pictures()) == {"ims1/PIPE1", "ims1/PIPE2", "ims2/PIPE2", "ims2/PIPE3"}
    running.wait_listening()


def test_a_tpipe_twice_in_a_bundle_is_refused(deployed):
    """The original takes such a list for one without doubles; here it is a mistake that is named."""
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE1"]})
    with pytest.raises(ConfigError, match="PIPE1 twice"):
        deployed.start()


def test_the_same_tpipe_in_two_bundles_is_two_tpipes(deployed, service):
    other = deployed.another_standin()
    deployed.bundle("ims2", other)
    deployed.service(contract("rating", service.origin), bundles=["ims1", "ims2"])
    deployed.start()
    assert code(deployed.call(rating("ONE"))) == GOOD
    assert code(deployed.call(rating("TWO"), standin=other)) == GOOD
    assert [heard.text("customer") for heard in service.heard] == ["ONE", "TWO"]


def test_a_service_is_called_over_its_own_bundles_alone(deployed, service):
    other = deployed.another_standin()
    deployed.bundle("ims2", other)
    deployed.service(contract("events", service.origin), "events", bundles=["ims2"])
    deployed.start()
    answer = deployed.call(rating(), standin=other)
    assert answer.extended_reason == 1002
    assert service.connections == 0


def test_http_basic_is_that_of_the_bundle(deployed, service):
    other = deployed.another_standin()
    deployed.bundle(callout={"basic": {"user": "one", "password": "first secret"}})
    deployed.bundle("ims2", other, callout={"basic": {"user": "two", "password": "other: ö secret"}})
    deployed.service(contract("rating", service.origin), bundles=["ims1", "ims2"])
    running = deployed.start()
    deployed.call(rating())
    deployed.call(rating(), standin=other)
    assert [heard.basic for heard in service.heard] == ["one:first secret", "two:other: ö secret"]
    assert "secret" not in str(running.records.of(CalloutEnded))


def test_http_basic_of_the_service_counts_before_that_of_the_bundle(deployed, service):
    deployed.bundle(callout={"basic": {"user": "one", "password": "first secret"}})
    basic = {"user": "own", "password": "service secret"}
    deployed.service(contract("rating", service.origin), security={"basic": basic})
    deployed.start()
    deployed.call(rating())
    assert [heard.basic for heard in service.heard] == ["own:service secret"]


# -- back-pressure ---------------------------------------------------------------------------------------------


def test_retrieval_pauses_while_as_many_are_in_work_as_may_be(deployed, service, tap_of):
    """What nobody has room for stays with IMS, and is not even asked for."""
    tap = tap_of(deployed.standin)
    deployed.bundle(ims_connect={"host": tap.host, "port": tap.port}, callout={"concurrency": 3})
    service.rating.hold("SLOW")
    deployed.service(contract("rating", service.origin), operations={"timeout_ms": 30_000})
    running = deployed.start()
    waiting = [deployed.ical(rating("SLOW", number), timeout_seconds=60) for number in range(8)]
    wait_until(lambda: len(service.heard) == 3, "three calls")
    picture = running.wait_state(ListenerState.FULL)
    assert picture.in_work == 3
    assert len(tap.of(RESUME)) == 3, "nothing is asked for that nobody has room for"
    service.rating.let_go()
    assert {code(one.result(30)) for one in waiting} == {GOOD}
    assert service.most_at_once <= 3
    assert tap.of(NAK) == []


def test_an_idle_listener_has_nothing_in_work(deployed):
    running = deployed.start()
    assert code(deployed.call(rating())) == GOOD
    running.wait_listening()
    wait_until(lambda: running.pictures()["ims1/PIPE1"].in_work == 0, "nothing in work", 5)


def test_a_full_tpipe_does_not_hold_another_back(deployed, service):
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"], "concurrency": 1})
    service.rating.hold("SLOW")
    deployed.service(contract("rating", service.origin), operations={"timeout_ms": 30_000})
    running = deployed.start()
    slow = deployed.ical(rating("SLOW"), "D1", timeout_seconds=60)
    running.wait_state(ListenerState.FULL)
    assert code(deployed.call(rating("FAST"), "D2")) == GOOD
    service.rating.let_go()
    assert code(slow.result(30)) == GOOD


def test_concurrency_of_a_service_bounds_calls_of_all_tpipes(deployed, service):
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"], "concurrency": 8})
    service.rating.hold("SLOW")
    deployed.service(contract("rating", service.origin), operations={"timeout_ms": 30_000}, concurrency=2)
    running = deployed.start()
    waiting = [deployed.ical(rating("SLOW"), f"D{1 + number % 2}", timeout_seconds=60) for number in range(8)]
    wait_until(lambda: sum(one.received for one in running.pictures().values()) == 8, "eight in work")
    assert service.most_at_once <= 2
    service.rating.let_go()
    assert {code(one.result(30)) for one in waiting} == {GOOD}
    assert service.most_at_once == 2


# -- pauses and stops ------------------------------------------------------------------------------------------


def test_a_pause_comes_after_errors_only(deployed, service, tap_of):
    """With a pause of ten minutes, 20 callouts and many RESUME TPIPE go through, until there is an error."""
    tap = tap_of(deployed.standin)
    deployed.bundle(ims_connect={"host": tap.host, "port": tap.port}, callout={"retry_seconds": 600.0})
    running = deployed.start()
    for number in range(20):
        assert code(deployed.call(rating(f"C{number}"))) == GOOD
    tap.close()
    running.wait_state(ListenerState.TROUBLE)
    asked = len(tap.of(RESUME))
    assert running.states() == {"ims1/PIPE1": ListenerState.TROUBLE}
    assert len(tap.of(RESUME)) == asked


def test_an_ims_connect_that_is_away_is_tried_until_it_is_back(deployed, service):
    running = deployed.start()
    assert code(deployed.call(rating())) == GOOD
    deployed.standin.stop()
    picture = running.wait_state(ListenerState.TROUBLE)
    assert picture.reason
    deployed.standin.restart()
    running.wait_listening()
    assert code(deployed.call(rating())) == GOOD
    told = [one.state for one in running.records.of(ListenerChanged)]
    assert told.count("trouble") <= 2, "each reason is told once"


def test_a_poison_message_is_dropped_and_the_loop_continues(deployed):
    running = deployed.start()
    assert code(deployed.call(b"poison")) == NAKED
    assert code(deployed.call(rating())) == GOOD
    running.wait_listening()


def test_stop_on_error_stops_the_listener_until_it_is_started(deployed):
    deployed.bundle(callout={"stop_on_error": True, "tpipes": ["PIPE1", "PIPE2"]})
    running = deployed.start()
    running.wait_listening()
    assert code(deployed.call(b"poison")) == NAKED
    picture = running.wait_state(ListenerState.FAILED)
    assert picture.reason
    assert not running.runtime.ready
    assert code(deployed.call(rating(), "D2")) == GOOD, "other listeners go on"
    waiting = deployed.ical(rating())
    running.runtime.start_listeners([Source("ims1", "PIPE1")])
    assert code(waiting.result(20)) == GOOD


def test_a_service_that_fails_is_no_error_of_the_listener(deployed, service):
    deployed.bundle(callout={"stop_on_error": True})
    service.behave = hostile.fault11()
    running = deployed.start()
    assert deployed.call(rating()).extended_reason == 1002
    assert deployed.call(rating(wsid="unknown")).extended_reason == 1002
    running.wait_listening()


def test_a_stopped_listener_retrieves_nothing(deployed, service):
    running = deployed.start()
    running.wait_listening()
    running.runtime.stop_listeners([Source("ims1", "PIPE1")])
    running.wait_state(ListenerState.STOPPED)
    waiting = deployed.ical(rating(), timeout_seconds=20)
    deployed.post(rating())
    assert deployed.left() == 1 or deployed.standin.tpipes.depths
    assert service.connections == 0
    running.runtime.start_listeners([Source("ims1", "PIPE1")])
    assert code(waiting.result(20)) == GOOD
    wait_until(lambda: len(service.heard) == 2, "both messages")


def test_a_graceful_stop_finishes_what_is_in_work(deployed, service):
    """Those that IMS still has stay there: nothing is answered by an error, nothing is lost."""
    service.rating.hold("SLOW")
    deployed.bundle(callout={"concurrency": 2})
    running = deployed.start()
    waiting = [deployed.ical(rating("SLOW", number), timeout_seconds=60) for number in range(5)]
    wait_until(lambda: len(service.heard) == 2, "two calls in work")
    stopping = threading.Thread(target=running.stop)
    stopping.start()
    ending = {ListenerState.STOPPING, ListenerState.STOPPED}
    wait_until(lambda: running.states()["ims1/PIPE1"] in ending, "the listener ending")
    service.rating.let_go()
    stopping.join(30)
    assert sum(one.done() for one in waiting) == 2
    assert {code(one.result(0)) for one in waiting if one.done()} == {GOOD}
    deployed.start()
    assert {code(one.result(30)) for one in waiting} == {GOOD}


def test_a_drain_that_takes_too_long_says_so(deployed, service):
    service.rating.hold("SLOW")
    deployed.service(contract("rating", service.origin), operations={"timeout_ms": 30_000})
    running = deployed.start()
    waiting = deployed.ical(rating("SLOW"), timeout_seconds=60)
    wait_until(lambda: service.heard, "the call")
    assert running.runtime.drain(0.1) is False
    service.rating.let_go()
    assert code(waiting.result(30)) == GOOD
    assert running.runtime.drain(20) is True


# -- changes while it runs -------------------------------------------------------------------------------------


def test_a_new_service_and_a_new_tpipe_start_by_themselves(deployed, service):
    """The original needs a command for that."""
    running = deployed.start()
    assert deployed.call(rating(wsid="second")).extended_reason == 1002
    waiting = deployed.ical(rating(wsid="second"), "D2", timeout_seconds=30)
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"]})
    deployed.service(contract("rating", service.origin), "second")
    running.reload()
    assert code(waiting.result(20)) == GOOD
    assert code(deployed.call(rating(wsid="second"))) == GOOD


def test_a_tpipe_that_is_gone_is_not_listened_to_any_more(deployed, service):
    deployed.bundle(callout={"tpipes": ["PIPE1", "PIPE2"]})
    running = deployed.start()
    running.wait_listening()
    deployed.bundle(callout={"tpipes": ["PIPE2"]})
    running.reload()
    assert set(running.pictures()) == {"ims1/PIPE2"}
    assert code(deployed.call(rating(), "D2")) == GOOD


def test_a_callout_in_work_ends_by_the_home_it_began_with(deployed, service, service_factory):
    service.rating.hold("SLOW")
    running = deployed.start()
    waiting = deployed.ical(rating("SLOW"), timeout_seconds=30)
    wait_until(lambda: service.heard, "the call")
    other = service_factory()
    deployed.service(contract("rating", other.origin))
    running.reload()
    assert code(deployed.call(rating("NEW"))) == GOOD
    assert [heard.text("customer") for heard in other.heard] == ["NEW"]
    service.rating.let_go()
    assert code(waiting.result(20)) == GOOD


def test_a_change_with_a_mistake_leaves_everything_as_it_is(deployed):
    running = deployed.start()
    (deployed.home / "wsdl/rating/rating.wsdl").write_text("<no-wsdl/>")
    with pytest.raises(ConfigError):
        running.reload()
    assert code(deployed.call(rating())) == GOOD


# -- warnings at load ------------------------------------------------------------------------------------------


def warnings_of(lab):
    return " | ".join(
        f"{problem.file}: {problem.key}: {problem.text}"
        for problem in check_home(read_home(lab.home, environ={}))
    )


def test_secure_and_plain_services_on_one_tpipe_draw_a_warning(deployed, service):
    deployed.service(
        contract("events", "https://monitor.example.com"), "events", security={"token": "username"}
    )
    assert "tpipe" in warnings_of(deployed)


def test_synchronous_and_asynchronous_requests_on_one_tpipe_draw_a_warning(deployed, service):
    deployed.bundle(callout={"requests": "both"})
    assert "requests" in warnings_of(deployed) or "tpipe" in warnings_of(deployed)


# -- several instances -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("multirtp", [False, True])
def test_two_instances_on_one_tpipe_lose_nothing_and_call_nothing_twice(
    callout_lab, service, multirtp, tmp_path
):
    lab = callout_lab(ims_connect={"multirtp": multirtp})
    lab.bundle()
    lab.service(contract("rating", service.origin))
    lab.service(contract("events", service.origin), "events")
    first = lab.start(state=tmp_path / "first")
    second = lab.start(state=tmp_path / "second")
    waiting = [lab.ical(rating(f"C{number}", number), timeout_seconds=60) for number in range(50)]
    for number in range(50):
        lab.post(event(number))
    assert {code(one.result(60)) for one in waiting} == {GOOD}
    wait_until(lambda: len(first.records.outcomes) + len(second.records.outcomes) >= 100, "all of it")
    customers = sorted(heard.text("customer") for heard in service.heard if heard.text("customer"))
    assert customers == sorted(f"C{number}" for number in range(50))
    assert sorted(int(heard.text("id")) for heard in service.heard if heard.text("id")) == list(range(50))
    if multirtp:
        assert {sum(one.received for one in each.pictures().values()) > 0 for each in (first, second)} == {True}


def test_where_one_of_two_instances_ends_the_other_goes_on(callout_lab, service, tmp_path):
    """Without MULTIRTP the second waits in line; it gets the tpipe when the first is gone."""
    lab = callout_lab()
    lab.bundle()
    lab.service(contract("rating", service.origin))
    first = lab.start(state=tmp_path / "first")
    first.wait_listening()
    second = lab.start(state=tmp_path / "second")
    assert code(lab.call(rating())) == GOOD
    first.stop()
    assert code(lab.call(rating())) == GOOD
    assert second.records.outcomes == ["answered"] or second.records.wait(CalloutEnded)
