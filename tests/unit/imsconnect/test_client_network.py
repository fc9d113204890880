"""Every way a network can fail a call: each its own error, and nothing for the wrong caller."""

import concurrent.futures
import select
import threading
from collections.abc import Callable

import pytest

from gateway.errors import GatewayError, M, TransportError
from gateway.imsconnect.client_ids import new_client_id
from tests.fixtures.faces import interruption
from tests.fixtures.scripted_server import (
    Expect,
    ExpectNothing,
    Send,
    Signal,
    Stall,
    full_backlog,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.calling import (
    ANSWERED,
    CALL,
    ECHOES,
    HURRIED,
    PATIENCE,
    SEND_ONLY,
    At,
    Backend,
    before,
    client_of,
    failure_of,
    said,
    stats_of,
    under_load,
)
from tests.unit.imsconnect.worked_examples import rsm

pytestmark = pytest.mark.usefixtures("face")


class TestUnreachable:
    def test_nobody_listens(self, scripted_server):
        server = scripted_server()
        server.stop()
        with client_of(server) as client:
            error = failure_of(client)
            assert error.message is M.UNREACHABLE
            assert error.text == "IMS Connect ims1 cannot be reached"
            assert error.private == f"127.0.0.1:{server.port}: connect: Connection refused"
            assert isinstance(error, TransportError)
            assert not error.maybe_sent

    def test_nobody_answers(self):
        with (
            full_backlog() as listener,
            client_of(At(*listener.getsockname()), connect_seconds=0.2) as client,
        ):
            error = failure_of(client)
        assert error.message is M.UNREACHABLE
        assert error.private.endswith("connect: not in time")

    def test_requests_fail_at_once_meanwhile_and_succeed_by_themselves_later(
        self, scripted_server, breaking_proxy, monkeypatch
    ):
        # long enough for the second request to come within it, however busy the machine
        monkeypatch.setattr("gateway.imsconnect.breaker.FIRST_DELAY_SECONDS", 2.0)
        server = scripted_server(ECHOES)
        proxy = breaking_proxy(server.host, server.port)
        proxy.refuse()
        with client_of(proxy) as client:
            assert failure_of(client).message is M.UNREACHABLE
            refused = failure_of(client)
            assert refused.message is M.UNREACHABLE
            assert refused.private.startswith("in back-off, ")
            proxy.listen()
            call = said(1, 1)
            assert eventually(lambda: client.call(call).segments) == call.segments
            assert stats_of(client).connects == 1

    def test_without_a_free_socket_a_call_waits_and_then_says_so(self, scripted_server):
        busy, done = threading.Event(), threading.Event()
        server = scripted_server([Expect(wire.IVTNO), Signal(busy), Stall(done), Send(wire.OUTPUT)])
        with client_of(server, size=1, wait_seconds=0.1) as client:
            caller = threading.Thread(target=client.call, args=(CALL,))
            caller.start()
            assert busy.wait(PATIENCE)
            error = failure_of(client)
            done.set()
            caller.join(PATIENCE)
        assert error.message is M.NO_SOCKET
        assert error.message.http_status == 503
        assert error.text == "No socket to IMS Connect became free in 0.1 s"


def eventually(attempt: Callable[[], object]) -> object:
    """Try until it works; only a refusal to connect may come in between."""
    pause = threading.Event()
    for _ in range(2000):
        try:
            return attempt()
        except TransportError as error:
            assert error.message is M.UNREACHABLE
        pause.wait(0.01)
    raise AssertionError("it never worked")


class TestNothingLeaksIntoTheNextReply:
    def test_a_late_reply_after_a_timeout_finds_its_socket_closed(self, scripted_server):
        late = threading.Event()
        server = scripted_server(
            [Expect(lambda _: True), Stall(late), Send(wire.OUTPUT), ExpectNothing()],
            ECHOES,
        )
        with client_of(server) as client:
            assert failure_of(client, HURRIED).message is M.SOCKET_TIMEOUT
            late.set()
            call = said(2, 1)
            assert client.call(call).segments == call.segments
            assert stats_of(client).dropped == 1

    @pytest.mark.parametrize(
        "noise",
        [wire.OUTPUT, wire.TIMER_EXPIRED, wire.WRONG_PASSWORD, b"\x00"],
        ids=["output", "timer expired", "wrong password", "a byte"],
    )
    def test_bytes_that_come_while_a_socket_is_idle_cost_the_socket(self, scripted_server, noise):
        go = threading.Event()
        server = scripted_server([*ANSWERED, Stall(go), Send(noise), ExpectNothing()], ECHOES)
        with client_of(server) as client:
            client.call(CALL)
            go.set()
            call = said(3, 1)
            wait_until_noisy(client)
            assert client.call(call).segments == call.segments
            assert stats_of(client).stale == 1

    def test_a_complaint_about_a_send_only_message_is_not_the_next_callers(self, scripted_server):
        server = scripted_server([Expect(wire.SEND_ONLY), Send(wire.WRONG_PASSWORD), ExpectNothing()], ECHOES)
        with client_of(server) as client:
            client.call(SEND_ONLY)
            call = said(4, 1)
            assert client.call(call).segments == call.segments

    def test_send_only_messages_share_a_socket_among_themselves(self, scripted_server):
        server = scripted_server([Expect(wire.SEND_ONLY)] * 3 + [ExpectNothing()])
        with client_of(server) as client:
            for _ in range(3):
                assert client.call(SEND_ONLY).segments == ()
            assert stats_of(client).connects == 1

    def test_a_timer_status_of_an_earlier_message_does_not_pair_the_next_caller_with_a_wrong_reply(
        self, scripted_server
    ):
        server = scripted_server(
            [Expect(wire.IVTNO), Send(rsm(40, 0x19)), Send(wire.OUTPUT), ExpectNothing()], ECHOES
        )
        with client_of(server) as client:
            failure_of(client)
            call = said(5, 1)
            assert client.call(call).segments == call.segments

    def test_an_interrupted_call_takes_its_socket_along(self, scripted_server, monkeypatch):
        server = scripted_server([*ANSWERED, ExpectNothing()], ECHOES)
        with client_of(server) as client:

            def interrupted() -> None:
                raise interruption()

            before(monkeypatch, "receive", interrupted)
            with pytest.raises((KeyboardInterrupt, concurrent.futures.CancelledError)):
                client.call(CALL)
            monkeypatch.undo()
            call = said(6, 1)
            assert client.call(call).segments == call.segments
            assert (stats_of(client).dropped, stats_of(client).in_use) == (1, 0)


def wait_until_noisy(client: Backend) -> None:
    """Wait until the idle socket has something to read, without reading it."""
    (idle,) = client._client._pools[0]._places._held.idle._all
    assert idle.session is not None
    poll = select.poll()
    poll.register(idle.session._stream._socket, select.POLLIN)  # type: ignore[union-attr]
    assert poll.poll(PATIENCE * 1000)


class TestThroughABreakingNetwork:
    @pytest.mark.parametrize(
        ("fault", "entries"),
        [
            ("drop", {M.CONNECTION_LOST}),
            ("reset", {M.CONNECTION_LOST}),
            ("half_close", {M.CONNECTION_LOST}),
        ],
    )
    def test_a_call_under_way_fails_and_the_next_succeeds(
        self, scripted_server, breaking_proxy, fault, entries
    ):
        read = threading.Event()
        server = scripted_server([Expect(wire.IVTNO), Signal(read), ExpectNothing()], ECHOES)
        proxy = breaking_proxy(server.host, server.port)
        with client_of(proxy) as client:
            errors: list[GatewayError] = []
            caller = threading.Thread(target=lambda: errors.append(failure_of(client)))
            caller.start()
            assert read.wait(PATIENCE)
            getattr(proxy, fault)()
            caller.join(PATIENCE)
            assert {error.message for error in errors} == entries
            call = said(7, 1)
            assert client.call(call).segments == call.segments

    def test_a_stalled_network_is_a_timeout(self, scripted_server, breaking_proxy):
        server = scripted_server(ECHOES, ECHOES)
        proxy = breaking_proxy(server.host, server.port)
        proxy.stall()
        with client_of(proxy) as client:
            assert failure_of(client, HURRIED).message is M.SOCKET_TIMEOUT
            proxy.flow()
            call = said(8, 1)
            assert client.call(call).segments == call.segments

    def test_a_server_that_listens_without_accepting_is_a_timeout(self, scripted_server, breaking_proxy):
        server = scripted_server()
        proxy = breaking_proxy(server.host, server.port)
        proxy.stop_accepting()
        with client_of(proxy) as client:
            assert failure_of(client, HURRIED).message is M.SOCKET_TIMEOUT

    def test_a_garbled_reply_is_refused(self, scripted_server, breaking_proxy):
        server = scripted_server(ECHOES, ECHOES)
        proxy = breaking_proxy(server.host, server.port)
        proxy.garble(lambda data: bytes(byte ^ 0x55 for byte in data))
        with client_of(proxy) as client:
            assert failure_of(client).message is M.BAD_REPLY
            proxy.garble(None)
            call = said(9, 1)
            assert client.call(call).segments == call.segments

    def test_a_slow_network_is_only_slow(self, scripted_server, breaking_proxy):
        server = scripted_server(ECHOES)
        proxy = breaking_proxy(server.host, server.port)
        proxy.delay(0.05)
        with client_of(proxy) as client:
            call = said(10, 1)
            assert client.call(call).segments == call.segments
            assert proxy.connections == 1

    def test_imsconnect_killed_under_load_and_back_costs_no_caller_a_wrong_reply(
        self, scripted_server, breaking_proxy
    ):
        server = scripted_server(*[ECHOES] * 2000)
        proxy = breaking_proxy(server.host, server.port)
        with client_of(proxy, size=8, client_ids=new_client_id) as client, under_load(client, 24) as load:
            for _ in range(2):
                load.wait_for_more()
                proxy.refuse()
                proxy.reset()
                proxy.listen()
            load.wait_for_more()
        assert load.wrong == []
        stats = stats_of(client)
        assert (stats.in_use, stats.waiting, stats.connecting) == (0, 0, 0)
