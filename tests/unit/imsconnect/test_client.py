"""The client as the gateway uses it: calls over real sockets, and every way a network can fail them."""

import secrets
import select
import ssl
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path
from typing import Protocol

import pytest
import trustme

from gateway.clock import SYSTEM_CLOCK
from gateway.config.model import BackendTls, ImsConnectSettings, PoolSettings, TrustStore
from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.exchange import Caller, ImsCall, Secret, SyncLevel
from gateway.imsconnect.client import ImsConnectClient, new_client_id
from gateway.imsconnect.transport import SocketStream, StreamLost
from tests.fixtures.scripted_server import (
    Close,
    Expect,
    ExpectNothing,
    Forever,
    Link,
    Send,
    Signal,
    Stall,
    Step,
    full_backlog,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.worked_examples import F3, TIMER, patched, rsm

PATIENCE = 20.0
CALL = ImsCall(
    "IVTNO",
    (wire.IVTNO_DATA,),
    Caller("USER1", Secret("PASSW0RD"), "", "bundle"),
    execution_timeout_ms=30_000,
    socket_timeout_ms=20_000,
)
HURRIED = replace(CALL, socket_timeout_ms=150)
SEND_ONLY = replace(CALL, transaction="ORDERTRN", segments=(wire.SEND_ONLY_DATA,), send_only=True)
ANSWERED = (Expect(wire.IVTNO), Send(wire.OUTPUT))


class Listening(Protocol):
    """What a client connects to."""

    host: str
    port: int


@dataclass
class At:
    host: str
    port: int


NO_STORE = TrustStore.model_construct(path=Path(), password=Secret(""))
"""The test makes its own TLS context."""


@contextmanager
def client_of(
    server: Listening,
    *,
    client_ids: Callable[[], str] = lambda: "CLIENT01",
    tls: ssl.SSLContext | None = None,
    server_name: str = "",
    max_message: int = 10_000_000,
    **pool: float,
) -> Iterator[ImsConnectClient]:
    settings = ImsConnectSettings(
        host=server.host,
        port=server.port,
        datastore="IMS1",
        tls=BackendTls.model_construct(truststore=NO_STORE, server_name=server_name) if tls else None,
        pool=PoolSettings.model_validate({"size": 4, "wait_seconds": 5.0, **pool}),
        max_message_bytes=max_message,
    )
    client = ImsConnectClient("ims1", settings, clock=SYSTEM_CLOCK, ssl_context=tls, client_ids=client_ids)
    try:
        yield client
    finally:
        client.close(0)


def failure_of(client: ImsConnectClient, call: ImsCall = CALL) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        client.call(call)
    return caught.value


@dataclass(frozen=True)
class Echo:
    """Answer a message with its own data, read and written here by hand."""

    def play(self, link: Link) -> None:
        request = link.read_message()
        irm_length = struct.unpack(">H", request[4:6])[0]
        segments = request[4 + irm_length : -4]
        csm = bytes.fromhex("000C 10 02 5CC3E2D4D6D2E85C")
        link.sock.sendall(struct.pack(">I", 4 + len(segments) + len(csm)) + segments + csm)


ECHOES: list[Step] = [Forever((Echo(),))]


def said(number: int, turn: int) -> ImsCall:
    """A call whose answer can be told from any other."""
    return replace(CALL, segments=(f"ECHO caller {number} turn {turn} ".encode("cp037") * (1 + number % 50),))


class TestClientIds:
    def test_they_are_eight_of_the_alphabet_and_never_reserved(self):
        ids = [new_client_id() for _ in range(2000)]
        assert len(set(ids)) == len(ids)
        for client_id in ids:
            assert len(client_id) == 8
            assert set(client_id) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")

    @pytest.mark.parametrize("unusable", ["HWSABCDE", "00009999"])
    def test_a_reserved_prefix_and_a_port_number_are_drawn_again(self, monkeypatch, unusable):
        draws = iter(unusable + "AB3DEFGH")
        monkeypatch.setattr(secrets, "choice", lambda _alphabet: next(draws))
        assert new_client_id() == "AB3DEFGH"

    def test_every_socket_has_its_own(self, scripted_server):
        numbers = count(1)
        second = patched(wire.IVTNO, {24: "C3D3C9C5D5E3F0F2"})
        server = scripted_server([*ANSWERED, Close()], [Expect(second), Send(wire.OUTPUT)])
        with client_of(server, client_ids=lambda: f"CLIENT{next(numbers):02}") as client:
            assert client.call(CALL).client_id == "CLIENT01"
            server.wait_played(1)
            assert client.call(CALL).client_id == "CLIENT02"


class TestCalls:
    def test_a_call_is_the_worked_example_both_ways(self, scripted_server):
        with client_of(scripted_server([*ANSWERED, ExpectNothing()])) as client:
            answer = client.call(CALL)
            assert answer.segments == wire.OUTPUT_SEGMENTS
            assert answer.client_id == "CLIENT01"

    def test_calls_share_a_socket_one_after_the_other(self, scripted_server):
        server = scripted_server([*ANSWERED * 3, ExpectNothing()])
        with client_of(server) as client:
            for _ in range(3):
                client.call(CALL)
            stats = client.stats()
            assert (stats.requests, stats.connects, stats.reuses, stats.open) == (3, 1, 2, 1)

    def test_after_an_execution_timeout_in_commit_mode_1_the_socket_serves_the_next(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Send(wire.TIMER_EXPIRED), *ANSWERED])
        with client_of(server) as client:
            assert failure_of(client).message is M.EXECUTION_TIMEOUT
            assert client.call(CALL).segments == wire.OUTPUT_SEGMENTS
            assert client.stats().execution_timeouts == 1

    def test_a_ping_is_the_worked_example_both_ways(self, scripted_server):
        with client_of(scripted_server([Expect(wire.PING), Send(wire.PING_REPLY)])) as client:
            assert client.ping(30_000) == "HWSC0030I *PING RESPONSE*"

    def test_its_picture_tells_no_secrets(self, scripted_server):
        with client_of(scripted_server([*ANSWERED])) as client:
            client.call(CALL)
            assert f"<ImsConnectClient 127.0.0.1:{client._endpoint.port} <pool ims1 up: 1 of 4 open" in repr(
                client
            )


