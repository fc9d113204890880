"""Accepting, places for connections, TLS chosen per listener, and the graceful stop."""

import socket
import ssl
import threading
from contextlib import ExitStack, suppress

import pytest

from gateway.config.model import LimitsSettings, ServerSettings
from gateway.observe.limit_events import LimitReached
from gateway.tls import ListenerTls, server_tls
from gateway.web.connection import Phase
from gateway.web.tallies import Tallies
from tests.fixtures.pki import Pki
from tests.fixtures.web import PATIENCE, RunningService, ServiceFactory, ask, post, read_answer, read_to_end
from tests.unit.web.test_connection import wait_until

READY = b"GET /readyz HTTP/1.1\r\nHost: a\r\n\r\n"


def tls_of(pki: Pki, **settings) -> ListenerTls:
    keystore = settings.pop("keystore", pki.server_keystore())
    return server_tls(ServerSettings(keystore=keystore, client_truststore=pki.truststore(), **settings))


def client(pki: Pki, certificate: bool = False) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=pki.keys.ca)
    if certificate:
        context.load_cert_chain(pki.pem(pki.keys.client))
    return context


def test_https_http_and_admin_stand_side_by_side(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"https": tls_of(pki), "admin": tls_of(pki)})
    with service.connect() as sock:
        assert ask(sock, post("Echo")).status == 200
    with service.connect("https", client(pki)) as sock:
        assert ask(sock, post("Echo")).status == 200
    with service.connect("admin", client(pki)) as sock:
        assert ask(sock, READY, "GET").status == 200
        assert ask(sock, post("Echo")).status == 404
    assert [arrival.peer.tls for arrival in service.desk.seen] == [False, True]


def test_large_messages_pass_tls_both_ways(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"https": tls_of(pki)})
    body = bytes(range(256)) * 8000
    with service.connect("https", client(pki)) as sock:
        assert ask(sock, post("Echo", body)).body == body
        assert len(ask(sock, post("Large")).body) == 5_000_000


def test_a_client_certificate_reaches_the_service(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"https": tls_of(pki, client_authentication="optional")})
    for with_certificate in (True, False):
        with service.connect("https", client(pki, with_certificate)) as sock:
            assert ask(sock, post("Echo")).status == 200
    shown, hidden = (arrival.peer.certificate for arrival in service.desk.seen)
    assert shown == ssl.PEM_cert_to_DER_cert(
        pki.pem(pki.keys.client).read_text().partition("-----END PRIVATE KEY-----\n")[2]
    )
    assert hidden is None


def test_without_the_required_client_certificate_no_request_arrives(
    web_service: ServiceFactory, pki: Pki
) -> None:
    service = web_service(tls={"https": tls_of(pki, client_authentication="required")})
    with pytest.raises((ssl.SSLError, ConnectionError)), service.connect("https", client(pki)) as sock:
        ask(sock, post("Echo"))  # TLS 1.3 tells the client with its first read
    with service.connect("https", client(pki, certificate=True)) as sock:
        assert ask(sock, post("Echo")).status == 200
    assert len(service.desk.seen) == 1


def test_plain_http_on_the_https_listener_is_told_so(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"https": tls_of(pki)})
    with service.connect("https") as sock:
        got = ask(sock, post("Echo"))
        assert (got.status, got.body[:8]) == (400, b"IGW1011E")
        assert read_to_end(sock) == b""


@pytest.mark.parametrize("begin", [b"", b"\x16\x03\x01", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"])
def test_a_handshake_that_does_not_end_in_time_is_dropped(
    web_service: ServiceFactory, pki: Pki, begin: bytes
) -> None:
    service = web_service(tls={"https": tls_of(pki)}, handshake_seconds=0.1)
    with service.connect("https") as sock:
        sock.sendall(begin)
        assert read_to_end(sock) == b""


def test_garbage_in_the_handshake_gets_an_alert_and_a_close(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"https": tls_of(pki)})
    with service.connect("https") as sock:
        sock.sendall(b"\x16\x03\x01\x00\x04\xff\xff\xff\xff")
        assert read_to_end(sock)[:1] in {b"\x15", b""}


def test_500_clients_in_the_middle_of_a_handshake_hold_nobody_up(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"https": tls_of(pki)}, threads=2)
    with ExitStack() as stack:
        for number in range(500):
            silent = stack.enter_context(service.connect("https"))
            if number % 2:
                silent.sendall(b"\x16\x03\x01\x02\x00\x01")
        with service.connect("https", client(pki)) as sock:
            assert ask(sock, post("Echo")).status == 200


