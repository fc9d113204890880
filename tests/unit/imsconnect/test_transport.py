"""The stream: deadlines on every step, foreign errors translated, idle sockets judged."""

import concurrent.futures
import select
import socket
import ssl
import threading
from contextlib import closing

import pytest
import trustme

from gateway.imsconnect import sockets
from gateway.imsconnect.transport import ConnectFailed, DeadlinePassed, Endpoint, StreamLost
from tests.fixtures.faces import interruption
from tests.fixtures.scripted_server import (
    Close,
    ExpectNothing,
    HalfClose,
    Reset,
    Send,
    Stall,
    full_backlog,
)
from tests.unit.imsconnect.streaming import Opened, connect_to, far, open_to, soon, stream_over

pytestmark = pytest.mark.usefixtures("face")

HELLO = b"\x00\x00\x00\x05!"


def wait_readable(stream: Opened) -> None:
    poll = select.poll()
    poll.register(stream._socket, select.POLLIN)
    assert poll.poll(20_000), "nothing happened on the socket"


@pytest.fixture(scope="module")
def authority():
    return trustme.CA()


@pytest.fixture(scope="module")
def server_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("ims.example", "127.0.0.1").configure_cert(context)
    return context


@pytest.fixture
def client_tls(authority):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    authority.configure_trust(context)
    return context


class TestConnecting:
    def test_a_connected_socket_sends_at_once_and_notices_a_vanished_peer(self, scripted_server):
        server = scripted_server([Stall()])
        with closing(open_to(server)) as stream:
            sock = stream._socket
            assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
            assert sock.getsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE)

    def test_a_refused_connection_fails_with_the_cause_kept(self):
        with closing(socket.create_server(("127.0.0.1", 0))) as listener:
            port = listener.getsockname()[1]
        with pytest.raises(ConnectFailed, match=r"connect: Connection refused") as caught:
            connect_to(Endpoint("127.0.0.1", port), far())
        assert isinstance(caught.value.__cause__, ConnectionRefusedError)

    def test_a_host_name_that_cannot_be_resolved_fails(self):
        with pytest.raises(ConnectFailed, match="host name not resolved"):
            connect_to(Endpoint("a" * 70 + ".example", 9999), far())

    def test_a_host_that_does_not_answer_fails_at_the_deadline(self):
        with full_backlog() as listener:
            endpoint = Endpoint("127.0.0.1", listener.getsockname()[1])
            with pytest.raises(ConnectFailed, match="connect: not in time"):
                connect_to(endpoint, soon())

    def test_a_deadline_that_has_passed_connects_nowhere(self, scripted_server):
        server = scripted_server()
        with pytest.raises(ConnectFailed, match="not in time"):
            connect_to(Endpoint(server.host, server.port), soon(-1))

    def test_the_second_address_is_tried_when_the_first_does_not_answer(self, scripted_server, monkeypatch):
        server = scripted_server([Stall()])
        with full_backlog() as dead:
            found = [
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", dead.getsockname()),
                (socket.AF_INET, socket.SOCK_STREAM, 6, "", (server.host, server.port)),
            ]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
            with closing(connect_to(Endpoint("two.example", 1), soon(0.6))) as stream:
                assert stream._socket.getpeername()[1] == server.port

    def test_a_socket_connected_to_itself_is_refused(self):
        with socket.socket() as sock:
            sock.bind(("127.0.0.1", 0))
            sock.connect(sock.getsockname())
            with pytest.raises(ConnectionRefusedError):
                sockets.prepare(sock)

    @pytest.mark.parametrize(
        ("host", "text"), [("ims.example", "ims.example:9999"), ("2001:db8::1", "[2001:db8::1]:9999")]
    )
    def test_an_endpoint_reads_like_an_address(self, host, text):
        assert str(Endpoint(host, 9999)) == text


