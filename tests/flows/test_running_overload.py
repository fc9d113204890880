"""More callers than a gateway takes: the surplus waits its turn, then is told to come back; nobody hangs."""

from functools import partial

import pytest

from tests.fixtures.calling import Background, Caller, header_of, once, text_of
from tests.fixtures.holding import HOLD
from tests.fixtures.in_process import work
from tests.fixtures.running_gateway import wait_until

HELD = {"lab": {"operations.Sleep.transaction": "HOLD"}}


@pytest.fixture
def standin(standin_factory, hold):
    return standin_factory(transactions={"HOLD": HOLD})


@pytest.fixture
def narrow_gateway(gateway_factory, standin):
    """A gateway of one worker with few threads, whose bundle's password IMS has accepted already.

    Until that is known the sign-on guard lets one request go ahead and the others wait for it.
    """

    def start(bundle=None, **more):
        settings = {"workers": 1, "threads": 2, "waiting": 2, "waiting_seconds": 60.0, **more}
        server = {f"server.{key}": value for key, value in settings.items()}
        gateway = gateway_factory(standin, server, bundle, HELD)
        with Caller(gateway.https_url, gateway.ca) as caller:
            assert text_of(caller.post("LabPort", work("echo", "first"))) == "first"
        standin.forget()
        return gateway

    return start


def held_calls(gateway, count):
    """Start calls that IMS answers once they are let go; each has a text of its own."""
    return Background(
        once(
            Caller(gateway.https_url, gateway.ca),
            partial(lambda text, caller: (text, caller.post("LabPort", work("sleep", text))), f"held {n}"),
        )
        for n in range(count)
    )


def turned_away(gateway, **known):
    """Return the reason of a request that was turned away, once the log has it."""

    def found():
        entries = [entry for entry in gateway.entries if entry["event"] == "turned away"]
        return [entry["reason"] for entry in entries if known.items() <= entry.items()]

    wait_until(found, f"an entry of {known}")
    return found()[0]


def assert_own_answers(results):
    for text, reply in results:
        assert (reply.status, text_of(reply)) == (200, text)


def test_the_surplus_waits_its_turn_and_what_is_beyond_the_queue_gets_503_at_once(
    narrow_gateway, standin, hold
):
    gateway = narrow_gateway()
    calls = held_calls(gateway, 7)  # 2 in work, 2 waiting, 3 too many: whichever they are
    wait_until(lambda: len(calls.done) == 3, "an answer for those beyond the queue")
    told = (b"\nimsgw_requests_in_flight 4.0\n", b"\nimsgw_requests_waiting 2.0\n")
    metrics = f"{gateway.admin_url}/metrics"
    wait_until(lambda: all(one in gateway.fetch(metrics) for one in told), "metrics of 4 in flight")
    wait_until(lambda: hold.running == 2, "two calls in work")
    for _, reply in calls.done:
        assert reply.status == 503
        assert int(header_of(reply.headers, "retry-after")) > 0
        assert b"IGW1006E" in reply.body
        tracking_id = header_of(reply.headers, "x-tracking-id")
        assert "IGW1006E" in turned_away(gateway, tracking_id=tracking_id)
    hold.go.set()
    results = calls.results()
    assert sorted(reply.status for _, reply in results) == [200] * 4 + [503] * 3
    assert_own_answers((text, reply) for text, reply in results if reply.status == 200)
    assert len(standin.seen) == 4, "what was refused never reached IMS Connect"


def test_who_waits_too_long_for_a_turn_gets_503_and_those_in_work_are_not_disturbed(
    narrow_gateway, standin, hold
):
    gateway = narrow_gateway(waiting_seconds=0.2)
    calls = held_calls(gateway, 2)
    wait_until(lambda: hold.running == 2, "two calls in work")
    with Caller(gateway.https_url, gateway.ca) as caller:
        late = caller.post("LabPort", work("echo", "late"))
        assert late.status == 503
        assert int(header_of(late.headers, "retry-after")) > 0
        assert "waited 0.2 s" in turned_away(gateway, message_id="IGW1006E")
        assert [caller.get(path).status for path in ("/healthz", "/readyz")] == [200, 200]
        hold.go.set()
        assert_own_answers(calls.results())
        assert text_of(caller.post("LabPort", work("echo", "again"))) == "again"
    assert len(standin.seen) == 3


def test_health_is_seen_on_every_listener_while_all_threads_and_places_are_taken(narrow_gateway, standin, hold):
    gateway = narrow_gateway(waiting=0)
    calls = held_calls(gateway, 2)
    wait_until(lambda: hold.running == 2, "two calls in work")
    for url in (gateway.https_url, gateway.http_url, gateway.admin_url):
        with Caller(url, gateway.ca if url.startswith("https") else None) as caller:
            assert [caller.get(path).status for path in ("/healthz", "/readyz")] == [200, 200]
    with Caller(gateway.https_url, gateway.ca) as caller:
        assert caller.post("LabPort", work("echo", "x")).status == 503
    hold.go.set()
    assert_own_answers(calls.results())


def test_when_the_pool_is_smaller_than_the_threads_the_surplus_waits_for_a_socket_then_gets_503(
    narrow_gateway, standin, hold
):
    bundle = {"ims_connect.pool": {"size": 1, "wait_seconds": 0.2}}
    gateway = narrow_gateway(bundle)
    calls = held_calls(gateway, 1)
    wait_until(lambda: hold.running == 1, "a call in work")
    with Caller(gateway.https_url, gateway.ca) as caller:
        late = caller.post("LabPort", work("echo", "late"))
        assert (late.status, late.message_id) == (503, "IGW2002E")
        assert int(header_of(late.headers, "retry-after")) > 0
        hold.go.set()
        assert_own_answers(calls.results())
        assert text_of(caller.post("LabPort", work("echo", "again"))) == "again"
    assert standin.connections == 1