def test_the_certificate_is_replaced_while_connections_stand(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"https": tls_of(pki)})
    with service.connect("https", client(pki)) as standing:
        assert ask(standing, post("Echo")).status == 200
        other = tls_of(pki, keystore=pki.other_keystore())
        service.do(lambda: service.service.renew(service.settings, {"https": other}, LimitsSettings()))
        with pytest.raises(ssl.SSLCertVerificationError):
            service.connect("https", client(pki))
        trusting = ssl.create_default_context(cafile=pki.other.ca)
        with service.connect("https", trusting) as sock:
            assert ask(sock, post("Echo")).status == 200
        assert ask(standing, post("Echo")).status == 200


def test_beyond_worker_connections_a_client_waits_until_one_leaves(web_service: ServiceFactory) -> None:
    service = web_service(worker_connections=2)
    with service.connect() as first, service.connect() as second:
        assert ask(first, post("Echo")).status == 200
        assert ask(second, post("Echo")).status == 200
        with service.connect() as third:
            third.sendall(post("Echo"))
            third.settimeout(0.3)
            with pytest.raises(TimeoutError):
                third.recv(1)
            first.close()
            third.settimeout(PATIENCE)
            assert read_answer(third).status == 200


def test_a_connection_that_another_worker_should_have_is_taken_if_that_one_does_not(
    web_service: ServiceFactory, pki: Pki
) -> None:
    workers = Tallies(2)
    workers.of(2).hold(0)  # it never takes any
    service = web_service(tls={"https": tls_of(pki)}, tally=workers.of(1))
    with service.connect() as first, service.connect("https", client(pki)) as second:
        assert ask(first, post("Echo")).status == ask(second, post("Echo")).status == 200


def test_others_see_how_many_connections_a_worker_holds_until_it_takes_no_more(
    web_service: ServiceFactory, pki: Pki
) -> None:
    workers = Tallies(2)
    other = workers.of(2)
    other.hold(2)
    service = web_service(tls={"admin": tls_of(pki)}, tally=workers.of(1))
    with service.connect() as working, service.connect("admin", client(pki)) as admin:
        assert ask(admin, READY, "GET").status == 200
        with service.connect() as first:
            assert ask(first, post("Echo")).status == 200
            working.sendall(post("Wait"))
            assert service.desk.entered.acquire(timeout=PATIENCE)
            assert not other.heavier, "as many, without that of the admin listener"
        wait_until(lambda: other.heavier)
        service.begin_stop(PATIENCE)
        wait_until(lambda: not other.heavier)
        service.desk.go.set()
        assert read_answer(working).status == 200
    assert service.stop() is True
    assert not other.heavier


def test_the_admin_listener_has_places_of_its_own(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"admin": tls_of(pki)}, worker_connections=1)
    with service.connect() as sock, service.connect("admin", client(pki)) as admin:
        assert ask(sock, post("Echo")).status == 200
        assert ask(admin, READY, "GET").status == 200


def test_more_callers_than_threads_are_all_served_in_turn(web_service: ServiceFactory) -> None:
    service = web_service(threads=2, waiting=100)
    service.desk.go.set()
    with ExitStack() as stack:
        socks = [stack.enter_context(service.connect()) for _ in range(60)]
        for sock in socks:
            sock.sendall(post("Wait"))
        assert [read_answer(sock).status for sock in socks] == [200] * 60


def test_a_stop_finishes_what_is_in_flight_and_closes_the_idle(web_service: ServiceFactory) -> None:
    service = web_service()
    with ExitStack() as stack:
        idle, silent, working, sending = (stack.enter_context(service.connect()) for _ in range(4))
        assert ask(idle, post("Echo")).status == 200
        working.sendall(post("Wait"))
        sending.sendall(post("Echo", b"<late/>")[:-3])
        assert service.desk.entered.acquire(timeout=PATIENCE)
        wait_until(lambda: busy(service) == 2)
        service.begin_stop(PATIENCE)
        assert read_to_end(idle) == b""
        assert read_to_end(silent) == b""
        with pytest.raises(ConnectionError):
            refused_or_reset(service)
        sending.sendall(b"e/>")
        late = read_answer(sending)
        assert (late.body, late.headers["Connection"]) == (b"<late/>", "close")
        service.desk.go.set()
        assert read_answer(working).body == b"<waited/>"
    assert service.stop() is True