class TestReceiving:
    def test_bytes_come_as_they_are(self, scripted_server):
        server = scripted_server([Send(HELLO), Stall()])
        with closing(open_to(server)) as stream:
            assert stream.receive(far()) == HELLO

    def test_silence_ends_at_the_deadline(self, scripted_server):
        server = scripted_server([Stall()])
        with closing(open_to(server)) as stream, pytest.raises(DeadlinePassed):
            stream.receive(soon())

    def test_a_deadline_that_has_passed_waits_for_nothing(self, scripted_server):
        server = scripted_server([Stall()])
        with closing(open_to(server)) as stream, pytest.raises(DeadlinePassed):
            stream.receive(soon(-1))

    @pytest.mark.parametrize("end", [Close(), HalfClose()])
    def test_the_end_of_the_peers_side_is_no_bytes(self, scripted_server, end):
        server = scripted_server([end])
        with closing(open_to(server)) as stream:
            assert stream.receive(far()) == b""

    def test_a_reset_is_a_lost_stream_with_the_cause_kept(self, scripted_server):
        go = threading.Event()
        server = scripted_server([Stall(go), Reset()])
        with closing(open_to(server)) as stream:
            go.set()
            with pytest.raises(StreamLost, match=r"while receiving: Connection reset") as caught:
                stream.receive(far())
        assert isinstance(caught.value.__cause__, ConnectionResetError)

    def test_a_peer_that_vanished_is_a_lost_stream_and_no_deadline(self):
        ours, theirs = socket.socketpair()
        theirs.close()

        class Vanished:
            def settimeout(self, _seconds):
                pass

            def fileno(self):
                return ours.fileno()

            def recv(self, _count):
                raise TimeoutError(110, "Connection timed out")

            def close(self):
                ours.close()

        with closing(stream_over(Vanished())) as stream, pytest.raises(StreamLost, match="timed out"):
            stream.receive(far())


class TestSending:
    def test_a_peer_that_does_not_read_ends_at_the_deadline(self, scripted_server):
        server = scripted_server([Stall()])
        with closing(open_to(server)) as stream, pytest.raises(DeadlinePassed, match="of 50000000 bytes"):
            stream.send_all(bytes(50_000_000), soon())

    def test_a_reset_before_the_first_byte_is_known_to_have_sent_nothing(self, scripted_server):
        go = threading.Event()
        server = scripted_server([Stall(go), Reset()])
        with closing(open_to(server)) as stream:
            go.set()
            wait_readable(stream)
            with pytest.raises(StreamLost) as caught:
                stream.send_all(HELLO, far())
        assert caught.value.nothing_sent

    def test_a_reset_in_the_middle_may_have_sent_something(self, scripted_server):
        sent = threading.Event()
        server = scripted_server([Stall(sent), Reset()])
        with closing(open_to(server)) as stream:
            threading.Timer(0.05, sent.set).start()
            with pytest.raises(StreamLost) as caught:
                stream.send_all(bytes(50_000_000), far())
        assert not caught.value.nothing_sent

    def test_over_tls_nobody_claims_that_nothing_was_sent(self, scripted_server, server_tls, client_tls):
        go = threading.Event()
        server = scripted_server([Send(HELLO), Stall(go), Reset()], tls=server_tls)
        with closing(open_to(server, tls=client_tls)) as stream:
            assert stream.receive(far()) == HELLO
            go.set()
            wait_readable(stream)
            with pytest.raises(StreamLost) as caught:
                stream.send_all(bytes(50_000_000), far())
        assert not caught.value.nothing_sent


class TestIdle:
    def test_an_open_stream_is_quiet(self, scripted_server):
        server = scripted_server([Stall()])
        with closing(open_to(server)) as stream:
            assert stream.is_quiet()

    @pytest.mark.parametrize("step", [Close(), HalfClose(), Reset(), Send(b"\x00")])
    def test_a_stream_on_which_anything_happened_is_not(self, scripted_server, step):
        go = threading.Event()
        lasting = isinstance(step, Send | HalfClose)
        server = scripted_server([Stall(go), step, Stall()] if lasting else [Stall(go), step])
        with closing(open_to(server)) as stream:
            go.set()
            wait_readable(stream)
            assert not stream.is_quiet()

    def test_session_tickets_of_tls_are_no_noise(self, scripted_server, server_tls, client_tls):
        server = scripted_server([Send(HELLO), Stall()], tls=server_tls)
        with closing(open_to(server, tls=client_tls)) as stream:
            wait_readable(stream)
            assert stream.receive(far()) == HELLO
            assert stream.is_quiet()

    def test_bytes_inside_tls_are_noise(self, scripted_server, server_tls, client_tls):
        server = scripted_server([Send(HELLO), Stall()], tls=server_tls)
        with closing(open_to(server, tls=client_tls)) as stream:
            assert len(stream.receive(far())) == len(HELLO)
            assert stream.is_quiet()
        server = scripted_server([Send(HELLO + HELLO), Stall()], tls=server_tls)
        with closing(open_to(server, tls=client_tls)) as stream:
            stream._socket.settimeout(20)
            stream._socket.recv(1)
            assert not stream.is_quiet()

    def test_a_quiet_stream_still_works_afterwards(self, scripted_server):
        go = threading.Event()
        server = scripted_server([Stall(go), Send(HELLO), Stall()])
        with closing(open_to(server)) as stream:
            assert stream.is_quiet()
            go.set()
            assert stream.receive(far()) == HELLO

    def test_a_closed_stream_is_not_quiet(self, scripted_server):
        server = scripted_server([Stall()])
        stream = open_to(server)
        stream.close()
        stream.close()
        assert not stream.is_quiet()

    @pytest.mark.parametrize("secure", [False, True])
    def test_an_abort_wakes_the_thread_that_waits(self, scripted_server, server_tls, client_tls, secure):
        server = scripted_server([Send(HELLO), Stall()], tls=server_tls if secure else None)
        stream = open_to(server, tls=client_tls if secure else None)
        assert stream.receive(far()) == HELLO
        outcome: list[bytes | StreamLost] = []

        def wait():
            try:
                outcome.append(stream.receive(far()))
            except StreamLost as error:
                outcome.append(error)
            finally:
                stream.close()

        waiter = threading.Thread(target=wait)
        waiter.start()
        stream.abort()
        waiter.join(20)
        assert not waiter.is_alive()
        assert outcome[0] == b"" or isinstance(outcome[0], StreamLost)