class TestRefusedWithoutACall:
    """The server's empty list of scripts says that nobody connects."""

    @pytest.mark.parametrize(
        "password",
        [
            pytest.param("пароль", id="not in code page 037"),
            pytest.param("€URO", id="in 1140 but not in 037"),
            pytest.param("LONGER9CH", id="nine characters"),
            pytest.param("A B", id="a blank"),
            pytest.param("END ", id="a blank that padding would hide"),
            pytest.param("NUL\x00", id="a null"),
            pytest.param("TAB\t", id="a control character"),
        ],
    )
    def test_a_password_that_cannot_be_one_is_a_failed_sign_on(self, scripted_server, password):
        call = replace(CALL, caller=replace(CALL.caller, password=Secret(password)))
        with client_of(scripted_server()) as client:
            error = failure_of(client, call)
            assert isinstance(error, ImsError)
            assert error.sign_on_failed
            assert error.return_code is None
            assert error.text == "IMS Connect refused the request: the sign-on was not accepted"
            assert password not in str(error)
            assert client.stats().requests == 0

    def test_a_message_beyond_maxsize_is_too_long(self, scripted_server):
        call = replace(CALL, segments=(bytes(500),) * 2)
        with client_of(scripted_server(), max_message=1024) as client:
            error = failure_of(client, call)
            assert error.message is M.REQUEST_SIZE
            assert error.text.endswith("at most 1024")
            assert client.stats().requests == 0


class TestUnreachable:
    def test_nobody_listens(self, scripted_server):
        server = scripted_server()
        server.stop()
        with client_of(server) as client:
            error = failure_of(client)
            assert error.message is M.UNREACHABLE
            assert error.text == "IMS Connect of bundle ims1 cannot be reached"
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
        self, scripted_server, breaking_proxy
    ):
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
            assert client.stats().connects == 1

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
            assert client.stats().dropped == 1

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
            assert client.stats().stale == 1

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
            assert client.stats().connects == 1

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

            def interrupted(_self: SocketStream, _deadline: float) -> bytes:
                raise KeyboardInterrupt

            monkeypatch.setattr(SocketStream, "receive", interrupted)
            with pytest.raises(KeyboardInterrupt):
                client.call(CALL)
            monkeypatch.undo()
            call = said(6, 1)
            assert client.call(call).segments == call.segments
            assert (client.stats().dropped, client.stats().in_use) == (1, 0)


