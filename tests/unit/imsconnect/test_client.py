"""The client as the gateway uses it, over real sockets."""

import secrets
import ssl
import threading
from dataclasses import replace
from itertools import count

import pytest
import trustme

from gateway.errors import GatewayError, ImsError, M, TransportError
from gateway.exchange import Secret, SyncLevel
from gateway.imsconnect.client_ids import new_client_id
from gateway.imsconnect.transport import StreamLost
from tests.fixtures.scripted_server import (
    Close,
    Expect,
    ExpectNothing,
    Send,
    Signal,
    Stall,
)
from tests.unit.imsconnect import worked_examples as wire
from tests.unit.imsconnect.calling import (
    ANSWERED,
    CALL,
    ECHOES,
    PATIENCE,
    before,
    client_of,
    failure_of,
    said,
    stats_of,
)
from tests.unit.imsconnect.worked_examples import F3, TIMER, patched

pytestmark = pytest.mark.usefixtures("face")


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
        with client_of(server, client_ids=lambda _prefix: f"CLIENT{next(numbers):02}") as client:
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
            stats = stats_of(client)
            assert (stats.requests, stats.connects, stats.reuses, stats.open) == (3, 1, 2, 1)

    def test_after_an_execution_timeout_in_commit_mode_1_the_socket_serves_the_next(self, scripted_server):
        server = scripted_server([Expect(wire.IVTNO), Send(wire.TIMER_EXPIRED), *ANSWERED])
        with client_of(server) as client:
            assert failure_of(client).message is M.EXECUTION_TIMEOUT
            assert client.call(CALL).segments == wire.OUTPUT_SEGMENTS
            assert stats_of(client).execution_timeouts == 1

    def test_a_ping_is_the_worked_example_both_ways(self, scripted_server):
        with client_of(scripted_server([Expect(wire.PING), Send(wire.PING_REPLY)])) as client:
            assert client.ping(30_000) == "HWSC0030I *PING RESPONSE*"

    def test_its_picture_tells_no_secrets(self, scripted_server):
        with client_of(scripted_server([*ANSWERED])) as client:
            client.call(CALL)
            assert "up: 1 of 4 open" in repr(client)
            assert "PASSW0RD" not in repr(client)


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
            assert stats_of(client).requests == 0

    def test_a_message_beyond_maxsize_is_too_long(self, scripted_server):
        call = replace(CALL, segments=(bytes(500),) * 2)
        with client_of(scripted_server(), max_message=1024) as client:
            error = failure_of(client, call)
            assert error.message is M.REQUEST_SIZE
            assert error.text.endswith("at most 1024")
            assert stats_of(client).requests == 0


class TestNeverTwice:
    def test_a_socket_closed_while_idle_is_replaced_silently(self, scripted_server):
        server = scripted_server([*ANSWERED, Close()], [*ANSWERED])
        with client_of(server) as client:
            client.call(CALL)
            server.wait_played(1)
            assert client.call(CALL).segments == wire.OUTPUT_SEGMENTS
            assert stats_of(client).stale == 1

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

    def gone() -> None:
        if next(left) > 0:
            raise StreamLost("lost while sending: Broken pipe", nothing_sent=True)

    before(monkeypatch, "send_all", gone)


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
            stats = stats_of(client)
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
            assert stats_of(client).connects == 1

    def test_a_server_with_another_name_gets_no_request(self, scripted_server, ours, theirs):
        with client_of(scripted_server([Stall()], tls=theirs), tls=ours, server_name="ims.other") as client:
            error = failure_of(client)
        assert error.message is M.UNREACHABLE
        assert "certificate refused" in error.private

    def test_a_gateway_without_certificate_gets_no_answer(self, scripted_server, authority, theirs):
        bare = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        authority.configure_trust(bare)
        # that nobody looked at the request is known, so it is tried on other sockets
        server = scripted_server(*[[Stall()]] * 3, tls=theirs)
        with client_of(server, tls=bare, server_name="ims.example") as client:
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