class TestTls:
    def test_a_server_with_the_right_name_and_authority_is_believed(
        self, scripted_server, server_tls, client_tls
    ):
        server = scripted_server([Send(HELLO), Stall()], tls=server_tls)
        with closing(open_to(server, tls=client_tls, server_name="ims.example")) as stream:
            assert stream.receive(far()) == HELLO

    def test_the_host_is_the_name_when_none_is_configured(self, scripted_server, server_tls, client_tls):
        server = scripted_server([Send(HELLO), Stall()], tls=server_tls)
        with closing(open_to(server, tls=client_tls)) as stream:
            assert stream.receive(far()) == HELLO

    def test_a_server_of_another_authority_is_refused(self, scripted_server, server_tls):
        stranger = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        trustme.CA().configure_trust(stranger)
        server = scripted_server([Stall()], tls=server_tls)
        with pytest.raises(ConnectFailed, match=r"certificate refused: .*local issuer"):
            open_to(server, tls=stranger)

    def test_a_server_with_another_name_is_refused(self, scripted_server, server_tls, client_tls):
        server = scripted_server([Stall()], tls=server_tls)
        with pytest.raises(ConnectFailed, match=r"certificate refused: .*not valid for 'ims\.other'"):
            open_to(server, tls=client_tls, server_name="ims.other")

    def test_both_sides_show_certificates(self, scripted_server, authority, client_tls):
        mutual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(mutual)
        authority.configure_trust(mutual)
        mutual.verify_mode = ssl.CERT_REQUIRED
        authority.issue_cert("gateway.example").configure_cert(client_tls)
        server = scripted_server([Send(HELLO), Stall()], tls=mutual)
        with closing(open_to(server, tls=client_tls)) as stream:
            assert stream.receive(far()) == HELLO

    def test_without_the_certificate_that_the_server_wants_there_is_no_stream(
        self, scripted_server, authority, client_tls
    ):
        mutual = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        authority.issue_cert("127.0.0.1").configure_cert(mutual)
        authority.configure_trust(mutual)
        mutual.verify_mode = ssl.CERT_REQUIRED
        mutual.maximum_version = ssl.TLSVersion.TLSv1_2  # with 1.3 the client learns of it on its first read
        server = scripted_server([Stall()], tls=mutual)
        with pytest.raises(ConnectFailed, match="TLS handshake: "):
            open_to(server, tls=client_tls)

    def test_a_server_that_does_not_shake_hands_fails_at_the_deadline(self, scripted_server, client_tls):
        server = scripted_server([Stall()])
        endpoint = Endpoint(server.host, server.port, client_tls)
        with pytest.raises(ConnectFailed, match="TLS handshake: not in time"):
            connect_to(endpoint, soon())

    def test_an_interrupted_handshake_leaves_no_socket_open(self, scripted_server, client_tls, monkeypatch):
        def interrupted(_self):
            raise interruption()

        monkeypatch.setattr(ssl.SSLSocket, "do_handshake", interrupted)
        server = scripted_server([ExpectNothing()])
        with pytest.raises((KeyboardInterrupt, concurrent.futures.CancelledError)):
            open_to(server, tls=client_tls)
        server.wait_played(1)

    def test_a_server_that_speaks_no_tls_is_refused(self, scripted_server, client_tls):
        server = scripted_server([Send(b"220 mail.example\r\n"), Close()])
        with pytest.raises(ConnectFailed, match="TLS handshake: "):
            open_to(server, tls=client_tls)