def wait_until_noisy(client: ImsConnectClient) -> None:
    """Wait until the idle socket has something to read, without reading it."""
    (idle,) = [place for queue in client._pool._places._idle.values() for place in queue]
    assert idle.session is not None
    poll = select.poll()
    poll.register(idle.session._stream._socket, select.POLLIN)  # type: ignore[attr-defined]
    assert poll.poll(PATIENCE * 1000)


class TestNeverTwice:
    def test_a_socket_closed_while_idle_is_replaced_silently(self, scripted_server):
        server = scripted_server([*ANSWERED, Close()], [*ANSWERED])
        with client_of(server) as client:
            client.call(CALL)
            server.wait_played(1)
            assert client.call(CALL).segments == wire.OUTPUT_SEGMENTS
            assert client.stats().stale == 1

    def test_a_request_that_was_read_is_not_sent_again(self, scripted_server):
        server = scripted_server([*ANSWERED, Expect(wire.IVTNO), Close()])
        with client_of(server) as client:
            client.call(CALL)
            error = failure_of(client)
            assert error.message is M.CONNECTION_LOST
            assert server.connections == 1

    @pytest.mark.parametrize("gone", [1, 2])
    def test_a_request_of_which_nothing_left_is_sent_on_another_socket(
        self, scripted_server, monkeypatch, gone
    ):
        break_sends(monkeypatch, gone)
        scripts = [[ExpectNothing()]] * gone
        server = scripted_server(*scripts, [*ANSWERED, ExpectNothing()])
        with client_of(server) as client:
            assert client.call(CALL).segments == wire.OUTPUT_SEGMENTS

    def test_but_not_for_ever(self, scripted_server, monkeypatch):
        break_sends(monkeypatch, 3)
        with client_of(scripted_server(*[[ExpectNothing()]] * 3)) as client:
            error = failure_of(client)
        assert error.message is M.UNREACHABLE
        assert isinstance(error, TransportError)
        assert not error.maybe_sent


def break_sends(monkeypatch: pytest.MonkeyPatch, times: int) -> None:
    """Make the first sends fail before a byte has left."""
    left = count(times, -1)
    real = SocketStream.send_all

    def send_all(self: SocketStream, data: bytes, deadline: float) -> None:
        if next(left) > 0:
            raise StreamLost("lost while sending: Broken pipe", nothing_sent=True)
        real(self, data, deadline)

    monkeypatch.setattr(SocketStream, "send_all", send_all)


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
        stats = client.stats()
        assert (stats.in_use, stats.waiting, stats.connecting) == (0, 0, 0)


@dataclass
class Load:
    """Callers that each check their own answers, over and over."""

    client: ImsConnectClient
    wrong: list[object] = field(default_factory=list)
    answered: "count[int]" = field(default_factory=count)
    latest: int = 0
    stop: threading.Event = field(default_factory=threading.Event)

    def work(self, number: int) -> None:
        for turn in count():
            if self.stop.is_set():
                return
            call = said(number, turn)
            try:
                if self.client.call(call).segments != call.segments:
                    self.wrong.append((number, turn))
                self.latest = next(self.answered)
            except TransportError as error:
                if error.message not in {M.UNREACHABLE, M.CONNECTION_LOST, M.NO_SOCKET}:
                    self.wrong.append(error)
                self.stop.wait(0.02)

    def wait_for_more(self) -> None:
        """Wait until some more calls were answered."""
        start, pause = self.latest, threading.Event()
        for _ in range(10_000):
            if self.latest > start + 50:
                return
            pause.wait(0.002)
        pytest.fail("calls do not succeed again")