def test_a_stop_serves_what_was_sent_before_it(web_service: ServiceFactory, pki: Pki) -> None:
    service = web_service(tls={"https": tls_of(pki)})
    go_on = threading.Event()
    with ExitStack() as stack:
        kept = stack.enter_context(service.connect())
        encrypted = stack.enter_context(service.connect("https", client(pki)))
        assert ask(kept, post("Echo")).status == ask(encrypted, post("Echo")).status == 200
        service.loop.call_soon_threadsafe(go_on.wait, PATIENCE)  # the worker comes to nothing for a while
        new = stack.enter_context(service.connect())
        for sock in (kept, encrypted, new):
            sock.sendall(post("Echo", b"<sent/>"))
        service.begin_stop(PATIENCE)
        go_on.set()
        for sock in (kept, encrypted, new):
            got = read_answer(sock)
            assert (got.body, got.headers["Connection"]) == (b"<sent/>", "close")
            sock.close()
    assert service.stop() is True


def test_a_stop_serves_a_request_whose_header_began_behind_the_one_before(web_service: ServiceFactory) -> None:
    service = web_service()
    with service.connect() as idle, service.connect() as sock:
        following = post("Echo", b"<next/>")
        assert ask(idle, post("Echo")).status == 200
        sock.sendall(post("Echo", b"<first/>") + following[:20])
        assert read_answer(sock).body == b"<first/>"
        service.begin_stop(PATIENCE)
        assert read_to_end(idle) == b""
        sock.sendall(following[20:])
        got = read_answer(sock)
        assert (got.body, got.headers["Connection"]) == (b"<next/>", "close")
    assert service.stop() is True


def busy(service: RunningService) -> int:
    connections = service.service._connections
    number: int = service.do(lambda: sum(one.phase is Phase.BUSY for one in connections.values()))
    return number


def refused_or_reset(service: RunningService) -> None:
    with service.connect() as sock:
        sock.sendall(post("Echo"))
        if sock.recv(1) == b"":
            raise ConnectionError("closed")


def test_a_stopping_worker_is_not_ready(web_service: ServiceFactory) -> None:
    service = web_service()
    with service.connect() as sock:
        sock.sendall(READY[:-1])
        wait_until(lambda: busy(service) == 1)
        service.begin_stop(PATIENCE)
        wait_until(lambda: service.do(lambda: service.service._shared.stopping))
        got = ask(sock, READY[-1:], "GET")
        assert (got.status, got.body[:8], got.headers["Connection"]) == (503, b"IGW1007E", "close")


def test_a_stop_that_takes_too_long_cuts_off_and_says_so(
    web_service: ServiceFactory, caplog: pytest.LogCaptureFixture
) -> None:
    service = web_service()
    with service.connect() as sock:
        sock.sendall(post("Wait"))
        assert service.desk.entered.acquire(timeout=PATIENCE)
        assert service.stop(0.05) is False
        assert read_to_end(sock) == b""
    assert "1 requests were cut off" in caplog.text