@contextmanager
def under_load(client: ImsConnectClient, callers: int) -> Iterator[Load]:
    load = Load(client)
    threads = [threading.Thread(target=load.work, args=(number,)) for number in range(callers)]
    for thread in threads:
        thread.start()
    try:
        yield load
    finally:
        load.stop.set()
        for thread in threads:
            thread.join(PATIENCE)


class TestManyCallers:
    def test_two_hundred_threads_on_sixteen_sockets_get_each_their_own_answer(self, scripted_server):
        server = scripted_server(*[ECHOES] * 16)
        wrong: list[object] = []

        def work(number: int) -> None:
            for turn in range(5):
                call = said(number, turn)
                try:
                    if client.call(call).segments != call.segments:
                        wrong.append((number, turn))
                except GatewayError as error:
                    wrong.append(error)

        with client_of(server, size=16, wait_seconds=60.0, client_ids=new_client_id) as client:
            threads = [threading.Thread(target=work, args=(number,)) for number in range(200)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join(60)
            stats = client.stats()
        assert wrong == []
        assert stats.requests == 1000
        assert stats.connects <= 16
        assert stats.connects + stats.reuses == 1000


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture
def ours(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    authority.issue_cert("gateway.example").configure_cert(context)
    return context


@pytest.fixture
def theirs(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("ims.example").configure_cert(context)
    authority.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    return context


class TestTls:
    def test_calls_go_over_mutual_tls_and_share_the_socket(self, scripted_server, ours, theirs):
        server = scripted_server([*ANSWERED * 2, ExpectNothing()], tls=theirs)
        with client_of(server, tls=ours, server_name="ims.example") as client:
            for _ in range(2):
                assert client.call(CALL).segments == wire.OUTPUT_SEGMENTS
            assert client.stats().connects == 1

    def test_a_server_with_another_name_gets_no_request(self, scripted_server, ours, theirs):
        with client_of(scripted_server([Stall()], tls=theirs), tls=ours, server_name="ims.other") as client:
            error = failure_of(client)
        assert error.message is M.UNREACHABLE
        assert "certificate refused" in error.private

    def test_a_gateway_without_certificate_gets_no_answer(self, scripted_server, authority, theirs):
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(bare)
        with client_of(scripted_server([Stall()], tls=theirs), tls=bare, server_name="ims.example") as client:
            # TLS 1.3: the refusal comes after our side of the handshake is done
            assert failure_of(client).message in {M.UNREACHABLE, M.CONNECTION_LOST}


class TestClosing:
    def test_a_call_that_does_not_finish_in_time_is_aborted_and_later_ones_refused(self, scripted_server):
        busy = threading.Event()
        server = scripted_server([Expect(wire.IVTNO), Signal(busy), ExpectNothing()])
        errors: list[GatewayError] = []
        with client_of(server) as client:
            caller = threading.Thread(target=lambda: errors.append(failure_of(client)))
            caller.start()
            assert busy.wait(PATIENCE)
            client.close(0.01)
            caller.join(PATIENCE)
            assert [error.message for error in errors] == [M.CONNECTION_LOST]
            assert failure_of(client).message is M.STOPPING

    def test_a_call_that_finishes_in_time_is_answered(self, scripted_server):
        busy, go = threading.Event(), threading.Event()
        confirm = replace(CALL, sync_level=SyncLevel.CONFIRM, execution_timeout_ms=1000)
        server = scripted_server(
            [
                Expect(patched(wire.IVTNO, {TIMER: "28", F3: "01"})),
                Signal(busy),
                Stall(go),
                Send(wire.OUTPUT_ACK),
                Expect(wire.ACK),
                Send(wire.COMMITTED),
                ExpectNothing(),
            ]
        )
        answers: list[object] = []
        with client_of(server) as client:
            caller = threading.Thread(target=lambda: answers.append(client.call(confirm).segments))
            closer = threading.Thread(target=client.close, args=(PATIENCE,))
            caller.start()
            assert busy.wait(PATIENCE)
            closer.start()
            go.set()
            for thread in (caller, closer):
                thread.join(PATIENCE)
        assert answers == [(wire.OUTPUT_ACK_SEGMENT,)]