def test_running_out_of_files_is_logged_and_survived(
    web_service: ServiceFactory, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.web.service._EXHAUSTED_SECONDS", 0.01)
    service = web_service()
    listener = service.service._listeners[0]

    class Exhausted:
        def __init__(self, sock: socket.socket) -> None:
            self.failures = 2
            self._socket = sock

        def fileno(self) -> int:
            return self._socket.fileno()

        def close(self) -> None:
            self._socket.close()

        def accept(self) -> object:
            if self.failures:
                self.failures -= 1
                raise OSError(24, "Too many open files")
            return self._socket.accept()

    service.do(lambda: object.__setattr__(listener, "socket", Exhausted(listener.socket)))
    with service.connect() as first, service.connect() as sock:
        assert ask(first, post("Echo")).status == 200
        assert ask(sock, post("Echo")).status == 200
    assert "cannot accept on http: Too many open files" in caplog.text


def test_one_client_does_not_take_all_places_and_is_closed_at_once(web_service: ServiceFactory) -> None:
    service = web_service(limits=LimitsSettings(connections_per_client=2))
    with service.connect() as first, service.connect() as second:
        assert ask(first, post("Echo")).status == 200
        assert ask(second, post("Echo")).status == 200
        with service.connect() as third:
            assert read_to_end(third) == b""
        assert service.desk.limits == [LimitReached("connections")]
        first.close()
        wait_until(lambda: service.do(lambda: service.service.load.connections) == 1)
        with service.connect() as again:
            assert ask(again, post("Echo")).status == 200


def test_the_oldest_of_too_many_silent_clients_is_closed_and_who_has_spoken_stays(
    web_service: ServiceFactory,
) -> None:
    service = web_service(limits=LimitsSettings(handshakes=2))
    with ExitStack() as stack:
        spoke = stack.enter_context(service.connect())
        assert ask(spoke, post("Echo")).status == 200
        silent = []
        for number in range(1, 5):
            silent.append(stack.enter_context(service.connect()))
            # the one before goes once this one is there
            wait_until(lambda n=number: service.do(lambda: service.service.load.connections) == 1 + min(n, 2))
        assert [read_to_end(sock) for sock in silent[:2]] == [b"", b""]
        assert service.desk.limits == [LimitReached("handshakes")] * 2
        assert all(ask(sock, post("Echo")).status == 200 for sock in (spoke, *silent[2:]))


def test_connections_that_end_before_they_begin_leave_no_socket_behind(web_service: ServiceFactory) -> None:
    service = web_service(limits=LimitsSettings(handshakes=1))
    with ExitStack() as stack:
        silent = [stack.enter_context(service.connect()) for _ in range(50)]
        wait_until(lambda: service.do(lambda: service.service.load.connections) == 1)
        assert [read_to_end(sock) for sock in silent[:-1]] == [b""] * 49


def test_operators_are_no_clients_and_may_be_silent(web_service: ServiceFactory, pki: Pki) -> None:
    limits = LimitsSettings(handshakes=1, connections_per_client=1)
    service = web_service(tls={"admin": tls_of(pki)}, limits=limits)
    with ExitStack() as stack:
        for _ in range(4):
            stack.enter_context(service.connect("admin"))
        wait_until(lambda: service.do(lambda: service.service.load.connections) == 4)
        with service.connect("admin", client(pki)) as sock:
            assert ask(sock, READY, "GET").status == 200
    assert not service.desk.limits


# -- one connection and all others --------------------------------------------------------------------------

HEALTH = b"GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


def test_a_connection_that_always_has_more_to_say_keeps_nobody_from_being_served(
    web_service: ServiceFactory,
) -> None:
    service = web_service()
    ended = threading.Event()

    def talk() -> None:
        while not ended.is_set():
            with service.connect() as sock, suppress(OSError):
                reader = threading.Thread(target=swallow, args=(sock,))
                reader.start()
                while not ended.is_set():
                    sock.sendall(HEALTH * 400)
                sock.shutdown(socket.SHUT_RDWR)

    def swallow(sock: socket.socket) -> None:
        with suppress(OSError):
            while sock.recv(1 << 20):
                pass

    talker = threading.Thread(target=talk)
    talker.start()
    try:
        with service.connect() as sock:
            for _ in range(20):
                assert ask(sock, post("Echo")).status == 200
        assert talker.is_alive()
    finally:
        ended.set()
        talker.join(PATIENCE)


def test_a_connection_that_is_kept_makes_room_for_a_new_one_when_few_places_are_left(
    web_service: ServiceFactory,
) -> None:
    service = web_service(worker_connections=4)
    with ExitStack() as stack:
        kept = []
        for number in range(3):
            sock = stack.enter_context(connect_from(service, f"127.0.0.{number + 2}"))
            assert ask(sock, post("Echo")).status == 200
            kept.append(sock)
        sock = stack.enter_context(connect_from(service, "127.0.0.9"))
        assert ask(sock, post("Echo")).status == 200
        assert kept[0].recv(1) == b""  # it had been silent longest
        assert all(ask(sock, post("Echo")).status == 200 for sock in kept[1:])
        another = stack.enter_context(connect_from(service, "127.0.0.10"))
        assert ask(another, post("Echo")).status == 200


def connect_from(service: RunningService, address: str) -> socket.socket:
    sock = socket.create_connection(
        ("127.0.0.1", service.ports["http"]), timeout=PATIENCE, source_address=(address, 0)
    )
    sock.settimeout(PATIENCE)
    return sock
